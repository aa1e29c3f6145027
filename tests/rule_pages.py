"""Writes the pages of the rules from their docstrings, or says which are not what these say.

``python -m tests.rule_pages --update`` writes ``docs/rules`` and the table of
``codemods/model/rules.py``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from codemods.findings.pages import Page, pages

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "rules"
TABLE = ROOT / "codemods" / "model" / "rules.py"
BEGIN, END = "# begin of the table\n", "# end of the table\n"
INTRODUCTION = """\
# Rules

What `python -m codemods.lint` reports, each rule with its page, made from its docstring by
`python -m tests.rule_pages --update`. `python -m codemods.lint --explain CODE` prints one.
*Guide*, on a page, is the place in the original project's migration guide that the rule is about.

| code | name | what it reports |
|---|---|---|
"""


def wanted() -> dict[Path, str]:
    """Return what each file is to hold."""
    found = pages()
    lines = [f"| [{p.code}]({p.code}.md) | {p.name} | {p.summary} |\n" for p in found]
    files = {FOLDER / f"{page.code}.md": page.markdown for page in found}
    return {**files, FOLDER / "README.md": INTRODUCTION + "".join(lines), TABLE: _table(found)}


def outdated() -> list[str]:
    """Return the files that are not what the docstrings say, and pages of no rule."""
    files = wanted()
    wrong = [path for path, text in files.items() if not path.exists() or _read(path) != text]
    wrong += [path for path in FOLDER.glob("*.md") if path not in files]
    return sorted(path.relative_to(ROOT).as_posix() for path in wrong)


def _table(found: list[Page]) -> str:
    entries = "".join(
        f'    "{p.code}": RuleName(\n        "{p.code}",\n        "{p.name}",\n'
        f'        "{p.summary}",\n'
        + (f'        "{p.severity}",\n' if p.severity != "error" else "")
        + "    ),\n"
        for p in found
    )
    table = f"{BEGIN}RULES: Mapping[str, RuleName] = {{\n{entries}}}\n{END}"
    pattern = re.escape(BEGIN) + r".*?" + re.escape(END)
    return re.sub(pattern, lambda _: table, _read(TABLE), flags=re.DOTALL)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def main() -> int:
    """Write the files, or name those that are outdated."""
    if sys.argv[1:] == ["--update"]:
        FOLDER.mkdir(exist_ok=True)
        for path, text in wanted().items():
            path.write_text(text, encoding="utf-8")
    found = outdated()
    for name in found:
        print(f"{name}: not what the docstrings say")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
