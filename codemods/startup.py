"""Keeps what is looked at from being imported.

``python -m`` puts the current folder before all others on the module path, and that
folder is the tree to be looked at: a ``click.py`` or ``tomllib.py`` in it would run.
It is taken off before anything else is imported.  What Python itself imports to find
this package comes before that; ``python -P -m``, or the console script, never has the
folder on its path.
"""

import os
import sys

_COMMANDS = ("migrate", "lint", "merge", "status", "server")
_MODULES = tuple(f"codemods.{name}" for name in _COMMANDS)
_SCRIPTS = tuple(f"ai-usage-{name}" for name in _COMMANDS)


def keep_out_the_current_folder() -> None:
    """Take the current folder off the module path, if this process is one of the commands.

    A program that imports this package has a path of its own, which stays as it is.
    """
    if not _is_command():
        return
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib is not imported yet
    except OSError:  # the folder was removed: nothing is imported from it
        return
    if not sys.flags.safe_path and _of_module() and sys.path[:1] == [here]:
        del sys.path[0]
    for _ in range(_times_in_environment()):
        if here in sys.path:
            sys.path.remove(here)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", os.curdir)]
    # Interpreters that this one starts, for its workers, are to do the same.
    os.environ["PYTHONSAFEPATH"] = "1"
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    if home not in sys.path:  # run from a checkout: last, so that it hides nothing
        sys.path.append(home)


def _is_command() -> bool:
    script = os.path.basename(sys.argv[0]) if sys.argv else ""  # noqa: PTH119
    return _of_module() or script.startswith(_SCRIPTS)


def _of_module() -> bool:
    # The name is "-m" as long as Python looks for the module that it is to run.
    return sys.argv[:1] == ["-m"] and any(part.endswith(_MODULES) for part in sys.orig_argv)


def _times_in_environment() -> int:
    """Return how often PYTHONPATH names the current folder without its name, as a stray colon."""
    if sys.flags.ignore_environment:
        return 0
    entries = os.environ.get("PYTHONPATH", "")
    return sum(entry in ("", os.curdir) for entry in entries.split(os.pathsep)) if entries else 0
