"""Where the check of a result takes a name for the variable around it, and where for another."""

from __future__ import annotations

import ast

from many_cases import each_of

from codemods.validator.scopes import visible


@each_of(
    ("text", "lines"),
    [
        ("[x for x in (1, 2)]", []),
        ("[x for x in x]", [1]),
        ("[y for y in x if x]", [1, 1]),
        ("[[x for y in x] for x in (1, 2)]", []),
        ("lambda x: x", []),
        ("lambda y=x: (y,\n x)", [1, 2]),
        ("lambda x=x: x", [1]),
        ("def f(x):\n    return x", []),
        ("def f(y: x) -> x:\n    x = 1\n    return x", [1, 1]),
        ("def f():\n    for x in ():\n        return x", []),
        ("def f():\n    nonlocal x\n    x = 1", [3]),
        ("def f():\n    def g():\n        x = 1\n    return x", [4]),
        ("def f():\n    [x for x in ()]\n    return x", [3]),
        ("@x\ndef f(x):\n    return x", [1]),
        ("class C:\n    x = 1\n    y = x", []),
        ("class C:\n    y = x\n    x = 1", [2]),
        ("class C:\n    x = 1\n    def f(self):\n        return x", [4]),
        ("class C:\n    x = 1\n    y = [x for _ in ()]", [3]),
        ("class C:\n    x = 1\n    y = [_ for _ in x]", []),
        ("class C(x):\n    x = 1", [1]),
        ("class C:\n    global x\n    x = 1\n    x", [3, 4]),
        ("x.y = [x.y for x in (1, 2)]", [1]),
    ],
)
def test_a_name_of_an_inner_scope_is_another_variable(text: str, lines: list[int]) -> None:
    """Parameters, targets and class variables hide the name, as far as the language says so."""
    (statement,) = ast.parse(text).body
    names = [n for n in visible(statement, "x") if isinstance(n, ast.Name) and n.id == "x"]
    assert sorted(name.lineno for name in names) == lines
