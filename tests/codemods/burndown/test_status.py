"""``python -m codemods.status``: what it tells of a project, of its history and of its costs."""

from __future__ import annotations

import json
import os
import random
import subprocess
import warnings
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from codemods import status
from codemods.burndown.history import pace
from codemods.burndown.records import Counts, Point
from tracker.records.metric import Metric
from tracker.sinks.sqlite.sink import SqliteSink

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMPORTS = """\
from tracker.ai_usage_context import ai_usage_context
from tracker.ai_usage_tracker import AIUsageTracker


"""
LEGACY = """\
def scan_{n}(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="job-{n}")
    return ask(text, tracker)


"""
REFUSED = """\
def scan_{n}(text):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="job-{n}")
    yield ask(text, tracker)


"""
MIGRATED = """\
def scan_{n}(text):
    with ai_usage_context("scan", job_id="job-{n}") as tracker:
        return ask(text, tracker)


"""


def module(*forms: str) -> str:
    """Return a module with a function of each of *forms*."""
    return IMPORTS + "".join(form.format(n=n) for n, form in enumerate(forms))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project in which the command is run: three folders, two owners."""
    (tmp_path / "CODEOWNERS").write_text("app/ @app\n/jobs/ @jobs @night\n")
    for name, text in {
        "app/a.py": module(LEGACY, LEGACY, MIGRATED),
        "app/deep/b.py": module(REFUSED),
        "jobs/c.py": module(MIGRATED),
        "d.py": module(LEGACY),
        "clean.py": "x = 1\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str, day: int = 1) -> str:
    """Return what git says to *arguments*; a commit is made on that day of the year 2024."""
    when = f"{1_704_067_200 + 86_400 * day} +0000"
    names = {
        f"GIT_{who}_{what}": "t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environment = {**os.environ, **names, "GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment
    ).stdout


def commit(folder: Path, day: int) -> str:
    """Commit all there is; return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", f"day {day}", day=day)
    return git(folder, "rev-parse", "HEAD").strip()


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Return what runs the command, and returns its document."""

    def run(*arguments: str) -> dict[str, Any]:
        capsys.readouterr()
        assert status.main([*arguments, "--format", "json"]) == 0
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    return run


def row(rows: list[dict[str, Any]], name: str) -> tuple[int, int, int, int]:
    """Return what the row *name* says: left, ready, refused, contexts."""
    found = next(one for one in rows if one["name"] == name)
    return found["legacy"], found["ready"], found["refused"], found["contexts"]


def test_folders_and_owners(project: Path, told: Callable[..., dict[str, Any]]) -> None:
    """Each has what its files have; what several own counts for each, what nobody does is said."""
    found = told(".")
    assert row([found["whole"]], "") == (4, 3, 1, 2)
    assert row(found["folders"], "app") == (3, 2, 1, 1)
    assert row(found["folders"], "jobs") == (0, 0, 0, 1)
    assert row(found["folders"], ".") == (1, 1, 0, 0)
    assert row(found["owners"], "@app") == (3, 2, 1, 1)
    assert row(found["owners"], "@jobs") == row(found["owners"], "@night") == (0, 0, 0, 1)
    assert row(found["owners"], "(nobody)") == (1, 1, 0, 0)
    assert found["whole"]["reasons"] == {"yields-inside": 1}
    assert (found["whole"]["files"], found["whole"]["share"]) == (3, 2 / 6)
    assert (found["history"], found["pace"], found["money"]) == (None, None, None)
    assert (project / "app/a.py").read_text() == module(LEGACY, LEGACY, MIGRATED)


def test_depth(project: Path, told: Callable[..., dict[str, Any]]) -> None:
    """``--depth`` says how deep the folders of the table go."""
    assert [one["name"] for one in told("--depth", "2", ".")["folders"]] == [
        "app",
        ".",
        "app/deep",
        "jobs",
    ]


def test_a_count_decides_nothing(project: Path, told: Callable[..., dict[str, Any]]) -> None:
    """With ``--no-decide`` the numbers are there, and what a migration would do is not."""
    assert row([told("--no-decide", ".")["whole"]], "") == (4, None, None, 2)


def test_the_api_s_own_files_do_not_count(
    project: Path, told: Callable[..., dict[str, Any]]
) -> None:
    """What defines the tracker calls its own methods, and stays as it is."""
    (project / "tracker").mkdir()
    (project / "tracker/ai_usage_tracker.py").write_text("self.set_tracking_context()\n")
    (project / "tracker/ai_usage_other.py").write_text("self.set_tracking_context()\n")
    assert row(told("--no-decide", ".")["folders"], "tracker") == (1, None, None, 0)


def test_the_text(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence, a bar, a table each, and the reasons."""
    assert status.main(["."]) == 0
    said = capsys.readouterr().out
    assert "4 legacy calls left in 3 files." in said
    assert "33% done; migrate would rewrite 3 sites now, and 1 need a person." in said
    rows = [one.split() for one in said.splitlines()]
    assert ["@night", "0", "0", "0", "1", "100%"] in rows
    assert "       1  yields-inside" in said


def test_wrong_usage(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused with what to do instead."""
    for arguments, said in (
        ((), "Name a PATH"),
        (("--since", "HEAD", "."), "name both"),
        (("--usage", "none.db", "."), "there is no database"),
        (("--usage", "d.py", "."), "no usage that can be read"),
        (("--history", "--since", "--output=x", "."), "git"),
        (("--history", "."), "git says"),
        (("no_such_file.py",), "no_such_file.py"),
    ):
        assert status.main([*arguments]) == 2, arguments
        assert said in capsys.readouterr().err
    assert not (project / "x").exists()


def test_a_file_that_fails_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are counted, and the exit status is 2."""
    (project / "broken.py").write_text("AIUsageTracker(\n")
    assert status.main(["."]) == 2
    shown = capsys.readouterr()
    assert "broken.py: failed to parse" in shown.err
    assert "4 legacy calls left" in shown.out
    assert "Not counted: 1 file that cannot be parsed." in shown.out


@pytest.mark.parametrize("filtered", ["error", "always"])
def test_code_that_is_warned_of_counts(
    filtered: Any, project: Path, told: Callable[..., dict[str, Any]]
) -> None:
    """The parser asks the filters of warnings: valid code is valid, and nothing is told."""
    (project / "d.py").write_text(module(LEGACY).replace("text, tracker", r'"\d", 1or tracker'))
    with warnings.catch_warnings(record=filtered == "always") as seen:
        warnings.simplefilter(filtered)
        found = told(".")
    assert row(found["folders"], ".") == (1, 1, 0, 0)
    assert found["whole"]["unread"] == 0
    assert not seen


# -- history ----------------------------------------------------------------------------------


def test_each_commit_counts_as_its_checkout(
    tmp_path: Path, told: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes, goes, moves or is taken over by a merge: as counted in a checkout of each."""
    choose = random.Random(11)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.ai-usage]\nexclude = ['made/']\n")
    _write(tmp_path, choose, "a.py", "b/c.py", "made/d.py", "b/notes.txt")
    (tmp_path / "run").write_text("#!/usr/bin/env python3\n" + module(LEGACY, MIGRATED))
    commit(tmp_path, 1)
    for day in range(2, 16):
        _change(tmp_path, choose, day)
        commit(tmp_path, day)
    commits = git(tmp_path, "rev-list", "--first-parent", "--reverse", "HEAD").split()
    points = {p["commit"]: (p["legacy"], p["contexts"]) for p in told("--history", ".")["history"]}
    seen: list[tuple[int, int]] = []
    assert git(tmp_path, "rev-list", "--merges", "HEAD")
    for name in commits:
        git(tmp_path, "checkout", "--quiet", "--force", name)
        whole = told("--no-decide", ".")["whole"]
        seen.append((whole["legacy"], whole["contexts"]))
    last = (0, 0)
    for name, counted in zip(commits, seen, strict=True):
        assert points.get(name, last) == counted
        assert (name in points) == (counted != last)
        last = counted
    assert len(points) > 5


def _write(folder: Path, choose: random.Random, *names: str) -> None:
    for name in names:
        forms = [choose.choice((LEGACY, REFUSED, MIGRATED)) for _ in range(choose.randrange(5))]
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(module(*forms))


def _change(folder: Path, choose: random.Random, day: int) -> None:
    """Do one thing that a commit may do."""
    there = sorted(p for p in folder.rglob("*.py") if p.is_file() and not p.is_symlink())
    match choose.randrange(6):
        case 0:
            choose.choice(there).unlink()
        case 1:
            choose.choice(there).rename(folder / f"moved{day}.py")
        case 2:
            (folder / f"link{day}.py").symlink_to("a.py")
        case 3:
            git(folder, "checkout", "--quiet", "-b", f"side{day}")
            _write(folder, choose, f"side{day}.py")
            commit(folder, day)
            git(folder, "checkout", "--quiet", "main")
            git(folder, "merge", "--quiet", "--no-ff", "--no-edit", f"side{day}", day=day)
        case _:
            _write(folder, choose, f"new{day}.py", str(choose.choice(there).relative_to(folder)))


def test_since(project: Path, told: Callable[..., dict[str, Any]]) -> None:
    """The history begins with the commit that is named, and all that it had."""
    first = commit(project, 1)
    (project / "d.py").write_text(module(MIGRATED))
    second = commit(project, 20)
    (project / "app/a.py").write_text(module(MIGRATED, LEGACY, MIGRATED))
    third = commit(project, 22)
    every = told("--history", ".")["history"]
    assert [(p["commit"], p["legacy"], p["contexts"]) for p in every] == [
        (first, 4, 2),
        (second, 3, 3),
        (third, 2, 4),
    ]
    assert told("--history", "--since", second, ".")["history"] == every[1:]
    assert [p["legacy"] for p in told("--history", "app")["history"]] == [3, 2]


def test_names_of_any_bytes(project: Path, told: Callable[..., dict[str, Any]]) -> None:
    """A name with line breaks, quotes or bytes that are no UTF-8 counts as any other."""
    for name in (b"a\nb.py", b'q"uote.py', b"\xff.py", b":(top).py", b"tab\t.py"):
        (project / os.fsdecode(name)).write_text(module(LEGACY))
    commit(project, 3)
    assert [p["legacy"] for p in told("--history", ".")["history"]] == [9]


def test_an_estimate() -> None:
    """It is the pace of the last eight weeks; without any there is none."""

    def at(day: int, legacy: int) -> Point:
        return Point("c", datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day), Counts(legacy))

    found = pace([at(0, 100), at(100, 90), at(114, 80), at(156, 62)])
    assert found is not None
    assert (found.a_week, found.days) == (3.5, 56)
    assert found.done is not None
    assert found.done.isoformat() == "2024-10-07"
    assert pace([at(0, 10), at(7, 12)]).done is None  # type: ignore[union-attr]
    assert pace([at(0, 10), at(7, 0)]).done is None  # type: ignore[union-attr]
    assert pace([at(0, 10)]) is None
    assert pace([at(5, 10), at(5, 9)]) is None


# -- money ------------------------------------------------------------------------------------


def recorded(job: str | None, operation: str | None, cost: str | None) -> Metric:
    """Return a record of a call with that job, operation and cost."""
    amount = None if cost is None else Decimal(cost)
    return Metric(
        uuid4().hex,
        "openai",
        "m",
        "completion",
        datetime(2024, 1, 1, tzinfo=UTC),
        "default",
        "development",
        operation_type=operation,
        job_id=job,
        cost_usd=amount,
    )


@pytest.fixture
def usage(tmp_path: Path) -> Path:
    """Return a database as the tracker makes it, with some records."""
    path = tmp_path / "usage.db"
    sink = SqliteSink(path)
    given = [
        ("job-0", None, "1.5"),
        ("job-0", None, None),
        ("job-1", None, "0.25"),
        ("job-1", "scan", "64"),
        ("else", None, "3"),
        (None, None, "2"),
    ]
    sink.write([recorded(job, operation, cost) for job, operation, cost in given])
    sink.close()
    return path


def test_places_by_what_they_cost(
    tmp_path: Path,
    usage: Path,
    told: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Records count for the call whose text has their ids, surest first; contexts' do not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(
        IMPORTS
        + "t = AIUsageTracker()\n"
        + 't.set_tracking_context(job_id="job-1")\n'
        + 't.set_tracking_context(job_id=f"job-{n}", user_id=who)\n'
        + "t.set_tracking_context(job_id=job)\n"
        + 't.set_tracking_context(job_id=f"jo-{n}")\n'
    )
    money = told("--no-decide", "--usage", "usage.db", "a.py")["money"]
    found = [(c["place"], c["calls"], c["dollars"], c["unpriced"]) for c in money["costs"]]
    assert found == [("a.py:7", 2, 1.5, 1), ("a.py:6", 1, 0.25, 0), ("a.py:9", 0, 0, 0)]
    assert money["costs"][0]["ids"] == "job_id=f'job-{n}', user_id=who"
    assert money["unknown"] == ["a.py:8"]
    assert (money["unmatched"]["calls"], money["unmatched"]["dollars"]) == (2, 5.0)


def test_the_text_of_costs(project: Path, usage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Dollars, calls, place and ids."""
    assert status.main(["--usage", "usage.db", "d.py"]) == 0
    said = capsys.readouterr().out
    assert "1.5000 $       2 calls  d.py:7  job_id='job-0'  (1 without a price)" in said
    assert "5.2500 $       3 calls  of no place whose ids are written out" in said


# -- the page ---------------------------------------------------------------------------------


class _Tags(HTMLParser):
    """Notes the tags of a page, and whether each is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page(project: Path, usage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is whole, loads nothing, runs nothing, and shows the text of any name as text."""
    hostile = "<img src=x onerror=alert(1)>"
    (project / hostile).mkdir()
    (project / hostile / "a.py").write_text(module(LEGACY))
    commit(project, 3)
    (project / "d.py").write_text(module(MIGRATED))
    commit(project, 9)
    assert status.main(["--history", "--usage", "usage.db", "--format", "html", "."]) == 0
    page = capsys.readouterr().out
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    names = {tag for tag, _ in tags.seen}
    assert {"svg", "path", "table", "main"} <= names
    assert not names & {"script", "img", "link", "iframe"}
    assert not any(key in ("src", "href") for _, given in tags.seen for key in given)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert 'aria-label="Legacy calls from 5 on 2024-01-04 to 4 on 2024-01-10; contexts' in page
    assert "$1.5000" in page
