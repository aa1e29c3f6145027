"""An export of any kind: JSON (one page, several, or one a line) or CSV."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tracker.cli.reports.invoice import anthropic, openai
from tracker.cli.reports.invoice.line import InvoiceError, Line, day_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

_PROVIDERS = (openai, anthropic)
_STARTS = ("start_time", "starting_at")
LARGEST = 256 * 1024 * 1024


@dataclass
class Invoice:
    """The lines of one export or several, and the days that they are about."""

    lines: list[Line] = field(default_factory=list)
    days: set[date] = field(default_factory=set)


def read_invoice(path: Path, invoice: Invoice) -> None:
    """Add what *path* says to *invoice*.  Raises InvoiceError, which names the file."""
    try:
        if path.stat().st_size > LARGEST:
            raise InvoiceError(f"it is larger than {LARGEST // 2**20} MB")
        text = path.read_text(encoding="utf-8-sig")
        before = len(invoice.lines), len(invoice.days)
        (_of_json if text.lstrip()[:1] in ("{", "[") else _of_csv)(text, invoice)
        if (len(invoice.lines), len(invoice.days)) == before and not invoice.days:
            raise InvoiceError("it says nothing of usage or costs")
    except (InvoiceError, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError):
            raise InvoiceError(f"cannot read {path}: {error.strerror}") from error
        raise InvoiceError(f"cannot understand {path}: {error}") from error


def _of_json(text: str, invoice: Invoice) -> None:
    for bucket in _buckets(_documents(text)):
        start = next((bucket[name] for name in _STARTS if name in bucket), None)
        if start is None:
            raise InvoiceError("results without the time at which they begin")
        day = day_of(start)
        invoice.days.add(day)
        for result in bucket["results"]:
            lines = [line for one in _PROVIDERS if (line := one.of_result(result, day))]
            if not lines:
                raise InvoiceError("a result that is neither OpenAI's nor Anthropic's")
            invoice.lines.append(lines[0])


def _documents(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError:
        pass
    except RecursionError as error:
        raise InvoiceError("no JSON of ours") from error
    try:
        return [json.loads(line, parse_float=Decimal) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError) as error:
        raise InvoiceError("neither JSON nor JSON lines") from error


def _buckets(document: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the buckets of a page, or of a list of pages or of buckets."""
    if isinstance(document, dict) and isinstance(document.get("results"), list):
        yield document
    elif depth < 4:
        inside = document.get("data") if isinstance(document, dict) else document
        for one in inside if isinstance(inside, list) else ():
            yield from _buckets(one, depth + 1)


def _of_csv(text: str, invoice: Invoice) -> None:
    reader = csv.DictReader(io.StringIO(text))
    columns = [str(name).strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    known = next((one for one in _PROVIDERS if one.COLUMNS & set(columns)), None)
    if known is None:
        raise InvoiceError("its columns are neither OpenAI's nor Anthropic's")
    try:
        for row in reader:
            line = known.of_row(row)
            invoice.lines.append(line)
            invoice.days.add(line.day)
    except (KeyError, StopIteration, csv.Error) as error:
        raise InvoiceError(f"a row without what is needed ({error})") from error
