"""Names that tell of later: functions that put something down, objects that work by themselves."""

from __future__ import annotations

import re

# First words of functions that put something down for later: ``add_task``, ``on_message``.
_FIRST = frozenset(
    "add after attach at background before broadcast defer delay dispatch emit enqueue every "
    "fire fork hook install launch listen notify_on observe on once publish queue register "
    "schedule send_later spawn start submit subscribe trigger watch when".split()
)
# A first word that means this only where it is the whole name.
_WHOLE = frozenset("after at before fire install launch queue start trigger watch when".split())
_ALONE = frozenset("do send connect delayed si defer".split())
_LAST = frozenset("later soon async nowait forever background delayed deferred exit".split())
# Words of an object that works by itself, or for whoever asks it later.
_OWNERS = frozenset(
    "queue scheduler executor loop background bus broker dispatcher emitter timer cron registry "
    "hooks signals listeners subscribers observers celery".split()
)
_STARTERS = frozenset("start run_forever serve serve_forever launch go begin".split())
_BEGINNING = frozenset("delay defer enqueue fork schedule spawn submit".split())
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


def words_of(name: str) -> list[str]:
    """Return the words of a name in either spelling, in small letters."""
    return [word.lower() for word in _WORD.findall(name)]


def speaks_of_later(name: str) -> bool:
    """Whether a function's last name tells that it puts down what it is given."""
    words = words_of(name)
    if not words:
        return False
    if "_".join(words) in _ALONE or words[-1] in _LAST:
        return True
    return words[0] in _FIRST and (len(words) == 1 or words[0] not in _WHOLE)


def works_by_itself(name: str) -> bool:
    """Whether an object's name, or that of its class, tells that it works for others later."""
    return not _OWNERS.isdisjoint(words_of(name))


def starts(name: str) -> bool:
    """Whether a method's name tells that its object begins to work by itself."""
    words = words_of(name)
    return name in _STARTERS or (bool(words) and (words[0] in _BEGINNING or words[-1] in _LAST))


# Words of decorators whose functions, when they are called, only begin.
_DETACHING = frozenset(
    "background detached thread threaded delayed deferred delay defer spawn fork forget nowait "
    "huey enqueue enqueued".split()
)


def detaches(decorator: str) -> bool:
    """Whether the name of a decorator tells that a call of its function only begins the work."""
    return not _DETACHING.isdisjoint(words_of(decorator))


# Words of decorators that put their function down, for whoever sends, asks or finds something.
_REGISTERING = frozenset(
    "callback handle handler handles hookimpl impl listener listens observer "
    "plugin provider receiver registered responder subscriber".split()
)


def registers(decorator: str) -> bool:
    """Whether the last name of a decorator tells that it puts its function down for others."""
    return speaks_of_later(decorator) or not _REGISTERING.isdisjoint(words_of(decorator))


_WORKING_BASES = frozenset(
    "thread process worker task job actor timer daemon runnable consumer scheduler".split()
)


def works_as_base(name: str) -> bool:
    """Whether the name of a base class tells that its objects work by themselves."""
    return not _WORKING_BASES.isdisjoint(words_of(name))
