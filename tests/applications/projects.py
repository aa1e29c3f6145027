"""The applications, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import merchants_flows, receipts_flows
from .migrating import PROJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .observing import Flow


@dataclass(frozen=True)
class Application:
    """An application in the legacy form, and what is done with it."""

    name: str
    flows: Mapping[str, Flow]

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return PROJECTS / self.name

    @property
    def files(self) -> list[Path]:
        """Its modules, scripts and notebooks."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return [path for path in found if path.suffix in (".py", ".ipynb") or "bin" in path.parts]


APPLICATIONS = {
    "receipts": Application("receipts", receipts_flows.FLOWS),
    "merchants": Application("merchants", merchants_flows.FLOWS),
}
