"""The accounts that this process shares with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker.budgets.accounts import Accounts
from tracker.config import settings

if TYPE_CHECKING:
    from pathlib import Path

FILE = "budgets.db"
_known: dict[Path, Accounts] = {}


def accounts() -> Accounts:
    """Return the accounts of this configuration."""
    path = settings.current().budget_accounts
    if path is None:
        from tracker.sinks.user_files import in_data_folder

        path = in_data_folder(FILE)
    return _known.get(path) or _known.setdefault(path, Accounts(path))
