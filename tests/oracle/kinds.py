"""The kinds of program that are counted: which faults each would show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "choices": "ids are set under conditions, twice, out of dictionaries, or anew in a branch",
    "store": "the program reads what was stored, before, between and behind the calls",
    "later": "a foreign function keeps the tracker, with or without a callable, and runs it later",
    "worker": "a class of the program keeps the tracker: a thread, a job, a registry",
    "dispatch": "a handler that is found at run time has a tracker of its own",
    "idle-loop": "a batch id, and loops that make no call",
    "older": "ids are set by the older spelling",
    "shared-instance": "a subclass gives an object that exists already",
    "end-in-sight": "the program ends inside the block without leaving it",
    "other-file": "another file uses the tracker, the field or the import",
    "path-part": "only a part of the project is named",
    "no-contexts": "the project has the legacy module and no module of contexts",
    "manager": "an object forwards the ids to its tracker",
    "parameter": "a function sets ids on the tracker that it is given, or makes one",
    "service": "an object keeps a tracker: built, handed in, lazy, of its class, or wrapped",
    "not-ours": "methods of the same name that are not the API's",
    "only-looked-at": "a tracker that is built and looked at, and makes no call",
    "match-arms": "ids are set in one arm of a match and used in another",
    "surrounded": "a context by hand, and in it a call that does not get its tracker",
    "lingering": "an operator, a container, a generator or a gathered call keeps the tracker",
    "oddity": "pragmas, comments at ends, and rare syntax beside a site",
}
