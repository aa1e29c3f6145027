"""Which name means what, held against ``symtable`` and against what programs do."""

from __future__ import annotations

import ast
import symtable
import textwrap
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from many_cases import each_of

from codemods.analysis.syntax.class_uses import hidden_loads
from codemods.analysis.syntax.parsed_module import ParsedModule
from codemods.analysis.syntax.scopes import Scopes
from codemods.interpreter import language
from codemods.model.source import SourceFile
from tests.codemods.analysis.scope_programs import program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

HERE = language()
NEW_3_12 = pytest.mark.skipif(not HERE.type_parameters, reason="the syntax is of Python 3.12")
NEW_3_13 = pytest.mark.skipif(
    not HERE.type_parameter_defaults, reason="the syntax is of Python 3.13"
)
NEW_3_14 = pytest.mark.skipif(not HERE.template_strings, reason="the syntax is of Python 3.14")


class Known:
    """The scopes of a text, and the names that its calls ``see(number, name)`` look at."""

    def __init__(self, text: str) -> None:
        self.text = textwrap.dedent(text)
        path = Path("program.py")
        content = self.text.encode()
        source = SourceFile(path, str(path), content, self.text, "utf-8", False, "\n", "")
        self.module = ParsedModule.of(source, ast.parse(source.text), ("program",))
        self.scopes = Scopes(self.module)
        self.looks: dict[int, ast.Name] = {}
        for call in self.module.every(ast.Call):
            if isinstance(call.func, ast.Name) and call.func.id == "see":
                number, name = call.args
                assert isinstance(number, ast.Constant)
                assert isinstance(name, ast.Name)
                self.looks[number.value] = name

    def meant(self, number: int) -> str:
        """Return whose variable look *number* means: a definition's name, or a kind of node."""
        node = self.scopes.of(self.looks[number]).scope.node
        name = getattr(node, "name", None)
        return name if isinstance(name, str) else type(node).__name__


def seen_by(text: str) -> list[tuple[int, int]]:
    """Run *text*; returns which look saw which number."""
    found: list[tuple[int, int]] = []
    running: list[types.CodeType] = []

    def see(number: int, value: Any) -> Any:
        if type(value).__name__ == "TypeVar":
            value = value.__bound__
        found.append((number, getattr(value, "value", value)))
        return value

    def call(made: Any) -> None:
        # What is annotated is evaluated only now since 3.14.
        with_types = getattr(made, "__annotations__", None)
        assert with_types is None or isinstance(with_types, dict)
        if isinstance(made, types.FunctionType) and made.__code__ not in running:
            running.append(made.__code__)
            try:
                made()
            finally:
                running.pop()

    names = {"see": see, "call": call, "__name__": "program"}
    exec(compile(text, "program.py", "exec", dont_inherit=True), names)
    return found


def _stores(known: Known) -> Iterator[tuple[int, ast.AST]]:
    """Yield each number that a program stores, with the node that its line names for it."""
    for binding in known.scopes.bindings.values():
        for binder in binding.binders:
            name = getattr(binder, "arg", None) or getattr(binder, "id", None)
            name = name or getattr(binder, "name", None)
            line = known.module.lines[binder.lineno - 1]  # type: ignore[attr-defined]
            for part in line.partition("#")[2].split():
                bound, _, number = part.partition("=")
                if bound == name:
                    yield int(number), binder


def _unread(text: str) -> list[tuple[int, int]]:
    """Return the looks at runtime whose value was stored in a variable that has not that look."""
    known = Known(text)
    found = []
    for look, value in seen_by(text):
        name = known.looks[look]
        # One line may bind one name twice, in two scopes: any of them may have stored it.
        owners = [
            binding
            for binding in known.scopes.bindings.values()
            if any(
                binder in binding.binders for number, binder in _stores(known) if number == value
            )
        ]
        hidden = hidden_loads(known.module, known.scopes, name.id)
        if not any(name in binding.loads for binding in owners) and name not in hidden:
            found.append((look, value))
    return found


def _compiles(text: str) -> bool:
    try:
        compile(text, "program.py", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


ANY_PROGRAM = given(st.randoms(use_true_random=False))
MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@ANY_PROGRAM
def test_a_name_means_the_variable_that_it_reads_when_the_program_runs(random: Random) -> None:
    """Whatever value a name shows at runtime was stored by a binder of its own variable."""
    text = program(random)
    assume(_compiles(text))
    assert not _unread(text), text


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


@MANY
@ANY_PROGRAM
def test_functions_and_classes_own_what_the_interpreter_says(random: Random) -> None:
    """The module, the body itself or another one owns a name, as in the interpreter's tables."""
    text = program(random)
    assume(_compiles(text))
    known = Known(text)
    tables = {
        (table.get_name(), table.get_lineno()): table
        for table in _tables(symtable.symtable(text, "program.py", "exec"))
        if table.get_type() in ("function", "class")
    }
    for node, scope in known.scopes.inner.items():
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        # The line is that of the first decorator in some versions' tables.
        lines = [node.lineno, *(d.lineno for d in node.decorator_list)]
        names = {node.name, scope.parent.spelled(node.name) if scope.parent else ""}
        table = next(t for n in names for line in lines if (t := tables.get((n, line))))
        for name in known.module.every(ast.Name):
            stored = scope.spelled(name.id)
            # What an annotation mentions is in a table of its own since 3.14.
            if known.scopes.scope_of[name] is scope and stored in table.get_identifiers():
                symbol = table.lookup(stored)
                owner = known.scopes.of(name).scope
                assert symbol.is_global() == owner.is_module, text
                assert symbol.is_local() == (owner is scope), text


@each_of(
    ("text", "owner"),
    [
        ("def f(x):\n    return [see(1, x) for x in x]\n", "ListComp"),
        ("def f(x):\n    return [x for x in see(1, x)]\n", "f"),
        ("def f(x):\n    return [see(1, x) for y in x]\n", "f"),
        ("def f(x):\n    return {x: see(1, x) for x in x}, {x for x in x}\n", "DictComp"),
        ("x = 1\nclass C:\n    x = 2\n    y = [see(1, x) for _ in x]\n", "Module"),
        ("x = 1\nclass C:\n    x = 2\n    y = [_ for _ in see(1, x)]\n", "C"),
        ("def f():\n    [x := y for y in ()]\n    return see(1, x)\n", "f"),
        (
            "def f():\n    global x\n    [[x := y for y in z] for z in ()]\n    see(1, x)\n",
            "Module",
        ),
        ("x = 1\nclass C:\n    x = 2\n    def f(self, y: see(1, x)): ...\n", "C"),
        ("class C:\n    x = 2\n    def f(self, y: [see(1, x) for _ in ()]): ...\n", "C"),
        ("x = 1\nclass C:\n    x = 2\n    y: (lambda: see(1, x)) = 0\n", "Module"),
        ("class C:\n    x = 2\n    y: [see(1, x) for x in ()] = 0\n", "ListComp"),
        ("__x = 1\nclass C:\n    def f(self): return see(1, __x)\n", "Module"),
        ("def f(__x):\n    class C:\n        y = see(1, __x)\n", "Module"),
        ("class C:\n    def f(self, __x): return see(1, __x)\n", "f"),
        ("try:\n    pass\nexcept* ValueError as x:\n    see(1, x)\n", "Module"),
    ],
)
@each_of("future", ["", "from __future__ import annotations\n"])
def test_the_same_source_has_the_same_scopes_everywhere(text: str, owner: str, future: str) -> None:
    """Comprehensions, annotations and private names mean the same on every interpreter."""
    assert Known(future + text).meant(1) == owner


@NEW_3_12
@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("def f[T](x: see(1, T)) -> T: ...\n", "f"),
        ("def f[T](x): return see(1, T)\n", "f"),
        ("T = 1\ndef f[T](x=see(1, T)): ...\n", "Module"),
        ("T = 1\n@see(1, T)\ndef f[T](x): ...\n", "Module"),
        ("class C[T](see(1, T)): ...\n", "C"),
        ("class C[T]:\n    def f(self): return see(1, T)\n", "C"),
        ("class C[T: see(1, T)]: ...\n", "C"),
        ("x = 1\ndef f[T: see(1, x)](x): ...\n", "Module"),
        ("x = 1\nclass C:\n    x = 2\n    def f[T: see(1, x)](self): ...\n", "C"),
        ("x = 1\nclass C:\n    x = 2\n    def f[T](self): see(1, x)\n", "Module"),
        ("type X[T] = list[see(1, T)]\n", "TypeAlias"),
        ("type X = see(1, X)\n", "Module"),
        ("def f[*T, **P](x): return see(1, P)\n", "f"),
        ("class C[__T]:\n    def f(self): return see(1, __T)\n", "C"),
    ],
)
def test_type_parameters_are_scopes_around_what_they_are_given_to(text: str, owner: str) -> None:
    """Bounds, signatures and bodies see type parameters; defaults and decorators do not."""
    assert Known(text).meant(1) == owner


@NEW_3_13
def test_the_default_of_a_type_parameter_sees_the_others() -> None:
    """A default is evaluated among the type parameters, and sees the class around it."""
    known = Known(
        "def f[T, U = see(1, T)](): ...\nclass C:\n    x = 1\n    def g[T = see(2, x)](): ...\n"
    )
    assert (known.meant(1), known.meant(2)) == ("f", "C")


@NEW_3_14
def test_a_template_string_sees_what_a_formatted_one_sees() -> None:
    """What stands in a template string is evaluated in the scope that it stands in."""
    known = Known('def f(x):\n    return t"{see(1, x)} {[see(2, x) for x in x]:{see(3, x)}}"\n')
    assert [known.meant(number) for number in (1, 2, 3)] == ["f", "ListComp", "f"]


def test_a_class_name_and_a_name_outside_both_count_where_versions_differ() -> None:
    """What a comprehension in a method's annotation reads is the class's name only since 3.14."""
    known = Known("x = 1\nclass C:\n    x = 2\n    def f(self, y: [see(1, x) for _ in ()]): ...\n")
    look = known.looks[1]
    readers = [b.scope for b in known.scopes.bindings.values() if look in b.loads]
    assert {type(scope.node).__name__ for scope in readers} == {"Module", "ClassDef"}


def test_a_wrong_declaration_is_the_file_s_mistake() -> None:
    """What the parser takes and the interpreter does not is a SyntaxError here too."""
    with pytest.raises(SyntaxError, match="nonlocal"):
        Known("def f():\n    nonlocal x\n")
