"""What the reports say of places that are left: true, and with a way out that is still open."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import migrate, migrate_project, report

from codemods.report.text import render

IMPORT = "from receipt_label.utils.ai_usage_tracker import AIUsageTracker\n"
MAY_BE_NONE = (
    IMPORT
    + """
class Reader:
    def __init__(self):
        self.tracker = AIUsageTracker()

    def read(self, job=None):
        self.tracker.set_tracking_context(job_id=job)
        work(self.tracker)
"""
)
USED_BEFORE = (
    IMPORT
    + """
def read(job=None):
    tracker = AIUsageTracker()
    work(tracker)
    tracker.set_tracking_context(job_id=job)
    work(tracker)
"""
)
MANAGER = (
    IMPORT
    + """
class Usage:
    def __init__(self):
        self._meter = AIUsageTracker() if work else None

    def set_tracking_context(self, **ids):
        if self._meter:
            self._meter.set_tracking_context(**ids)


def read():
    usage = Usage()
    usage.set_tracking_context(job_id="read-1")
    work(usage)
"""
)


def test_no_way_out_that_is_taken(tmp_path: Path) -> None:
    """The runtime is advised where it alone stands in the way, and is not chosen yet."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    shared = migrate(tmp_path / "one", MAY_BE_NONE, runtime="tracker")
    used = migrate(tmp_path / "two", USED_BEFORE, runtime="conservative")
    assert [r.advice for r in shared.refusals] == [
        "make sure that the value is never None, or run with --unsafe if that may be so"
    ]
    assert [r.advice for r in used.refusals] == [
        "make sure that the value is never None, or set runtime = 'tracker'"
    ]
    (tmp_path / "three").mkdir()
    assert migrate(tmp_path / "three", USED_BEFORE, runtime="tracker").refusals == ()


def test_the_field_is_the_project_s_own(tmp_path: Path) -> None:
    """An object that may have no tracker is told by the names that the file has."""
    outcome = migrate(tmp_path, MANAGER, runtime="tracker")
    assert outcome.refusals[-1].advice == "open the context with tracker=usage._meter by hand"


@pytest.mark.parametrize("runtime", ["tracker", "conservative"])
def test_a_run_that_relies_on_no_runtime_names_none(tmp_path: Path, runtime: str) -> None:
    """Passing a tracker on is right on either."""
    (tmp_path / "m.py").write_text(
        "from receipt_label.utils.ai_usage_context import ai_usage_context\n\n\n"
        "def work(tracker):\n    tracker.flush_metrics()\n\n\n"
        "def run(given):\n"
        "    with ai_usage_context('receipt_scan', tracker=given) as tracker:\n"
        "        work()\n"
    )
    told = render(report(tmp_path, runtime=runtime))
    assert "AIU005" in told
    assert "rely on" not in told


BARE = (
    IMPORT
    + """
def read(client):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    head = client.chat.completions{}(model="gpt-4o-mini", messages=[])
    full = client.chat.completions.create(model="gpt-4o-mini", messages=[])
    tracker.track_openai_completion(lambda: full)()
    return head, full
"""
)


@pytest.mark.parametrize(
    "call", [".create", ".with_raw_response.create", ".with_streaming_response.create", ".stream"]
)
def test_what_is_recorded_for_the_first_time(tmp_path: Path, call: str) -> None:
    """The report says that a call which nothing recorded will be, in whatever form it is made."""
    (applied,) = migrate(tmp_path, BARE.format(call)).applied
    assert "calls of a bare client in this block are recorded from now on" in applied.notes


def test_nothing_is_recorded_for_the_first_time(tmp_path: Path) -> None:
    """Where the block makes no other calls than were recorded, the report says nothing of it."""
    (applied,) = migrate(tmp_path, BARE.format(".with_options")).applied
    assert not any("from now on" in note for note in applied.notes)


SERVICES = (
    IMPORT
    + """from openai import OpenAI


class Services:
    def __init__(self):
        self.usage = AIUsageTracker()
        self._openai = None
        self.plain = OpenAI()
        self.either = AIUsageTracker.create_wrapped_openai_client(OpenAI(), self.usage)

    @property
    def openai(self):
        if self._openai is None:
            self._openai = AIUsageTracker.create_wrapped_openai_client(OpenAI(), self.usage)
        return self._openai

    def unwrap(self):
        self.either = OpenAI()


def client(usage):
    services = Services()
    return services.openai


def perhaps(services):
    return services.openai if services.usage else services.plain


WRAPPED = AIUsageTracker.create_wrapped_openai_client(OpenAI(), AIUsageTracker())
"""
)
WITH_SERVICES = (
    IMPORT
    + """import services
from services import Services, client, perhaps


def read():
    usage = AIUsageTracker()
    usage.set_tracking_context(job_id="read-1")
    holder = Services()
    answer = {}.chat.completions.create(model="gpt-4o-mini", messages=[])
    return usage.track_openai_completion(lambda: "another")(), answer
"""
)


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ("holder.openai", False),
        ("client(usage)", False),
        ("services.WRAPPED", False),
        ("Services().openai", False),
        ("holder.plain", True),
        ("holder.either", True),
        ("perhaps(holder)", True),
        ("holder.unknown", True),
        ("services.other", True),
    ],
)
def test_clients_that_another_file_wraps_are_recorded_already(
    tmp_path: Path, client: str, said: bool
) -> None:
    """Nothing is told of calls of a client that is surely a wrapped one, wherever that is done."""
    (tmp_path / "services.py").write_text(SERVICES)
    (tmp_path / "reading.py").write_text(WITH_SERVICES.format(client))
    applied = [
        one
        for outcome in report(tmp_path, unsafe=True).outcomes
        for one in getattr(outcome, "applied", ())
    ]
    notes = [note for one in applied for note in one.notes if one.finding.path == "reading.py"]
    assert applied
    assert any("from now on" in note for note in notes) is said


TRIED = (
    IMPORT
    + """
def read(client):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    for _ in range(3):
        try:
            full = client.chat.completions.create(model="gpt-4o-mini", messages=[])
        except ValueError:
            continue
        {}
        tracker.track_openai_completion(lambda: full)()
        return full
    return None
"""
)


@pytest.mark.parametrize(("between", "said"), [("", False), ("else:\n            return 0", True)])
def test_calls_that_are_recorded_behind_their_try_are_no_news(
    tmp_path: Path, between: str, said: bool
) -> None:
    """A call within ``try`` is recorded by what surely follows where nothing is raised."""
    (applied,) = migrate(tmp_path, TRIED.format(between)).applied
    assert any("from now on" in note for note in applied.notes) is said


@pytest.mark.parametrize(
    ("runtime", "said"),
    [
        ("tracker", "it does not show that the block takes the call that made it"),
        ("conservative", "contexts of this runtime take no calls by themselves"),
    ],
)
def test_a_recording_by_hand_that_stays_is_told(tmp_path: Path, runtime: str, said: str) -> None:
    """A note says which recording stays in the block, and why."""
    text = (
        IMPORT
        + """
def read(texts):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="read-1")
    for text in texts:
        reply = work(text)
        tracker.track_openai_completion(lambda: reply)()
"""
    )
    outcome = migrate(tmp_path, text, runtime=runtime)
    assert f"the recording of reply by hand stays: {said}" in outcome.applied[0].notes


def test_a_tracker_of_another_file_is_told_as_one(tmp_path: Path) -> None:
    """Where a name is imported that is a tracker there, the refusal says so, and where."""
    (tmp_path / "usage.py").write_text(IMPORT + "\nusage = AIUsageTracker()\nother = work()\n")
    text = (
        "from usage import other, usage\n\n\ndef read(job):\n"
        '    usage.set_tracking_context(job_id="a")\n    other.set_tracking_context(job_id="b")\n'
    )
    found = [(str(one.reason), one.detail) for one in migrate(tmp_path, text).refusals]
    assert found == [
        ("shared-state", "usage is the tracker of usage.py:3, and others may rely on its ids"),
        ("unknown-receiver", "it is not known what other is"),
    ]


WAITING = """\
from contextlib import asynccontextmanager, contextmanager

import pytest
from tracker.ai_usage_tracker import AIUsageTracker


{}def job(tracker{}):
    tracker.set_tracking_context(job_id="a")
    yield ask(tracker)
    tracker.flush_metrics()
"""


@pytest.mark.parametrize(
    ("decorator", "advice"),
    [
        ("@contextmanager\n", "open the context in the place of this manager"),
        ("@asynccontextmanager\nasync ", "open the context in the place of this manager"),
        ("@pytest.fixture\n", "open the context in the tests"),
        ("@pytest.fixture(scope='module')\n", "open the context in the tests"),
        ("", "collect the results inside the context and yield them after it"),
        ("@own\n", "collect the results inside the context and yield them after it"),
    ],
)
@pytest.mark.parametrize("annotation", ["", ": AIUsageTracker"])
def test_who_drives_a_generator_is_told_where_to_open_the_context(
    decorator: str, advice: str, annotation: str, tmp_path: Path
) -> None:
    """Whatever its caller may rely on: a ``yield`` stands in the way in any case."""
    (refusal,) = migrate(tmp_path, WAITING.format(decorator, annotation)).refusals
    assert (refusal.reason, refusal.advice) == ("yields-inside", advice)


READER = """
from receipt_label.utils.ai_usage_context import ai_usage_context


class Reader:
    def read(self, client):
        with ai_usage_context("reading"):
            client.ask()
"""
CALLS_A_READER = (
    IMPORT
    + """
def run(client, reader):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="main")
    reader.read(client)
    tracker.track_openai_completion(client.ask)()
"""
)


@pytest.mark.parametrize(
    ("readers", "told"),
    [(2, "r1.py"), (8, "r7.py"), (9, "r8.py"), (10, "2 other functions"), (40, "32 other")],
)
def test_a_condition_names_as_many_functions_as_one_reads(
    readers: int, told: str, tmp_path: Path
) -> None:
    """A method of an object that nothing is known of may be that of many classes."""
    files = {f"r{number}.py": READER for number in range(readers)}
    outcomes = migrate_project(tmp_path, {**files, "main.py": CALLS_A_READER}, unsafe=True)
    (condition,) = [c for applied in outcomes["main.py"].applied for c in applied.confirm]
    assert f" and {told}" in condition.replace("read in ", "")
    assert condition.count("read in r") == min(readers, 8 if readers > 9 else 9)
