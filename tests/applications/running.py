"""How flows run what is no function of an application: its tests, notebooks, commands, scripts."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import runpy
import sys
import unittest
from typing import TYPE_CHECKING, Any
from unittest import mock

import nbformat
import pytest
from click.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from tests.loopback import LoopbackServer

    from .observing import Flow


def notebook(name: str) -> Flow:
    """Return a flow that runs the cells of notebooks/*name* in a shell of IPython.

    It gives what each cell shows; what a cell magic of time prints differs each time.
    """

    def run(folder: Path, server: LoopbackServer) -> list[str]:
        from IPython.core.interactiveshell import InteractiveShell

        cells = nbformat.read(folder / "notebooks" / name, as_version=4).cells
        main = sys.modules["__main__"]
        shell, shown = InteractiveShell(), []
        try:
            for cell in cells:
                if cell.cell_type == "code":
                    with contextlib.redirect_stdout(io.StringIO()) as printed:
                        ended = shell.run_cell(cell.source)
                        ended.raise_error()
                    shown.append("" if "%%time" in cell.source else printed.getvalue())
        finally:
            sys.modules["__main__"] = main  # where the shell has put a module of its own
        return shown

    return run


def command(load: Any, *arguments: str) -> Flow:
    """Return a flow that runs a click command; *load* imports it."""

    def run(folder: Path, server: LoopbackServer) -> tuple[int, str, str]:
        loaded: click.Command = load()
        result = CliRunner().invoke(loaded, list(arguments), prog_name="command")
        return result.exit_code, result.output, repr(result.exception)

    return run


def script(name: str) -> Flow:
    """Return a flow that runs a file of the application as a program."""

    def run(folder: Path, server: LoopbackServer) -> None:
        runpy.run_path(str(folder / name), run_name="__main__")

    return run


def unittests(name: str) -> Flow:
    """Return a flow that runs the unittest cases of tests/*name*; it gives which failed."""

    def run(folder: Path, server: LoopbackServer) -> list[str]:
        spec = importlib.util.spec_from_file_location(f"own_{name[:-3]}", folder / "tests" / name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
        failed = [f"{test}: {text}" for test, text in (*result.failures, *result.errors)]
        return [f"{result.testsRun} tests", *failed]

    return run


def pytests() -> Flow:
    """Return a flow that runs the tests under pytest; it gives what became of each."""

    def run(folder: Path, server: LoopbackServer) -> list[str]:
        seen = _Outcomes()
        alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
        with mock.patch.dict(os.environ, alone), contextlib.redirect_stdout(io.StringIO()):
            arguments = ["-q", "-s", "-p", "no:cacheprovider", "--import-mode=importlib"]
            root = ["--rootdir", str(folder), "-c", str(folder / "pyproject.toml")]
            pytest.main([*arguments, *root, str(folder / "tests")], plugins=[seen])
        return sorted(seen.outcomes)

    return run


class _Outcomes:
    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what became of a test; of what surrounds it only failures."""
        if report.when == "call" or report.failed:
            self.outcomes.append(
                f"{report.nodeid} {report.when} {report.outcome} {report.longreprtext}"
            )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that cannot be imported."""
        if report.failed:
            self.outcomes.append(f"{report.nodeid} {report.longreprtext}")
