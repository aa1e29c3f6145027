"""Formats for services: valid by their own schemas, whatever the texts and however many."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import fastjsonschema
import pytest
import xmlschema

sys.path.insert(0, str(Path(__file__).resolve().parent))

from many_cases import each_of
from runners import azure, github
from samples import (
    AFTER,
    BEFORE,
    EVIL,
    SPAN,
    Known,
    changed,
    finding,
    hostile,
    large,
    repaired,
    source,
)

from codemods.model.finding import Severity
from codemods.model.outcome import Applied, Failed, Linted, Refused, RunReport, Skipped
from codemods.model.refusal import Reason, Refusal
from codemods.model.source import Span
from codemods.report import display
from codemods.report.formats import FORMATS, LOGS, Look, rendered
from codemods.report.services.markdown import LARGEST
from codemods.report.services.sarif import uri

SCHEMAS = Path(__file__).resolve().parent / "schemas"
KNOWN = Look(around=Known())
FINDING = finding("a.py")
REFUSAL = Refusal(FINDING, Reason.ESCAPES, "it is returned", "pass it in", Span(6, 5, 6, 14))
PROVEN = Applied(FINDING, "own", "nothing outlives the block")
ASSUMED = replace(PROVEN, assumptions=("ask keeps nothing",))
EMPTY = RunReport((), 7, written=False)
ONE = RunReport((Linted("a.py", (FINDING,)),), 1, written=False)
WRITTEN = RunReport((replace(changed("a.py"), applied=(PROVEN, ASSUMED)),), 1, written=True)
MIXED = RunReport(
    (
        replace(changed("a.py"), refusals=(REFUSAL,)),
        Failed("b.py", "parse", "line 3 is no Python", "correct it"),
        Refused("c.py", (replace(REFUSAL, finding=finding("c.py")),)),
        Skipped("d.ipynb", "its kernel runs R"),
    ),
    9,
    written=False,
)
CELL = RunReport((Linted("n.ipynb", (replace(FINDING, cell=3),)),), 1, written=False)
REPORTS = {
    "empty": EMPTY,
    "one": ONE,
    "written": WRITTEN,
    "mixed": MIXED,
    "cell": CELL,
    "hostile": hostile(),
    "large": large(),
}
every_report = pytest.mark.parametrize("given", REPORTS.values(), ids=REPORTS)


@cache
def json_schema(name: str) -> Any:
    """Return what raises where a document is not valid by the schema *name*."""
    return fastjsonschema.compile(
        json.loads((SCHEMAS / name).read_text("utf-8")), use_default=False
    )


@cache
def xml_schema(name: str) -> xmlschema.XMLSchema:
    """Return the schema *name*."""
    return xmlschema.XMLSchema(SCHEMAS / name)


def sarif(report: RunReport, look: Look = KNOWN) -> dict[str, Any]:
    """Return the run in the SARIF report of *report*, which is valid."""
    document = json.loads(rendered(report, "sarif", look))
    json_schema("sarif-2.1.0.json")(document)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


@every_report
@pytest.mark.parametrize("name", FORMATS)
def test_no_text_moves_a_cursor(name: str, given: RunReport) -> None:
    """No format has a control character, a mark of direction or half a pair in it."""
    text = rendered(given, name, Look(around=Known()))
    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert text.endswith("\n") or not text
    text.encode()


@each_of("name", ["concise", "full", "github", "azure"])
def test_a_hostile_text_begins_no_line(name: str) -> None:
    """Texts of the tree stay within the line of their place."""
    for line in rendered(hostile(), name, Look()).split("\n"):
        assert not line.startswith(("b]]>", "::error file=x"))


@every_report
def test_sarif_is_valid(given: RunReport) -> None:
    """It is SARIF 2.1.0 by its schema, says its unit of columns, and has each place."""
    run = sarif(given)
    assert run["columnKind"] == "unicodeCodePoints"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert (result["level"] == "none") == (result["kind"] == "informational")
    marks = [result["partialFingerprints"]["aiUsage/v1"] for result in run["results"]]
    assert len(set(marks)) == len(marks)
    if given is REPORTS["large"]:
        assert len(marks) == 5_000


def test_sarif_says_what_a_rule_is() -> None:
    """Name, sentence and page of a rule are in the report, and the version of the tool."""
    driver = sarif(ONE)["tool"]["driver"]
    assert driver["version"] == "1.2.3"
    (rule,) = driver["rules"]
    assert rule["name"] == "built-by-hand"
    assert rule["help"]["markdown"] == "# AIU001\n\nWhy.\n"
    (bare,) = sarif(ONE, Look())["tool"]["driver"]["rules"]
    assert bare == {"id": "AIU001", "defaultConfiguration": {"level": "warning"}}


def test_sarif_places() -> None:
    """A place is from the root of the repository, in characters, with what blocks beside it."""
    (first, second, third) = sarif(MIXED)["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "sub/a.py", "uriBaseId": "SRCROOT"}
    assert place["region"] == {"startLine": 5, "startColumn": 15, "endLine": 5, "endColumn": 31}
    assert "relatedLocations" not in first
    for refused in (second, third):
        (related,) = refused["relatedLocations"]
        assert related["physicalLocation"]["region"]["startLine"] == 6
        assert "to do: pass it in" in refused["message"]["text"]
        assert refused["properties"] == {"kind": "refusal", "reason": "escapes"}
    (cell,) = sarif(CELL)["results"]
    assert cell["message"]["text"] == "cell 3, line 5: tracker built by hand"
    assert cell["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_sarif_failures_are_notifications() -> None:
    """A file that failed or was skipped is told by the run, which was no success."""
    (invocation,) = sarif(MIXED)["invocations"]
    assert invocation["executionSuccessful"] is False
    failed, skipped = invocation["toolExecutionNotifications"]
    assert failed["level"] == "error"
    assert "To do: correct it" in failed["message"]["text"]
    assert skipped["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sub/d.ipynb"
    assert sarif(ONE)["invocations"][0]["executionSuccessful"] is True


@each_of(
    ("before", "after"),
    [
        (BEFORE, AFTER),
        (BEFORE, "import more\n" + AFTER + "# end\n"),
        ("a\nb", "a\nc"),
        ("a\nb", "a\nb\nc"),
        ("a\nb", "a\n"),
        ("a\nb\n", "a\nb"),
        ("a\r\nb\r\n\x0cc\r\n", "z\r\na\r\n\x0cc\r\nd\r\n"),
        ("é𝒳\n\u2028x\n", "é𝒳\nwith x:\n\u2028x\n"),
        ("a\nb\n", ""),
    ],
)
def test_sarif_fixes_make_the_file(before: str, after: str) -> None:
    """The fix of a file, applied as SARIF says, makes exactly what migrate writes."""
    given = RunReport((changed("a.py", before, after or "\n"),), 1, written=False)
    assert repaired(before, sarif(given)) == (after or "\n")


def test_sarif_offers_a_fix_once() -> None:
    """All rewrites of a file are one fix, at the first; made ones and unknown texts have none."""
    both = replace(changed("a.py"), applied=(PROVEN, ASSUMED))
    given = RunReport((both,), 1, written=False)
    fixes = [result.get("fixes") for result in sarif(given)["results"]]
    assert fixes[0][0]["description"]["text"] == "all 2 rewrites of this file"
    assert fixes[1] is None
    assert not any("fixes" in result for result in sarif(WRITTEN)["results"])
    joined = replace(both, source=source("a.py", ""), after=b"")
    assert not any("fixes" in r for r in sarif(replace(given, outcomes=(joined,)))["results"])


def test_sarif_of_what_is_done() -> None:
    """A proven rewrite that is made asks nobody for anything; one that assumes does."""
    done, assumed = sarif(WRITTEN)["results"]
    assert (done["kind"], done["level"]) == ("informational", "none")
    assert (assumed["kind"], assumed["level"]) == ("fail", "warning")


@each_of(
    "path", ["a b.py", "c%d.py", "e:f.py", "ü/é.py", "x\udcff.py", "a?b#c.py", "../up.py", "a\nb"]
)
def test_uris_hold_any_path(path: str) -> None:
    """A path is percent-encoded by its bytes, and no part of it is taken for something else."""
    found = uri(path)
    assert re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]+", found)
    assert ":" not in found.partition("/")[0]
    assert unquote_to_bytes(found).decode("utf-8", "surrogateescape") == path
    assert uri("/p" + path).startswith("file:///p")


@every_report
def test_gitlab_is_valid(given: RunReport) -> None:
    """It is a list of issues by GitLab's schema, and no two have one fingerprint."""
    issues = json.loads(rendered(given, "gitlab", KNOWN))
    json_schema("gitlab-code-quality.json")(issues)
    marks = [issue["fingerprint"] for issue in issues]
    assert len(set(marks)) == len(marks)


def test_gitlab_tells_what_needs_a_person() -> None:
    """Failures are critical, the rest is major; what is done and proven is no issue."""
    issues = json.loads(rendered(MIXED, "gitlab", Look()))
    severities = [issue["severity"] for issue in issues]
    assert severities == ["major", "major", "critical", "major"]
    (assumed,) = json.loads(rendered(WRITTEN, "gitlab", Look()))
    assert "assumes: that ask keeps nothing" in assumed["description"]


@each_of(
    ("text", "same"),
    [
        ("# more\n" + BEFORE, True),
        (BEFORE.replace("    tracker", "\ttracker"), True),
        (BEFORE.replace("tracker = ", "other = "), False),
    ],
)
def test_fingerprints_follow_the_line(text: str, same: bool) -> None:
    """A finding that moves keeps its fingerprint; one whose line is another has another."""
    line = next(at for at, one in enumerate(text.split("\n"), 1) if "AIUsageTracker()" in one)
    moved = Linted("a.py", (finding("a.py", replace(SPAN, line=line, end_line=line)),))
    first = sarif(ONE, Look(around=Known()))
    second = sarif(replace(ONE, outcomes=(moved,)), Look(around=Known(text)))
    marks = [run["results"][0]["partialFingerprints"] for run in (first, second)]
    assert (marks[0] == marks[1]) is same


@every_report
@pytest.mark.parametrize("name", ["junit", "checkstyle"])
def test_xml_is_valid(name: str, given: RunReport) -> None:
    """The XML is valid by its schema."""
    text = rendered(given, name, KNOWN)
    xml_schema(f"{name}.xsd").validate(text)


def test_junit_counts() -> None:
    """What needs a person has failed, a failure is an error, what was skipped is skipped."""
    root = ElementTree.fromstring(rendered(MIXED, "junit", Look()))
    assert root.attrib | {"time": "0"} == {
        "name": "ai-usage",
        "tests": "5",
        "failures": "3",
        "errors": "1",
        "time": "0",
    }
    first = root[0]
    assert (first.get("name"), first.get("tests"), first.get("failures")) == ("a.py", "2", "2")
    refused = first.findall("testcase")[1].find("failure")
    assert refused is not None
    assert refused.get("type") == "escapes"
    assert "to do: pass it in" in (refused.text or "")
    assert root.find(".//skipped[@message='its kernel runs R']") is not None


def test_junit_passes() -> None:
    """A run with nothing to tell is one test that passed, and so is each rewrite that is made."""
    root = ElementTree.fromstring(rendered(EMPTY, "junit", Look()))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "0", "0")
    written = ElementTree.fromstring(rendered(WRITTEN, "junit", Look()))
    assert (written.get("tests"), written.get("failures")) == ("2", "0")


def test_checkstyle_files() -> None:
    """Each file has one element, from the root of the repository, with its places in it."""
    root = ElementTree.fromstring(rendered(MIXED, "checkstyle", KNOWN))
    assert [file.get("name") for file in root] == ["sub/a.py", "sub/b.py", "sub/c.py"]
    rewrite, refusal = root[0]
    assert rewrite.get("source") == "ai-usage.AIU001"
    assert (rewrite.get("line"), rewrite.get("column")) == ("5", "15")
    assert "refused: escapes at line 6" in (refusal.get("message") or "")
    levels = [error.get("severity") for error in root.iter("error")]
    assert levels == ["warning", "warning", "error", "warning"]


@every_report
def test_github_parses_each_annotation(given: RunReport) -> None:
    """The runner finds an annotation for each place, and complains of none."""
    found = github(rendered(given, "github", KNOWN))
    assert len(found) == len(sarif(given)["results"]) + sum(
        isinstance(outcome, Failed) for outcome in given.outcomes
    )
    assert all(one.properties["file"].startswith("sub/") for one in found)


def test_github_texts_come_through() -> None:
    """What the runner decodes is the message, with the signs that mean something to it."""
    message = display.line(EVIL)
    found = github(rendered(hostile(), "github", Look()))
    assert found[0].data.split("\n")[0] == message
    assert {one.properties["file"].lstrip("rfl") for one in found} == {message}
    assert [one.name for one in found] == ["warning"] * 3 + ["error"] * 3


def test_github_places() -> None:
    """Columns are given for a place on one line, and not for one of several, or in a cell."""
    long = Linted("a.py", (finding("a.py", Span(2, 5, 4, 1)),))
    one, cell = github(rendered(ONE, "github", Look())), github(rendered(CELL, "github", Look()))
    (several,) = github(rendered(replace(ONE, outcomes=(long,)), "github", Look()))
    assert one[0].properties["endColumn"] == "31"
    assert several.properties == {"title": "AIU001", "file": "a.py", "line": "2", "endLine": "4"}
    assert cell[0].properties["line"] == "1"
    assert cell[0].data == "cell 3, line 5: tracker built by hand"


@each_of(
    ("severity", "github_name", "sarif_level", "gitlab_name", "failures"),
    [
        (Severity.ERROR, "error", "error", "critical", "1"),
        (Severity.WARNING, "warning", "warning", "major", "0"),
        (Severity.INFO, "notice", "note", "info", "0"),
    ],
)
def test_severities(
    severity: Severity, github_name: str, sarif_level: str, gitlab_name: str, failures: str
) -> None:
    """Each format says in its own words how much a finding counts; errors alone fail a test."""
    given = replace(ONE, outcomes=(Linted("a.py", (replace(FINDING, severity=severity),)),))
    assert [one.name for one in github(rendered(given, "github", Look()))] == [github_name]
    assert len(azure(rendered(given, "azure", Look()))) == (severity is not Severity.INFO)
    (result,) = sarif(given)["results"]
    assert (result["kind"], result["level"]) == ("fail", sarif_level)
    (issue,) = json.loads(rendered(given, "gitlab", Look()))
    assert issue["severity"] == gitlab_name
    junit = ElementTree.fromstring(rendered(given, "junit", Look()))
    assert junit.get("failures") == failures
    assert "tracker built by hand" in rendered(given, "concise", Look(quiet=True))


def test_github_quietly() -> None:
    """A proven rewrite that is made is a notice, and quietly none."""
    names = [one.name for one in github(rendered(WRITTEN, "github", Look()))]
    assert names == ["notice", "warning"]
    assert len(github(rendered(WRITTEN, "github", Look(quiet=True)))) == 1


@every_report
def test_azure_parses_each_issue(given: RunReport) -> None:
    """The agent finds an issue for each place that needs a person."""
    found = azure(rendered(given, "azure", KNOWN))
    assert len(found) == len(json.loads(rendered(given, "gitlab", KNOWN)))
    assert {one.name for one in found} <= {"task.logissue"}
    assert {one.properties["type"] for one in found} <= {"warning", "error"}


def test_azure_texts_come_through() -> None:
    """What the agent decodes is the message, with the signs that mean something to it."""
    message = display.line(EVIL)
    found = azure(rendered(hostile(), "azure", Look()))
    assert found[0].data.split("\n")[0] == message
    assert found[0].properties["sourcepath"] == message
    assert found[0].properties["code"] == "AIU001"


@every_report
def test_jsonl_says_what_json_says(given: RunReport) -> None:
    """Each line is an object; together they hold what the JSON report holds."""
    lines = [json.loads(line) for line in rendered(given, "jsonl", Look()).splitlines()]
    document = json.loads(rendered(given, "json", Look()))
    last = lines.pop()
    assert last["kind"] == "run"
    assert {key: document[key] for key in last if key != "kind"} == {
        key: value for key, value in last.items() if key != "kind"
    }
    lists = ("applied", "refusals", "findings")
    told = [one for file in document["files"] for key in lists for one in file.get(key, ())]
    places = [line for line in lines if line["kind"] not in ("failed", "skipped")]
    assert [{k: v for k, v in line.items() if k not in ("kind", "path")} for line in places] == told
    assert len(lines) - len(places) == sum(
        f["outcome"] in ("failed", "skipped") for f in document["files"]
    )


@every_report
def test_markdown_fits_into_a_comment(given: RunReport) -> None:
    """It is no longer than a comment may be, and says how much has no room."""
    text = rendered(given, "markdown", Look())
    assert len(text) < LARGEST + 100
    assert ("have no room" in text) is (given is REPORTS["large"])


def test_markdown_shows_texts_as_texts() -> None:
    """Nobody is mentioned, and no text opens a tag, a fence, a link or a table."""
    text = rendered(hostile(), "markdown", Look())
    text = re.sub(r"<code>.*?</code>", "", text)
    outside = re.sub(r"\\[!-/:-@\[-`{-~]|(`+)(?!`).+?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
    assert "@ops" not in outside
    assert not re.search(r"(?<!\\)<(?!/?(?:details|summary|code|br)>|!-- -->)", outside)
    assert text.count("<details>") == text.count("</details>") == 1


def test_markdown_tells_what_needs_a_person_first() -> None:
    """Failures and refusals come before rewrites, which come with their patch."""
    text = rendered(MIXED, "markdown", Look())
    titles = re.findall(r"^#### (.+) \(\d+\)$", text, re.MULTILINE)
    assert titles == ["Failed", "Needs a person", "Rewrites"]
    assert "to do: pass it in" in text
    assert "Would change: <code>a.py</code>" in text
    assert "\n-    tracker = AIUsageTracker()\n" in text
    assert rendered(EMPTY, "markdown", Look()).startswith("### ai-usage: 7 files scanned")


def test_logs_are_formats() -> None:
    """The formats that may follow one another in a log are in the table."""
    assert FORMATS.keys() > LOGS
