"""Pydantic AI: an agent's run, and one whose answer is streamed."""

from __future__ import annotations

import asyncio
from typing import Any

REQUIREMENTS = ("pydantic-ai-slim[openai]",)
HEADING = "Pydantic AI"


def run(names: dict[str, Any]) -> list[str]:
    """Run it both ways."""
    assert asyncio.run(names["categorised"]("a receipt", job_id="decorated"))
    assert asyncio.run(names["streamed"]("a receipt"))
    return ["decorated", "pydantic-ai"]
