"""An entry's environment: made once, brought up to date each time, and programs run in it.

Environments lie in ``.matrix``, which git ignores, by version of Python and entry.  uv installs
them where it can be had, which takes seconds; else pip does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import results

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .catalogue import Entry

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".matrix"
#: Nothing that runs in an environment is to reach out of the machine; this port answers nobody.
NOWHERE = "http://127.0.0.1:9"
#: How long a program may run, in seconds.
PATIENCE = 900
#: uv's status when there is no solution, or a package could not be built; all else is its own.
NO_SOLUTION = 1
DECORATION = re.compile(r"^[^\w\[('\"]+")
VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""
# Entries are prepared side by side, and one must not run what another is still installing.
_fetching = threading.Lock()


class NotInstalledError(Exception):
    """An entry's packages could not be installed; ``impossible`` as in ``Outcome``."""

    def __init__(self, reason: str, *, impossible: bool) -> None:
        super().__init__(reason)
        self.impossible = impossible


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with the entry's packages, the clients and this project in it."""

    python: Path
    versions: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def run(
        self, module: str, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Run *module* of the matrix, as in ``frameworks.program``; return what it told.

        If it ended badly, the last record says so: ``{"ended": "how, and its last words"}``.
        """
        with tempfile.TemporaryDirectory(prefix="matrix-") as home:
            told = Path(home) / "results"
            command = [str(self.python), "-m", f"matrix.{module}", *arguments]
            environ = {**_surroundings(home), results.VARIABLE: str(told), **(variables or {})}
            try:
                done = subprocess.run(
                    command,
                    env=environ,
                    cwd=home,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=PATIENCE,
                )
            except subprocess.TimeoutExpired:
                return [*results.told(told), {"ended": f"not within {PATIENCE} s"}]
            records = results.told(told)
        if done.returncode:
            words = " | ".join((done.stderr or done.stdout).strip().splitlines()[-5:])
            records.append({"ended": f"status {done.returncode}: {words}"})
        return records


def _surroundings(home: str) -> dict[str, str]:
    """Return the variables of a program: none of the user's settings, and no way out."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    return {
        **kept,
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "HOME": home,
        "TMPDIR": home,
        # Not this project's packages: they are installed as at a user's.  Libraries that tell where
        # a call came from take what is not installed for the program's own code.
        "PYTHONPATH": str(ROOT / "tests"),
        "AI_USAGE_DATABASE": str(Path(home) / "usage.db"),
        "AI_USAGE_SPOOL": str(Path(home) / "spool.db"),
        "AI_USAGE_STRICT": "1",
    }


def prepared(entry: Entry, folder: Path = FOLDER) -> Environment:
    """Return the environment of *entry* for this interpreter, with the newest versions.

    Raises NotInstalledError.  One that is there already is used when it cannot be
    brought up to date, and says so.
    """
    version = "{}.{}".format(*sys.version_info[:2])
    place = folder / version / f"{entry.kind}-{entry.name}"
    stamp = place / "installed.json"
    wanted = ["openai", "anthropic", *entry.requirements]
    notes: tuple[str, ...] = ()
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, capture_output=True)
    try:
        _install(python, [*wanted, str(ROOT)], folder)
        stamp.write_text(json.dumps(wanted), encoding="utf-8")
    except NotInstalledError as error:
        if error.impossible or not stamp.exists() or json.loads(stamp.read_text()) != wanted:
            raise
        notes = (f"not brought up to date: {error}",)
    names = [_distribution(requirement) for requirement in wanted]
    told = subprocess.run(
        [str(python), "-c", VERSIONS, *names], check=True, capture_output=True, text=True
    )
    return Environment(python, json.loads(told.stdout), notes)


def _distribution(requirement: str) -> str:
    """Return the name in *requirement*, without extras, versions and markers."""
    for mark in "[<>=!~; ":
        requirement = requirement.partition(mark)[0]
    return requirement


def _install(python: Path, wanted: Sequence[str], folder: Path) -> None:
    uv = uv_of(folder)
    if uv is not None:
        ours = ["--reinstall-package", "ai-usage-suite", "--refresh-package", "ai-usage-suite"]
        done = _called([uv, "pip", "install", "--upgrade", *ours, "--python", str(python), *wanted])
        if done.returncode == 0:
            return
        if done.returncode == NO_SOLUTION:
            raise NotInstalledError(_told(done), impossible=True)
    # pip has settings of its own, a company's index among them, that uv does not read.  It builds
    # a folder anew each time.
    done = _called([str(python), "-m", "pip", "install", "--quiet", "--upgrade", *wanted])
    if done.returncode:
        reason = _told(done)
        raise NotInstalledError(reason, impossible="ResolutionImpossible" in reason)


def _called(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, errors="replace")


def _told(done: subprocess.CompletedProcess[str]) -> str:
    """Return the reason that an installer gave, on one line."""
    lines = [DECORATION.sub("", line).strip() for line in done.stderr.splitlines()]
    wordy = [line for line in lines if line and not line.startswith(("WARNING", "Using Python"))]
    return " ".join(wordy)[:600] or f"status {done.returncode}, without a word"


def uv_of(folder: Path) -> str | None:
    """Return the command uv: the user's own, or one that is kept in *folder*; None if neither."""
    found = shutil.which("uv")
    if found is not None:
        return found
    tools = folder / "tools"
    uv = tools / "bin" / "uv"
    with _fetching:
        if not uv.exists():
            making = [sys.executable, "-m", "venv", str(tools)]
            subprocess.run(making, check=True, capture_output=True)
            _called([str(tools / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv"])
    return str(uv) if uv.exists() else None
