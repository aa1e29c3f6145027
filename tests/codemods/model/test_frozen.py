"""Frozen records behave as frozen dataclasses do, and cost less to declare."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codemods.model.frozen import Frozen, replace
from codemods.model.options import Options
from codemods.model.outcome import Failed, RunReport, Skipped, Untouched
from codemods.model.source import Span
from codemods.project.discovery import DiscoveredFile

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
NOTHING: Mapping[str, str] = {}


class Stop(Frozen):
    """A record of each kind of field."""

    name: str
    lines: tuple[int, ...] = ()
    notes: Mapping[str, str] = NOTHING


class Distance(Frozen, order=True):
    """A record with an order."""

    kilometres: int
    label: str = ""


class Place(Frozen):
    """A record with room for what it finds out later."""

    __slots__ = ("__dict__",)

    name: str

    @cached_property
    def asked(self) -> list[str]:
        """A list that is made once."""
        return [self.name]


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Model:
    """What Distance would be as a dataclass."""

    kilometres: int
    label: str = ""


def test_fields_are_given_by_place_or_by_name() -> None:
    """What is not given has its default; a later record is made as the first one is."""
    for _ in range(2):
        stop = Stop("Ulm", notes={"a": "b"})
        assert (stop.name, stop.lines, stop.notes) == ("Ulm", (), {"a": "b"})
        assert Stop("Ulm", (1,)).lines == (1,)


@pytest.mark.parametrize("number", [1, 2])
def test_a_wrong_call_is_told_by_the_name_of_the_class(number: int) -> None:
    """A missing, unknown or surplus argument is a TypeError, of the first record as of others."""
    body = {"__annotations__": {"name": "str"}, "__module__": __name__}
    kind = type(Frozen)(f"Anew{number}", (Frozen,), body)
    for given, named in (((), {}), (("a", "b"), {}), (("a",), {"other": 1})):
        with pytest.raises(TypeError, match=rf"Anew{number}\.__init__\(\)"):
            kind(*given, **named)
    assert kind("a").name == "a"


def test_a_record_stays_as_it_was_made() -> None:
    """No field can be set or deleted, and no other attribute put beside them."""
    stop = Stop("Ulm")
    with pytest.raises(dataclasses.FrozenInstanceError, match="'name'"):
        stop.name = "Aalen"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="'name'"):
        del stop.name  # type: ignore[misc]
    with pytest.raises(AttributeError):
        stop.other = 1  # type: ignore[attr-defined]
    assert not hasattr(stop, "__dict__")


def test_records_are_equal_by_class_and_fields() -> None:
    """Two classes with the same fields have no equal records."""
    assert Untouched("a.py") == Untouched("a.py")
    assert Untouched("a.py") != Untouched("b.py")
    assert Distance(1) != Model(1)
    assert Stop("a") != Untouched("a")
    assert len({Skipped("a", "b"), Skipped("a", "b"), Skipped("a", "c")}) == 2


def test_a_record_can_be_hashed_if_its_fields_can() -> None:
    """The hash is the one of the fields, as a dataclass has it."""
    assert hash(Distance(1, "a")) == hash(Model(1, "a"))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Stop("Ulm"))


def test_records_have_an_order_where_the_class_says_so() -> None:
    """They are sorted by their fields; others cannot be compared, nor those of two classes."""
    far, near = Distance(3, "a"), Distance(2, "b")
    assert sorted([far, near]) == [near, far]
    assert all((near < far, near <= far, far > near, far >= near, not far < near))
    assert Span(1, 2, 3, 4) < Span(1, 3, 0, 0)
    with pytest.raises(TypeError):
        _ = Distance(1) < Model(1)
    with pytest.raises(TypeError):
        _ = Stop("a") < Stop("b")  # type: ignore[operator]


def test_a_record_is_shown_as_it_would_be_made() -> None:
    """As a dataclass shows itself."""
    assert repr(Distance(1, "a")) == repr(Model(1, "a")).replace("Model", "Distance")


def test_a_record_survives_being_copied_and_sent_elsewhere() -> None:
    """What is found out later stays behind."""
    report = RunReport((Failed("a.py", "read", "b", "c"),), 1, written=False)
    assert pickle.loads(pickle.dumps(report)) == report
    assert copy.deepcopy(report) == copy.copy(report) == report
    place = Place("Ulm")
    assert place.asked is place.asked
    assert pickle.loads(pickle.dumps(place)).__dict__ == {}
    file = DiscoveredFile("/a/b.py", "b.py")
    assert file.path is file.path


def test_a_record_is_taken_apart_by_a_pattern() -> None:
    """The fields are those of a pattern, in order."""
    match Distance(5, "a"):
        case Distance(kilometres, label):
            assert (kilometres, label) == (5, "a")


def test_replacing_leaves_the_other_fields() -> None:
    """A field that there is not is refused, and the record given stays as it was."""
    stop = Stop("Ulm", (1,))
    assert replace(stop, name="Aalen") == Stop("Aalen", (1,))
    assert stop.name == "Ulm"
    with pytest.raises(TypeError):
        replace(stop, other=1)


def test_who_asks_by_dataclasses_finds_dataclasses() -> None:
    """Fields, defaults, copies and dictionaries are there for them, too."""
    stop = Stop("Ulm", (1,))
    assert dataclasses.is_dataclass(stop)
    assert dataclasses.is_dataclass(Options)
    assert [one.name for one in dataclasses.fields(Stop)] == ["name", "lines", "notes"]
    assert dataclasses.asdict(stop) == {"name": "Ulm", "lines": (1,), "notes": {}}
    assert dataclasses.replace(stop, name="Aalen") == Stop("Aalen", (1,))
    assert {one.name for one in dataclasses.fields(Options)} == {*Options.__match_args__}


def test_a_record_of_a_record_is_refused() -> None:
    """Nobody is to guess in which order the fields would come, nor to make one without any."""
    with pytest.raises(TypeError, match="only base"):
        type(Frozen)("Other", (Stop,), {"__annotations__": {"more": "int"}})
    with pytest.raises(TypeError, match="has fields"):
        type(Frozen)("Other", (Frozen,), {})


def test_a_clean_run_makes_no_dataclass(tmp_path: Path) -> None:
    """Records that every run loads are Frozen, so that ``dataclasses`` has nothing to compile."""
    (tmp_path / "clean.py").write_text("x = 1\n")
    program = (
        "import sys; from codemods import lint; status = lint.main(['.']); "
        "print(status, *sorted({kind.__qualname__ for name, module in [*sys.modules.items()]"
        " if name.startswith('codemods') for kind in vars(module).values()"
        " if isinstance(kind, type) and '__dataclass_params__' in vars(kind)}))"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0", done.stdout
