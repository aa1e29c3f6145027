"""What is the same code, told by its text where that surely says so."""

from __future__ import annotations

import ast
import itertools

from many_cases import each_of

from codemods.validator.fingerprint import alike, note_texts
from codemods.validator.walk import nodes

TEXTS = (
    "x = 1\n",
    "x = 1.0\n",
    "x = True\n",
    "x  =  1\n",
    "if y:\n    x = 1\n",
    "if y: x = 1\n",
    "if y:\n        x = 1  # a comment\n",
    "if z:\n    y\nelif y:\n    x = 1\n",
    "'''one\n    two'''\n",
    "if y:\n    '''one\n    two'''\n",
    "if y:\n  '''one\n    two'''\n",
    "'''one\ntwo'''\n",
    "@first\ndef f():\n    x = 1\n",
    "@second\ndef f():\n    x = 1\n",
    "class C:\n    @second\n    def f():\n        x = 1\n",
    "class C:\n    @first\n    def f():\n        x = 1\n",
    "x = '\N{LATIN SMALL LETTER E WITH ACUTE}'; x = 1\n",
    "x = 'e'; x = 1\n",
    "f(\n    1,\n)\n",
    "if y:\n    f(\n        1,\n    )\n",
    "def f(x, y=0.0): x = 1\n",
    "def f(x, y=-0.0): x = 1\n",
    "async def f(x, y=0.0): x = 1\n",
    "x = u'1'\n",
    "x = '1'\n",
)


@each_of("text", TEXTS)
def test_a_text_says_the_same_as_the_tree(text: str) -> None:
    """Each two statements are alike where their dumps are, with their texts and without."""
    for other, noted in itertools.product(TEXTS, (True, False)):
        trees = [ast.parse(text), ast.parse(other)]
        if noted:
            note_texts(trees[0], text)
            note_texts(trees[1], other)
        statements = [[n for n in nodes(tree) if isinstance(n, ast.stmt)] for tree in trees]
        for one, beside in itertools.product(*statements):
            assert alike(one, beside) == (ast.dump(one) == ast.dump(beside))


def test_what_stands_for_something_that_is_left_out_has_no_text() -> None:
    """Two such marks are told apart by what they hold: nothing of the text is theirs."""
    trees = [ast.parse("x"), ast.parse("x")]
    for number, tree in enumerate(trees):
        value = ast.Constant(number, lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)
        tree.body = [ast.copy_location(ast.Expr(value), value)]
        note_texts(tree, "")
    assert not alike(trees[0].body[0], trees[1].body[0])
