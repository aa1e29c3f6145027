"""Which findings of a run are told of, and how much each counts: what its file has selected."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codemods.model.finding import Severity
from codemods.model.outcome import Linted, RunReport
from codemods.model.rules import RULES, Selector
from codemods.project.ignore.gitignore import rules_from
from codemods.project.tables.lint import LintConfig
from codemods.project.tables.overrides import is_matched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from codemods.model.finding import Finding
    from codemods.model.options import Configuration, LintOptions, ProjectConfig
    from codemods.model.outcome import FileOutcome
    from codemods.project.ignore.gitignore import Rules


@dataclass(frozen=True, slots=True)
class Selected:
    """What a table and the command line select: codes, and those that count less than an error."""

    codes: frozenset[str]
    severities: Mapping[str, Severity]


class Selection:
    """What is selected for each file, named as reports do from the folder *cwd* on."""

    def __init__(self, config: Configuration, lint_options: LintOptions, cwd: Path) -> None:
        self._config = config
        self._options = lint_options
        self._cwd = os.path.abspath(cwd)  # noqa: PTH100 - resolve() follows links
        self._known: dict[Path | None, Selected] = {}
        self._patterns: dict[Path | None, Sequence[tuple[bool, Rules, frozenset[str]]]] = {}

    def of(self, path: str) -> Selected:
        """Return what holds for the file *path*; raises ConfigError."""
        table = self._config.of(Path(path))
        if table.source not in self._known:
            codes = selected((lint_of(table), self._options))
            self._known[table.source] = Selected(codes, _severities(lint_of(table)))
        known = self._known[table.source]
        left_out = self._left_out(table, os.path.join(self._cwd, path))  # noqa: PTH118
        return replace(known, codes=known.codes - left_out) if left_out else known

    def applied(self, report: RunReport) -> RunReport:
        """Return *report* with what is selected of its findings."""
        outcomes = (self._of_file(one) for one in report.outcomes)
        return replace(report, outcomes=tuple(one for one in outcomes if one is not None))

    def _of_file(self, outcome: FileOutcome) -> FileOutcome | None:
        if not isinstance(outcome, Linted):
            return outcome
        chosen = self.of(outcome.path)
        findings = tuple(
            _counted(one, chosen.severities.get(one.code, Severity.ERROR))
            for one in outcome.findings
            if one.code in chosen.codes
        )
        silenced = tuple(one for one in outcome.silenced if one.finding.code in chosen.codes)
        if not findings and not silenced:
            return None
        return replace(outcome, findings=findings, silenced=silenced)

    def _left_out(self, table: ProjectConfig, path: str) -> frozenset[str]:
        if table.source not in self._patterns:
            base = str(table.root or self._cwd)
            self._patterns[table.source] = [
                (pattern.startswith("!"), rules_from([pattern.removeprefix("!")], base), codes)
                for pattern, texts in lint_of(table).per_file_ignores.items()
                for codes in [frozenset().union(*(Selector.of(text).codes for text in texts))]
            ]
        return frozenset().union(
            *(
                codes
                for all_others, rules, codes in self._patterns[table.source]
                if is_matched(rules, path) is not all_others
            )
        )


def _counted(finding: Finding, severity: Severity) -> Finding:
    """Return *finding* as one that counts as much as *severity* says."""
    return finding if finding.severity is severity else replace(finding, severity=severity)


def lint_of(table: ProjectConfig) -> LintConfig:
    """Return what *table* says of lint, which may be nothing."""
    return table.lint or _NOTHING_SAID


_NOTHING_SAID = LintConfig()


def selected(layers: Sequence[LintConfig | LintOptions]) -> frozenset[str]:
    """Return the codes that *layers* select, of which a later one counts before those above it.

    What selects in a layer replaces what was selected before, unless it only extends that.  In a
    layer a code counts before a beginning of codes, and what ignores before what selects.
    """
    holds = dict.fromkeys(RULES, True)
    for layer in layers:
        given = [
            (Selector.of(text), True) for text in (*(layer.select or ()), *layer.extend_select)
        ]
        given += [(Selector.of(text), False) for text in layer.ignore]
        if layer.select is not None:
            holds = dict.fromkeys(RULES, False)
        for selector, is_on in sorted(given, key=lambda one: (one[0].weight, not one[1])):
            holds.update(dict.fromkeys(selector.codes, is_on))
    return frozenset(code for code, is_on in holds.items() if is_on)


def _severities(table: LintConfig) -> Mapping[str, Severity]:
    found = {code: Severity(rule.severity) for code, rule in RULES.items()}
    given = [(Selector.of(text), severity) for text, severity in table.severity.items()]
    for selector, severity in sorted(given, key=lambda one: one[0].weight):
        found.update(dict.fromkeys(selector.codes, severity))
    return found
