"""A tokenizer that is installed, if asking it fetches nothing from anywhere.

tiktoken gets its vocabularies from a server when they are first used.  A call that waits for a
budget must not: so only one that the program has loaded, or that is on the disk, is taken.
"""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker.error_boundary import tolerated

if TYPE_CHECKING:
    from collections.abc import Callable

_ASKING = tolerated("tokenizer", "AI usage tracking: tiktoken cannot be asked")
#: The variables by which tiktoken is told where its vocabularies are.
FOLDERS = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
#: Of clients of other makers; of their models the tokens are about as many.
USUAL = "o200k_base"


@functools.lru_cache(maxsize=256)
def counter(model: str) -> Callable[[str], int] | None:
    """Return what counts the tokens of a text for *model*, or None if there is nothing."""
    with _ASKING:
        try:
            import tiktoken
        except ImportError:
            return None
        try:
            name = tiktoken.encoding_name_for_model(model)
        except KeyError:
            name = USUAL
        if not _is_here(name):
            return None
        encoding: Any = tiktoken.get_encoding(name)
        return lambda text: len(encoding.encode(text, disallowed_special=()))
    return None


def _is_here(name: str) -> bool:
    """Whether the vocabulary *name* is in memory, or the file that tiktoken looks for is there."""
    from tiktoken import registry

    if name in registry.ENCODINGS:
        return True
    folder = next((found for one in FOLDERS if (found := os.environ.get(one))), None)
    if folder is None:
        folder = str(Path(tempfile.gettempdir()) / "data-gym-cache")
    from tiktoken_ext import openai_public

    made = openai_public.ENCODING_CONSTRUCTORS[name]
    places = [text for text in made.__code__.co_consts if isinstance(text, str) and "://" in text]
    files = [Path(folder) / hashlib.sha1(place.encode()).hexdigest() for place in places]
    return bool(files) and all(file.is_file() for file in files)
