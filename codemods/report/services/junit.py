"""JUnit's XML: a file is a suite of tests, and whatever is told of a place one of its tests.

What the run fails for has failed, all else has passed; files that could not be handled are errors.
A run with nothing to tell is one test that passed: some readers refuse a report of none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from codemods.model.outcome import Skipped
from codemods.report import display
from codemods.report.diagnostics import Kind, of_file
from codemods.report.formats import AS_IT_IS
from codemods.report.services.xml import document
from codemods.report.text import summary

if TYPE_CHECKING:
    from codemods.model.outcome import FileOutcome, RunReport
    from codemods.report.diagnostics import Diagnostic
    from codemods.report.formats import Look

_NAME = "ai-usage"


def render(report: RunReport, look: Look = AS_IT_IS) -> str:
    """Return the report as JUnit would write it, whatever else the *look*."""
    root = Element("testsuites", name=_NAME)
    for outcome in report.outcomes:
        element = _of_file(outcome, look, written=report.written)
        if len(element):
            root.append(element)
    if not len(root):
        element = SubElement(root, "testsuite", name=_NAME)
        SubElement(element, "testcase", name=summary(report), classname=_NAME)
    for element in root:
        _count(element, [element])
    _count(root, list(root))
    root.attrib.pop("skipped")  # it is no attribute of the root in most readers' schemas
    return document(root)


def _of_file(outcome: FileOutcome, look: Look, *, written: bool) -> Element:
    path = display.line(look.around.in_repository(outcome.path))
    element = Element("testsuite", name=path)
    if isinstance(outcome, Skipped):
        case = SubElement(element, "testcase", name="skipped", classname=path)
        SubElement(case, "skipped", message=display.line(outcome.reason))
    for one in of_file(outcome, written=written):
        _case(SubElement(element, "testcase"), one, path)
    return element


def _case(case: Element, diagnostic: Diagnostic, path: str) -> None:
    where = f"{diagnostic.line}:{diagnostic.column}" if diagnostic.span is not None else "file"
    if diagnostic.cell and diagnostic.span is not None:
        where = f"cell {diagnostic.cell}:{diagnostic.span.line}:{diagnostic.span.column}"
    case.attrib |= {"name": f"{diagnostic.code} at {where}", "classname": path, "time": "0"}
    text = "\n".join([f"{path}:{where}: {diagnostic.sentence}", *diagnostic.details])
    if not diagnostic.fails:
        SubElement(case, "system-out").text = text
        return
    kind = "error" if diagnostic.kind is Kind.FAILURE else "failure"
    reason = "" if diagnostic.kind is Kind.REWRITE else diagnostic.reason
    told = {"type": reason or diagnostic.code, "message": diagnostic.sentence}
    SubElement(case, kind, told).text = text


def _count(element: Element, elements: list[Element]) -> None:
    found = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for name, tag in found.items():
        count = sum(1 for element in elements for _ in element.iter(tag))
        element.set(name, str(count))
    element.set("time", "0")
