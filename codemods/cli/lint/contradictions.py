"""Options of lint that cannot hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from codemods.project.tables.lint import refuse_contradictions

if TYPE_CHECKING:
    from codemods.model.options import LintOptions, Options


def refuse(options: Options, lint_options: LintOptions) -> None:
    """Refuse what cannot hold together; raises UsageError."""
    try:
        refuse_contradictions(lint_options.select or (), lint_options.ignore)
        refuse_contradictions(lint_options.extend_select, lint_options.ignore)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    by_line = lint_options.since is not None or lint_options.diff_from_stdin
    counts = lint_options.baseline is not None
    update, prune = lint_options.update_baseline, lint_options.prune_baseline
    both = (
        *_of_writing(options, lint_options),
        (
            lint_options.since is not None and lint_options.diff_from_stdin,
            "--since and --diff-from-stdin both say which lines count. Choose one.",
        ),
        (
            counts and by_line,
            "--baseline counts all lines, and --since and --diff-from-stdin some. Choose one.",
        ),
        (
            counts and options.shard is not None,
            "--baseline counts all files, and --shard a part of them. Choose one.",
        ),
        (
            update and prune,
            "--update-baseline adds what is new, and --prune-baseline does not. Choose one.",
        ),
        ((update or prune) and not counts, "Name the baseline: --baseline FILE."),
        (
            (update or prune) and lint_options.writes,
            "--fix and --add-ignores change what a baseline is to hold. Run them first, and again.",
        ),
    )
    for is_given, message in both:
        if is_given:
            raise click.UsageError(message)


def _of_writing(options: Options, lint_options: LintOptions) -> tuple[tuple[bool, str], ...]:
    """Return what is wrong with how writing is asked for, and whether it is."""
    return (
        (
            lint_options.fix and lint_options.add_ignores is not None,
            "--fix mends what --add-ignores silences. Choose one.",
        ),
        (
            lint_options.unsafe_fixes and not lint_options.fix,
            "--unsafe-fixes says what --fix may do: name both.",
        ),
        (
            lint_options.unsafe_fixes and options.shard is not None,
            "--unsafe-fixes joins rewrites over several files, and --shard takes them apart. "
            "Choose one.",
        ),
        (
            lint_options.describes and (options.describes or lint_options.writes),
            "--explain and --list-rules print rules, and no more. Choose one.",
        ),
        (
            lint_options.explain is not None and lint_options.list_rules,
            "--explain prints one rule, and --list-rules all. Choose one.",
        ),
        (
            options.describes and lint_options.writes,
            "--show-settings and --show-files write nothing. Leave --fix and --add-ignores.",
        ),
    )
