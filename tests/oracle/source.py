"""The structure of a generated program, and its rendering as text."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Suite:
    """A compound statement: its header line and its body; *tight* puts a short body beside it."""

    header: str
    body: list[Stmt] = field(default_factory=list)
    tight: bool = False


Stmt = str | Suite


def render(statements: list[Stmt], indent: str = "    ", level: int = 0) -> str:
    """Return *statements* as text; an empty body becomes ``pass``."""
    return "".join(_lines(statements, indent, level))


def _lines(statements: list[Stmt], indent: str, level: int) -> list[str]:
    found: list[str] = []
    for statement in statements:
        if isinstance(statement, str):
            found.append(f"{indent * level}{statement}\n" if statement else "\n")
        elif statement.tight and all(isinstance(s, str) for s in statement.body) and statement.body:
            body = "; ".join(s for s in statement.body if isinstance(s, str))
            found.append(f"{indent * level}{statement.header} {body}\n")
        else:
            found.append(f"{indent * level}{statement.header}\n")
            body_lines = _lines(statement.body, indent, level + 1)
            only_comments = all(line.strip().startswith("#") for line in body_lines)
            found.extend(body_lines)
            if only_comments:
                found.append(f"{indent * (level + 1)}pass\n")
    return found
