"""The rules by code: what a command line or a comment may name, known without loading a rule.

The table is made from the docstrings of the rules by ``python -m tests.rule_pages --update``, and
a contract test holds that it is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class RuleName:
    """A rule by its code, its name, and what it reports in a few words.

    ``severity`` is how much its findings count where nobody says otherwise.
    """

    code: str
    name: str
    summary: str
    severity: str = "error"


# begin of the table
RULES: Mapping[str, RuleName] = {
    "AIU000": RuleName(
        "AIU000",
        "unread-example",
        "code in a document names the tracker and is no whole Python",
    ),
    "AIU001": RuleName(
        "AIU001",
        "tracker-built-by-hand",
        "a construction that no context manager makes or takes",
    ),
    "AIU002": RuleName(
        "AIU002",
        "ids-set-by-hand",
        "a set call on a variable that a tracker is built into",
    ),
    "AIU003": RuleName(
        "AIU003",
        "legacy-import",
        "the class is imported for building trackers by hand",
    ),
    "AIU004": RuleName(
        "AIU004",
        "mixed-pattern",
        "a context manager whose tracker is configured by hand",
    ),
    "AIU005": RuleName(
        "AIU005",
        "missing-tracker-passing",
        "a call inside a block that leaves its callee without the tracker",
    ),
    "AIU006": RuleName(
        "AIU006",
        "missing-import",
        "a context manager is used, and nothing in the file provides the name",
    ),
    "AIU007": RuleName(
        "AIU007",
        "nested-context",
        "one in another block that does not take over the tracker of that block",
    ),
    "AIU008": RuleName(
        "AIU008",
        "tracker-behind-its-block",
        "the tracker of a context is used when the context has ended",
    ),
    "AIU009": RuleName(
        "AIU009",
        "generic-operation-type",
        "a name that says nothing of what the block does",
    ),
    "AIU010": RuleName(
        "AIU010",
        "constructor-argument",
        "a context is given what only the tracker's constructor takes",
    ),
    "AIU011": RuleName(
        "AIU011",
        "context-for-each-item-of-a-batch",
        "a block a call, inside the block of the batch",
    ),
    "AIU012": RuleName(
        "AIU012",
        "tracker-of-its-own",
        "a call in a block leads to a context that makes another tracker",
    ),
    "AIU013": RuleName(
        "AIU013",
        "older-name",
        "a set call by its former name that stays, since no block takes its place",
    ),
    "AIU014": RuleName(
        "AIU014",
        "misspelt-field",
        "a context is given a name that is nearly one of its parameters",
    ),
    "AIU015": RuleName(
        "AIU015",
        "context-without-a-field",
        "a block says what it does, and not for whom",
        "info",
    ),
    "AIU016": RuleName(
        "AIU016",
        "unattributed-call",
        "a client's call that no block takes, in a file that has blocks",
        "warning",
    ),
    "AIU017": RuleName(
        "AIU017",
        "recorded-again",
        "a call that its block records is recorded by hand as well",
        "warning",
    ),
    "AIU100": RuleName(
        "AIU100",
        "needless-suppression",
        "a comment silences a rule that finds nothing there",
    ),
    "AIU101": RuleName(
        "AIU101",
        "unknown-suppression",
        "a comment silences a rule that does not exist",
    ),
    "AIU102": RuleName(
        "AIU102",
        "outdated-baseline",
        "it knows of more findings in a file than are left there",
    ),
}
# end of the table
#: What all codes begin with, and the word for all of them.
PREFIX, ALL = "AIU", "ALL"


class UnknownRuleError(ValueError):
    """A text names no rule; the message says which one it may have meant."""


def rule_named(text: str) -> RuleName:
    """Return the rule whose code or name is *text*; raises UnknownRuleError."""
    found = _exactly(text)
    if found is None:
        raise UnknownRuleError(f"no rule is called {text!r}.{nearest(text, _words())}")
    return found


@dataclass(frozen=True, slots=True)
class Selector:
    """The rules that a text selects; of two for one rule the one with more ``weight`` counts.

    A text is a code, a name, the beginning of codes, or ALL.
    """

    codes: frozenset[str]
    weight: int

    @classmethod
    def of(cls, text: str) -> Selector:
        """Return what *text* selects; raises UnknownRuleError."""
        found = _exactly(text)
        if found is not None:
            return cls(frozenset({found.code}), len(found.code))
        begin = "" if text.upper() == ALL else text.upper()
        codes = frozenset(code for code in RULES if code.startswith(begin))
        if not text or not codes or (begin and not begin.startswith(PREFIX)):
            raise UnknownRuleError(f"no rule is called {text!r}.{nearest(text, _words())}")
        return cls(codes, len(begin))


def nearest(text: str, valid: Iterable[str]) -> str:
    """Return the question whether the nearest of the *valid* words was meant, "" without one."""
    from difflib import SequenceMatcher, get_close_matches  # only now: most runs make no mistake

    words = {word.lower(): str(word) for word in valid}
    said = text.lower().replace("_", "-")
    near = get_close_matches(said, words, n=len(words), cutoff=0.5) if words else []
    if not near:
        return ""

    def likeness(word: str) -> tuple[float, int]:
        ratio = SequenceMatcher(None, word, said).ratio()
        return ratio, sum(a == b for a, b in zip(word, said, strict=False))

    return f" Did you mean {words[max(sorted(near), key=likeness)]!r}?"


def _exactly(text: str) -> RuleName | None:
    by_code = RULES.get(text.upper())
    return by_code or next((rule for rule in RULES.values() if rule.name == text.lower()), None)


def _words() -> list[str]:
    return [*RULES, *(rule.name for rule in RULES.values())]
