"""``[tool.ai-usage]``: what is read, and what each mistake is told."""

from pathlib import Path

import pytest

from codemods.options import ProjectConfig, Runtime
from codemods.project.config import ConfigError, read_config


def configured(folder: Path, text: str) -> ProjectConfig:
    """Return what is read from a pyproject.toml with *text* in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return read_config([folder], folder)


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
        operations = {"acme.jobs:Worker.process" = "receipt_scan", run = "nightly run"}
        exclude = ["generated/", "*_pb2.py"]
        batch-pricing = false
        """,
    )
    assert config == ProjectConfig(
        source=tmp_path / "pyproject.toml",
        runtime=Runtime.TRACKER,
        modules={"acme.llm.tracker": "acme.llm.context"},
        operations={"acme.jobs:Worker.process": "receipt_scan", "run": "nightly run"},
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
    config = read_config([Path("package/a.py")], tmp_path / "member")
    assert config.source == tmp_path / "pyproject.toml"


def test_start_folder_second(tmp_path: Path) -> None:
    """If nothing lies above the first path then the start folder's configuration counts."""
    configured(tmp_path / "start", '[tool.ai-usage]\nruntime = "tracker"\n')
    (tmp_path / "elsewhere").mkdir()
    config = read_config([tmp_path / "elsewhere"], tmp_path / "start")
    assert config.runtime is Runtime.TRACKER


def test_broken_file_of_others(tmp_path: Path) -> None:
    """A file that is no TOML and does not speak of this project is passed over."""
    assert configured(tmp_path, "this is {not toml\n") == ProjectConfig()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[tool.ai-usage]\nruntme = "tracker"', "Did you mean 'runtime'? The keys are "),
        ("[tool.ai-usage]\nbatch_pricing = true", "Did you mean 'batch-pricing'?"),
        ("[tool.ai-usage]\nzzz = 1", "The keys are batch-pricing, exclude, modules"),
        ("[tool.ai_usage]\nexclude = []", "Write [tool.ai-usage] instead"),
        ('[tool.aiUsage]\nruntime = "auto"', "Write [tool.ai-usage] instead"),
        ("[tool]\nai-usage = 1", "must be a table"),
        ('[tool.ai-usage]\nruntime = "traker"', 'one of "auto", "tracker", "conservative"'),
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
        ("[tool.ai-usage.operations]\n'a b' = 'c'", "cannot be a key"),
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
        read_config([tmp_path], tmp_path)
