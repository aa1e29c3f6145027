"""The commands import nothing from the folder that they look at."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LEGACY = """\
from tracker.ai_usage_tracker import AIUsageTracker


def scan_receipt(client, number):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=number)
    return client.scan(number)
"""
#: Prints what a command has imported by its end, and is itself no part of that.
LOADED = "import sys\n{start}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
#: What a console script is: a file elsewhere, which imports the command.
SCRIPT = "import sys\nfrom codemods.{name} import main\nsys.exit(main())\n"
#: Modules that are none but for the mark that they leave when they are imported.
PLANTED = "open({mark!r}, 'a').write(__name__ + ' ')\n"


def execute(arguments: list[str], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter in *cwd*."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | variables
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the modules that a run imports, first to last."""
    tree = tmp_path_factory.mktemp("clean")
    populate(tree)
    start = "from codemods.migrate import main\nsys.stdout = sys.stderr\nmain(['.'])\n"
    start += "sys.stdout = sys.__stdout__"
    done = execute(["-c", LOADED.format(start=start)], tree)
    assert "1 changed" in done.stderr
    names = set(done.stdout.split())
    assert {"click", "libcst", "pathspec", "tomllib", "difflib", "ast", "json"} - names <= {
        "pathspec",
        "difflib",
    }
    return names - {"__main__", "codemods", "sys", "builtins"}


@pytest.fixture(scope="module")
def before_us(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the modules that Python itself imports to run any module with -m."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "other").mkdir()
    (folder / "other/__init__.py").write_text(LOADED.format(start=""))
    (folder / "other/program.py").touch()
    return set(execute(["-m", "other.program"], folder).stdout.split())


def populate(tree: Path) -> None:
    """Write a project with a file to migrate, and a configuration to read."""
    (tree / "app").mkdir()
    (tree / "app/receipts.py").write_text(LEGACY)
    (tree / "pyproject.toml").write_text('[tool.ai-usage]\nexclude = ["generated/"]\n')


def plant(tree: Path, names: set[str]) -> Path:
    """Write a module under each of *names* into *tree*; return the file with their marks."""
    mark = tree.parent / f"{tree.name}.ran"
    for name in names:
        (tree / f"{name}.py").write_text(PLANTED.format(mark=str(mark)))
    (tree / "libcst.py").unlink(missing_ok=True)
    (tree / "libcst").mkdir()
    (tree / "libcst/__init__.py").write_text(PLANTED.format(mark=str(mark)))
    return mark


@pytest.mark.parametrize("module", ["codemods.migrate", "codemods.lint"])
@pytest.mark.parametrize("path", [str(ROOT), f"{ROOT}:", f".:{ROOT}", f"{ROOT}::."])
def test_a_module_imports_nothing_of_the_tree(
    tmp_path: Path, imported: set[str], before_us: set[str], module: str, path: str
) -> None:
    """T6: with -m only what Python has imported before the package could come from the tree."""
    populate(tmp_path)
    mark = plant(tmp_path, imported - before_us)
    done = execute(["-m", module, "app"], tmp_path, PYTHONPATH=path.replace(":", os.pathsep))
    ran = mark.read_text() if mark.exists() else ""
    if path == str(ROOT):
        assert ran == ""
    else:  # a stray colon puts the tree on the path for whatever Python imports by itself
        assert set(ran.split()) <= before_us
    assert done.returncode == (0 if module.endswith("migrate") else 1), done.stderr
    assert "1 file scanned" in done.stdout or "AIU001" in done.stdout


def other_commands() -> list[str]:
    """Return the names of the package's other commands, without their common beginning."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tools = [name for name, place in project["scripts"].items() if place.startswith("codemods.")]
    return sorted({name.removeprefix("ai-usage-") for name in tools} - {"migrate", "lint"})


@pytest.mark.parametrize("name", other_commands())
def test_no_other_command_imports_anything_of_the_tree(
    tmp_path: Path, imported: set[str], before_us: set[str], name: str
) -> None:
    """T6 holds for each command of the package, the server that an editor starts in a tree, too."""
    mark = plant(tmp_path, imported - before_us)
    done = execute(["-m", f"codemods.{name}", "--help"], tmp_path)
    assert not mark.exists(), mark.read_text()
    assert (done.returncode, done.stdout[:6].lower()) == (0, "usage:"), done.stderr


@pytest.mark.parametrize("name", ["migrate", "lint"])
@pytest.mark.parametrize("safe", ["script", "-P"])
def test_a_script_never_had_the_folder(
    tmp_path: Path, imported: set[str], before_us: set[str], name: str, safe: str
) -> None:
    """T6: the console script, and ``python -P -m``, import nothing at all of the tree."""
    tree = tmp_path / "tree"
    tree.mkdir()
    populate(tree)
    mark = plant(tree, imported | (before_us - {"sys", "builtins"}) | {"types", "codemods"})
    script = tmp_path / "bin" / f"ai-usage-{name}"
    script.parent.mkdir()
    script.write_text(SCRIPT.format(name=name))
    arguments = [str(script)] if safe == "script" else ["-P", "-m", f"codemods.{name}"]
    done = execute([*arguments, "app"], tree)
    assert not mark.exists(), mark.read_text()
    assert done.returncode == (0 if name == "migrate" else 1), done.stderr


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("merge", ["parts.json"]), ("status", ["app"]), ("server", ["--stdio"])],
)
def test_all_modules_leave_the_folder_out(
    tmp_path: Path, imported: set[str], before_us: set[str], name: str, arguments: list[str]
) -> None:
    """T6: what holds for the commands that rewrite and lint holds for the others too."""
    populate(tmp_path)
    mark = plant(tmp_path, (imported | {"pygls", "lsprotocol", "asyncio"}) - before_us)
    done = execute(["-m", f"codemods.{name}", *arguments], tmp_path)
    assert not mark.exists(), mark.read_text()
    assert "Traceback" not in done.stderr


def test_a_checkout_runs_itself(tmp_path: Path) -> None:
    """T6: in a checkout that is not installed the command is found in the current folder."""
    (tmp_path / "codemods").symlink_to(ROOT / "codemods")
    (tmp_path / "app").mkdir()
    (tmp_path / "app/receipts.py").write_text(LEGACY)
    (tmp_path / "tomllib.py").write_text("raise SystemExit('imported')")
    (tmp_path / "app/pyproject.toml").write_text("[tool.ai-usage]\n")
    done = execute(["-m", "codemods.migrate", "app"], tmp_path, PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    assert "1 changed" in done.stdout


def test_a_program_keeps_its_path(tmp_path: Path) -> None:
    """Whoever imports the package, or runs a module of another, keeps the current folder."""
    (tmp_path / "mine.py").write_text("import codemods, beside\nprint(beside.value)")
    (tmp_path / "beside.py").write_text("value = 'found'")
    assert execute(["-m", "mine"], tmp_path).stdout == "found\n"
    assert execute(["-c", "import codemods, beside; print(beside.value)"], tmp_path).stdout


def test_interpreters_that_are_started_are_safe(tmp_path: Path) -> None:
    """T7: a worker process does not get the folder back on its path."""
    (tmp_path / "codemods").symlink_to(ROOT / "codemods")
    check = "import codemods, sys, subprocess\n"
    check += "child = 'import sys; print(sys.flags.safe_path)'\n"
    check += "subprocess.run([sys.executable, '-c', child])\n"
    script = tmp_path / "ai-usage-lint"
    script.write_text(check)
    assert execute([str(script)], tmp_path).stdout == "True\n"
