"""Who a tracker's calls belong to, as programs read it and set it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from tracker.config.deprecation import deprecated, warn_caller
from tracker.config.misuse import forgiven, forgiving
from tracker.context import scope
from tracker.context.state import changed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tracker.context.scope import Node
    from tracker.context.standing import Standing
    from tracker.records.pending_record import Home

ID_FIELDS = ("job_id", "batch_id", "user_id", "github_pr")


class Attribution:
    """The ids, context and batch mode of the block that a tracker books to, or of its own."""

    # Set by the tracker that this is a part of.
    _default_user: str = "default"
    _standing: Standing

    def node(self) -> Node:
        """Return the block, or the standing state, that calls are booked to here and now."""
        raise NotImplementedError

    def borrows(self, block: Home, *, by_client: bool = False) -> bool:
        """Return whether calls that it records inside *block*, of another tracker, take its ids.

        A tracker that the program built speaks for itself: nobody who calls code with a
        tracker of its own can know that it is there.  Only its wrapped clients (*by_client*)
        look at the current block, unless it was given ids since that began.  A tracker
        that a context made has no word of its own once that block is over.
        """
        if not by_client:
            return self._standing.is_of_block and not self.node().is_block
        return self._standing.is_of_block or self.node().state.stamp < block.began

    @property
    def current_job_id(self) -> str | None:
        """The job that a call made now is booked to."""
        return self.node().state.job_id

    @current_job_id.setter
    @deprecated("Give job_id to ai_usage_context instead")
    def current_job_id(self, value: str | None) -> None:
        self._change(job_id=value)

    @property
    def current_batch_id(self) -> str | None:
        """The batch that a call made now is booked to."""
        return self.node().state.batch_id

    @current_batch_id.setter
    @deprecated("Give batch_id to ai_usage_context instead")
    def current_batch_id(self, value: str | None) -> None:
        self._change(batch_id=value)

    @property
    def github_pr(self) -> int | None:
        """The pull request that a call made now is booked to."""
        return self.node().state.github_pr

    @github_pr.setter
    @deprecated("Give github_pr to ai_usage_context instead")
    def github_pr(self, value: int | None) -> None:
        self._change(github_pr=value)

    @property
    def user_id(self) -> str:
        """The user that a call made now is booked to."""
        return self.node().state.user_id or self._default_user

    @user_id.setter
    @deprecated("Give user_id to ai_usage_context instead")
    def user_id(self, value: str | None) -> None:
        self._change(user_id=value)

    @property
    def batch_mode(self) -> bool:
        """Whether calls are booked at batch prices."""
        return self.node().state.batch_mode

    @batch_mode.setter
    def batch_mode(self, value: bool) -> None:
        with forgiven("batch_mode"):
            self._change(batch_mode=bool(value))

    @property
    def current_context(self) -> dict[str, Any]:
        """A copy of what the current block was given: operation type, fields, metadata."""
        return dict(self.node().state.context)

    @current_context.setter
    def current_context(self, value: Mapping[str, Any] | None) -> None:
        with forgiven("current_context"):
            self._change(given={} if value is None else dict(value))

    # Type checkers read literals only.
    @deprecated("Give the ids to ai_usage_context instead")
    @forgiving
    def set_tracking_context(
        self,
        job_id: str | None = None,
        batch_id: str | None = None,
        github_pr: int | None = None,
        user_id: str | None = None,
    ) -> None:
        """Attribute the calls that follow; ``None`` leaves an id as it is.

        Inside a block this holds until the block ends, elsewhere until it is called again.
        """
        self._name(job_id=job_id, batch_id=batch_id, github_pr=github_pr, user_id=user_id)

    @overload
    def set_context(self, context: Mapping[str, Any]) -> None: ...

    @overload
    @deprecated("Give the ids to ai_usage_context instead of keywords to set_context")
    def set_context(self, context: Mapping[str, Any] | None = None, **ids: Any) -> None: ...

    @forgiving
    def set_context(self, context: Mapping[str, Any] | None = None, **ids: Any) -> None:
        """Replace the context by a copy of *context*, and take over the ids that it names.

        The older form with keywords sets ids as ``set_tracking_context`` does;
        keywords that name no id are added to the context.
        """
        if ids:
            warn_caller("Give the ids to ai_usage_context instead of keywords to set_context")
        if context is not None:
            with forgiven("set_context"):
                given = dict(context)
                self._change(given=given)
                ids = {**given, **ids}
        elif others := {name: value for name, value in ids.items() if name not in ID_FIELDS}:
            self.add_context_metadata(others)
        self._name(**{name: ids.get(name) for name in ID_FIELDS})

    @forgiving
    def add_context_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Add *metadata* to the context; the metrics of the block carry it when stored."""
        with forgiven("add_context_metadata"):
            added = dict(metadata)
            scope.change(self.node(), lambda state: state.with_context({**state.context, **added}))

    @forgiving
    def set_batch_mode(self, enabled: bool) -> None:
        """Book the calls that follow at batch prices, or no longer."""
        self.batch_mode = enabled

    def _name(self, **ids: Any) -> None:
        scope.change(self.node(), lambda state: state.with_ids(**ids))

    def _change(self, **changes: Any) -> None:
        scope.change(self.node(), lambda state: changed(state, **changes))
