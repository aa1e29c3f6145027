"""The benchmark of the codemods: how costs are read, ratios and exponents, and that it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from many_cases import each_of

from benchmarks import bench, ratios
from benchmarks.measuring import Command, Cost, PeakMemory, exponent, paired, ratio

ROOT = Path(__file__).resolve().parents[2]
# Work enough that no timer is too coarse for it, by the clock of the program itself.
BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def cost(cpu: float, clock: float = 0.0) -> Cost:
    """Return a cost of which only the times count."""
    return Cost(cpu, clock, 0, 0)


def test_cost_is_that_of_a_process_and_its_children(tmp_path: Path) -> None:
    """What children did that were waited for counts, memory only of the process itself."""
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    both = Command([sys.executable, "-c", child], tmp_path).run()
    assert both.cpu >= 0.5
    assert both.status == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no other place tells it")
def test_peak_memory_is_the_programs_own() -> None:
    """Memory that was given back counts; memory of whoever started the program does not."""
    ballast = bytearray(300_000_000)
    used = "x = bytearray(150_000_000); del x; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", used], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        memory = PeakMemory(process.pid)
        assert len(ballast) > memory.read() > 150_000_000
        process.communicate(b"\n")
    assert memory.read() > 150_000_000


def test_the_status_of_a_command_is_kept(tmp_path: Path) -> None:
    """A program that fails is not taken for a quick one."""
    assert Command([sys.executable, "-c", "raise SystemExit(3)"], tmp_path).run().status == 3


def test_pairs_change_their_order_and_keep_their_places(tmp_path: Path) -> None:
    """One run of each is not counted; then whoever was first is second the next time."""
    log = tmp_path / "log"
    first, second = (
        Command([sys.executable, "-c", f"open({str(log)!r}, 'a').write('{name}')"], tmp_path)
        for name in "ab"
    )
    assert len(paired(first, second, 3)) == 3
    assert log.read_text() == "ab" + "ab" + "ba" + "ab"


def test_a_ratio_is_the_median_of_those_of_the_pairs() -> None:
    """One pair that something disturbed does not count."""
    pairs = [(cost(2.0), cost(1.0)), (cost(90.0), cost(1.0)), (cost(3.0), cost(1.5))]
    assert ratio(pairs) == 2.0
    assert ratio([(cost(9.0, 3.0), cost(1.0, 2.0))], lambda one: one.clock) == 1.5


@each_of("power", [0.5, 1.0, 2.0])
def test_the_exponent_is_the_power_of_the_size(power: float) -> None:
    """Costs that grow with a power of the size give that power."""
    points = [(size, 0.25 * size**power) for size in (100, 200, 400)]
    assert exponent(points) == pytest.approx(power)


@each_of(
    ("figure", "word"),
    [
        (ratios.Figure("x", 1.0, 1.0), "ok"),
        (ratios.Figure("x", 1.1, 1.0), "MISSED"),
        (ratios.Figure("x", 1.8, 1.7, at_least=True), "ok"),
        (ratios.Figure("x", 1.6, 1.7, at_least=True), "MISSED"),
    ],
)
def test_a_line_says_whether_its_goal_is_reached(figure: ratios.Figure, word: str) -> None:
    """The most or the least that it may be, and ok or missed."""
    assert f"at {'least' if figure.at_least else 'most'} {figure.goal:g}  {word}" in bench.line(
        figure
    )


def test_the_benchmark_runs_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """Each chosen part prints its figures, the peer named; what is not judged ends with 0."""
    family = "elif branches with a set call"
    assert bench.main(["--quick", "clean", "growth", "--files", "10", "--family", family]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(("clean lint / rg -l", "clean lint / grep -rl"))
    assert second.startswith(f"exponent: {family}")
    assert "status" not in first + second


def test_another_checkout_is_measured_by_its_own_modules(tmp_path: Path) -> None:
    """The command is the same but for where its packages come from."""
    package = tmp_path / "codemods"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "lint.py").write_text(
        "raise SystemExit(7 if 'x.py' in __import__('sys').argv else 0)"
    )
    session = ratios.Session(tmp_path, ratios.QUICK)
    assert session.tool("lint", tmp_path, "x.py", checkout=tmp_path).run().status == 7


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is measured, with the names of those that there are."""
    with pytest.raises(SystemExit):
        bench.main(["few", "fewer"])
    said = capsys.readouterr().err
    assert all(name in said for name in ("fewer", *ratios.PARTS))
