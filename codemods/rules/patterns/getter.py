"""Getter tracker: functions get one tracker, built on the first call, and set the ids.

What it does    Gives each function that sets ids on what a getter of the project gives a block of
                its own.  The getter, and the tracker behind it, stay.
Why             The ids of one function last into the next one that gets the tracker.
Before          def read(text):
                    tracker = get_tracker()
                    tracker.set_tracking_context(job_id="read-1")
                    return ask(text, tracker)
After           def read(text):
                    tracker = get_tracker()
                    with ai_usage_context("read", tracker=tracker, job_id="read-1"):
                        return ask(text, tracker)
Safety          Safe while every function of the project that gets the tracker sets the same ids
                first, none runs in another one, and nothing else has it.  What would no longer
                leak is named with --unsafe.
Leaves alone    shared-state, escapes, yields-inside, ...
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from codemods.model.proposal import Assumption
from codemods.model.refusal import Reason, Refusal
from codemods.rules.checks.lifetime import trusted
from codemods.rules.checks.shared_trackers.covered import covered
from codemods.rules.checks.shared_trackers.getter_users import (
    Planned,
    User,
    acting_in,
    function_around,
    named_by_contexts,
    users_here,
    users_of,
)
from codemods.rules.checks.shared_trackers.leaking_ids import Conditions, doubtful
from codemods.rules.checks.shared_trackers.nested_setters import nested
from codemods.rules.planning.adoption import PlannedBlock, adopted, block_of
from codemods.rules.planning.headers import TASKS_APART, Form
from codemods.rules.planning.user_ids import stays_in_context
from codemods.rules.refusing import refuse
from codemods.rules.rule import Answer, Decided, OpenSites, Sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codemods.analysis.semantic_model import SemanticModel
    from codemods.analysis.trackers.getters.getter import Getter
    from codemods.model.finding import Finding
    from codemods.rules.checks.shared_trackers.getter_users import Users
    from codemods.rules.planning.adoption import Part

TAKES = Sites.SHARED
CODE = "AIU002"
MESSAGE = "ids set by hand on a tracker that others get, too"


def decide(semantic: SemanticModel, open_sites: OpenSites) -> Iterator[Answer]:
    """Answer for the set calls on what getters give, function by function."""
    index = semantic.getter_calls
    seen = {getter.identity: getter for getter in index.of.values()}
    for getter in seen.values():
        for user in users_here(semantic, getter):
            if isinstance(user, User):
                sets = [site for site in user.sets if site in open_sites.set_calls]
                if sets and not all(stays_in_context(semantic, site) for site in sets):
                    yield _answer(semantic, getter, replace(user, sets=sets))
    for site in open_sites.set_calls:
        binding = semantic.lifetimes.receiver(site)
        call = site.call.func.value  # type: ignore[attr-defined]
        call = index.aliases.get(binding, call) if binding is not None else call
        if call in index.of and function_around(semantic, call) is None:
            finding = semantic.finding(CODE, site.call, MESSAGE)
            detail = f"all that call {index.of[call].name} have the tracker, too"
            yield Answer.of(refuse(semantic, finding, Reason.SHARED_STATE, detail), {site.call})


def _answer(semantic: SemanticModel, getter: Getter, user: User) -> Answer:
    finding = semantic.finding(CODE, user.sets[0].call, MESSAGE)
    calls = frozenset(site.call for site in user.sets)
    return Answer(calls, finding, partial(_decided, semantic, finding, getter, user))


def _decided(semantic: SemanticModel, finding: Finding, getter: Getter, user: User) -> Decided:
    if semantic.replaced_method is not None:
        detail = f"{ast.unparse(semantic.replaced_method)} is replaced: the file tests the tracker"
        reason = Reason.TESTS_THE_TRACKER
        return Decided(refuse(semantic, finding, reason, detail, semantic.replaced_method))
    users = users_of(semantic, getter)
    parts = user.parts(finding, acting_in(user, users))
    if isinstance(parts, Refusal):
        return Decided(parts)
    inner = nested(user, users)
    if inner is not None:
        return Decided(refuse(semantic, finding, Reason.SHARED_STATE, inner, user.sets[0].call))
    asked = _asked(semantic, finding, getter, user, users, parts)
    if asked.first is not None and not semantic.settings.unsafe:
        return Decided(asked.refusal(semantic, finding))
    return _adopted(semantic, finding, getter, user, parts, asked, users.doubts)


def _asked(
    semantic: SemanticModel,
    finding: Finding,
    getter: Getter,
    user: User,
    users: Users,
    parts: list[Part],
) -> Conditions:
    """Return what must be confirmed: who may count on an id that *user* sets, or it on others'."""
    keys = sorted({key for part in parts for key in part.setter.keys})
    place = user.sets[0].call
    found: list[tuple[str, ast.AST, Reason]] = []
    for name, missing in _takers(finding, user, parts, users, keys):
        lent = [f"the {key} that {user.name} set" for key in keys if key in missing]
        if lent:
            text = f"{name} would no longer inherit {', nor '.join(lent)}"
            found.append((text, place, Reason.SHARED_STATE))
    for stray in users.strays:
        ids = f"the {' or '.join(keys)} that {user.name} set"
        text = f"{stray}, which may have the tracker of {getter.name}, would no longer find {ids}"
        found.append((text, place, Reason.SHARED_STATE))
    found += [
        (TASKS_APART.format(user.name), place, Reason.SHARED_STATE) for part in parts if part.waits
    ]
    for part in parts:
        for argument in doubtful(semantic, part.setter):
            value = semantic.module.segment(argument.value)
            text = f"an earlier {argument.keyword} may go where {value}, in {user.name}, is None"
            found.append((text, argument.value, Reason.MAY_BE_NONE))
    return Conditions(tuple(dict.fromkeys(found)))


def _takers(
    finding: Finding, user: User, mine: list[Part], users: Users, keys: list[str]
) -> Iterator[tuple[str, set[str]]]:
    """Yield the other users, each with those of *keys* that it may count on somebody to have set.

    What no block can hold counts on all: it may be used before the ids are set, or be left and
    come back when somebody else has set others, as tasks and generators do.
    """
    blocks: dict[ast.AST, Planned] = {user.function: Planned(mine, None)}
    for other in users.setting:
        if other.identity == user.identity:
            continue
        plan = other.plan(finding, acting_in(other, users))
        blocks[other.function] = plan
        if plan.sure is None or not plan.sure.issuperset(keys):
            yield _named(user, other), set(keys) - (plan.sure or set())
    for relying in users.relying:
        if not covered(relying, users, blocks):
            yield _named(user, relying), set(keys) - named_by_contexts(relying)


def _named(user: User, other: User) -> str:
    """Return what *other* is called, with its file where that is another one."""
    same = user.semantic.module.source.path == other.semantic.module.source.path
    return other.name if same else f"{other.name} ({other.place})"


def _adopted(
    semantic: SemanticModel,
    finding: Finding,
    getter: Getter,
    user: User,
    parts: list[Part],
    asked: Conditions,
    doubts: list[str],
) -> Decided:
    """Return the blocks; *doubts* are what is taken for granted about files out of sight."""
    home = semantic.vocabulary.tracker_paths[getter.class_path]
    ours = semantic.ours(home)
    blocks: list[PlannedBlock] = []
    for part in parts:
        receiver = part.sets[0].call.func.value  # type: ignore[attr-defined]
        text = semantic.module.segment(receiver)
        if isinstance(receiver, ast.Call) and (receiver.args or receiver.keywords):
            detail = f"{text} is given arguments, which the header would evaluate"
            return Decided(refuse(semantic, finding, Reason.SHARED_STATE, detail, receiver))
        form = Form(text, None, fresh=False, ours=ours, sticky=True)
        block = block_of(semantic, finding, part, form, about_none=asked.about_none)
        if isinstance(block, Refusal):
            return Decided(block)
        blocks.append(block)
    why = f"{getter.name} gives one tracker, and whoever gets it sets the same ids first"
    if asked.first is not None:
        why = f"{getter.name} gives one tracker, and {user.name} has the ids that it sets itself"
    doubted = [Assumption(text, finding.span) for text in doubts]
    taken = (*doubted, *trusted(semantic, parts[0].flow))
    verdict = adopted(finding, why, home, blocks, taken, asked.texts)
    return Decided(verdict, frozenset(parts[0].flow.tainted))
