"""Ids: all that a program set are in the header, and nothing is evaluated in another order."""

from __future__ import annotations

import sys
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from pairs import BOTH, NEW, indented, legacy, migrated, objects, same

IDS = ["job_id", "batch_id", "github_pr", "user_id"]
VALUES = ["'a'", "1", "text", "client.name", "f'{text}'", "text or 'none'"]
FIELDS = st.dictionaries(st.sampled_from(IDS), st.sampled_from(VALUES), min_size=1)


def call(fields: dict[str, str]) -> str:
    """Return the set call of these ids."""
    given = ", ".join(f"{key}={value}" for key, value in fields.items())
    return f"tracker.set_tracking_context({given})\n"


def header(fields: dict[str, str], first: str = '"scan"') -> str:
    """Return the header with these ids."""
    given = "".join(f", {key}={value}" for key, value in fields.items())
    return f"with ai_usage_context({first}{given}) as tracker:\n"


@given(FIELDS)
def test_a_header_has_the_ids_of_the_call(fields: dict[str, str]) -> None:
    """By name, with the same values; an id or value that is other, less or more is seen."""
    before = legacy("ask()\n", call(fields))
    same(before, migrated("ask()\n", header(fields)))
    key = next(iter(fields))
    objects(before, migrated("ask()\n", header({**fields, key: "'other'"})))
    objects(before, migrated("ask()\n", header({k: v for k, v in fields.items() if k != key})))
    more = next((name for name in IDS if name not in fields), None)
    if more:
        objects(before, migrated("ask()\n", header({**fields, more: "'more'"})))


@each_of("order", list(permutations(range(3)))[1:])
def test_values_with_effects_keep_their_order(order: tuple[int, ...]) -> None:
    """What is evaluated first may raise, or change, what the next one sees."""
    fields = {"job_id": "one()", "batch_id": "two()", "github_pr": "three()"}
    items = list(fields.items())
    before = legacy("ask()\n", call(fields))
    same(before, migrated("ask()\n", header(fields)))
    objects(before, migrated("ask()\n", header(dict(items[index] for index in order))))


@each_of(
    "sets",
    [
        "tracker.set_tracking_context('a', 'b')\n",
        "tracker.set_tracking_context('a', batch_id='b')\n",
        "tracker.set_tracking_context('a')\ntracker.set_tracking_context(batch_id='b')\n",
    ],
)
def test_positions_and_several_calls_are_the_same_ids(sets: str) -> None:
    """However the ids were given, the header names each."""
    fields = {"job_id": "'a'", "batch_id": "'b'"}
    same(legacy("ask()\n", sets), migrated("ask()\n", header(fields)))
    objects(legacy("ask()\n", sets), migrated("ask()\n", header({"job_id": "'a'"})))


@each_of(
    "sets",
    [
        "tracker.set_tracking_context(*ids)\n",
        "tracker.set_tracking_context(**ids)\n",
        "other.set_tracking_context(job_id='a')\n",
        "tracker.set_something(job_id='a')\n",
        "x = tracker.set_tracking_context(job_id='a')\nask(x)\n",
        "if text:\n    tracker.set_tracking_context(job_id='a')\n",
        "ask(1)\ntracker.set_tracking_context(job_id='a')\n",
    ],
)
def test_what_is_no_such_call_is_not_taken_over(sets: str) -> None:
    """Ids that nobody can read, of another object, at times, or set only later."""
    objects(legacy("ask()\n", sets), migrated("ask()\n", header({"job_id": "'a'"})))


BATCH = NEW.replace("ai_usage_context\n", "batch_ai_usage_context\n")
LOOP = "for item in text:\n    ask(item)\n"


def batch(body: str, count: str) -> str:
    """Return the program with a batch block of that count."""
    first = f"with batch_ai_usage_context('b'{count}) as tracker:\n"
    return migrated(body, first).replace(NEW, BATCH)


@each_of("loop", [LOOP, "for item in text:\n    item()\n"])
@each_of("count", ["", ", item_count=len(text)"])
def test_a_batch_counts_what_its_loop_sends(count: str, loop: str) -> None:
    """The number of items is the length of what the loop goes over: functions, perhaps."""
    before = legacy(loop, "tracker.set_tracking_context(batch_id='b')\n")
    same(before, batch(loop, count))


@each_of(
    ("body", "count"),
    [
        (LOOP, ", item_count=len(client)"),
        (LOOP, ", item_count=1"),
        (LOOP, ", item_count=len(text) + 1"),
        ("ask(text)\n", ""),
        ("for item in text:\n    print(item)\n", ""),
        ("for item in text:\n    item.strip()\n", ""),
        ("while text:\n    for item in text:\n        ask(item)\n", ", item_count=len(text)"),
        ("for item in read(text):\n    ask(item)\n", ", item_count=len(text)"),
    ],
)
def test_another_count_is_seen(body: str, count: str) -> None:
    """A batch without a loop that sends something, or with a number of something else."""
    before = legacy(body, "tracker.set_tracking_context(batch_id='b')\n")
    objects(before, batch(body, count))


NESTED = """with ai_usage_context("scan", tracker=tracker, job_id=job()):
    ask(tracker)
    with ai_usage_context("rank", tracker=tracker, job_id=maybe()):
        ask(tracker)
        log()
        ask(tracker)
"""


def test_an_inner_block_goes_on_with_the_ids_of_the_outer_one() -> None:
    """What a later phase computes, or leaves as it was, is named by its own block only."""
    sets = "tracker.set_tracking_context(job_id=maybe())\n"
    body = f"ask(tracker)\n{sets}ask(tracker)\nlog()\nask(tracker)\n"
    first = "tracker.set_tracking_context(job_id=job())\n"
    built = f"{BOTH}\n\ndef scan(text, client):\n    tracker = AIUsageTracker()\n"
    before = legacy(body, first)
    same(before, built + indented(NESTED))
    last = "        log()\n        ask(tracker)\n"
    early = NESTED.replace(last, "    log()\n    ask(tracker)\n")
    objects(before, built + indented(early), "behind its block")
    objects(before, built + indented(NESTED.replace("maybe()", "job()")))
    objects(before, built + indented(NESTED.replace(", job_id=maybe()", "")))


def test_a_set_call_that_stays_in_a_try_gives_no_ids_to_the_block() -> None:
    """The block around the ``try`` has no ids, or takes the call out."""
    stays = "    tracker.set_tracking_context(job_id='a')\n"
    body = f"try:\n{stays}    ask(tracker)\nexcept E:\n    log()\n"
    before = legacy(body, "")
    header = 'with ai_usage_context("scan") as tracker:\n'
    same(before, migrated(body, header))
    objects(before, migrated(body.replace("'a'", "'b'"), header))
    objects(before, migrated(body.replace(stays, ""), header))
    objects(before, migrated(body, header.replace(")", ", job_id='a')")))


FIRST_BLOCK = "with ai_usage_context('scan', tracker=tracker, job_id=\"a\"):\n    ask(tracker)\n"
SET_AGAIN = "tracker.set_tracking_context(job_id='b')\n"
SECOND_BLOCK = "with ai_usage_context('scan', tracker=tracker, job_id='b'):\n    ask(tracker)\n"


def adopted(body: str) -> str:
    """Return the program whose function builds its tracker itself, and goes on with *body*."""
    return f"{NEW}{legacy(body, '')}"


def test_a_constant_user_is_set_again_in_each_later_block() -> None:
    """It is the one that was set last, alone in its call; what is computed may be another one."""

    def of(user: str, again: str) -> tuple[str, str]:
        sets = f"tracker.set_tracking_context(job_id='a', user_id={user})\n"
        before = legacy(f"ask(tracker)\n{SET_AGAIN}ask(tracker)\n", sets)
        kept = f"    tracker.set_tracking_context(user_id={user})\n    ask(tracker)\n"
        after = FIRST_BLOCK.replace("    ask(tracker)\n", kept)
        return before, adopted(after + SECOND_BLOCK.replace("    ask", f"{again}    ask"))

    same(*of("'u'", "    tracker.set_tracking_context(user_id='u')\n"))
    objects(*of("'u'", "    tracker.set_tracking_context(user_id='v')\n"))
    objects(*of("'u'", "    tracker.set_tracking_context(user_id='u', job_id='b')\n"))
    objects(*of("'u'", "    other.set_tracking_context(user_id='u')\n"))
    objects(*of("f()", "    tracker.set_tracking_context(user_id=f())\n"))


@pytest.mark.parametrize(
    "between", ["x = text\n", "print(text)\n", "tracker.flush_metrics()\nf()\n"]
)
def test_ids_under_which_nothing_is_called_may_go(between: str) -> None:
    """Where they are set anew, not at the end; those that last must be in the next header."""
    again = between + SET_AGAIN + "ask(tracker)\n"
    same(legacy(again), adopted(between + SECOND_BLOCK))
    user = "tracker.set_tracking_context(user_id='u')\n"
    objects(legacy(again, user), adopted(between + SECOND_BLOCK), "is lost")
    objects(legacy("ask(tracker)\n" + SET_AGAIN), adopted(FIRST_BLOCK))


@pytest.mark.parametrize(
    "between", ["f()\n", "yield\n", "x = tracker\n", "for x in text:\n    x\n"]
)
def test_ids_under_which_something_may_be_called_stay(between: str) -> None:
    """By whatever else has the tracker; and so do ids whose evaluation may show."""
    again = SET_AGAIN + "ask(tracker)\n"
    objects(legacy(between + again), adopted(between + SECOND_BLOCK))
    computed = "tracker.set_tracking_context(job_id=name())\n"
    objects(legacy("x = text\n" + again, computed), adopted("x = text\n" + SECOND_BLOCK))


SCOPES = "text, client, a=1, b=2"


@each_of(
    "sets, headers, wrong",
    [
        (
            "if a:\n    {}job_id=f() if b else None)\nelse:\n    {}job_id='x')\n",
            "job_id=(f() if b else None) if a else 'x'",
            "job_id=(f() if a else None) if b else 'x'",
        ),
        (
            "if a:\n    {}job_id=f() if g() else None)\n",
            "job_id=(f() if g() else None) if a else None",
            "job_id=(f() if a else None) if g() else None",
        ),
        (
            "if a:\n    {}job_id=1 if g() else 2)\nelse:\n    {}job_id=f())\n",
            "job_id=(1 if g() else 2) if a else f()",
            "job_id=(1 if a else f()) if g() else 2",
        ),
        (
            "if f():\n    {}job_id=1)\nif f():\n    {}batch_id=2)\n",
            "job_id=1 if f() else None, batch_id=2 if f() else None",
            "batch_id=2 if f() else None, job_id=1 if f() else None",
        ),
    ],
)
def test_a_choice_evaluates_what_the_branches_do(sets: str, headers: str, wrong: str) -> None:
    """On each way through them, in that order: a test that does something runs there only."""
    before = legacy("ask()\n", sets.replace("{}", "tracker.set_tracking_context("), SCOPES)
    lines = [f'with ai_usage_context("scan", {ids}) as tracker:\n' for ids in (headers, wrong)]
    same(before, migrated("ask()\n", lines[0], SCOPES))
    objects(before, migrated("ask()\n", lines[1], SCOPES))


def test_a_replaced_value_leaves_a_try_where_that_was_asked() -> None:
    """It is not evaluated, so that nothing moves; what lasts stays in the ``try``."""
    sets = "    tracker.set_tracking_context(job_id=f(), user_id='u')\n"
    later = "    tracker.set_tracking_context(job_id={}, batch_id=3)\n"
    rest = "    ask(tracker)\nexcept E:\n    log()\n"
    block = "with ai_usage_context(\"scan\", user_id='u', {}) as tracker:\n"
    before = legacy(f"try:\n{sets}{later.format(4)}{rest}", "")
    after = migrated(f"try:\n{rest}", block.format("job_id=4, batch_id=3"))
    same(before, after, unsafe=True)
    objects(before, after)
    objects(before, after.replace("job_id=4", "job_id=f()"), unsafe=True)
    objects(before, after.replace("user_id='u', ", ""), unsafe=True)
    moved = legacy(f"try:\n{sets}{later.format('g()')}{rest}", "")
    objects(moved, after.replace("job_id=4", "job_id=g()"), unsafe=True)


def test_the_last_of_two_users_is_the_block_s() -> None:
    """A call that stays for the first one does not stand for both."""
    sets = "tracker.set_tracking_context(user_id='u')\ntracker.set_tracking_context(user_id='v')\n"
    kept = "tracker.set_tracking_context(user_id='u')\nask(tracker)\n"
    header = 'with ai_usage_context("scan") as tracker:\n'
    objects(legacy("ask(tracker)\n", sets), migrated(kept, header))
    same(legacy("ask(tracker)\n", kept.partition("\n")[0] + "\n"), migrated(kept, header))


def test_an_id_may_go_with_a_later_one_that_is_none_where_that_was_asked() -> None:
    """Or stay, as by default; another value stands for neither."""
    sets = "{0}job_id='x')\n{0}job_id=1 if a else None)\n"
    before = legacy("ask()\n", sets.format("tracker.set_tracking_context("), SCOPES)
    after = migrated("ask()\n", 'with ai_usage_context("scan", {}) as tracker:\n', SCOPES)
    same(before, after.format("job_id=1 if a else None"), unsafe=True)
    objects(before, after.format("job_id=1 if a else None"))
    objects(before, after.format("job_id=1 if a else 2"), unsafe=True)
    objects(before, after.format("job_id=None if a else 'x'"), unsafe=True)
    objects(before, after.format("batch_id=1 if a else None"), unsafe=True)


def test_a_user_of_a_phase_without_work_may_be_replaced() -> None:
    """The block sets another one before anything is asked; where it sets none, the user is lost."""
    user = "tracker.set_tracking_context(user_id='u')\n"
    other = "tracker.set_tracking_context(job_id='b', user_id='v')\n"
    kept = "    tracker.set_tracking_context(user_id='v')\n    ask(tracker)\n"
    inside = SECOND_BLOCK.replace("    ask(tracker)\n", kept)
    before = legacy(f"print(text)\n{other}ask(tracker)\n", user)
    same(before, adopted(f"print(text)\n{inside}"))
    objects(before, adopted(f"print(text)\n{SECOND_BLOCK}"))
    objects(before, adopted(f"print(text)\n{inside}".replace("'v'", "'u'")))
    without = legacy(f"print(text)\n{SET_AGAIN}ask(tracker)\n", user)
    objects(without, adopted(f"print(text)\n{SECOND_BLOCK}"), "is lost")
