"""The names of the tracking API, old and new: the only file that spells them.

The codemods never import the runtime; a contract test compares this list with
the real ``tracker`` package.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from codemods.model.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

TRACKER_CLASS = "AIUsageTracker"
SET_CALL = "set_tracking_context"
OLDER_SET_CALL = "set_context"
FLUSH_CALL = "flush_metrics"
CONTEXT = "ai_usage_context"
BATCH_CONTEXT = "batch_ai_usage_context"
PARTIAL_CONTEXT = "partial_failure_context"
TRACKED_DECORATOR = "ai_usage_tracked"
CONTEXT_MANAGERS = (CONTEXT, BATCH_CONTEXT, PARTIAL_CONTEXT)

SET_PARAMETERS = ("job_id", "batch_id", "github_pr", "user_id")
JOB, BATCH, PULL_REQUEST, USER = SET_PARAMETERS
CONSTRUCTOR_PARAMETERS = (
    "dynamo_client",
    "table_name",
    "user_id",
    "track_to_dynamo",
    "track_to_file",
    "log_file",
    "environment",
    "environment_config",
    "validate_table_environment",
)
STORE_ARGUMENT, LOG_ARGUMENT = CONSTRUCTOR_PARAMETERS[0], CONSTRUCTOR_PARAMETERS[5]
FILE_ARGUMENT = CONSTRUCTOR_PARAMETERS[4]
CONSTRUCTOR_ONLY = tuple(
    name for name in CONSTRUCTOR_PARAMETERS if name not in ("user_id", "environment")
)
TRACKER_ARGUMENT = "tracker"
OPERATION_ARGUMENT = "operation_type"
COUNT_ARGUMENT = "item_count"

FACTORY = "create_for_environment"
CLIENT_WRAPPERS = (
    "create_wrapped_openai_client",
    "create_wrapped_anthropic_client",
    "create_wrapped_places_client",
)
REPLAYS = ("track_openai_completion", "track_openai_embedding", "track_anthropic_completion")
RECORDING_DECORATORS = (*REPLAYS, "track_google_places")
METADATA_CALL = "add_context_metadata"
BATCH_MODE_CALL = "set_batch_mode"
STORE_CALL = "_store_metric"
REVIEW_CALL = "track_github_claude_review"
DATABASE_VARIABLE = "AI_USAGE_DATABASE"
STATE_ATTRIBUTES = (
    "current_context",
    "current_job_id",
    "current_batch_id",
    "github_pr",
    "user_id",
    "batch_mode",
    "pending_metrics",
)
CONTEXT_FIELD, JOB_FIELD = STATE_ATTRIBUTES[:2]
PENDING_FIELD = STATE_ATTRIBUTES[-1]
#: Those that have in a block of the tracker what a set call would have given them.
ID_ATTRIBUTES = STATE_ATTRIBUTES[1:5]
INERT_ATTRIBUTES = ("table_name", "log_file", "environment", "track_to_dynamo", "track_to_file")
TRACKER_METHODS = (
    SET_CALL,
    OLDER_SET_CALL,
    FLUSH_CALL,
    METADATA_CALL,
    BATCH_MODE_CALL,
    STORE_CALL,
    *RECORDING_DECORATORS,
    REVIEW_CALL,
)

DEFAULT_MODULES: dict[str, str] = {
    "receipt_label.utils.ai_usage_tracker": "receipt_label.utils.ai_usage_context",
    "tracker.ai_usage_tracker": "tracker.ai_usage_context",
}
#: What such a module is called in its package.
TRACKER_MODULE = "ai_usage_tracker"
OWN_PACKAGE = "tracker"

# Every file with work in it holds one of these; the rarest first.
NEEDLES = (b"AIUsageTracker", b"ai_usage_context", b"set_tracking_context")
#: Of a text without any of them, one of these may stand in a comment that silences lint.
MARKS = (b"AIU", b"ai-usage:")
# Parts that one or the other of all needles has, and a letter of each that is rare: to search for
# these takes half as long as for the words, and a clean tree costs little else.
_RARE, _BEFORE_RARE, _UPPER = ord("U"), b"AI", MARKS[0]
_LOWER = re.compile(rb"x(?<=_contex)t").search
#: What begins a comment, also in the line that names an encoding, and what ends one.
_COMMENT, _END = ord("#"), ord("\n")
_ENCODING = b"coding"
#: So many places are looked at one by one.  A search for one letter is many times as fast as one
#: for a word, unless it stops all the time.
_FEW = range(8)


def words_in(content: bytes) -> tuple[bool, bool]:
    """Return whether one of the needles is in *content*, and whether a mark may be in a comment."""
    # Not ``in``: it asks for a number first, and that exception costs more than the search.
    at = content.find(_RARE)
    upper = at >= 0 and _is_upper(content, at)
    if (upper or _LOWER(content)) and any(needle in content for needle in NEEDLES):
        return True, True
    if upper:
        return False, True
    at = content.find(_COMMENT)
    return False, at >= 0 and _is_marked(content, at)


def _is_upper(content: bytes, at: int) -> bool:
    """Whether the upper part is in *content*, whose first rare letter is *at* this place."""
    find = content.find
    for _ in _FEW:
        if content[at - 2 : at] == _BEFORE_RARE:
            return True
        at = find(_RARE, at + 1)
        if at < 0:
            return False
    return find(_UPPER, at - 2) >= 0


def _is_marked(content: bytes, at: int) -> bool:
    """Whether the mark may be in a comment of *content*, the first of which begins *at* it."""
    find = content.find
    for number in _FEW:
        end = find(_END, at)
        # In another encoding, which line 1 or 2 names, lines and comments may begin otherwise.
        if end < 0 or (number < 2 and find(_ENCODING, at, end) >= 0):
            break
        if find(MARKS[1], at, end) >= 0:
            return True
        at = find(_COMMENT, end)
        if at < 0:
            return False
    return find(MARKS[1], at) >= 0


class Vocabulary(Frozen):
    """Which modules hold the legacy class and the context managers.

    ``modules`` maps each legacy module to its context module, both absolute
    dotted names.  A name imported through a package above such a module (a
    re-export) counts as well.
    """

    __slots__ = ("__dict__",)

    modules: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, extra: Mapping[str, str] | None = None) -> Vocabulary:
        """Return the default vocabulary, extended by a configuration's module pairs."""
        return cls(tuple(sorted({**DEFAULT_MODULES, **(extra or {})}.items())))

    @cached_property
    def tracker_paths(self) -> dict[str, str]:
        """Qualified names of the legacy class, each with the context module that goes with it."""
        return self._exports(TRACKER_CLASS, [(legacy, context) for legacy, context in self.modules])

    @cached_property
    def context_paths(self) -> dict[str, str]:
        """Qualified names of the context managers, each with its plain name."""
        paths: dict[str, str] = {}
        for name in (*CONTEXT_MANAGERS, TRACKED_DECORATOR):
            homes = [(context, name) for _, context in self.modules]
            paths.update(self._exports(name, homes))
        return paths

    @cached_property
    def homes(self) -> frozenset[str]:
        """The modules that define the API; their own files are never rewritten."""
        return frozenset(module for pair in self.modules for module in pair)

    def legacy_module(self, context_module: str) -> str | None:
        """Return the legacy module that belongs to *context_module*."""
        return next((old for old, new in self.modules if new == context_module), None)

    @staticmethod
    def reexport(module: str) -> str:
        """Return the line that makes *module*, a home of the contexts, the one of our runtime."""
        home = DEFAULT_MODULES[f"{OWN_PACKAGE}.ai_usage_tracker"]
        line = f"from {home} import *"
        if module.rpartition(".")[2] != home.rpartition(".")[2]:
            return line
        return f"{line}; from {OWN_PACKAGE}.reexport import reexport; reexport(__name__)"

    @staticmethod
    def _exports(name: str, homes: list[tuple[str, str]]) -> dict[str, str]:
        found: dict[str, str] = {}
        for home, value in homes:
            parts = home.split(".")
            for length in range(len(parts), 0, -1):
                found.setdefault(".".join([*parts[:length], name]), value)
        return found
