"""Programs of the matrix: what they tell, how they end, and how one call of theirs is judged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from many_cases import each_of

from matrix.environment import ROOT, Environment, _distribution
from matrix.instrumentations import trouble

HERE = Environment(Path(sys.executable), {})
CALL = {"host": {"seen": [1, 2], "took": 0.5}, "theirs": [{"tokens": 11}], "ours": None}
AGAIN = CALL | {"host": {"seen": [1, 2], "took": 0.25}}


def ran(tmp_path: Path, text: str) -> list[dict[str, Any]]:
    """Return what came of a program of *text*, run as those of the matrix are."""
    package = tmp_path / "matrix"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "results.py").write_bytes((ROOT / "tests/matrix/results.py").read_bytes())
    (package / "told.py").write_text(text)
    return HERE.run("told", "an argument", variables={"PYTHONPATH": str(tmp_path), "ASKED": "yes"})


def test_a_program_tells_by_records(tmp_path: Path) -> None:
    """Whatever it prints; it has its arguments and variables, and a home of its own."""
    records = ran(
        tmp_path,
        "import os, sys; from matrix.results import tell; print('noise')\n"
        "tell({'argument': sys.argv[1], 'asked': os.environ['ASKED']})\n"
        "tell({'home': os.environ['HOME'] == os.getcwd(), 'out': os.environ['HTTPS_PROXY']})\n",
    )
    assert records == [
        {"argument": "an argument", "asked": "yes"},
        {"home": True, "out": "http://127.0.0.1:9"},
    ]


def test_a_program_that_ends_badly_is_told_of(tmp_path: Path) -> None:
    """Behind what it had told until then, with its last words."""
    text = "from matrix.results import tell\ntell({'n': 1})\nraise SystemExit('no more')\n"
    assert ran(tmp_path, text) == [{"n": 1}, {"ended": "status 1: no more"}]


@each_of(
    ("requirement", "name"),
    [
        ("logfire", "logfire"),
        ("moto[server]>=5", "moto"),
        ("weave; python_version<'3.14'", "weave"),
    ],
)
def test_versions_are_asked_by_the_name_alone(requirement: str, name: str) -> None:
    """Without extras, versions and markers."""
    assert _distribution(requirement) == name


def test_a_call_that_is_as_without_us_is_ok() -> None:
    """What two runs without us had differently may be different again."""
    ours = CALL | {"host": {"seen": [1, 2], "took": 4.0}}
    assert trouble(CALL, AGAIN, ours) is None


@each_of(
    ("ours", "told"),
    [
        (None, "not reached"),
        (CALL | {"host": {"seen": [1], "took": 1.0}}, "host.seen: without us [1, 2], with us [1]"),
        (
            CALL | {"theirs": [{"tokens": None}]},
            "theirs[0].tokens: without us 11, with us None",
        ),
        (CALL | {"theirs": []}, "theirs: without us [{'tokens': 11}], with us []"),
        (CALL | {"ours": "2 records"}, "ours: 2 records"),
    ],
)
def test_each_of_the_three_can_make_a_call_not_ok(ours: Any, told: str) -> None:
    """The program, the other library, and we; or a call that was not made."""
    assert trouble(CALL, AGAIN, ours) == told
