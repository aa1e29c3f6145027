"""Campaigns over real repositories: a branch and a patch of each, one report, and all named."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from origins import (
    ENVIRONMENT,
    ESCAPING,
    LEGACY,
    arguments_of_all,
    git,
    repository,
    serving,
    started,
    version,
)

from codemods import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST = """\
origins/receipts               # changed, but for what needs a person
origins/clean
origins/receipts revision=gone
origins/nothing
origins/receipts path=src
origins/configured
"""


@dataclass(frozen=True)
class Ended:
    """A campaign that has ended: its folder, status, and what it printed."""

    folder: Path
    status: int
    out: str

    @property
    def told(self) -> dict[str, dict[str, Any]]:
        """What it says of each repository, by its line."""
        document = json.loads((self.folder / "campaign.json").read_text())
        return dict(zip(LIST.splitlines(), document["repositories"], strict=True))

    def of(self, start: str) -> dict[str, Any]:
        """Return what it says of the repository whose line begins so, and ends there."""
        [line] = [line for line in self.told if line.partition("#")[0].strip() == start]
        return self.told[line]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with repositories and a list of them."""
    home = tmp_path_factory.mktemp("campaign")
    files = {"a.py": LEGACY, "b.py": ESCAPING, "c.py": "x = 1\r\n"}
    receipts = repository(home / "origins/receipts", files)
    (receipts / "src").symlink_to(home / "origins")
    # From here on git would take c.py for changed: its line ends are not as they are to be.
    (receipts / ".gitattributes").write_text("*.py text eol=crlf\n")
    git(receipts, "add", "src", ".gitattributes")
    git(receipts, "commit", "--quiet", "--message=link")
    (receipts / "a.py").write_text("# not committed\n" + LEGACY)
    repository(home / "origins/clean", {"README": "no Python"})
    wrong = "[tool.ai-usage]\nruntime = 'other'\n"
    repository(home / "origins/configured", {"a.py": LEGACY, "pyproject.toml": wrong})
    (home / "origins/nothing").mkdir()
    (home / "repos.txt").write_text(LIST)
    return home


@pytest.fixture(scope="module")
def ended(home: Path) -> Ended:
    """The campaign over all of them."""
    process = started(home, "--repos", "repos.txt", "--jobs", "2", "-q")
    out, _ = process.communicate()
    return Ended(home / "repos-campaign", process.returncode, out.decode())


def test_the_rewrites_are_on_a_branch(ended: Ended) -> None:
    """A changed repository has one commit more, on a branch, by the user; its tree is clean."""
    told = ended.of("origins/receipts")
    checkout = ended.folder / told["checkout"]
    assert git(checkout, "rev-parse", "ai-usage-migration").strip() == told["commit"]
    assert git(checkout, "rev-parse", "HEAD^").strip() == told["before"]
    assert git(checkout, "log", "-1", "--format=%an %ce").strip() == "Anna ben@example.com"
    assert "1 changed (1 rewrite), 1 site refused" in git(checkout, "log", "-1", "--format=%b")
    assert git(checkout, "show", "--name-only", "--format=").split() == ["a.py"]
    assert git(checkout, "status", "--short") == ""
    assert not (checkout / ".ai-usage").exists()


def test_the_patch_is_the_branch(home: Path, ended: Ended, tmp_path: Path) -> None:
    """Applied to what was committed, the patch makes what is on the branch; nothing else counts."""
    told = ended.of("origins/receipts")
    git(home, "clone", "--quiet", str(home / "origins/receipts"), str(tmp_path / "new"))
    assert git(tmp_path / "new", "rev-parse", "HEAD").strip() == told["before"]
    git(tmp_path / "new", "apply", "--index", str(ended.folder / told["patch"]))
    made = git(tmp_path / "new", "write-tree").strip()
    assert made == git(ended.folder / told["checkout"], "rev-parse", "HEAD^{tree}").strip()


def test_the_user_s_repository_is_left(home: Path, ended: Ended) -> None:
    """The repository that was cloned has its branch, its files and what was not committed."""
    receipts = home / "origins/receipts"
    assert ended.of("origins/receipts")["outcome"] == "changed"
    assert git(receipts, "branch", "--format=%(refname:short)").split() == ["main"]
    assert (receipts / "a.py").read_text().startswith("# not committed\n" + LEGACY)
    assert not (home / ".ai-usage").exists()


@pytest.mark.parametrize(
    ("line", "stage", "said"),
    [
        ("origins/receipts revision=gone", "clone", "gone"),
        ("origins/nothing", "clone", "does not"),
        ("origins/receipts path=src", "migrate", "src leads out of the repository"),
        ("origins/configured", "migrate", "'other' is not a runtime"),
    ],
)
def test_what_fails_is_named(ended: Ended, line: str, stage: str, said: str) -> None:
    """A repository that fails is named with its reason, leaves nothing, and stops no other."""
    told = ended.of(line)
    assert (told["outcome"], told["stage"]) == ("failed", stage)
    assert said in told["message"]
    assert f"{told['name']}: failed to {stage}: " in ended.out
    assert not (ended.folder / told["name"]).exists()
    assert ended.status == 2


def test_what_needs_no_change_leaves_no_clone(ended: Ended) -> None:
    """A repository without legacy code is done, and only its report is kept."""
    told = ended.of("origins/clean")
    assert told["outcome"] == "unchanged"
    kept = sorted(path.name for path in (ended.folder / told["name"]).iterdir())
    assert kept == ["report.json", "state.json"]
    assert not (ended.folder / "work").exists()


def test_one_report_has_all(ended: Ended) -> None:
    """The joined report names files below their repository, and what failed as a whole."""
    report = json.loads((ended.folder / "report.json").read_text())
    name = ended.of("origins/receipts")["name"]
    mine = {file["path"]: file["outcome"] for file in report["files"] if name in file["path"]}
    assert mine == {f"{name}/a.py": "changed", f"{name}/b.py": "refused"}
    assert (report["status"], report["scanned"], report["written"]) == (2, 3, True)
    assert f"{ended.of('origins/clean')['name']}: no Python file found" in report["warnings"]
    assert f"refused: escapes at {name}/b.py:7:5" in ended.out


def test_what_is_done_is_not_done_twice(home: Path, ended: Ended) -> None:
    """The same command leaves what is done, as it is by now; what failed is tried again."""
    name = ended.of("origins/receipts")["name"]
    (ended.folder / name / "checkout/.git/edited").write_text("since")
    (home / "origins/nothing/HEAD").write_text("")
    before = version(ended.folder / name / "state.json")
    process = started(home, "--repos", "repos.txt", "--format", "json")
    out, error = process.communicate()
    assert out == (ended.folder / "report.json").read_bytes()
    assert b"2 of 6 repositories are done already." in error
    assert version(ended.folder / name / "state.json") == before
    assert (ended.folder / name / "checkout/.git/edited").exists()
    assert process.returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--branch", "other"], "was done by other options"),
        (["--strict"], "was done by other options"),
        (["--check"], "was done by other options"),
        (["--campaign", "origins"], "origins holds something else"),
        (["--branch", "a..b"], "cannot be the name of a branch"),
        (["--branch", "-b"], "cannot be the name of a branch"),
        (["--diff"], "Choose one"),
        (["--undo"], "Leave --undo"),
        (["--shard", "1/2"], "use --jobs"),
        (["a.py"], "write path=PATH"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    home: Path,
    ended: Ended,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    """Options that contradict a campaign, or what was done, end it before anything is done."""
    monkeypatch.chdir(home)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    before = version(ended.folder / "campaign.json")
    assert migrate.main(["--repos", "repos.txt", *arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert version(ended.folder / "campaign.json") == before
    assert not (home / "origins/campaign.json").exists()


@pytest.mark.parametrize("arguments", [["--branch", "x", "."], ["--campaign", "x", "."]])
def test_options_of_a_campaign_need_a_list(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """What only says how a campaign is done is refused where there is none."""
    assert migrate.main(arguments) == 2
    assert "Name such a FILE" in capsys.readouterr().err


def test_nobody_who_commits(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where git does not know the user, it is said before anything is cloned."""
    monkeypatch.chdir(home)
    for name in list(os.environ):
        if name.startswith("GIT_") or name == "EMAIL":
            monkeypatch.delenv(name)
    settings = home / "without-names"
    settings.write_text("[user]\n\tuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert migrate.main(["--repos", "repos.txt", "--campaign", "unborn"]) == 2
    assert "git config --global user.name" in " ".join(capsys.readouterr().err.split())
    assert not (home / "unborn").exists()


def test_a_look_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check commits nothing and keeps no clone; the migration after it does all that is left."""
    repository(tmp_path / "a", {"a.py": LEGACY})
    (tmp_path / "repos.txt").write_text(f"a revision={git(tmp_path / 'a', 'rev-parse', 'HEAD')}")
    monkeypatch.chdir(tmp_path)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert migrate.main(["--repos", "repos.txt", "--check"]) == 1
    said = capsys.readouterr().out
    assert "1 to change (1 rewrite)" in said
    assert "1 repository: 1 looked at." in said
    assert list((tmp_path / "repos-campaign").glob("*/checkout")) == []
    assert migrate.main(["--repos", "repos.txt", "--branch", "topic/x"]) == 0
    assert "1 repository: 1 on branch topic/x." in capsys.readouterr().out
    [checkout] = (tmp_path / "repos-campaign").glob("*/checkout")
    assert git(checkout, "branch", "--show-current").strip() == "topic/x"


def test_a_campaign_that_is_interrupted_ends_what_it_started(tmp_path: Path) -> None:
    """Ctrl-C ends the programs of all repositories, and says that the campaign can go on."""
    with serving(tmp_path, "anna:word") as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/b.git"
        (tmp_path / "repos.txt").write_text(address)
        process = started(tmp_path, "--repos", "repos.txt", "--check")
        Thread(target=lambda: (process.wait(), server.asked.set()), daemon=True).start()
        server.asked.wait()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate()
        assert b"The same command goes on" in error
        assert b"Traceback" not in error
        assert process.returncode == 130
        assert address.encode() not in arguments_of_all()
        assert not (tmp_path / "repos-campaign/work").exists()
