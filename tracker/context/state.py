"""Who calls are attributed to: the ids and the context that a block, or a tracker, stands for."""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from tracker.context.opening import Opening

if TYPE_CHECKING:
    from collections.abc import Mapping

# Later statements of who a call belongs to win over earlier ones; the stamp
# orders them across trackers and threads without asking a clock.
next_stamp = itertools.count(1).__next__


class State(NamedTuple):
    """Who calls are attributed to.  ``None`` means that nobody said.

    ``given`` is the context (operation type, fields, ...) or what it is made of.  A
    tuple, because one is made at every change and a frozen dataclass takes four times as long.
    """

    given: Opening | Mapping[str, Any] = MappingProxyType({})
    job_id: str | None = None
    batch_id: str | None = None
    user_id: str | None = None
    github_pr: int | None = None
    batch_mode: bool = False
    stamp: int = 0

    @property
    def context(self) -> Mapping[str, Any]:
        """What the block was given, and what was added to it."""
        given = self.given
        return given.context() if isinstance(given, Opening) else given

    def with_ids(
        self,
        *,
        job_id: str | None = None,
        batch_id: str | None = None,
        user_id: str | None = None,
        github_pr: int | None = None,
    ) -> State:
        """Return this state with the ids that are given; ``None`` leaves one as it is."""
        return State(
            self.given,
            self.job_id if job_id is None else job_id,
            self.batch_id if batch_id is None else batch_id,
            self.user_id if user_id is None else user_id,
            self.github_pr if github_pr is None else github_pr,
            self.batch_mode,
            next_stamp(),
        )

    def with_context(self, context: Mapping[str, Any]) -> State:
        """Return this state with *context* in place of its own."""
        _, job_id, batch_id, user_id, github_pr, batch_mode, _ = self
        return State(context, job_id, batch_id, user_id, github_pr, batch_mode, next_stamp())

    def inheriting(self, parent: State) -> State:
        """Return this state with the ids that only *parent* names, and its batch mode."""
        _, job_id, batch_id, user_id, github_pr, batch_mode, _ = parent
        says_who = job_id is not None or batch_id is not None or user_id is not None
        if not says_who and github_pr is None and not batch_mode:
            return self
        return State(
            self.given,
            job_id if self.job_id is None else self.job_id,
            batch_id if self.batch_id is None else self.batch_id,
            user_id if self.user_id is None else self.user_id,
            github_pr if self.github_pr is None else self.github_pr,
            self.batch_mode or batch_mode,
            self.stamp,
        )


#: Where nobody has said anything yet.
BLANK = State()


def begun(
    given: Opening | Mapping[str, Any], fields: Mapping[str, Any], *, batch: bool, stamp: int
) -> State:
    """Return the state of a block that began at *stamp*; its ids are taken from *fields*."""
    get = fields.get
    ids = get("job_id"), get("batch_id"), get("user_id"), get("github_pr")
    return State(given, *ids, batch, stamp)


def changed(state: State, **changes: Any) -> State:
    """Return *state* with *changes*, as the latest statement of who calls belong to."""
    return state._replace(**changes, stamp=next_stamp())


def merge(inner: State, outer: State) -> State:
    """Return *inner* with ids of both; where both name one, the later statement's."""
    first, second = (outer, inner) if outer.stamp > inner.stamp else (inner, outer)
    return inner.with_ids(
        job_id=first.job_id or second.job_id,
        batch_id=first.batch_id or second.batch_id,
        user_id=first.user_id or second.user_id,
        github_pr=first.github_pr if first.github_pr is not None else second.github_pr,
    )
