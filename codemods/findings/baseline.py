"""What a project has already: how many findings of each rule, file by file.

A run with a baseline tells of what is new, and of what is gone and still in it, so that the count
only goes down.  A file that was renamed is known by its content.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codemods.findings import outdated
from codemods.model.finding import Finding
from codemods.model.outcome import Failed, Linted, RunReport
from codemods.model.source import Span
from codemods.project.sources import digest, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

VERSION = 1
#: Of a baseline in bytes: of some 500,000 files.
LARGEST = 64 << 20


class BaselineError(ValueError):
    """The file is no baseline; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a file: the digest of its content, and the findings of each rule."""

    digest: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Baseline:
    """The entries by path, from the folder of the baseline on."""

    entries: Mapping[str, Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Baseline:
        """Return the baseline in *text*; raises BaselineError."""
        try:
            document = json.loads(text)
            if document["version"] != VERSION:
                raise BaselineError(f"it is of version {document['version']}, not {VERSION}")
            return cls({str(path): _entry(one) for path, one in document["files"].items()})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, BaselineError):
                raise
            raise BaselineError("it is no baseline; --update-baseline writes one") from None

    @property
    def text(self) -> str:
        """The baseline as a file holds it: in order, so that two branches can be merged."""
        files = {
            path: {"digest": one.digest, "counts": dict(sorted(one.counts.items()))}
            for path, one in sorted(self.entries.items())
            if one.counts
        }
        return json.dumps({"version": VERSION, "files": files}, indent=2) + "\n"


def _entry(value: Any) -> Entry:
    counts = {str(code): int(count) for code, count in value["counts"].items() if count > 0}
    return Entry(str(value["digest"]), counts)


@dataclass(frozen=True)
class Scope:
    """Which of the entries a run says anything about: those below *named*, of *enabled* rules.

    *place* is the baseline, *cwd* the folder that reports name files from.
    """

    place: Path
    cwd: Path
    named: Sequence[Path]
    enabled: Callable[[str], frozenset[str]]

    @cached_property
    def _folder(self) -> str:
        return os.path.realpath(self.place.parent)

    def key(self, path: str) -> str:
        """Return how the baseline names the file that reports call *path*."""
        real = os.path.join(os.path.realpath(self.cwd), path)  # noqa: PTH118
        return os.path.relpath(real, self._folder).replace(os.sep, "/")

    def shown(self, key: str) -> str:
        """Return how reports call the file that the baseline names *key*."""
        return os.path.relpath(self.file(key), os.path.realpath(self.cwd)).replace(os.sep, "/")

    def file(self, key: str) -> Path:
        """Return where the file that the baseline names *key* is."""
        return Path(os.path.normpath(os.path.join(self._folder, key)))  # noqa: PTH118

    def holds(self, key: str) -> bool:
        """Whether the run was to look at the file that the baseline names *key*."""
        file = self.file(key)
        # A folder that is a link has two names, and reports call its files by the one given.
        given = (os.path.join(os.path.realpath(self.cwd), one) for one in self.named)  # noqa: PTH118
        return any(
            file.is_relative_to(name)
            for one in given
            for name in (os.path.normpath(one), os.path.realpath(one))
        )


class Ratchet:
    """A baseline beside the *report* of a run."""

    def __init__(self, baseline: Baseline, report: RunReport, scope: Scope) -> None:
        self._scope = scope
        self._report = report
        self._linted = {scope.key(o.path): o for o in report.outcomes if isinstance(o, Linted)}
        self._failed = {scope.key(o.path) for o in report.outcomes if isinstance(o, Failed)}
        self._baseline = self._renamed(baseline)

    def applied(self) -> RunReport:
        """Return the report with what is new, and what is gone."""
        outcomes = [self._new(one) for one in self._report.outcomes]
        gone = tuple(self._gone())
        if gone:
            outcomes.append(Linted(gone[0].path, gone))
        told = [o for o in outcomes if not isinstance(o, Linted) or o.findings or o.silenced]
        return replace(self._report, outcomes=tuple(sorted(told, key=lambda one: one.path)))

    def updated(self, *, only_less: bool) -> Baseline:
        """Return the baseline of this run; with *only_less* what is new is not in it."""
        entries = dict(self._baseline.entries)
        for key in {*entries, *self._linted}:
            known = entries.get(key, Entry("", {}))
            if key in self._failed or not (key in self._linted or self._scope.holds(key)):
                continue
            enabled = self._enabled(key)
            found = self._counts(key)
            if only_less:
                found = Counter({c: min(n, known.counts.get(c, 0)) for c, n in found.items()})
            others = {c: n for c, n in known.counts.items() if c not in enabled}
            counts = {**others, **{c: n for c, n in found.items() if n}}
            entries[key] = Entry(self._digest(key) or known.digest, counts)
        return Baseline({key: one for key, one in entries.items() if one.counts})

    def _renamed(self, baseline: Baseline) -> Baseline:
        """Return *baseline* with the names that files have now that are gone under the old ones."""
        entries = dict(baseline.entries)
        new = [key for key in self._linted if key not in entries]
        gone = {k: e for k, e in entries.items() if new and not self._scope.file(k).exists()}
        for key in new:
            found = self._digest(key)
            old = next((k for k, one in gone.items() if found and one.digest == found), None)
            if old is not None:
                entries[key] = gone.pop(old)
                del entries[old]
        return Baseline(entries)

    def _new(self, outcome: Any) -> Any:
        if not isinstance(outcome, Linted):
            return outcome
        key = self._scope.key(outcome.path)
        known = self._baseline.entries.get(key, Entry("", {})).counts
        more = {c for c, n in self._counts(key).items() if n > known.get(c, 0)}
        return replace(outcome, findings=tuple(f for f in outcome.findings if f.code in more))

    def _gone(self) -> Sequence[Finding]:
        """Return a finding for each file and rule of which the baseline knows too many."""
        shown = self._scope.shown(self._scope.place.name)
        if outdated.CODE not in self._scope.enabled(shown):
            return ()
        found = []
        for key, entry in sorted(self._baseline.entries.items()):
            if key in self._failed or not (key in self._linted or self._scope.holds(key)):
                continue
            counts, enabled = self._counts(key), self._enabled(key)
            for code, known in sorted(entry.counts.items()):
                if code in enabled and counts[code] < known:
                    said = outdated.message(self._scope.shown(key), code, known, counts[code])
                    found.append(Finding(outdated.CODE, shown, Span(1, 1, 1, 1), said))
        return found

    def _enabled(self, key: str) -> frozenset[str]:
        return self._scope.enabled(self._scope.shown(key))

    def _counts(self, key: str) -> Counter[str]:
        linted = self._linted.get(key)
        return Counter(one.code for one in linted.findings) if linted is not None else Counter()

    def _digest(self, key: str) -> str:
        try:
            return digest(read_bytes(self._scope.file(key)))
        except OSError:
            return ""
