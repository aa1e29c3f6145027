"""The names of the tracking API are spelled in one file, and spelled as the runtime has them."""

from __future__ import annotations

import ast
import importlib
import inspect
import re

from many_cases import each_of
from source_tree import Module, docstrings_of, source_modules, walked

from codemods import vocabulary
from tracker.ai_usage_tracker import AIUsageTracker

HOME = "codemods.vocabulary"

#: Names that are distinctive enough to be looked for inside any string.
NAMES = (
    vocabulary.TRACKER_CLASS,
    vocabulary.SET_CALL,
    *vocabulary.CONTEXT_MANAGERS,
    vocabulary.TRACKED_DECORATOR,
    vocabulary.FACTORY,
    *vocabulary.CLIENT_WRAPPERS,
    *vocabulary.RECORDING_DECORATORS,
    *vocabulary.DEFAULT_MODULES,
    *vocabulary.DEFAULT_MODULES.values(),
)
#: Names that are ordinary words of other APIs too: looked for as whole strings.
WHOLE_NAMES = (*vocabulary.TRACKER_METHODS, *vocabulary.CONSTRUCTOR_ONLY)


def spelled_names(module: Module) -> list[str]:
    """Return where *module* spells a name of the API in a string that is not a docstring."""
    pattern = re.compile("|".join(rf"(?<![\w.]){re.escape(name)}(?!\w)" for name in NAMES))
    tree = module.tree
    documentation = docstrings_of(tree)
    found = []
    for node in walked(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        if isinstance(value, str) and (pattern.search(value) or value in WHOLE_NAMES):
            found.append(f"{module.path}:{node.lineno} spells {value!r}")
    return found


def test_only_the_vocabulary_spells_the_api() -> None:
    """V1: no other module of the codemods has a name of the API as a string."""
    modules = [m for m in source_modules(packages=("codemods",)) if m.name != HOME]
    assert [place for module in modules for place in spelled_names(module)] == []


@each_of(
    ("text", "count"),
    [
        ('name = "AIUsageTracker"\n', 1),
        ('message = f"call {x} of set_tracking_context here"\n', 1),
        ('needle = b"ai_usage_context"\n', 1),
        ('"""About AIUsageTracker."""\n', 0),
        ('name = "MyAIUsageTrackerBase"\n', 0),
    ],
)
def test_a_spelled_name_is_seen(text: str, count: int) -> None:
    """The check sees plain, formatted and byte strings, and leaves docstrings alone."""
    assert len(spelled_names(Module("codemods.sample", "sample.py", text))) == count


def test_the_class_and_its_methods_exist() -> None:
    """V2: every method and state attribute that the codemods know is on the real tracker.

    They know each of its methods that wraps a client.
    """
    wrappers = [name for name in dir(AIUsageTracker) if name.startswith("create_wrapped_")]
    assert sorted(vocabulary.CLIENT_WRAPPERS) == wrappers
    names = {
        *vocabulary.TRACKER_METHODS,
        *vocabulary.STATE_ATTRIBUTES,
        *vocabulary.INERT_ATTRIBUTES,
        *vocabulary.CLIENT_WRAPPERS,
        vocabulary.FACTORY,
    }
    assert AIUsageTracker.__name__ == vocabulary.TRACKER_CLASS
    assert sorted(name for name in names if not hasattr(AIUsageTracker, name)) == []


def test_parameters_are_the_real_ones_in_their_order() -> None:
    """V2: positional arguments are read in the order that the runtime gives them."""
    set_call = inspect.signature(getattr(AIUsageTracker, vocabulary.SET_CALL)).parameters
    constructor = inspect.signature(AIUsageTracker).parameters
    assert tuple(set_call)[1:] == vocabulary.SET_PARAMETERS
    assert tuple(constructor) == vocabulary.CONSTRUCTOR_PARAMETERS


def test_the_context_managers_exist_where_imports_will_point() -> None:
    """V2: the module that a rewrite imports from has all the names."""
    legacy = f"{vocabulary.OWN_PACKAGE}.ai_usage_tracker"
    contexts = importlib.import_module(vocabulary.DEFAULT_MODULES[legacy])
    assert importlib.import_module(legacy).AIUsageTracker is AIUsageTracker
    for name in (*vocabulary.CONTEXT_MANAGERS, vocabulary.TRACKED_DECORATOR):
        assert hasattr(contexts, name), name
    assert vocabulary.TRACKER_ARGUMENT in inspect.signature(contexts.ai_usage_context).parameters


@each_of("word", [*vocabulary.NEEDLES, *vocabulary.MARKS])
def test_each_word_is_found_that_a_search_for_its_parts_may_miss(word: bytes) -> None:
    """Whatever stands around a word, it is found; of its parts alone none is taken for it."""
    every = bytes(range(256))
    for before, behind in (
        (b"#", b""),
        (b"x = '#'  # ", b"'\n"),
        (b"U _context AI #", b"\n"),
        (every, every),
    ):
        found = vocabulary.words_in(before + word + behind)
        assert found[1]
        assert found[0] is (word in vocabulary.NEEDLES)
        assert vocabulary.words_in(word)[0] is found[0]
    assert vocabulary.words_in(b"U my_context AI U_I ai_usage- tracking") == (False, False)


def test_the_mark_of_a_comment_counts_behind_what_begins_one() -> None:
    """A text says `ai-usage:` in a comment, or it is not looked at for that."""
    assert vocabulary.words_in(b"# ai-usage: off[AIU001]\n") == (False, True)
    assert vocabulary.words_in(b"x = 1  # noqa  ai-usage: off") == (False, True)
    assert vocabulary.words_in(b"x = 'ai-usage: off'\ny = 1  # nothing") == (False, False)
    assert vocabulary.words_in(b"x = 'ai-usage: off'\n") == (False, False)
    assert vocabulary.words_in(b"# nothing\nx = 'ai-usage: off'\n") == (False, False)


@each_of("before", [0, 1, 7, 8, 9, 100])
def test_a_word_is_found_behind_any_number_of_places_to_look_at(before: int) -> None:
    """The rare letter and comments are looked at one by one where they are few, and else not."""
    comments, letters = b"x = 1  # one\n" * before, b"U = IU\n" * before
    for end in (b"", b"\n", b"\r", b"\ny = 1\n"):
        assert vocabulary.words_in(comments + b"# ai-usage: off" + end) == (False, True)
        assert vocabulary.words_in(letters + b"AIU" + end) == (False, True)
        assert vocabulary.words_in(letters + b"AIUsageTracker" + end) == (True, True)
        assert vocabulary.words_in(comments + letters + end) == (False, False)
    assert vocabulary.words_in(b"\r".join([comments, b"# ai-usage: off", b"y"])) == (False, True)


def test_in_another_encoding_a_comment_may_begin_with_other_bytes() -> None:
    """Behind a line that names an encoding all is looked at."""
    for first in (b"", b"#! python\n", b"\n"):
        content = first + b"# coding: utf-7\nx = 1  +ACM- ai-usage: off\n"
        assert vocabulary.words_in(content) == (False, True)
