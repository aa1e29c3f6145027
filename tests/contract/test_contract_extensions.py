"""What may be added has one place, and what is there is used.  Invariant X1 of ARCHITECTURE.md."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import sys
from collections import Counter
from dataclasses import fields, make_dataclass
from typing import TYPE_CHECKING

import click
from source_tree import ROOT, Module, source_modules, walked, within

sys.path.insert(0, str(ROOT))

from many_cases import each_of

from codemods import merge, migrate
from codemods.burndown.command import command as status
from codemods.cli import linting
from codemods.model.options import LintOptions, Options, ProjectConfig
from codemods.model.options import Settings as RuleSettings
from codemods.model.refusal import Reason
from codemods.project.tables.lint import LintConfig
from codemods.report.formats import FORMATS
from tracker.config.settings import Settings
from tracker.instrumentation import providers
from tracker.instrumentation.providers.provider import Provider
from tracker.sinks.registry import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Records of options, with the names under which code has one.
OPTIONS = {
    Options: ("codemods", {"options"}),
    LintOptions: ("codemods", {"lint_options", "self", "layer"}),
    LintConfig: ("codemods", {"lint", "table", "layer", "lint_of(table)", "found"}),
    ProjectConfig: ("codemods", {"config", "table"}),
    RuleSettings: ("codemods", {"settings"}),
    Settings: ("tracker", {"current()", "chosen", "settings"}),
}
COMMANDS = (migrate.command, linting.command, merge.command)


def unread(record: type, modules: list[Module], owners: set[str]) -> list[str]:
    """Return the fields of *record* that no code takes from one of *owners*."""
    names = {field.name for field in fields(record)}
    read = {
        node.attr
        for module in modules
        for node in walked(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in names
        and isinstance(node.ctx, ast.Load)
        and ast.unparse(node.value).rpartition(".")[2] in owners
    }
    return [field.name for field in fields(record) if field.name not in read]


@each_of("record", OPTIONS)
def test_every_option_is_read(record: type) -> None:
    """X1: each option and setting has code that reads it, and no other name than its field."""
    package, owners = OPTIONS[record]
    assert unread(record, source_modules(packages=(package,)), owners) == []


def test_an_option_that_no_code_reads_is_seen() -> None:
    """A field that is only given, or is one of another record, is not read."""
    text = (
        "Options(cwd=1)\noptions.jobs\nself._run.options.paths\nother.strict\noptions.unsafe = 1\n"
    )
    found = unread(Options, [Module("x", "x.py", text)], {"options"})
    assert {"cwd", "strict", "unsafe"} <= set(found)
    assert not {"jobs", "paths"} & set(found)


def test_options_are_declared_once() -> None:
    """X1: an option that two commands have is made in one place, and is a field of Options."""
    names = [{p.name for p in command.params if p.name and p.expose_value} for command in COMMANDS]
    known = {field.name for field in fields(Options)}
    shared = {name for mine in names for name in mine if sum(name in one for one in names) > 1}
    assert shared <= known
    inside = {
        node.func.attr
        for module in source_modules(packages=("codemods",))
        if module.name in ("codemods.cli.linting", "codemods.merge")
        for node in walked(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert "option" not in inside


def in_both(*records: type) -> set[str]:
    """Return the names that are fields of several *records*."""
    counted = Counter(field.name for record in records for field in fields(record))
    return {name for name, count in counted.items() if count > 1}


def test_no_name_is_in_two_records() -> None:
    """X1: ``into_options`` gives Options what has a name of theirs; lint would not see its own."""
    assert in_both(Options, LintOptions) == set()
    assert in_both(Options, make_dataclass("Options", ["quiet", "mine"])) == {"quiet"}


def test_no_command_has_two_options_of_one_name() -> None:
    """X1: a value reaches the code by its name: of two options one would be let go in silence."""
    for command in (*COMMANDS, status):
        names = Counter(param.name for param in command.params)
        assert [name for name, count in names.items() if count > 1] == []


def test_every_option_is_tried() -> None:
    """X1: each option of a command has a trial, which fails where the option does nothing."""
    sys.path.insert(0, str(ROOT / "tests" / "codemods" / "options"))
    try:
        trials = importlib.import_module("test_every_option")
    finally:
        del sys.path[0]
    assert {trials.COMMANDS[name][0] for name in trials.COMMANDS} == {*COMMANDS, status}
    assert sorted(trials.TRIALS) == sorted(trials.options())


def test_every_reason_says_what_to_do() -> None:
    """X1: a refusal code stands in one line with its advice, and has its page."""
    page = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    assert [r for r in Reason if not r.advice or f"\n### {r}\n" not in page] == []
    assert [Reason(str(r)) for r in Reason] == list(Reason)


@each_of("name", FORMATS)
def test_every_format_renders(name: str) -> None:
    """X1: a format is a module that the table names and the commands offer."""
    assert callable(importlib.import_module(FORMATS[name]).render)
    for command in COMMANDS:
        (option,) = (p for p in command.params if p.name == "report_format")
        assert isinstance(option.type, click.Choice)
        assert list(option.type.choices) == list(FORMATS)


def test_every_provider_is_in_the_table() -> None:
    """X1: each module of a provider gives one, and the table has it."""
    found = [
        value
        for one in pkgutil.iter_modules(providers.__path__)
        for value in vars(importlib.import_module(f"{providers.__name__}.{one.name}")).values()
        if isinstance(value, Provider)
    ]
    assert {one.name for one in found} == providers.BY_NAME.keys()


def test_every_sink_is_in_the_table() -> None:
    """X1: each sink that the environment can make is one that a configuration can name."""
    makers = [
        f"{module.name}:{node.name}"
        for module in source_modules(packages=("tracker",))
        if within(module.name, "tracker.sinks")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "from_environment"
    ]
    assert sorted(makers) == sorted(known.maker for known in KNOWN.values())


def test_delivery_knows_no_sink() -> None:
    """X1: what tells the destinations of a sink apart is said by its own module, if anything."""
    sinks = {known.maker.partition(":")[0] for known in KNOWN.values()}
    named = [
        f"{module.path}:{node.lineno}"
        for module in source_modules(packages=("tracker",))
        if within(module.name, "tracker.delivery")
        for node in walked(module.tree)
        if (isinstance(node, ast.Constant) and node.value in KNOWN)
        or (isinstance(node, ast.ImportFrom) and node.module in sinks)
    ]
    assert named == []


def unlisted(page: str, names: Iterable[str]) -> list[str]:
    """Return which of *names* the document *page* does not have as code."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [name for name in names if f"`{name}`" not in text]


def test_pages_have_what_users_can_name() -> None:
    """X1: each format stands in reports.md, and each store in settings.md."""
    assert unlisted("reports.md", FORMATS) == []
    assert unlisted("settings.md", KNOWN) == []
    assert unlisted("settings.md", ["sqlite", "carrier-pigeons"]) == ["carrier-pigeons"]
