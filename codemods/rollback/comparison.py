"""Whether a migrated text is the file that was rolled back, but for layout and unused names.

Where lines are broken in brackets is the formatter's to say, and a block that people wrote may
give its tracker a name that nothing uses.
"""

from __future__ import annotations

import io
import tokenize

from codemods.rollback.texts import NAMED

_NO_CODE = frozenset({tokenize.NL, tokenize.ENDMARKER})
_CLOSING = frozenset(")]}")


def is_again(migrated: str, original: str) -> bool:
    """Whether *migrated* has the lines and comments of *original*, as a formatter sees them."""
    if migrated == original:
        return True
    try:
        made, wanted = _tokens(migrated), _tokens(original)
    except (tokenize.TokenError, SyntaxError):
        return False
    i = 0
    for token in made:
        named = wanted[i : i + 1] == ["as"] and wanted[i + 2 : i + 3] == [":"] == [token]
        i += 2 if named else 0
        if wanted[i : i + 1] != [token]:
            return False
        i += 1
    return i == len(wanted)


def _tokens(text: str) -> list[str]:
    """Return the tokens of *text*, without comments that name operations and last commas."""
    found: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _NO_CODE or token.string.startswith(NAMED):
            continue
        if token.string in _CLOSING and found[-1:] == [","]:
            found.pop()
        # An indentation says by how much.
        found.append(token.string if token.type != tokenize.DEDENT else "\b")
    return found
