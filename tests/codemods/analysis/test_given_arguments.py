"""Whether a call fits a signature is what Python says of it."""

from __future__ import annotations

import ast
import inspect

from hypothesis import example, given, settings
from hypothesis import strategies as st
from many_cases import each_of

from codemods.analysis.syntax.signatures import Given

NAMES = ("a", "b", "c", "d")


@st.composite
def signatures(draw: st.DrawFn) -> str:
    """Return the parameters of a method, in any order and kind that Python allows."""
    names = list(draw(st.permutations(NAMES)))
    counts = [draw(st.integers(0, 2)) for _ in range(2)]
    only, plain = names[: counts[0]], names[counts[0] : sum(counts)]
    with_default = draw(st.integers(0, len(only) + len(plain)))
    first = len(only) + len(plain) - with_default
    positional = [n if i < first else f"{n}=0" for i, n in enumerate([*only, *plain])]
    parts = ["self", *positional]
    if only:
        parts.insert(1 + len(only), "/")
    keyword_only = [f"{n}=0" if draw(st.booleans()) else n for n in names[sum(counts) :]]
    star = draw(st.sampled_from(["", "*rest"]))
    if star or keyword_only:
        parts.append(star or "*")
    parts += keyword_only
    if draw(st.booleans()):
        parts.append("**more")
    return ", ".join(parts)


@st.composite
def calls(draw: st.DrawFn) -> str:
    """Return a call that gives some values and some names, of parameters or none."""
    values = ["0"] * draw(st.integers(0, 4))
    named = draw(st.lists(st.sampled_from([*NAMES, "other"]), unique=True, max_size=3))
    return f"method({', '.join([*values, *(f'{name}=0' for name in named)])})"


def _fits(signature: str, call: str) -> bool:
    function = ast.parse(f"def method({signature}): pass").body[0]
    called = ast.parse(call, mode="eval").body
    assert isinstance(function, ast.FunctionDef)
    assert isinstance(called, ast.Call)
    return Given.by(called).fits(function.args, bound=1)


def _binds(signature: str, call: str) -> bool:
    scope: dict[str, object] = {}
    exec(f"def method({signature}): pass", scope)
    method = scope["method"]
    assert callable(method)
    called = ast.parse(call, mode="eval").body
    assert isinstance(called, ast.Call)
    names = {keyword.arg or "": 0 for keyword in called.keywords}
    try:
        inspect.signature(method).bind(None, *(0 for _ in called.args), **names)
    except TypeError:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(signatures(), calls())
@example("self, a", "method(0, a=0)")
@example("self, a, /", "method(a=0)")
@example("self, a, /, **more", "method(0, a=0)")
@example("self, *rest, a", "method(0, 0)")
def test_a_call_fits_where_python_binds_it(signature: str, call: str) -> None:
    """A call that Python can bind to a method fits it, and one that it cannot does not."""
    assert _fits(signature, call) == _binds(signature, call)


@each_of("call", ["method(*values)", "method(0, 0, 0, *values)", "method(**named)"])
def test_a_call_that_unpacks_may_fit_anything(call: str) -> None:
    """Nobody sees how much a call gives that unpacks something: it may fit."""
    assert _fits("self, a", call)
