"""``python -m codemods.server``: a language server on standard input and output."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from codemods.cli.printing import printed
from codemods.report.status import FAILED

_HELP = """\
Usage: python -m codemods.server

A language server, which an editor starts: it speaks on standard input and output, and tells of
what `python -m codemods.lint` finds, while a text is typed.

Example, for Neovim (docs/editor.md has more):
  vim.lsp.config("ai_usage", {
    cmd = { "ai-usage-server" },
    filetypes = { "python" },
    root_markers = { "pyproject.toml", ".git" },
  })
  vim.lsp.enable("ai_usage")

  -V, --version  Print the version; no more.
  -h, --help     Print this; no more.
"""
_MISSING = "Error: the language server needs an extra: pip install 'ai-usage-suite[lsp]'"


def main(arguments: list[str] | None = None) -> int:
    """Serve until the editor says that it is enough; return the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given in (["-h"], ["--help"]):
        return printed(_HELP, 0)
    if given in (["-V"], ["--version"]):
        from codemods.cli.options import version_told  # only now: it loads the command line

        return printed(f"{version_told()}\n", 0)
    if [one for one in given if one != "--stdio"]:  # which clients add, and which is meant anyway
        return _wrong(_HELP)
    if find_spec("pygls") is None:
        return _wrong(_MISSING)
    from codemods.server.application import serve  # only now: it needs the extra

    return serve()


def _wrong(text: str) -> int:
    from codemods.cli import execution

    execution.say(text.rstrip(), err=True)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
