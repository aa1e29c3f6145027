"""Mutants of what happens to files: found, read, configured, written, put back; and their exams."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import migrate_project, report

from codemods.model import atomic_group
from codemods.model.outcome import Changed, Failed, Refused, RunReport, Untouched
from codemods.model.source import SourceFile
from codemods.project.config import ConfigError, Tables
from codemods.project.discovery import discover
from codemods.project.sources import digest
from codemods.project.undo import manifest, restore
from codemods.project.undo.manifest import ManifestError
from codemods.project.writing import write_changes

from .exams_reports import BROKEN, GOOD
from .mutant import examined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STEPS = """\
from receipt_label.utils.ai_usage_context import ai_usage_context


def read_lines(text, ask):
    with ai_usage_context("line_reading", job_id="lines-1") as tracker:
        return ask(text, tracker)
"""
READER = """\
from receipt_label.utils.ai_usage_context import ai_usage_context
from steps import read_lines


def read_receipt(text, ask):
    with ai_usage_context("receipt_reading", job_id="read-1") as tracker:
        ask(text, tracker)
        return read_lines(text, ask)
"""


def put(folder: Path, *names: str, text: str = GOOD) -> list[Path]:
    """Write *text* into files called *names*."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return [folder / name for name in names]


def written(folder: Path, found: RunReport | None = None) -> RunReport:
    """Write what a run over *folder* makes, or what it *found*."""
    return write_changes(report(folder) if found is None else found, folder, [folder])


def kinds(found: RunReport) -> list[type]:
    """Return what became of each file."""
    return [type(outcome) for outcome in found.outcomes]


def raised(kind: type[Exception], work: Callable[[], object]) -> str:
    """Return what the error of *kind* says that *work* raises; nothing if it raises none."""
    try:
        work()
    except kind as error:
        return str(error)
    return ""


# -- configuration ---------------------------------------------------------------------------


def configured(folder: Path, table: str) -> Any:
    """Return the configuration that *table* gives."""
    (folder / "pyproject.toml").write_text(f"[tool.ai-usage]\n{table}\n")
    return Tables(folder).of(folder / "a.py")


def mistakes_in_the_configuration_are_told(folder: Path) -> None:
    """A key that is not read, an operation that is no name, a runtime that is none."""
    for table, said in {
        'operation = {f = "receipt_scan"}': "Did you mean 'operations'",
        'operations = {f = "Not Snake!"}': "snake case",
        'runtime = "trackr"': "is not a runtime",
        'batch-pricing = "no"': "true nor false",
    }.items():
        assert said in raised(ConfigError, lambda table=table: configured(folder, table)), table
    assert configured(folder, 'operations = {f = "receipt_scan"}').operations == {
        "f": "receipt_scan"
    }


@examined("project.config:_parse", mistakes_in_the_configuration_are_told)
def unknown_keys_pass(real: Any) -> Any:
    """A key that is not read passes in silence."""
    known = ("runtime", "modules", "operations", "exclude", "batch-pricing")
    return lambda table, file: real({k: v for k, v in table.items() if k in known}, file)


@examined("project.config:_mapping", mistakes_in_the_configuration_are_told)
def any_operation_is_a_name(real: Any) -> Any:
    """What is written as an operation type is taken as it is."""
    return lambda value, key_form, value_form, example: dict(value)


def the_nearest_table_holds(folder: Path) -> None:
    """Of two above a file, the one of its own package."""
    (folder / "inner").mkdir()
    (folder / "inner/pyproject.toml").write_text('[tool.ai-usage]\nruntime = "tracker"\n')
    configured(folder, 'runtime = "conservative"')
    tables = Tables(folder)
    assert str(tables.of(folder / "inner/a.py").runtime.value) == "tracker"
    assert str(tables.of(folder / "a.py").runtime.value) == "conservative"


@examined("project.config:Tables.of", the_nearest_table_holds)
def one_table_for_all(real: Any) -> Any:
    """The table of the folder where the run was started holds for every file."""
    return lambda self, path: real(self, Path(self._cwd))


def excluded_files_are_left_out(folder: Path) -> None:
    """By the patterns of the table above them; others are found."""
    put(folder, "a.py", "generated/b.py")
    configured(folder, 'exclude = ["generated/"]')
    tables = Tables(folder)
    found = [
        f.display for f in discover([folder], folder, tables.excludes) if hasattr(f, "display")
    ]
    assert found == ["a.py"]


@examined("project.config:Tables.excludes", excluded_files_are_left_out)
def nothing_excluded(real: Any) -> Any:
    """What the configuration leaves out is taken."""
    return lambda self, path, *, folder: False


# -- reading -------------------------------------------------------------------------------------


def a_file_is_read_as_the_interpreter_reads_it(folder: Path) -> None:
    """By its coding line; the bytes beside the site stay those of the file."""
    text = "# coding: latin-1\nNAME = 'café'\n" + GOOD
    (folder / "receipts.py").write_bytes(text.encode("latin-1"))
    (outcome,) = report(folder).outcomes
    assert isinstance(outcome, Changed), outcome
    assert b"NAME = 'caf\xe9'\n" in outcome.after


@examined("project.sources:_encoding", a_file_is_read_as_the_interpreter_reads_it)
def coding_lines_unread(real: Any) -> Any:
    """Every file is taken for UTF-8."""
    return lambda content: "utf-8"


def a_broken_neighbour_is_named(folder: Path) -> None:
    """It may use what a rewrite beside it changes; in other folders nobody looks."""
    put(folder, "a.py")
    put(folder, "broken.py", "far/broken.py", text="x = (\n")
    found = {o.path: type(o) for o in report(folder).outcomes}
    assert found == {"a.py": Changed, "broken.py": Failed}


@examined("runner.neighbours:unreadable_neighbours", a_broken_neighbour_is_named)
def neighbours_unread(real: Any) -> Any:
    """Files beside a rewritten one are not looked at."""
    return lambda candidates, others: []


def one_broken_file_stops_no_other(folder: Path) -> None:
    """It fails by itself, and the others are migrated."""
    put(folder, "a.py", "z.py")
    put(folder, "broken.py", text=BROKEN)
    assert kinds(report(folder)) == [Changed, Failed, Changed]


@examined("runner.one_file:guarded", one_broken_file_stops_no_other)
def failures_spread(real: Any) -> Any:
    """What goes wrong in one file ends the run."""
    return lambda work, source: work(source)


# -- rewrites over several files -----------------------------------------------------------------


def a_rewrite_over_files_lands_in_all_or_none(folder: Path) -> None:
    """Where one of its files cannot be written, the other is put back, and both are told."""
    files = {"steps.py": STEPS, "reader.py": READER}
    for name, text in files.items():
        put(folder, name, text=text)
    found = report(folder, unsafe=True)
    assert kinds(found) == [Changed, Changed]
    (folder / "steps.py").chmod(0o444)
    assert kinds(written(folder, found)) == [Failed, Failed]
    assert {name: (folder / name).read_text() for name in files} == files


@examined("project.writing:_whole_groups", a_rewrite_over_files_lands_in_all_or_none)
def halves_are_written(real: Any) -> Any:
    """A file that was written stays, although the other half of its rewrite failed."""
    return lambda wanted, outcomes, entries, staging: outcomes


def changed(path: str, *groups: str) -> Changed:
    """Return the outcome of a file that takes part in *groups*."""
    source = SourceFile(Path(path), path, b"", "", "utf-8", False, "\n", "")
    return Changed(source, b"x", (), (), frozenset(groups))


def a_refused_file_takes_its_groups_out_of_all_others(folder: Path) -> None:
    """A group that they share without it still lands."""

    def attempt(path: str, live: frozenset[str]) -> Changed | Refused:
        return Refused(path, ()) if path == "c" else changed(path, *live)

    groups = {"a": frozenset("12"), "b": frozenset("1"), "c": frozenset("2")}
    settled = atomic_group.in_whole_groups(groups, attempt)
    assert settled == {"a": changed("a", "1"), "b": changed("b", "1"), "c": Refused("c", ())}


@examined("model.atomic_group:in_whole_groups", a_refused_file_takes_its_groups_out_of_all_others)
def settled_at_once(real: Any) -> Any:
    """Each file is rewritten once, whatever became of the others."""
    return lambda groups, attempt: {path: attempt(path, mine) for path, mine in groups.items()}


def a_failure_spreads_through_shared_groups(folder: Path) -> None:
    """A file that goes back takes its part in other groups with it."""
    outcomes = [
        (frozenset("1"), Failed("a", "write", "", "")),
        (frozenset("12"), changed("b", "1", "2")),
        (frozenset("2"), changed("c", "2")),
        (frozenset("3"), changed("d", "3")),
    ]
    assert atomic_group.stranded(outcomes) == {"b", "c"}


@examined("model.atomic_group:stranded", a_failure_spreads_through_shared_groups)
def only_neighbours_stranded(real: Any) -> Any:
    """Only files that share a group with the failed one go back."""

    def wrong(outcomes: Any) -> set[str]:
        pairs = list(outcomes)
        lost = {group for mine, o in pairs if isinstance(o, Failed) for group in mine}
        return {o.path for mine, o in pairs if isinstance(o, Changed) and mine & lost}

    return wrong


# -- writing ---------------------------------------------------------------------------------------


def what_somebody_wrote_meanwhile_is_not_lost(folder: Path) -> None:
    """A file that is no longer what was read stays as it is, and fails."""
    (path,) = put(folder, "a.py")
    found = report(folder)
    path.write_text("x = 1\n")
    assert kinds(written(folder, found)) == [Failed]
    assert path.read_text() == "x = 1\n"


def overwriting(change: Callable[[Any, bytes, str, Any], Sequence[Any]]) -> Any:
    """Return a mutant of what replaces a file."""
    return lambda real: lambda *given: real(*change(*given))


@examined("project.writing:overwrite", what_somebody_wrote_meanwhile_is_not_lost)
def edits_overwritten(real: Any) -> Any:
    """A file is replaced whatever is in it by now."""

    def anything(entry: Any, content: bytes, _expected: str, staging: Any) -> Sequence[Any]:
        return entry, content, digest(entry.path.read_bytes()), staging

    return overwriting(anything)(real)


def a_link_is_not_followed_out_of_what_was_named(folder: Path) -> None:
    """The file that it leads to stays, and the link is told."""
    (outside,) = put(folder, "outside/a.py")
    (folder / "inside").mkdir()
    (folder / "inside/a.py").symlink_to(outside)
    inside = folder / "inside"
    found = [o for o in written(inside).outcomes if not isinstance(o, Untouched)]
    assert not any(isinstance(outcome, Changed) for outcome in found)
    assert outside.read_text() == GOOD


@examined("project.writing:_home", a_link_is_not_followed_out_of_what_was_named)
def links_followed(real: Any) -> Any:
    """What is named gives leave to write in the folder above it too."""
    return lambda named: real(named).parent


def mode_of_a_file_stays(folder: Path) -> None:
    """A script that can be run can be run afterwards."""
    (path,) = put(folder, "a.py")
    path.chmod(0o750)
    assert kinds(written(folder)) == [Changed]
    assert path.stat().st_mode & 0o777 == 0o750


@examined("project.writing:_swap", mode_of_a_file_stays)
def modes_lost(real: Any) -> Any:
    """A file that is replaced gets the mode of a private one."""

    def wrong(target: Any, content: bytes, maker: Any, temporary: str) -> None:
        values = list(target.status)
        values[0] = (values[0] & ~0o777) | 0o600
        real(replace(target, status=os.stat_result(values)), content, maker, temporary)

    return wrong


# -- undo ------------------------------------------------------------------------------------------


def undo_brings_back_the_bytes_and_no_edit(folder: Path) -> None:
    """A file that was edited since is kept, and the place of its original is told."""
    first, second = put(folder, "a.py", "b.py")
    written(folder)
    second.write_text("mine = 1\n")
    done = restore.undo([], folder)
    assert first.read_text() == GOOD
    assert second.read_text() == "mine = 1\n"
    assert [edited.path for edited in done.edited] == [second]
    assert done.edited[0].original.read_text() == GOOD


@examined("project.undo.restore:_restore", undo_brings_back_the_bytes_and_no_edit)
def edits_undone(real: Any) -> Any:
    """Undo puts back a file whatever is in it by now."""

    def wrong(entry: Any, staging: Any) -> Any:
        return real(replace(entry, after=digest(entry.path.read_bytes())), staging)

    return wrong


def damaged_originals_are_not_put_back(folder: Path) -> None:
    """Where the journal's copy is no longer the original, the file stays, and it is told."""
    (path,) = put(folder, "a.py")
    written(folder)
    after = path.read_text()
    (stored,) = (folder / ".ai-usage").rglob("*.before")
    stored.chmod(0o600)
    stored.write_text("import os\n")
    done = restore.undo([], folder)
    assert len(done.failed) == 1
    assert path.read_text() == after


@examined("project.undo.restore:_restore", damaged_originals_are_not_put_back)
def originals_unchecked(real: Any) -> Any:
    """What lies in the journal is put back as it is."""

    def wrong(entry: Any, staging: Any) -> Any:
        found = entry.stored.read_bytes()
        return real(replace(entry, before=digest(found)), staging)

    return wrong


def a_journal_s_paths_lead_down_only(folder: Path) -> None:
    """One that names a file above its folder, or by a strange stored name, is no journal."""
    entry = {
        "home": "",
        "path": b"a.py".hex(),
        "stored": "00001.before",
        "before": "0" * 64,
        "after": "1" * 64,
    }

    def read(**other: str) -> Any:
        import json

        files = [{**entry, **other}]
        head = {"version": 2, "started": "2026-11-28", "token": "0" * 32, "files": files}
        return manifest.read(json.dumps(head).encode(), folder, folder)

    assert len(read().entries) == 1
    for wrong in ({"path": b"../a.py".hex()}, {"path": b".git/config".hex()}):
        assert raised(ManifestError, lambda wrong=wrong: read(**wrong))
    assert raised(ManifestError, lambda: read(stored="../../a.before"))


@examined("project.undo.manifest:is_plain", a_journal_s_paths_lead_down_only)
def paths_lead_anywhere(real: Any) -> Any:
    """Any part of a path is a plain one."""
    return lambda name: True


@examined("project.undo.manifest:Place.touchable", a_journal_s_paths_lead_down_only)
def version_control_touched(real: Any) -> Any:
    """Folders of version control may be written to."""
    return lambda self, start: True


def the_modules_of_the_api_are_left(folder: Path) -> None:
    """The module that provides contexts is not migrated to itself."""
    name = "receipt_label/utils/ai_usage_context.py"
    put(folder, "receipt_label/__init__.py", "receipt_label/utils/__init__.py", text="")
    outcomes = migrate_project(folder, {name: GOOD, "receipts.py": GOOD})
    assert [outcomes[name].changed, outcomes["receipts.py"].changed] == [False, True]
    assert outcomes[name].refusals == ()


@examined("linking.links:Project.defines_the_api", the_modules_of_the_api_are_left)
def the_api_itself_migrated(real: Any) -> Any:
    """A module of the API is taken for one that uses it."""
    return lambda self, source: False
