"""The matrix of ``make contract-openai``: each call form on every path, and on several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from capture_matrix import FORMS, Form, matrix, wrong

if TYPE_CHECKING:
    from loopback import LoopbackServer


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.client}: {form.name}")
def test_one_record_a_response_on_every_path(form: Form, server: LoopbackServer) -> None:
    """One record with exact tokens, and the program sees what it would see without us."""
    cells = matrix([form], server)
    assert {cell for row in cells.values() for cell in row} <= {"ok", "ok*"}, cells


def test_a_missing_record_is_seen() -> None:
    """The check can fail: no record is not one record."""
    assert wrong(FORMS[0], ("captured",), []) == "0 records"
