"""``[tool.ai-usage]``: what is read, and what each mistake is told."""

from pathlib import Path

import pytest

from codemods.model.options import ProjectConfig
from codemods.model.runtime import Runtime
from codemods.project.config import ConfigError, Tables


def configured(folder: Path, text: str) -> ProjectConfig:
    """Return what is read from a pyproject.toml with *text* in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return Tables(folder).of(folder)


def complaint(folder: Path, text: str) -> str:
    """Return the error that a pyproject.toml with *text* causes."""
    with pytest.raises(ConfigError) as caught:
        configured(folder, text)
    message = str(caught.value)
    assert message.startswith(str(folder / "pyproject.toml"))
    return message


def test_everything(tmp_path: Path) -> None:
    """Each key of the table is read; the root is the folder of the file."""
    config = configured(
        tmp_path,
        """
        [tool.ai-usage]
        runtime = "tracker"
        modules = {"acme.llm.tracker" = "acme.llm.context"}
        operations = {"acme.jobs:Worker.process" = "receipt_scan", run = "nightly_run"}
        exclude = ["generated/", "*_pb2.py"]
        batch-pricing = false
        """,
    )
    assert config == ProjectConfig(
        source=tmp_path / "pyproject.toml",
        runtime=Runtime.TRACKER,
        modules={"acme.llm.tracker": "acme.llm.context"},
        operations={"acme.jobs:Worker.process": "receipt_scan", "run": "nightly_run"},
        exclude=("generated/", "*_pb2.py"),
        batch_pricing=False,
    )
    assert config.root == tmp_path


def test_modules_as_a_table_of_their_own(tmp_path: Path) -> None:
    """The mappings may be tables of their own."""
    text = '[tool.ai-usage.modules]\n"a.tracker" = "a.context"\n'
    assert configured(tmp_path, text).modules == {"a.tracker": "a.context"}


def test_no_configuration(tmp_path: Path) -> None:
    """Without a table the defaults count."""
    assert configured(tmp_path, "[project]\nname = 'x'\n") == ProjectConfig()


def test_nearest_table_upward(tmp_path: Path) -> None:
    """The nearest file with the table counts; one without it is passed over."""
    configured(tmp_path, '[tool.ai-usage]\nruntime = "tracker"\n')
    configured(tmp_path / "member", "[project]\nname = 'member'\n")
    package = tmp_path / "member/package"
    package.mkdir()
    (package / "a.py").touch()
    config = Tables(tmp_path / "member").of(Path("package/a.py"))
    assert config.source == tmp_path / "pyproject.toml"


def test_start_folder_second(tmp_path: Path) -> None:
    """If nothing lies above a file then the start folder's configuration counts."""
    configured(tmp_path / "start", '[tool.ai-usage]\nruntime = "tracker"\n')
    (tmp_path / "elsewhere").mkdir()
    config = Tables(tmp_path / "start").of(tmp_path / "elsewhere")
    assert config.runtime is Runtime.TRACKER


def test_broken_file_of_others(tmp_path: Path) -> None:
    """A file that is no TOML and does not speak of this project is passed over."""
    assert configured(tmp_path, "this is {not toml\n") == ProjectConfig()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[tool.ai-usage]\nruntme = "tracker"', "Did you mean 'runtime'? The keys are "),
        ("[tool.ai-usage]\nbatch_pricing = true", "Did you mean 'batch-pricing'?"),
        ("[tool.ai-usage]\nzzz = 1", "The keys are batch-pricing, exclude, lint, modules"),
        ("[tool.ai_usage]\nexclude = []", "Write [tool.ai-usage] instead"),
        ('[tool.aiUsage]\nruntime = "auto"', "Write [tool.ai-usage] instead"),
        ("[tool]\nai-usage = 1", "must be a table"),
        (
            '[tool.ai-usage]\nruntime = "traker"',
            'one of "auto", "tracker", "guide", "conservative"',
        ),
        ("[tool.ai-usage]\nruntime = true", "is not a runtime"),
        ("[tool.ai-usage]\nbatch-pricing = 'no'", "Write true or false"),
        ("[tool.ai-usage]\nbatch-pricing = 1", "Write true or false"),
        ("[tool.ai-usage]\nexclude = 'gen/'", 'Write ["generated/"'),
        ("[tool.ai-usage]\nexclude = [1]", "not a list of patterns"),
        ("[tool.ai-usage]\nmodules = ['a.b']", "is not a table"),
        ("[tool.ai-usage.modules]\nacme.tracker = 'x'", "a key with dots needs quotes"),
        ("[tool.ai-usage.modules]\n'a.b' = 'not a module'", "has the value 'not a module'"),
        ("[tool.ai-usage.modules]\n'a/b.py' = 'a.b'", "cannot be a key"),
        ("[tool.ai-usage.operations]\n'f' = ''", "has the value ''"),
        ("[tool.ai-usage.operations]\n'f' = 3", "has the value 3"),
        ("[tool.ai-usage.operations]\n'a b' = 'scan_all'", "cannot be a key"),
        ("[tool.ai-usage.operations]\n'a:f' = 'Not Snake!'", "3 to 50 characters in snake case"),
        ("[tool.ai-usage.operations]\n'f' = 'a\"b'", "3 to 50 characters in snake case"),
        ("[tool.ai-usage.operations]\n'f' = 'scan\\n'", "3 to 50 characters in snake case"),
        ("[tool.ai-usage.operations]\n'f' = 'ab'", "3 to 50 characters in snake case"),
        (f"[tool.ai-usage.operations]\n'f' = '{'a' * 51}'", "3 to 50 characters in snake case"),
        ("[tool.ai-usage.operations]\n'f' = '_scan'", "3 to 50 characters in snake case"),
        ("[tool.ai-usage]\nruntime = ", "not valid TOML"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, told: str) -> None:
    """A mistake is an error that names the file, and says what to write instead."""
    assert told in complaint(tmp_path, text)


def test_configuration_in_another_encoding(tmp_path: Path) -> None:
    """A file with our table that is not UTF-8 is an error, not a traceback."""
    (tmp_path / "pyproject.toml").write_bytes(b"# \xe9\n[tool.ai-usage]\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        Tables(tmp_path).of(tmp_path)


def test_each_file_has_its_own_table(tmp_path: Path) -> None:
    """In a repository of several projects the nearest table above each file holds for it."""
    configured(tmp_path / "a", '[tool.ai-usage]\nruntime = "tracker"\n')
    configured(tmp_path / "b", '[tool.ai-usage]\nruntime = "conservative"\n')
    (tmp_path / "c").mkdir()
    tables = Tables(tmp_path)
    found = [tables.of(tmp_path / f"{name}/pkg/x.py").runtime for name in "abc"]
    assert found == [Runtime.TRACKER, Runtime.CONSERVATIVE, Runtime.AUTO]


def test_exclude_is_relative_to_its_own_table(tmp_path: Path) -> None:
    """Each table's patterns count below its own folder, and a table above prunes a whole folder."""
    configured(tmp_path, '[tool.ai-usage]\nexclude = ["/old/", "*_gen.py"]\n')
    configured(tmp_path / "member", '[tool.ai-usage]\nexclude = ["/made.py"]\n')
    tables = Tables(tmp_path)

    def excluded(name: str, *, folder: bool = False) -> bool:
        return tables.excludes(str(tmp_path / name), folder=folder)

    assert excluded("old", folder=True)
    assert excluded("x_gen.py")
    assert not excluded("member", folder=True)
    assert excluded("member/made.py")
    assert not excluded("member/x_gen.py")
    assert not excluded("made.py")


def test_a_folder_may_have_nothing_to_leave_out(tmp_path: Path) -> None:
    """Whether anything in a folder may be left out is what the nearest table above it says."""
    configured(tmp_path, '[tool.ai-usage]\nexclude = ["/old/"]\n')
    configured(tmp_path / "member", "[tool.ai-usage]\nbatch-pricing = true\n")
    configured(tmp_path / "other", "[tool.black]\nline-length = 90\n")
    tables = Tables(tmp_path)
    folders = ("", "member", "member/sub", "other", "other/sub")
    found = [tables.excludes_in(str(tmp_path / name).rstrip("/")) for name in folders]
    assert found == [True, False, False, True, True]
    assert not Tables(tmp_path / "member").excludes_in(str(tmp_path / "member"))
    assert Tables(tmp_path).excludes_in(str(tmp_path.parent)), "the table of the current folder"
