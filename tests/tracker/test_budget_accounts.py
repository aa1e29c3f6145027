"""Daily and monthly budgets, which processes share."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from test_budgets import COST, ask, budget_here, unarmed  # noqa: F401 - a fixture

import tracker
from tests import budget_race
from tests.budget_race import Outcome
from tracker import ai_usage_context
from tracker.budgets import accounts as shared_accounts
from tracker.budgets import processes
from tracker.budgets.accounts import LEASE_SECONDS, Accounts
from tracker.budgets.limit import PICODOLLARS
from tracker.budgets.plan import Place, read
from tracker.budgets.shared import accounts
from tracker.cli.main import cli
from tracker.errors import BudgetExceededError, ConfigurationError
from tracker.instrumentation.services import background
from tracker.testing import frozen_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openai
    from loopback import LoopbackServer

    from tracker.testing import CapturedMetrics

LIMIT = 100
PLACES = [Place("{}", "2026-11-30", LIMIT, "a day", False), Place("{}", "2026-11", 900, "m", False)]


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[Any]:
    """Return what writes a file of budgets, and has it hold; no day or month ends meanwhile."""

    def write(text: str) -> Path:
        file = tmp_path / f"budgets{len(list(tmp_path.iterdir()))}.toml"
        file.write_text(text, encoding="utf-8")
        tracker.configure(budgets=file, budget_accounts=tmp_path / "accounts.db")
        return file

    with frozen_clock("2026-11-30T12:00:00"):
        yield write


def run(*arguments: str) -> Any:
    """Run ``ai-usage budget``."""
    return CliRunner().invoke(cli, ["budget", *arguments])


def test_calls_are_bound_by_what_fits_their_record(
    client: openai.OpenAI, server: LoopbackServer, configured: Any
) -> None:
    """By environment, by operation and by user; others go on."""
    configured(
        f"""
[[budget]]
environment = "development"
daily_usd = {COST * 8:f}
[[budget]]
operation = "poor"
monthly_usd = {COST * 2:f}
[[budget]]
user = "*"
daily_usd = {COST * 4:f}
[[budget]]
environment = "production"
daily_usd = 0
"""
    )
    with ai_usage_context("poor", user_id="anna"):
        ask(client)
        ask(client)
        with pytest.raises(BudgetExceededError, match="monthly_usd of operation poor in 20"):
            ask(client)
    with ai_usage_context("rich", user_id="anna"):
        ask(client)
        ask(client)
        with pytest.raises(BudgetExceededError, match="daily_usd of user anna"):
            ask(client)
    with ai_usage_context("rich", user_id="ben"):
        for _ in range(4):
            ask(client)
    full = pytest.raises(BudgetExceededError, match="daily_usd of environment development")
    with ai_usage_context("rich", user_id="chris"), full:
        ask(client)
    assert len(server.requests) == 8
    assert sum(one.reserved for one in accounts().balances()) == 0


def test_a_new_day_has_its_own_budget(client: openai.OpenAI, configured: Any) -> None:
    """The month goes on."""
    configured(f"[[budget]]\ndaily_usd = {COST:f}\nmonthly_usd = {COST * 2:f}\n")
    with frozen_clock("2026-11-28T23:59:59") as clock, ai_usage_context("op"):
        ask(client)
        with pytest.raises(BudgetExceededError, match="daily_usd of all calls in 2026-11-28"):
            ask(client)
        clock.tick(1)
        ask(client)
        clock.tick(86400)
        with pytest.raises(BudgetExceededError, match="monthly_usd of all calls in 2026-11"):
            ask(client)


def test_an_entry_may_only_warn(
    client: openai.OpenAI, configured: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The call is made, and spent."""
    configured('[[budget]]\ndaily_usd = 0\nover = "warn"\n')
    with ai_usage_context("op"):
        ask(client)
    assert "daily_usd of all calls" in caplog.text
    assert accounts().balances()[0].spent == int(COST * 10**12)


def test_a_refusal_of_a_shared_budget_gives_back_the_block_s(
    client: openai.OpenAI, configured: Any
) -> None:
    """Nothing stays reserved anywhere."""
    configured("[[budget]]\ndaily_usd = 0\n")
    with ai_usage_context("op", budget_usd=1):
        with pytest.raises(BudgetExceededError):
            ask(client)
        assert (budget_here().spent, budget_here().reserved) == (0, 0)


def test_accounts_that_cannot_be_used_let_calls_go(
    client: openai.OpenAI, configured: Any, tmp_path: Path, metrics: CapturedMetrics
) -> None:
    """It is told; what was spent meanwhile is spent once the file can be."""
    configured("[[budget]]\ndaily_usd = 5\n")
    (tmp_path / "accounts.db").mkdir()
    with ai_usage_context("op"):
        ask(client)
    assert len(metrics) == 1
    (tmp_path / "accounts.db").rmdir()
    with ai_usage_context("op"):
        ask(client)
    assert [one.spent for one in accounts().balances()] == [int(2 * COST * PICODOLLARS)]


def test_what_could_not_be_settled_is_settled_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the next transaction, and once."""
    file = Accounts(tmp_path / "a.db")
    file.reserve("one", PLACES, 10)
    with monkeypatch.context() as broken:
        broken.setattr(shared_accounts, "SETTLE", "no SQL")
        file.settle("one", 7)
    file.reserve("two", PLACES, 10)
    file.settle("two", 10)
    file.settle("one", 7)
    assert [(one.spent, one.reserved) for one in file.balances()] == [(17, 0), (17, 0)]


HOLD = """
import sys, os
from pathlib import Path
from tracker.budgets.accounts import Accounts
from tracker.budgets.plan import Place
place = Place("{}", "2026-11-30", 100, "a day", False)
Accounts(Path(sys.argv[1])).reserve("held", [place], 100)
print("held", flush=True)
sys.stdin.read()
os._exit(1)
"""


def test_what_a_dead_process_reserved_counts_as_spent(tmp_path: Path) -> None:
    """Its call may be billed, and nobody will say what it cost."""
    file = Accounts(tmp_path / "a.db")
    command = [sys.executable, "-c", HOLD, str(file.file.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert file.reserve("mine", PLACES[:1], 1).full is not None
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)  # nobody has asked after it yet
        assert file.reserve("mine", PLACES[:1], 1).full is not None
        assert [(one.spent, one.reserved) for one in file.balances()] == [(100, 0)]
        assert Accounts(file.file.path).reserve("mine", PLACES[:1], 1).full is not None


def test_who_was_taken_for_dead_still_spends(tmp_path: Path) -> None:
    """What it settles takes the place of what was taken for it."""
    file = Accounts(tmp_path / "a.db")
    with frozen_clock("2026-11-30T12:00:00") as clock:
        file.reserve("slow", PLACES, 100)
        clock.tick(LEASE_SECONDS + 1)
        assert file.reserve("other", PLACES, 60).full is not None
        assert [(one.spent, one.reserved) for one in file.balances()] == [(100, 0), (100, 0)]
        file.settle("slow", 40)
        file.settle("slow", 40)
        assert file.reserve("other", PLACES, 60).full is None
        assert [(one.spent, one.reserved) for one in file.balances()] == [(40, 60), (40, 60)]


def test_what_nobody_settles_stays_spent(tmp_path: Path) -> None:
    """Also when its row is cleared away, after two days."""
    file = Accounts(tmp_path / "a.db")
    with frozen_clock("2026-11-30T12:00:00") as clock:
        file.reserve("lost", PLACES, 30)
        clock.tick(LEASE_SECONDS + 1)
        assert [(one.spent, one.reserved) for one in file.balances()] == [(30, 0), (30, 0)]
        clock.tick(3 * 86400)
        assert [(one.spent, one.reserved) for one in file.balances()] == [(30, 0), (30, 0)]
        with sqlite3.connect(tmp_path / "a.db") as other:
            assert other.execute("SELECT count(*) FROM ai_usage_reserved").fetchone() == (0,)
        other.close()
        file.settle("lost", 5)
        assert [one.spent for one in file.balances()] == [30, 30]


def test_what_may_be_read_again_is_spent_once(tmp_path: Path) -> None:
    """In each period, by whichever process, and for months."""
    with frozen_clock("2026-11-30T12:00:00") as clock:
        for number in range(3):
            file = Accounts(tmp_path / "a.db")
            file.reserve(f"call {number}", PLACES, 0, anyhow=True)
            file.settle(f"call {number}", 7, "result")
            clock.tick(86400)
        file.reserve("call", PLACES, 0, anyhow=True)
        file.settle("call", 7, "another")
        assert [one.spent for one in file.balances()] == [14, 14]
        clock.tick(120 * 86400)
        file.balances()
        with sqlite3.connect(tmp_path / "a.db") as other:
            assert other.execute("SELECT count(*) FROM ai_usage_once").fetchone() == (0,)
        other.close()


def test_results_that_are_read_twice_are_spent_once(configured: Any) -> None:
    """By the same process or by another: their id follows from the batch and the line."""
    configured("[[budget]]\ndaily_usd = 5\nmonthly_usd = 5\n")
    usage = {"prompt_tokens": 1000, "completion_tokens": 0, "total_tokens": 1000}
    body = {"id": "x", "model": "gpt-4o-mini", "usage": usage}
    lines = [
        {"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}
        for name in ("one", "two")
    ]
    batch = {"id": "b-twice", "created_at": 1795000000}
    for _ in range(2):
        with ai_usage_context("op", budget_usd=5):
            tracker.record_batch_results(lines, batch)
            tracker.record_batch_results(lines[:1], batch)
            one = budget_here().spent
    assert one == 2 * int(Decimal("0.15") / 10**6 / 2 * 1000 * 10**12)
    assert [balance.spent for balance in accounts().balances()] == [one, one]


def test_a_holder_that_cannot_be_seen_is_not_dead() -> None:
    """Of another machine or container only time tells; an id that was given again is another."""
    here = processes.identity()
    namespace, process, began = here.rsplit("|", 2)
    assert not processes.is_dead(here)
    assert not processes.is_dead(f"elsewhere|{process}|1")
    assert processes.is_dead(f"{namespace}|{process}|1")
    assert not processes.is_dead("whatever")
    assert began.isdigit()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x", "not TOML"),
        ("[budget]\ndaily_usd = 1\n", "something other than"),
        ("[[budget]]\nuser = 'a'\n", "write daily_usd or monthly_usd"),
        ("[[budget]]\ndaily = 1\n", "daily is not known"),
        ("[[budget]]\nuser = 1\ndaily_usd = 1\n", "write user ="),
        ("[[budget]]\nover = 'stop'\ndaily_usd = 1\n", 'over is "raise" or "warn"'),
        ("[[budget]]\ndaily_usd = '1'\n", "daily_usd is a number of US dollars"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path, text: str, told: str) -> None:
    """It says where, and what to write instead; so do the commands, with status 2."""
    file = tmp_path / "budgets.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        read(file)
    result = run("check", "--budgets", str(file))
    assert result.exit_code == 2
    assert told in result.stderr


def test_check_says_by_its_status_whether_budgets_are_kept(
    client: openai.OpenAI, configured: Any
) -> None:
    """0 within, 1 used up; the table has each account of "each"."""
    configured(f'[[budget]]\nuser = "*"\ndaily_usd = {COST:f}\n[[budget]]\nmonthly_usd = 5\n')
    assert run("check").exit_code == 0
    with ai_usage_context("op", user_id="anna"):
        ask(client)
    result = run("check")
    assert result.exit_code == 1
    assert "daily_usd of user anna" in result.stderr
    assert "used up" in result.stderr
    lines = [line.split()[-1] for line in result.stdout.splitlines()]
    assert lines == ["state", "up", "within"]
    status = run("status", "--format", "json")
    assert status.exit_code == 0
    told = json.loads(status.stdout)
    assert [one["budget"] for one in told] == ["user anna", "all calls"]
    assert told[0]["spent_usd"] == f"{COST:f}"


def test_the_commands_need_budgets(tmp_path: Path) -> None:
    """Without a file, or with a wrong option, the status is 2; nothing is made by looking."""
    assert run("check").exit_code == 2
    assert run("check", "--bogus").exit_code == 2
    file = tmp_path / "b.toml"
    file.write_text("[[budget]]\ndaily_usd = 1\n", encoding="utf-8")
    accounts_file = tmp_path / "none.db"
    result = run("status", "--budgets", str(file), "--accounts", str(accounts_file))
    assert result.exit_code == 0
    assert not accounts_file.exists()


class Sharing(RuleBasedStateMachine):
    """Processes that reserve, settle and crash in any order, beside what must come out."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.file = Accounts(Path(self.folder.name) / "a.db")
        self.open: dict[str, tuple[str, int]] = {}
        self.crashed: set[str] = set()
        self.spent = self.over = self.number = 0
        self.kept = (shared_accounts.identity, shared_accounts.is_dead)
        shared_accounts.is_dead = self.crashed.__contains__  # type: ignore[assignment]

    def teardown(self) -> None:
        """Have the real processes asked again."""
        shared_accounts.identity, shared_accounts.is_dead = self.kept
        self.file.file.close()
        self.folder.cleanup()

    def reserved(self) -> int:
        """Return what processes hold; of those that crashed it is as good as spent."""
        return sum(amount for _, amount in self.open.values())

    @rule(process=st.sampled_from("ABC"), amount=st.integers(0, 60))
    def reserve(self, process: str, amount: int) -> None:
        """There is room exactly where spent and reserved leave it."""
        self.number += 1
        key, name = f"k{self.number}", f"{process}{len(self.crashed)}"
        shared_accounts.identity = lambda: name
        full = self.file.reserve(key, PLACES, amount).full
        taken = self.spent + self.reserved()
        assert (full is None) == (taken < LIMIT and taken + amount <= LIMIT)
        if full is None:
            self.open[key] = (name, amount)

    @rule(data=st.data(), twice=st.booleans())
    def settle(self, data: st.DataObject, twice: bool) -> None:
        """It is spent once, however often it is told."""
        alive = [key for key, (who, _) in self.open.items() if who not in self.crashed]
        if not alive:
            return
        key = data.draw(st.sampled_from(alive))
        _, amount = self.open.pop(key)
        cost = data.draw(st.integers(0, amount))
        for _ in range(1 + twice):
            self.file.settle(key, cost)
        self.spent += cost

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """What it held stays taken."""
        holders = sorted({who for who, _ in self.open.values()} - self.crashed)
        if holders:
            self.crashed.add(data.draw(st.sampled_from(holders)))

    @invariant()
    def nothing_is_spent_twice(self) -> None:
        """The file has what was settled, in both periods, and never above the budget."""
        rows = self.file.file.run(
            lambda file: file.execute("SELECT spent FROM ai_usage_spent").fetchall()
        )
        assert {spent for (spent,) in rows} <= {self.spent}
        assert self.spent <= LIMIT
        lost = sum(amount for who, amount in self.open.values() if who in self.crashed)
        for one in self.file.balances():
            assert (one.spent, one.reserved) == (self.spent + lost, self.reserved() - lost)


Sharing.TestCase.settings = hypothesis_settings(max_examples=30, stateful_step_count=25)
TestSharing = Sharing.TestCase
TestSharing.__doc__ = "Any sequence of reserving, settling and crashing spends each call once."


@pytest.mark.lengthy
def test_processes_that_are_killed_do_not_overspend(capsys: pytest.CaptureFixture[str]) -> None:
    """8 processes of 8 threads: never above the budget, whatever is billed to the killed."""
    assert budget_race.main(["3", "--limit", "100000", "--seed", "1"]) is None
    outcome = Outcome(**json.loads(capsys.readouterr().out))
    assert outcome.faults() == []
    assert outcome.spent > outcome.limit * 0.9
    assert outcome.killed > 0


def test_a_race_that_overspends_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge of a race can say no, and its command ends with it."""
    monkeypatch.setattr(budget_race, "race", lambda *_, **__: Outcome(100, 101, 101, 0, 0, 8))
    assert budget_race.main(["3"]) == "spent 101 of 100"
    assert len(Outcome(100, 101, 90, 5, 0, 8).faults()) == 3
    assert len(Outcome(100, 90, 101, 0, 0, 8).faults()) == 1


def test_the_accounts_can_be_read_by_anything(tmp_path: Path) -> None:
    """It is a SQLite file."""
    file = Accounts(tmp_path / "a.db")
    file.reserve("one", PLACES, 10)
    file.settle("one", 4)
    with sqlite3.connect(tmp_path / "a.db") as other:
        rows = other.execute("SELECT period, spent FROM ai_usage_spent ORDER BY 1").fetchall()
    other.close()
    assert rows == [("2026-11", 4), ("2026-11-30", 4)]


NAMED = """
import openai, sys
from tracker import ai_usage_context
from tracker.errors import BudgetExceededError
with ai_usage_context("op"), openai.OpenAI(base_url=sys.argv[1], api_key="k") as client:
    try:
        client.chat.completions.create(model="gpt-4o-mini", messages=[])
    except BudgetExceededError as error:
        print(error.budget.partition(" in ")[0])
"""


def test_a_file_that_the_environment_names_holds_from_the_start(
    tmp_path: Path, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a line of code: the first call is asked for."""
    file = tmp_path / "b.toml"
    file.write_text("[[budget]]\ndaily_usd = 0\n", encoding="utf-8")
    monkeypatch.setenv("AI_USAGE_BUDGETS", str(file))
    monkeypatch.setenv("AI_USAGE_BUDGET_ACCOUNTS", str(tmp_path / "a.db"))
    command = [sys.executable, "-c", NAMED, server.base_url]
    shown = subprocess.run(command, capture_output=True, text=True)
    assert shown.stdout.strip() == "daily_usd of all calls", shown.stderr
    assert server.requests == []


@pytest.mark.parametrize("is_read_first", [False, True])
def test_a_response_that_another_process_reads_is_spent_once(
    client: openai.OpenAI, configured: Any, metrics: CapturedMetrics, is_read_first: bool
) -> None:
    """Both have a record of it, the first without tokens; one of them is spent, the first told."""
    configured("[[budget]]\nmonthly_usd = 5\n")
    later: dict[str, Any] = {"model": "gpt-4o-mini", "input": "a receipt", "background": True}
    with ai_usage_context("begin"):
        name = client.responses.create(**later, max_output_tokens=1000).id
    begun = dict(background._open)
    (key,) = begun

    def end() -> None:
        background._open.update(begun)
        background.finish_open()

    def read_there() -> None:
        background.forget()
        with ai_usage_context("read"):
            for _ in range(3):
                client.responses.retrieve(name)

    parts = [read_there, end] if is_read_first else [end, read_there]
    with frozen_clock(datetime.fromtimestamp(key[2], UTC).isoformat()):  # type: ignore[arg-type]
        parts[0]()
        first = accounts().balances()
        parts[1]()
        assert [one.spent for one in accounts().balances()] == [one.spent for one in first]
        assert not any(one.reserved for one in accounts().balances())
    assert sorted(m.total_tokens or 0 for m in metrics) == [0, 30]
    assert len({m.id for m in metrics}) == 2
    assert first[0].spent > 0
