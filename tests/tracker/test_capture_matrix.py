"""The matrix of ``make contract-openai``: each call form on every path, and on several at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from capture_matrix import FORMS, Form, matrix, wrong
from capture_services import FORMS as SERVICES

if TYPE_CHECKING:
    from loopback import LoopbackServer

#: Of the other services: what is particular to one is so on any path.
SOME = (("captured",), ("wrapped", "decorated"), ("captured", "replayed"))


def named(form: Form) -> str:
    """Return the name of *form*'s test."""
    return f"{form.client}: {form.name}"


@pytest.mark.parametrize("form", FORMS, ids=named)
def test_one_record_a_response_on_every_path(form: Form, server: LoopbackServer) -> None:
    """One record with exact tokens, and the program sees what it would see without us."""
    cells = matrix([form], server)
    assert {cell for row in cells.values() for cell in row} <= {"ok", "ok*"}, cells


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # services that are to end
@pytest.mark.parametrize("form", SERVICES, ids=named)
def test_one_record_of_other_services(form: Form, server: LoopbackServer) -> None:
    """One record with exact counts, of whatever else the clients offer."""
    cells = matrix([form], server, SOME)
    found = {cell for row in cells.values() for cell in row}
    assert {"ok"} <= found <= {"ok", "ok*", "-"}, cells


def test_a_missing_record_is_seen() -> None:
    """The check can fail: no record is not one record."""
    assert wrong(FORMS[0], ("captured",), []) == "0 records"
