"""Comments: every one is kept, and none holds for more than it did."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from pairs import HEADER, NEW, OLD, legacy, migrated, objects, same

from codemods.validator.comments import same_comments
from codemods.validator.terms import Difference

COMMENTS = st.lists(
    st.sampled_from(["# one", "# two", "# noqa: E501", "#", "# caf\xe9 \u2028 x", "# type: x"]),
    min_size=2,
    max_size=4,
)


@given(COMMENTS, st.randoms(use_true_random=False))
def test_comments_may_move_and_not_be_lost(comments: list[str], random: st.randoms) -> None:
    """Their places are the editor's to say, their number and texts are not."""
    body = "".join(f"{comment}\nask({n})\n" for n, comment in enumerate(comments))
    random.shuffle(comments)
    moved = "".join(f"ask({n})  {comment}\n" for n, comment in enumerate(comments))
    same(legacy(body), migrated(moved))
    objects(legacy(body), migrated(moved.replace(comments[0], "", 1)), "a comment was lost")
    objects(legacy(body), migrated(moved + "# more\n"), "a comment was added: # more")
    objects(legacy(body), migrated(moved.replace(comments[0], "# odd", 1)), "a comment was lost")


@each_of(
    "comment",
    ["# pragma: no cover", "#pragma:no cover", "# pylint: disable=all", "# PRAGMA NO COVER"],
)
def test_a_comment_for_a_line_is_not_one_for_a_block(comment: str) -> None:
    """Behind a header it holds for all that is in the block."""
    body = "ask()\n"
    before = legacy(body).replace("Tracker()\n", f"Tracker()  {comment}\n")
    objects(before, migrated(body, HEADER[:-1] + f"  {comment}\n"), "holds for the whole block")
    same(before, migrated(f"{comment}\n{body}"))


@each_of("comment", ["# noqa", "# pylint: disable-next=all", "# no cover", "# why"])
def test_other_comments_may_stand_behind_a_header(comment: str) -> None:
    """What says nothing of a block may move there."""
    before = legacy("ask()\n").replace("Tracker()\n", f"Tracker()  {comment}\n")
    same(before, migrated("ask()\n", HEADER[:-1] + f"  {comment}\n"))


CELLS = ["# %%", "# In[3]:", "# COMMAND ----------", "# + [markdown]", "#%% title", "# <codecell>"]


@each_of("cell", CELLS)
def test_a_cell_begins_where_it_began(cell: str) -> None:
    """At the start of a line such a comment begins a cell of a notebook, and elsewhere none."""
    before = legacy("ask()\n") + f"{cell}\nx = 1\n"
    same(before, migrated("ask()\n") + f"{cell}\nx = 1\n")
    objects(before, migrated(f"{cell}\nask()\n") + "x = 1\n", "cell")
    inner = legacy(f"{cell}\nask()\n")
    same(inner, migrated(f"ask()  {cell}\n"))
    objects(inner, migrated("ask()\n") + f"{cell}\n", "cell")


def test_what_looks_like_a_comment_in_a_text_is_none() -> None:
    """Only comments are counted."""
    same(legacy("ask('# one')  # two\n"), migrated("# two\nask('# one')\n"))
    objects(legacy("ask('# one')  # two\n"), migrated("ask('# one')\n"), "# two")


LITERALS = st.sampled_from(
    [
        *("'# no'", '"# no"', r"'\\'", r"'\'# no'", r'"\"# no"', r"r'\\'", "''", '""', "a"),
        *('\'"""# no\'', '"\'# no"', "'''# no\n# no'''", '"""# no\n"# no" ""# no"""', "''''''"),
        *("'''it's # no'''", r'"""\"""# no"""', "'# no \\\n# no'", "f'{a!r}# no'", "rb'# no'"),
        *("f'{a}' '# no'", "b'''\n# no'''", "'a' \\\n  '# no'", "('''# no''' '')", "''''# no'''"),
    ]
)


@given(st.lists(st.tuples(LITERALS, COMMENTS), min_size=1, max_size=5), st.booleans())
def test_comments_are_told_from_texts(lines: list[tuple[str, list[str]]], windows: bool) -> None:
    """However a text is quoted and wherever it ends: no comment is missed, and no other seen."""
    end = "\r\n" if windows else "\n"
    text = "".join(f"x = {literal}  {found[0]}{end}{found[1]}{end}" for literal, found in lines)
    ast.parse(text)
    alone = "".join(f"x  {found[0]}\n{found[1]}\n" for _, found in lines)
    same_comments(text, alone, [])
    same_comments(alone, text, [])
    for before, after in ((text, f"{alone}# more\n"), (f"{alone}# more\n", text)):
        with pytest.raises(Difference, match=r"a comment was (added|lost): # more"):
            same_comments(before, after, [])


ANSWER = "answer = client.chat.completions.create()\n"
REPLAY = "tracker.track_openai_completion(lambda: answer)()\n"


@each_of(
    ("above", "goes"),
    [
        ("# by hand\n", ["# by hand"]),
        ("# one\n# two\n", ["# two"]),
        ("# one\n# two\n", ["# one", "# two"]),
    ],
)
def test_a_comment_may_go_with_what_a_block_makes_needless(above: str, goes: list[str]) -> None:
    """What stands in a removed recording, or right above it, may be gone."""
    left = "".join(line for line in above.splitlines(True) if line.strip() not in goes)
    same(legacy(ANSWER + above + REPLAY), migrated(ANSWER + left))
    same(legacy(f"{ANSWER}{above}{REPLAY[:-1]}  # behind\n"), migrated(ANSWER + left))


@each_of(
    ("before", "after"),
    [
        (f"{ANSWER}# at a distance\n\n{REPLAY}", ANSWER),
        (f"{ANSWER[:-1]}  # of the call\n{REPLAY}", ANSWER),
        (f"{ANSWER}{REPLAY}# below\n", ANSWER),
        (f"{ANSWER}# stays\n{REPLAY}", f"{ANSWER}{REPLAY}"),
        ("# of the use\nask(tracker)\n", "ask(tracker)\n"),
    ],
)
def test_no_other_comment_may_go(before: str, after: str) -> None:
    """Neither one that is further away, nor that of a statement which is still there."""
    objects(legacy(before), migrated(after), "a comment was lost")


def test_what_begins_a_cell_does_not_go() -> None:
    """A mark right above a removed recording is none of its comments."""
    top = "tracker = AIUsageTracker()\n" + 'tracker.set_tracking_context(job_id="a")\n'
    before = f"{OLD}{top}{ANSWER}# %% usage\n{REPLAY}"
    after = f"{NEW}{HEADER}    {ANSWER}"
    objects(before, after, "a comment was lost")
