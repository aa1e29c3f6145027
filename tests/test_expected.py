"""``make fixtures`` sees each difference, writes what the tools make, leaves what people say."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import expected
import rows
from expected import main, of_row
from fixture_code import abbreviated, shared_code, spelled_out
from harness import FIXTURES
from many_cases import each_of
from rows import ROWS, fixtures

SHARED = shared_code(FIXTURES)
NAME = "A1_positional_order"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of one fixture, in a folder of its own."""
    shutil.copytree(ROWS / NAME, tmp_path / NAME)
    return tmp_path


def differing(folder: Path) -> list[str]:
    """Return the names of the files of the copy that are not as they are to be."""
    [fixture] = (one for one in fixtures() if one.name == NAME)
    return sorted(path.name for path in of_row(fixture, folder).differing())


def test_what_is_expected_is_left(copy: Path) -> None:
    """A fixture that is as the tools make it has no difference."""
    assert differing(copy) == []


def test_each_difference_is_seen_and_written(copy: Path) -> None:
    """A text, an outcome or a reason that is another, missing, or too many; labels are left."""
    folder = copy / NAME
    kept = (folder / "expect.toml").read_bytes()
    said = kept.decode().replace('"rewritten"', '"refused"', 1)
    said = said.replace("reasons = []", 'reasons = ["escapes"]').replace("AIU001 = 1", "AIU001 = 7")
    (folder / "expect.toml").write_text(said)
    (folder / "after_tracker.py").write_text("pass\n")
    (folder / "after_conservative.py").unlink()
    (folder / "after_tracker").mkdir()
    (folder / "after_tracker/other.py").write_text("pass\n")
    before = folder / "before.py"
    before.write_bytes(spelled_out(before.read_bytes(), SHARED))
    names = ["after_conservative.py", "after_tracker.py", "before.py", "expect.toml", "other.py"]
    assert differing(copy) == names
    [fixture] = (one for one in fixtures() if one.name == NAME)
    of_row(fixture, copy).write()
    assert differing(copy) == []
    for name in ("after_conservative.py", "after_tracker.py", "before.py"):
        assert (folder / name).read_bytes() == (ROWS / NAME / name).read_bytes()
    assert (folder / "expect.toml").read_bytes() == kept.replace(b"AIU001 = 1", b"AIU001 = 7")
    assert not (folder / "after_tracker/other.py").exists()


def test_the_command_checks(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --update it counts, writes nothing, and says where no fixture is meant."""
    assert main([NAME, "step3_simple"]) == 0
    assert capsys.readouterr().out == "2 fixtures: 0 files differ\n"
    assert main(["no such fixture"]) == 1
    assert "no fixture is called so" in capsys.readouterr().out


LAID_OUT = 'outcome = "left"\nreasons = [\n    "escapes",\n]\n'


@each_of(
    ("old", "new", "said"),
    [
        ("[tracker]\n", "", "has no `outcome` in [tracker]: write it"),
        ("[tracker]\n", "[trakcer]\n", "has no `outcome` in [tracker]: write it"),
        ('kind = "shape"\n', "", "has no `kind`: write it"),
        ("[tracker]\n", "[tracker\n", "is not valid TOML"),
        ("[conservative]\n", "[ conservative ]\n", "a line `[conservative]`"),
        (
            'outcome = "rewritten"\nreasons = []\n',
            LAID_OUT,
            "`reasons = ...` in one line",
        ),
    ],
)
def test_what_a_fixture_lacks_is_told(old: str, new: str, said: str) -> None:
    """An expect.toml without a part, or that no line can be put into, ends in a sentence."""
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        folder = Path(place) / NAME
        shutil.copytree(ROWS / NAME, folder)
        text = (folder / "expect.toml").read_text()
        given = text.replace(old, new, 1).replace('"rewritten"', '"left"')
        (folder / "expect.toml").write_text(given)
        patch.setattr(rows, "ROWS", folder.parent)
        patch.setattr(expected, "fixtures", rows.fixtures.__wrapped__)
        patch.setattr(expected.of_row, "__defaults__", (folder.parent,))
        out = io.StringIO()
        with redirect_stdout(out):
            assert main(["--update", NAME]) == 1
        assert out.getvalue().startswith(f"{NAME}/expect.toml")
        assert said in out.getvalue()
        assert (folder / "expect.toml").read_text() == given


def test_shared_code_is_written_once() -> None:
    """No fixture has a copy of what is shared: ``make fixtures UPDATE=1`` writes its name."""
    files = [path for path in ROWS.rglob("*.py") if path.is_file()]
    contents = {path: path.read_bytes() for path in files}
    assert [path for path, text in contents.items() if abbreviated(text, SHARED) != text] == []
    used = {name for name in SHARED for text in contents.values() if b"# shared: " + name in text}
    assert used == SHARED.keys()


PIECES = st.sampled_from([*SHARED.values(), b"x = 1", b"", b"    return 1", b"# shared", b"\r"])


@given(st.lists(PIECES).map(b"\n".join))
def test_names_stand_for_code(content: bytes) -> None:
    """What is abbreviated is spelled out to the same bytes, whatever stands beside it."""
    assert spelled_out(abbreviated(content, SHARED), SHARED) == content


def test_a_name_of_nothing_is_a_mistake() -> None:
    """A fixture cannot name code that is not there; other comments are left."""
    with pytest.raises(KeyError):
        spelled_out(b"# shared: nothing\n", SHARED)
    for text in (b"    # shared: ask\n", b"# shared: ask twice\n", b"x = 1  # shared: ask\n"):
        assert spelled_out(text, SHARED) == text
