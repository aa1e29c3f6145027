"""Where code stands in documents, and that it is put back byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from many_cases import each_of

from codemods.project.embedded.blocks import split
from codemods.project.embedded.grammars import docstring, markdown, restructured
from codemods.project.embedded.text import document

if TYPE_CHECKING:
    from collections.abc import Callable

GRAMMARS = {"markdown": markdown, "rst": restructured, "docstring": docstring}
PARTS = st.sampled_from(
    [
        "```python", "```py", "```", "~~~~ python3", "~~~~", "```text", "   ```python", "  ```",
        "- ```{code-block} python", "````", ".. code-block:: python", "   :linenos:", "::",
        "  .. code:: text", ".. testcode::", ">>> a = 1", "    >>> b(", "    ... )", ">>>", "...",
        "    5", "x = 1", "    x = 1", "\tx = '''", "", "   ", "    if x:", "        y()", "Text.",
        ">>> x  # doctest: +SKIP", "> quoted", "\x0c", "caf\xe9 \u2028 z", "# %% token 0",
    ]
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n"])
TEXTS = st.lists(st.tuples(PARTS, ENDS), max_size=25).map(
    lambda rows: "".join(text + end for text, end in rows)
)
ODD = st.text(st.sampled_from(list("`~>.:{}python \n\r\t=x#\"'\\")), max_size=60)


@given(TEXTS | ODD | TEXTS.map(str.rstrip), st.sampled_from(sorted(GRAMMARS)))
def test_a_block_put_back_as_it_was_changes_no_byte(text: str, name: str) -> None:
    """Whatever the text: each block replaced by its own code gives the same text."""
    found = document(text, GRAMMARS[name], "t")
    assert found.rewritten(found.text) == text
    assert found.with_codes([one.code for one in found.blocks], text) == text
    ends = 0
    for one in found.blocks:
        assert one.first >= ends
        ends = one.first + len(one.lines)
        assert "".join(line.text for line in one.lines) == "".join(
            line + end for line, end in split(text)[one.first : ends]
        )
    assert ends <= len(split(text))


@given(TEXTS, st.sampled_from(sorted(GRAMMARS)), st.data())
def test_only_the_lines_of_a_block_that_changes_differ(
    text: str, name: str, data: st.DataObject
) -> None:
    """Another program in one block leaves all other lines as they are."""
    found = document(text, GRAMMARS[name], "t")
    if not found.blocks:
        return
    number = data.draw(st.integers(0, len(found.blocks) - 1))
    codes = [one.code for one in found.blocks]
    codes[number] = "with a:\n    b()\n\n    c()\nd()\n"
    written = found.with_codes(codes, text)
    assert written is not None
    block = found.blocks[number]
    old, new = (split(t) for t in (text, written))
    below = len(old) - block.first - len(block.lines)
    assert new[: block.first] == old[: block.first]
    assert new[len(new) - below :] == old[len(old) - below :]


def codes(grammar: Callable[..., object], text: str) -> list[str]:
    """Return the code of the blocks that *grammar* finds in *text*."""
    return [one.code for one in document(text, grammar, "t").blocks]  # type: ignore[arg-type]


@each_of(
    ("text", "found"),
    [
        ("```python\na\n```\n", ["a\n"]),
        ("~~~ py title=x\na\n\nb\n~~~\n", ["a\n\nb\n"]),
        ("````python\n```\na\n````\n", ["```\na\n"]),
        ("- x\n\n  ```python3\n  a:\n    b\n  ```\n", ["a:\n  b\n"]),
        ("```{code-block} python\na\n```\n", ["a\n"]),
        ("```{.python .numberLines}\na\n```\n", ["a\n"]),
        ("```pycon\n>>> a\n1\n>>> b\n```\n", ["a\n", "b\n"]),
        ("```\n>>> a\n... b\n```\n", ["a\nb\n"]),
        (">>> a\n>>> b\n\n>>> c\n", ["a\nb\n", "c\n"]),
        ("```python\na\n", ["a\n"]),
    ],
)
def test_what_is_python_in_markdown(text: str, found: list[str]) -> None:
    """Fences that name Python, and prompts; an answer ends an example."""
    assert codes(markdown, text) == found


@each_of(
    "text",
    [
        "```\na = 1\n```\n",
        "```text\n>>> a\n```\n",
        "```pythonic\na\n```\n",
        "```bash python\na\n```\n",
        "    a = 1\n",
        "`python`\n",
        "```python `x`\na = 1\n```\n",
        "```python\n\n```\n",
        "... a\n",
        ">>>a\n",
    ],
)
def test_what_is_no_python_in_markdown(text: str) -> None:
    """Other languages, no language, inline code, and what only looks like a prompt."""
    assert codes(markdown, text) == []


@each_of(
    ("text", "found"),
    [
        (".. code-block:: python\n\n   a\n\n   b\n\nText\n", ["a\n\nb\n"]),
        (".. code:: py\n   :number-lines:\n\n   a\n", ["a\n"]),
        ("  .. sourcecode:: python3\n\n      a:\n        b\n\n  Text\n", ["a:\n  b\n"]),
        (".. testcode:: group\n\n   a\n", ["a\n"]),
        ("::\n\n    >>> a\n    1\n    >>> b\n", ["a\n", "b\n"]),
        (".. code-block:: pycon\n\n   >>> a\n   ... b\n", ["a\nb\n"]),
    ],
)
def test_what_is_python_in_restructured_text(text: str, found: list[str]) -> None:
    """Directives that name Python, without their options, and prompts."""
    assert codes(restructured, text) == found


@each_of(
    "text",
    [
        ".. code-block:: bash\n\n   a\n",
        ".. code-block:: text\n\n   >>> a\n",
        "::\n\n    a = 1\n",
        ".. note::\n\n   a = 1\n",
        ".. code-block:: python\n\na = 1\n",
        "```python\na = 1\n```\n",
    ],
)
def test_what_is_no_python_in_restructured_text(text: str) -> None:
    """Other directives and languages, and what is not indented."""
    assert codes(restructured, text) == []


@each_of(
    ("text", "code", "written"),
    [
        (">>> a\n", "with b:\n    a\n", ">>> with b:\n...     a\n"),
        ("  >>> a\r\n", "b\nc\n", "  >>> b\r\n  >>> c\r\n"),
        (">>> a\n>>> b\n", "a\nif c:\n\n    b\n", ">>> a\n>>> if c:\n...\n...     b\n"),
        (">>> a\n... \n>>> b\n", "a\n\nc\n", ">>> a\n>>>\n>>> c\n"),
        ("```python\na\n```\n", "x\ny\n", "```python\nx\ny\n```\n"),
        (" ~~~python\n a\n\n b\n ~~~", "a\n\nc\n", " ~~~python\n a\n\n c\n ~~~"),
        (">>> a", "b\nc\n", ">>> b\n>>> c"),
    ],
)
def test_other_code_is_written_as_its_neighbours(text: str, code: str, written: str) -> None:
    """Indentation, prompts and ends of lines are those of the block."""
    assert document(text, markdown, "t").with_codes([code], text) == written
