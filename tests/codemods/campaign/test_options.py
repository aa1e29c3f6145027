"""Each option of migrate works with --repos, or is refused; none makes other work of the same."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "options"))

from many_cases import all_cases
from origins import ENVIRONMENT, LEGACY, git, repository
from trying import BATCH, BLOCK, UNSAFE
from trying import LEGACY as ASSUMED

from codemods import migrate
from codemods.campaign.campaign import Campaign
from codemods.model.options import SAME_RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What an option is given that is no flag.
VALUES = {
    "--runtime": "guide",
    "--jobs": "1",
    "--executor": "dask=tcp://there:8786",
    "--include": "rst",
    "--shard": "1/2",
    "--stdin-filename": "a.py",
    "--config": "ci.toml",
    "--cache-dir": "kept",
    "--branch": "mine",
    "--campaign": "there",
    "--format": "json",
    "--report": "github",
    "--repos": "repos.txt",
}
REFUSED = {
    "--diff",
    "--undo",
    "--interactive",
    "--executor",
    "--shard",
    "--stdin-filename",
    "--config",
    "--show-settings",
    "--show-files",
    "--cache",
    "--cache-dir",
    "--clean-cache",
}
#: What says which campaign is meant, and not what is done in it.
WHICH = {"repos", "place"}
COUNTED = {
    "--check",
    "--branch",
    "--rollback",
    "--batch-pricing",
    "--no-batch-pricing",
    "--runtime",
    "--strict",
    "--unsafe",
    "--include",
    "--force-exclude",
}
FILES = {
    "a.py": LEGACY,
    "assumed.py": ASSUMED,
    "batch.py": BATCH,
    "block.py": BLOCK,
    "unsafe.py": UNSAFE,
    "made/a.py": LEGACY,
    "page.rst": "Page\n====\n\n.. code-block:: python\n\n"
    + "".join(f"    {line}".rstrip() + "\n" for line in LEGACY.splitlines()),
    "pyproject.toml": "[tool.ai-usage]\nexclude = ['made/']\nbatch-pricing = false\n",
}


def forms() -> Iterator[tuple[str, str]]:
    """Yield each option of migrate as it may be given, with the name of its parameter."""
    for param in migrate.command.params:
        if isinstance(param, click.Option) and param.expose_value:
            for form in (*param.opts, *param.secondary_opts):
                if form.startswith("--"):
                    yield form, str(param.name)


def given(form: str) -> list[str]:
    """Return the option *form* as it stands on a command line."""
    return [form, VALUES[form]] if form in VALUES else [form]


def said(*arguments: str) -> tuple[int, str, str]:
    """Run migrate; return its status, and what it printed and said."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = migrate.main(["--repos", "repos.txt", *arguments])
    return status, out.getvalue(), " ".join(err.getvalue().split())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a repository in which each option finds something, and a list of it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AI_USAGE_CACHE_DIR", raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    repository(tmp_path / "app", FILES)
    (tmp_path / "repos.txt").write_text("app path=. path=made/a.py\n")
    return tmp_path


def test_every_option_is_counted_refused_or_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two campaigns with different options are different work, but for those of SAME_RESULTS."""
    asked: list[Mapping[str, Any]] = []

    def noted(options: Any, repos: Path, branch: str) -> None:
        asked.append(Campaign((), options, branch, None, None).settings())  # type: ignore[arg-type]
        raise click.exceptions.Exit(0)

    monkeypatch.setattr("codemods.cli.campaign._campaign", noted)
    said()
    [plain] = asked
    kinds: dict[str, set[str]] = {"refused": set(), "counted": set()}
    with all_cases() as cases:
        for form, name in forms():
            with cases.trying(form):
                asked.clear()
                status, out, err = said(*given(form))
                if not asked:
                    assert (status, out, form in err) == (2, "", True)
                    kinds["refused"].add(form)
                elif asked[-1] != plain:
                    kinds["counted"].add(form)
                else:
                    assert name in SAME_RESULTS | WHICH
    assert kinds == {"refused": REFUSED, "counted": COUNTED}
    assert not (home / "repos-campaign").exists()


def test_every_option_that_counts_is_heeded(home: Path) -> None:
    """What tells campaigns apart makes another result of a repository, in a clone as in place."""

    def made(*arguments: str) -> tuple[Any, ...]:
        place = home / f"campaign{''.join(arguments)}"
        status, _, err = said("--campaign", place.name, "--quiet", *arguments)
        assert status < 2, err
        [told] = json.loads((place / "campaign.json").read_text())["repositories"]
        report = (place / "report.json").read_text()
        tree = git(place / told["checkout"], "ls-tree", "-r", "HEAD") if "checkout" in told else ""
        return told.get("branch"), tree, report

    plain = made()
    with all_cases() as cases:
        for form in sorted(COUNTED):
            with cases.trying(form):  # the repository itself says what --no-batch-pricing does
                other = made("--batch-pricing") if form == "--no-batch-pricing" else plain
                assert made(*given(form)) != other
    back = next((home / "campaign--rollback").glob("*/checkout"))
    assert "back to legacy calls" in git(back, "log", "-1", "--format=%s")


def test_the_other_options_are_heeded_too(home: Path) -> None:
    """How a campaign is told of is as the command line says, and asks for nothing anew."""
    said("--quiet")
    status, out, err = said("--verbose", "--statistics", "--report", "json=all.json")
    assert status == 1
    assert "AIU001  tracker-built-by-hand" in out
    assert json.loads((home / "all.json").read_text())["written"]
    assert "1 of 1 repositories are done already." in err
    assert "by mode=migrate, branch=ai-usage-migration" in err
    before = git(home / "app", "rev-parse", "HEAD").strip()
    assert f": {home / 'app'} at {before}: changed" in err
    assert said("--quiet", "--color")[1].count("\x1b[")


def test_a_campaign_is_not_done_by_other_options(home: Path) -> None:
    """Other options say which they are; what was done before an option was there, was without."""
    said("--quiet")
    status, _, err = said("--include", "rst", "--unsafe")
    assert (status, "was done by other options (include, unsafe)" in err) == (2, True)
    [state] = home.glob("repos-campaign/*/state.json")
    document = json.loads(state.read_text())
    document["settings"] = {
        "mode": "migrate",
        "branch": "ai-usage-migration",
        "batch_pricing": None,
        "runtime": "",
        "strict": False,
    }
    state.write_text(json.dumps(document))
    assert "1 of 1 repositories are done already." in said()[2]
    status, _, err = said("--no-batch-pricing", "--rollback")
    assert (status, "other options (batch_pricing, rollback)" in err) == (2, True)
