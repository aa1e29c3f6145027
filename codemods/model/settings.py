"""What the user chose for a file, as the rules need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codemods.model.runtime import Runtime


@dataclass(frozen=True)
class Settings:
    """What holds for the code of a file.

    ``runtime`` is AUTO where the project is to be looked at; ``operations`` maps functions
    to operation types.  ``line_length`` is the project's, None where it says none; with
    ``examples`` those in docstrings are looked at too.
    """

    runtime: Runtime
    batch_pricing: bool
    strict: bool
    unsafe: bool
    operations: Mapping[str, str]
    line_length: int | None = None
    examples: bool = False
