"""The two commands, around a small pipeline of the tests' own."""

import json
import math
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from codemods import lint, migrate
from codemods.model.finding import Finding
from codemods.model.options import Configuration, Mode, Options, ProjectConfig
from codemods.model.outcome import Applied, Changed, Failed, FileOutcome, Linted, Refused, RunReport
from codemods.model.refusal import Reason, Refusal
from codemods.model.runtime import Runtime
from codemods.model.source import Span
from codemods.project.discovery import DiscoveredFile
from codemods.project.sources import decode, read

OLD, NEW = b"old()", b"new()"


@dataclass
class Rename:
    """A pipeline that turns ``old()`` into ``new()``, and refuses ``old(*)``."""

    seen: list[tuple[Options, Configuration]] = field(default_factory=list)

    def __call__(
        self,
        options: Options,
        config: Configuration,
        files: Iterable[DiscoveredFile | Failed],
        progress: Callable[[int], None] | None,
    ) -> RunReport:
        """Return the report, and remember what was asked."""
        self.seen.append((options, config))
        outcomes = [one for file in files if (one := self.outcome(file)) is not None]
        return RunReport(tuple(outcomes), 7, written=False)

    def outcome(self, file: DiscoveredFile | Failed) -> FileOutcome | None:
        """Return what comes of one file."""
        content = file if isinstance(file, Failed) else read(file)
        if isinstance(content, Failed) or isinstance(file, Failed):
            return content if isinstance(content, Failed) else None
        source = decode(file.path, file.display, content)
        if isinstance(source, Failed):
            return source
        return self.rewritten(source.display, Changed(source, content.replace(OLD, NEW), ()))

    def rewritten(self, path: str, change: Changed) -> FileOutcome | None:
        """Return the rewrite, a refusal, or None."""
        finding = Finding("AIU001", path, Span(1, 1, 1, 6), "old call")
        if b"old(*)" in change.source.content:
            return Refused(path, (Refusal(finding, next(iter(Reason)), "a star", "spell it"),))
        if change.after == change.source.content:
            return None
        return Changed(change.source, change.after, (Applied(finding, "own", "it is the same"),))


class Find(Rename):
    """A pipeline that finds ``old()``."""

    def rewritten(self, path: str, change: Changed) -> FileOutcome | None:
        """Return the finding, or None."""
        if change.after == change.source.content:
            return None
        return Linted(path, (Finding("AIU001", path, Span(1, 1, 1, 6), "old call"),))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one legacy file and one without, and start in it."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app/a.py").write_bytes(b"old()\r\n")
    (tmp_path / "app/b.py").write_bytes(b"pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path


def run(*arguments: str) -> int:
    """Return the exit status of a migration."""
    return migrate.main(arguments, Rename())


def asked(*arguments: str) -> tuple[Options, Configuration]:
    """Return what the pipeline is asked."""
    pipeline = Rename()
    migrate.main([*arguments, "app"], pipeline)
    [seen] = pipeline.seen
    return seen


def test_migrate(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run writes the changes, reports them, and leaves nothing for a second run."""
    assert run("app") == 0
    assert (project / "app/a.py").read_bytes() == b"new()\r\n"
    assert "app/a.py:1:1: AIU001 old call" in capsys.readouterr().out
    assert run("app") == 0
    assert "nothing to do" in capsys.readouterr().out


def test_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check writes nothing at all and says with its status that changes are pending."""
    assert run("--check", "app") == 1
    assert (project / "app/a.py").read_bytes() == b"old()\r\n"
    assert "1 to change (1 rewrite)" in capsys.readouterr().out
    assert sorted(path.name for path in project.iterdir()) == ["app"]


def test_diff(project: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """--diff prints a patch that git takes, and nothing else; the report goes to stderr."""
    (project / "app/c.py").write_bytes(b"# coding: latin-1\nold(); '\xe9'")
    (project / "app/d.py").write_bytes(b"\xef\xbb\xbfold()\n")
    assert run("--diff", "app") == 1
    out, err = capfdbinary.readouterr()
    assert b"old call" in err
    assert out.startswith(b"diff --git a/app/a.py b/app/a.py\n")
    assert (project / "app/a.py").read_bytes() == b"old()\r\n"
    subprocess.run(["git", "apply", "-"], input=out, check=True, cwd=project)
    assert (project / "app/a.py").read_bytes() == b"new()\r\n"
    assert (project / "app/c.py").read_bytes() == b"# coding: latin-1\nnew(); '\xe9'"
    assert (project / "app/d.py").read_bytes() == b"\xef\xbb\xbfnew()\n"


def test_diff_of_files_elsewhere(
    project: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """The patch of files that are not below the start folder says where it applies."""
    monkeypatch.chdir(tmp_path_factory.mktemp("start"))
    assert run("--diff", str(project)) == 1
    out, err = capfdbinary.readouterr()
    assert f"relative to {project}: apply it there".encode() in err
    subprocess.run(["git", "apply", "--check", "-"], input=out, check=True, cwd=project)


def test_nothing_to_patch(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without changes --diff prints nothing on standard output."""
    assert run("--diff", "app/b.py") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("path", [(), ("app",), (".",)])
def test_undo(project: Path, path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """--undo brings the exact bytes back, once for each run."""
    run("app")
    assert run("--undo", *path) == 0
    assert (project / "app/a.py").read_bytes() == b"old()\r\n"
    assert f"{project}/app/a.py: restored" in capsys.readouterr().out
    assert run("--undo", *path) == 2
    assert "Cannot undo" in capsys.readouterr().err


def test_undo_of_an_edited_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--undo keeps a file that was edited since, says so, and ends with 1."""
    run("app")
    (project / "app/a.py").write_bytes(b"mine\n")
    capsys.readouterr()
    assert run("--undo") == 1
    assert (project / "app/a.py").read_bytes() == b"mine\n"
    assert "kept, because it was edited" in capsys.readouterr().out


def test_bad_files_stop_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each file that fails is named with what to do; the others are migrated; status 2."""
    (project / "app/nul.py").write_bytes(b"\0")
    (project / "app/bytes.py").write_bytes(b"'\xe9'\n")
    (project / "app/empty.py").write_bytes(b"")
    assert run("app", "gone") == 2
    out = capsys.readouterr().out
    for path in ("app/nul.py", "app/bytes.py", "gone"):
        assert f"{path}: failed to read: " in out
    assert out.count("to do: ") == 3
    assert "empty" not in out
    assert (project / "app/a.py").read_bytes() == b"new()\r\n"


def test_refusals(project: Path) -> None:
    """A site that needs a person makes the status 1, also after a migration."""
    (project / "app/c.py").write_bytes(b"old(*)\n")
    assert run("app") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Name the files or folders"),
        (("",), "an empty PATH names nothing"),
        (("app", ""), "an empty PATH names nothing"),
        (("--undo", ""), "an empty PATH names nothing"),
        (("--dif", "app"), "No such option"),
        (("--undo", "--check"), "Choose one"),
        (("--jobs", "0", "app"), "--jobs"),
        (("--strict", "--unsafe", "app"), "Choose one"),
        (("--runtime", "mine", "app"), "conservative"),
        (("empty",), "No Python file found in empty"),
    ],
)
def test_wrong_usage(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """Wrong usage ends with 2 and says on stderr what to write."""
    (project / "empty").mkdir()
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert out == ""
    assert (project / "app/a.py").read_bytes() == b"old()\r\n"


def test_wrong_configuration(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake in the configuration ends the run before it looks at a file."""
    (project / "pyproject.toml").write_text("[tool.ai-usage]\nexcludes = []\n")
    assert run("app") == 2
    assert "Did you mean 'exclude'?" in capsys.readouterr().err
    assert (project / "app/a.py").read_bytes() == b"old()\r\n"


def test_configured_excludes(project: Path) -> None:
    """The configuration's exclude patterns are relative to its folder."""
    (project / "pyproject.toml").write_text('[tool.ai-usage]\nexclude = ["/app/a.py"]\n')
    assert run("app") == 0
    assert (project / "app/a.py").read_bytes() == b"old()\r\n"
    assert run("app/a.py") == 0
    assert (project / "app/a.py").read_bytes() == b"new()\r\n"


@pytest.mark.parametrize("command", [migrate, lint])
def test_force_exclude(project: Path, command: object) -> None:
    """With --force-exclude what is excluded is left out though it is named; none is no error."""
    (project / "pyproject.toml").write_text('[tool.ai-usage]\nexclude = ["/app/a.py"]\n')
    main = command.main  # type: ignore[attr-defined]
    assert main(["--force-exclude", "app/a.py"], Rename()) == 0
    assert main(["--force-exclude", "app/a.py", "app/b.py"], Rename()) == 0
    assert (project / "app/a.py").read_bytes() == b"old()\r\n"


def test_hooks_leave_out_what_is_excluded() -> None:
    """The shipped hooks pass --force-exclude, and see stubs and notebooks."""
    text = (Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml").read_text()
    assert text.count("- id:") == text.count("args: [--force-exclude]") == 2
    assert text.count("types_or: [python, pyi, jupyter]") == 2


def test_excluded_folder_that_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A named folder is taken though it is excluded; where nothing is left, the text is true."""
    (project / "pyproject.toml").write_text('[tool.ai-usage]\nexclude = ["app/"]\n')
    assert run("--check", "app") == 1
    assert run("--check", ".") == 2
    assert "what .gitignore or `exclude` leaves out is not taken" in capsys.readouterr().err
    (project / "pyproject.toml").write_text('[tool.ai-usage]\nexclude = ["app/**"]\n')
    assert run("--check", "app") == 2
    assert "In a folder, what .gitignore or `exclude` leaves out" in capsys.readouterr().err


def test_options(project: Path) -> None:
    """What is asked on the command line arrives in the options."""
    options, _ = asked("--check", "--runtime", "conservative", "--strict", "-j", "3")
    assert (options.mode, options.runtime) == (Mode.CHECK, Runtime.CONSERVATIVE)
    assert (options.strict, options.unsafe, options.jobs) == (True, False, 3)
    assert (options.cwd, options.paths) == (project, (Path("app"),))


def test_option_defaults(project: Path) -> None:
    """Unless asked otherwise: migrate, as configured, with as many processes as the work needs."""
    options, config = asked()
    assert (options.mode, options.runtime, options.batch_pricing) == (Mode.MIGRATE, None, None)
    assert not (options.strict)
    assert not (options.unsafe)
    assert not (options.quiet)
    assert options.jobs is None
    assert config.of(project / "app/a.py") == ProjectConfig()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [([], None), (["--no-batch-pricing"], False), (["--batch-pricing"], True)],
)
def test_batch_pricing(project: Path, flags: list[str], expected: bool | None) -> None:
    """The flag is asked for, or it is left to the configuration of each file."""
    (project / "pyproject.toml").write_text("[tool.ai-usage]\nbatch-pricing = false\n")
    options, config = asked(*flags)
    assert options.batch_pricing is expected
    assert not config.of(project / "app/a.py").batch_pricing


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--format json prints one document."""
    assert run("--check", "--format", "json", "app") == 1
    document = json.loads(capsys.readouterr().out)
    assert [file["path"] for file in document["files"]] == ["app/a.py"]


def test_colours(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colours are for terminals and for whoever asks for them; NO_COLOR is heeded."""
    run("--check", "app")
    assert "\x1b[" not in capsys.readouterr().out
    run("--check", "--color", "app")
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    run("--check", "app")
    assert "\x1b[" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    run("--check", "app")
    assert "\x1b[" not in capsys.readouterr().out


def test_progress(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal files are counted on stderr, and the line is cleared; not in a short run."""

    def counting(
        options: Options,
        config: Configuration,
        files: Iterable[DiscoveredFile | Failed],
        progress: Callable[[int], None] | None,
    ) -> RunReport:
        for number, _ in enumerate(files, start=1):
            if progress:
                progress(number)
        return RunReport((), 2, written=False)

    migrate.main(["app"], counting)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("codemods.cli.progress._SECONDS", 0)
    monkeypatch.setattr("codemods.cli.progress._LASTS_AFTER", math.inf)
    migrate.main(["app"], counting)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("codemods.cli.progress._LASTS_AFTER", 0)
    assert migrate.main(["app"], counting) == 0
    shown = capsys.readouterr().err
    assert shown.index("1 files looked at") < shown.index("2 files looked at")
    assert shown.endswith("\x1b[1A\x1b[2K")
    assert "\x1b[?25l" not in shown  # the cursor is there, though the run were killed
    migrate.main(["-q", "app"], counting)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("TERM", "dumb")
    migrate.main(["app"], counting)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_progress_of_deciding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    """On a terminal the line goes on with the legacy files that are decided on, of all of them."""
    for number in range(3):
        text = "from tracker.ai_usage_tracker import AIUsageTracker\nt = AIUsageTracker()\n"
        (tmp_path / f"{number}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("codemods.cli.progress._SECONDS", 0)
    monkeypatch.setattr("codemods.cli.progress._LASTS_AFTER", 0)
    migrate.main(["--check", "--jobs", jobs, "."])
    told = capsys.readouterr().err
    assert "3 files looked at" in told
    assert "2 of 3 files decided on" in told
    assert told.endswith("\x1b[1A\x1b[2K")


def test_interrupt(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with 130 and a line on how to go back."""

    class Interrupted(Rename):
        def outcome(self, file: DiscoveredFile | Failed) -> FileOutcome | None:
            raise KeyboardInterrupt

    assert migrate.main(["app"], Interrupted()) == 130
    assert "--undo" in capsys.readouterr().err


@pytest.mark.parametrize("command", [migrate, lint])
def test_help(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    """--help teaches by example and names the exit statuses."""
    assert command.main(["--help"]) == 0  # type: ignore[attr-defined]
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert "Exit status:" in out


def test_lint(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lint prints one line a finding, ends with 1, and writes nothing."""
    assert lint.main(["-q", "app"], Find()) == 1
    assert capsys.readouterr().out == "app/a.py:1:1: AIU001 old call\n"
    assert lint.main(["app/b.py"], Find()) == 0
    assert lint.main([], Find()) == 2
    assert lint.main(["gone"], Find()) == 2
    assert sorted(path.name for path in project.iterdir()) == ["app"]
