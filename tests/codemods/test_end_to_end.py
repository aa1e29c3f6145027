"""The commands as a user runs them: real processes, real files, real patches."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "bytes"))

from tool import (
    LEGACY,
    MIGRATED,
    REFUSED,
    ROOT,
    Ended,
    contents,
    lint_command,
    migrate_command,
    run,
)

APPLICATION = ROOT / "examples" / "legacy_app"
# A context that builds no tracker of its own: nothing to do, nothing to say.
MODERN = MIGRATED
NO_LEGACY = 'print("AIUsageTracker is only mentioned")\n'
UNPARSABLE = "from tracker.ai_usage_tracker import AIUsageTracker\ndef broken(:\n    pass\n"


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """Return a folder that holds a copy of the example application, as ``legacy_app``."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(APPLICATION, tmp_path / "legacy_app", ignore=ignored)
    return tmp_path


# -- the example application --------------------------------------------------------


def test_application_is_migrated_and_compiles(application: Path) -> None:
    """One command rewrites the modules with legacy code, leaves the others, and ends with 0."""
    before = contents(application)
    done = migrate_command(application, "legacy_app")
    after = contents(application)
    assert done.status == 0, done.said
    assert after.keys() == before.keys()
    changed = {name for name in before if after[name] != before[name]}
    legacy = {name for name, text in before.items() if b"AIUsageTracker()" in text}
    assert changed == legacy
    for name in changed:
        compile(after[name], name, "exec")
        assert b"set_tracking_context" not in after[name]


@pytest.mark.parametrize("extra", [None, REFUSED])
def test_second_run_changes_nothing(application: Path, extra: str | None) -> None:
    """A second run writes nothing: status 0, or 1 for as long as a refused site is left."""
    if extra is not None:
        (application / "legacy_app" / "left.py").write_text(extra)
    expected = 0 if extra is None else 1
    assert migrate_command(application, "legacy_app").status == expected
    first = contents(application)
    second = migrate_command(application, "legacy_app")
    assert second.status == expected, second.said
    assert contents(application) == first
    assert " changed (" not in second.said


@pytest.mark.parametrize("named", [(), ("legacy_app",)])
def test_undo_brings_back_the_exact_bytes(application: Path, named: tuple[str, ...]) -> None:
    """--undo, alone or with the PATH, restores every byte; a second --undo has nothing left."""
    before = contents(application)
    migrate_command(application, "legacy_app")
    assert contents(application) != before
    done = migrate_command(application, "--undo", *named)
    assert done.status == 0, done.said
    assert contents(application) == before
    again = migrate_command(application, "--undo", *named)
    assert again.status == 2
    assert "Cannot undo" in again.said


def test_undo_after_a_second_run_restores_the_first(application: Path) -> None:
    """A run that wrote nothing leaves no journal entry behind that hides the one before."""
    before = contents(application)
    migrate_command(application, "legacy_app")
    migrate_command(application, "legacy_app")
    assert migrate_command(application, "--undo").status == 0
    assert contents(application) == before


@pytest.mark.parametrize("mode", ["--check", "--diff"])
def test_looking_writes_nothing(application: Path, mode: str) -> None:
    """--check and --diff leave every file as it is and make no journal."""
    before = contents(application)
    assert migrate_command(application, mode, "legacy_app").status == 1
    assert contents(application) == before
    assert not list(application.rglob(".ai-usage"))


# -- patches ------------------------------------------------------------------------

_LONG = LEGACY + "\n\n" + "".join(f"VALUE_{n} = {n}\n" for n in range(40))
_LATIN = "# -*- coding: latin-1 -*-\n# prix en £ et ñ\n" + LEGACY
_MIXED = LEGACY.replace("Tracker\n", "Tracker\r\n", 1).replace("number):\n", "number):\r\n")
TEXTS = {
    "lf": _LONG.encode(),
    "crlf": _LONG.replace("\n", "\r\n").encode(),
    "no_final_newline": LEGACY.rstrip("\n").encode(),
    "no_final_newline_crlf": LEGACY.rstrip("\n").replace("\n", "\r\n").encode(),
    "mark": b"\xef\xbb\xbf" + LEGACY.encode(),
    "mark_crlf": b"\xef\xbb\xbf" + LEGACY.replace("\n", "\r\n").encode(),
    "latin_1": _LATIN.encode("latin-1"),
    "mixed_newlines": _MIXED.encode(),
}


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    """Write *files* below *folder*, each as a module."""
    for name, content in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.mark.parametrize("repository", [True, False])
def test_patch_gives_what_a_migration_writes(tmp_path: Path, repository: bool) -> None:
    """One patch holds files of every kind, below folders and with spaces in their names too.

    It passes ``git apply --check``, and applied it gives each file the bytes of a migration.
    """
    files = TEXTS | {f"some folder/{name} file": content for name, content in TEXTS.items()}
    patched, migrated = tmp_path / "patched", tmp_path / "migrated"
    for folder in (patched, migrated):
        write_all(folder, files)
        if repository:
            run(["git", "init", "-q"], folder)
    patch = migrate_command(patched, "--diff", ".")
    assert patch.status == 1, patch.said
    check = run(["git", "apply", "--check", "-"], patched, patch.out)
    assert check.status == 0, check.said
    assert run(["git", "apply", "-"], patched, patch.out).status == 0
    assert migrate_command(migrated, ".").status == 0
    assert contents(patched) == contents(migrated)
    assert all(contents(patched)[f"{name}.py"] != content for name, content in files.items())


def test_patch_from_a_folder_inside_a_repository(tmp_path: Path) -> None:
    """A patch made in a subfolder applies where git takes its paths from."""
    run(["git", "init", "-q"], tmp_path)
    write_all(tmp_path, {"app/receipts": LEGACY.encode()})
    patch = migrate_command(tmp_path / "app", "--diff", ".")
    assert run(["git", "apply", "-"], tmp_path, patch.out).status == 0
    assert (tmp_path / "app" / "receipts.py").read_text() == MIGRATED


def test_patch_of_nothing_is_empty(tmp_path: Path) -> None:
    """Where nothing is to be changed standard output is empty, so that pipes stay clean."""
    write_all(tmp_path, {"modern": MODERN.encode(), "refused": REFUSED.encode()})
    done = migrate_command(tmp_path, "--diff", ".")
    assert (done.status, done.out) == (1, b"")
    assert b"escapes" in done.err


# -- a folder with everything in it -------------------------------------------------

BAD = {
    "broken": UNPARSABLE.encode(),
    "nul": LEGACY.encode() + b"NAME = 'a\0b'\n",
    "python2": b'import AIUsageTracker\nprint "tracked"\n',
    "unmarked_latin": "# prix en £\n".encode("latin-1") + LEGACY.encode(),
}
GOOD = {
    "latin": TEXTS["latin_1"],
    "receipts": LEGACY.encode(),
}
SILENT = {"empty": b"", "other": b"def f():\n    return 1\n"}


@pytest.fixture
def mixed_folder(tmp_path: Path) -> Path:
    """Return a folder with legacy files, files that cannot be read as Python, and others."""
    write_all(tmp_path, BAD | GOOD | SILENT)
    return tmp_path


def test_bad_files_do_not_stop_the_others(mixed_folder: Path) -> None:
    """Legacy files are migrated, bad ones stay byte for byte, and the status is 2."""
    done = migrate_command(mixed_folder, ".")
    after = contents(mixed_folder)
    assert done.status == 2
    assert after["receipts.py"] == MIGRATED.encode()
    assert after["latin.py"].decode("latin-1").endswith(MIGRATED)
    for name, content in (BAD | SILENT).items():
        assert after[f"{name}.py"] == content


@pytest.fixture(scope="module")
def report_on_bad_files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the lines of the report on a folder with everything in it."""
    folder = tmp_path_factory.mktemp("everything")
    write_all(folder, BAD | GOOD | SILENT)
    return migrate_command(folder, "--check", ".").said.splitlines()


@pytest.mark.parametrize(
    ("name", "stage", "cause", "advice"),
    [
        ("broken", "parse", "line 2", "correct the syntax"),
        ("nul", "read", "line 8 holds a NUL byte", "Remove the byte"),
        ("python2", "parse", "line 2", "Python version"),
        ("unmarked_latin", "read", "byte 0xa3 in line 1 is not utf-8", "coding: latin-1"),
    ],
)
def test_bad_file_is_named_with_what_to_do(
    report_on_bad_files: list[str], name: str, stage: str, cause: str, advice: str
) -> None:
    """The report names each bad file, the stage, the place in it, and the next step."""
    said = report_on_bad_files
    (line,) = [line for line in said if line.startswith(f"{name}.py")]
    assert line.startswith(f"{name}.py: failed to {stage}: ")
    assert cause in line
    assert "to do: " in said[said.index(line) + 1]
    assert advice in said[said.index(line) + 1]


@pytest.mark.parametrize("name", SILENT)
def test_harmless_file_is_not_mentioned(report_on_bad_files: list[str], name: str) -> None:
    """An empty file, and one that has nothing to do with the tracker, are passed over."""
    assert not [line for line in report_on_bad_files if f"{name}.py" in line]


def test_undo_of_a_run_with_failures(mixed_folder: Path) -> None:
    """A run in which some files failed is undone like any other."""
    before = contents(mixed_folder)
    migrate_command(mixed_folder, ".")
    assert migrate_command(mixed_folder, "--undo").status == 0
    assert contents(mixed_folder) == before


def test_machine_report_counts_the_same(mixed_folder: Path) -> None:
    """--format json prints one document that names the same files as the text does."""
    done = migrate_command(mixed_folder, "--check", "--format", "json", ".")
    document = json.loads(done.out)
    assert done.status == 2
    shown = json.dumps(document)
    assert all(f"{name}.py" in shown for name in BAD | GOOD)
    assert not any(f'"{name}.py"' in shown for name in SILENT)


# -- exit statuses ------------------------------------------------------------------

FILES = {
    "nothing": NO_LEGACY,
    "modern": MODERN,
    "legacy": LEGACY,
    "refused": REFUSED,
    "both": LEGACY + "\n\n" + REFUSED.partition("\n\n\n")[2],
    "broken": UNPARSABLE,
}


@pytest.mark.parametrize(
    ("mode", "file", "status"),
    [
        ("", "nothing", 0),
        ("", "modern", 0),
        ("", "legacy", 0),
        ("", "refused", 1),
        ("", "both", 1),
        ("", "broken", 2),
        ("--check", "nothing", 0),
        ("--check", "modern", 0),
        ("--check", "legacy", 1),
        ("--check", "refused", 1),
        ("--check", "both", 1),
        ("--check", "broken", 2),
        ("--diff", "nothing", 0),
        ("--diff", "modern", 0),
        ("--diff", "legacy", 1),
        ("--diff", "refused", 1),
        ("--diff", "both", 1),
        ("--diff", "broken", 2),
        ("lint", "nothing", 0),
        ("lint", "modern", 0),
        ("lint", "legacy", 1),
        ("lint", "refused", 1),
        ("lint", "both", 1),
        ("lint", "broken", 2),
    ],
)
def test_status(tmp_path: Path, mode: str, file: str, status: int) -> None:
    """Each mode ends with 0 for done, 1 for pending or refused sites, 2 for failures."""
    (tmp_path / "receipts.py").write_text(FILES[file])
    if mode == "lint":
        done = lint_command(tmp_path, "receipts.py")
    else:
        done = migrate_command(tmp_path, *filter(None, [mode]), "receipts.py")
    assert done.status == status, done.said


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--check"],
        ["--diff"],
        ["missing.py"],
        ["empty_folder"],
        ["--no-such-option", "."],
        ["--undo", "--check"],
        ["--undo", "--diff"],
        ["--undo"],
        ["--jobs", "0", "."],
    ],
)
def test_misuse_of_migrate_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    """Wrong usage, a missing path, a folder without Python, and undo without a run end with 2."""
    (tmp_path / "empty_folder").mkdir()
    done = migrate_command(tmp_path, *arguments)
    assert done.status == 2
    assert done.said.strip()
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("arguments", [[], ["missing.py"], ["empty_folder"], ["--undo", "."]])
def test_misuse_of_lint_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    """Lint refuses the same wrong usage, and options that only a migration has."""
    (tmp_path / "empty_folder").mkdir()
    done = lint_command(tmp_path, *arguments)
    assert done.status == 2
    assert done.said.strip()


def test_undo_of_an_edited_file_ends_with_1(tmp_path: Path) -> None:
    """A file that was edited since the run is kept and named; its original bytes are kept too."""
    file = tmp_path / "receipts.py"
    file.write_text(LEGACY)
    migrate_command(tmp_path, ".")
    file.write_text(MIGRATED + "# by hand\n")
    done = migrate_command(tmp_path, "--undo")
    assert done.status == 1, done.said
    assert file.read_text() == MIGRATED + "# by hand\n"
    (place,) = [line for line in done.said.splitlines() if "before the run" in line]
    assert Path(place.rpartition("run, ")[2]).read_text() == LEGACY


def test_failure_wins_over_refusal(tmp_path: Path) -> None:
    """A run with a rewritten, a refused and a failed file ends with 2."""
    for name, text in FILES.items():
        (tmp_path / f"{name}.py").write_text(text)
    assert migrate_command(tmp_path, ".").status == 2
    assert (tmp_path / "legacy.py").read_text() == MIGRATED


def test_lint_prints_one_place_a_line(tmp_path: Path) -> None:
    """Each finding is `path:line:column: CODE message`, and nothing is written."""
    (tmp_path / "receipts.py").write_text(LEGACY)
    done = lint_command(tmp_path, "--quiet", "receipts.py")
    lines = done.out.decode().splitlines()
    assert [line.split(" ", 2)[:2] for line in lines] == [
        ["receipts.py:1:1:", "AIU003"],
        ["receipts.py:5:15:", "AIU001"],
        ["receipts.py:6:5:", "AIU002"],
    ]
    assert (tmp_path / "receipts.py").read_text() == LEGACY


def test_lint_is_quiet_after_a_migration(application: Path) -> None:
    """What a migration leaves behind holds no finding."""
    assert lint_command(application, "legacy_app").status == 1
    migrate_command(application, "legacy_app")
    done = lint_command(application, "legacy_app")
    assert done.status == 0, done.said


def test_output_does_not_change_from_run_to_run(mixed_folder: Path) -> None:
    """Two runs print the same report in the same order."""
    first: Ended = migrate_command(mixed_folder, "--check", ".")
    assert first == migrate_command(mixed_folder, "--check", ".")


def test_a_path_that_is_named_is_taken_although_ignored(tmp_path: Path) -> None:
    """.gitignore leaves a file out of a folder, never out of the command line."""
    write_all(tmp_path, {"generated/receipts": LEGACY.encode(), "other": b"pass\n"})
    (tmp_path / ".gitignore").write_text("generated/\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert migrate_command(tmp_path, ".").status == 0
    assert (tmp_path / "generated" / "receipts.py").read_text() == LEGACY
    assert migrate_command(tmp_path, "generated/receipts.py").status == 0
    assert (tmp_path / "generated" / "receipts.py").read_text() == MIGRATED
