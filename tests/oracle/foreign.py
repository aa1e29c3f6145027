"""Foreign libraries of a generated program: what they get they keep, call at once, or store."""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from .later import CALLS, KEEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Died(BaseException):
    """The program ended without leaving any block."""


class Owner:
    """An object that a library holds until it ends."""


class Queue:
    """A queue of a library's: what is put in is run when the library ends."""

    def __init__(self, keep: Callable[..., Any]) -> None:
        self.add_task = self.put = self.consider = self.submit = self.push = keep


class Foreign:
    """The libraries of one run, and what they have kept; ``finish`` runs it.

    ``ask`` makes a call with a tracker; it is for those that were handed over alone.
    """

    def __init__(self, ask: Callable[[Any, str], Any]) -> None:
        self._ask = ask
        self._kept: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        self._owners: list[Owner] = []
        self.pending: list[Callable[[], Any]] = []
        self.started: list[threading.Thread] = []
        self.gate = threading.Event()
        self.jobs = self._module()

    def _module(self) -> types.ModuleType:
        module = types.ModuleType("jobs")
        names: dict[str, Any] = dict.fromkeys(KEEPS, self._keep)
        names |= dict.fromkeys(CALLS, _call)
        names |= {
            "Queue": lambda: Queue(self._keep),
            "closing": None,
            "delayed": self._delayed,
            "session": lambda: contextlib.nullcontext(Queue(self._keep)),
            "on": lambda event: self._keep,
            "on_event": self._keep,
            "owner": self._owner,
            "plans": [],
            "run_all": self._run_kept,
            "stack": contextlib.ExitStack(),
        }
        vars(module).update(names)
        return module

    def _keep(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        self._kept.append((work, args, kwargs))
        return work

    def _delayed(self, work: Callable[..., Any]) -> Callable[..., None]:
        def keep(*args: Any, **kwargs: Any) -> None:
            self._keep(work, *args, **kwargs)

        return keep

    def _owner(self) -> Owner:
        self._owners.append(Owner())
        return self._owners[-1]

    def _run_kept(self) -> None:
        while self._kept:
            work, args, kwargs = self._kept.pop(0)
            if callable(getattr(work, "track_openai_completion", None)):
                self._ask(work, "kept")
            else:
                work(*args, **kwargs)

    def finish(self) -> None:
        """Run all that was kept, in one order, and wait for the threads of the program."""
        self.gate.set()
        for thread in threading.enumerate():
            if type(thread).__module__ == "receipts":
                thread.join()
        self.gate.clear()
        for thread in self._taken(self.started):
            thread.start()
            thread.join()
        self._run_kept()
        for work in self._taken(self.pending):
            work()
        for plan in self._taken(self.jobs.plans):
            plan.run()
        closing, self.jobs.closing = self.jobs.closing, None
        if closing is not None:
            closing()
        self.jobs.stack.close()
        self._owners.clear()

    @staticmethod
    def _taken(kept: list[Any]) -> list[Any]:
        found = list(kept)
        kept.clear()
        return found

    def register(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """Stand in for ``atexit.register``."""
        self._keep(work, *args, **kwargs)
        return work

    @contextlib.contextmanager
    def standing_in(self, text: str, die: Callable[..., Any]) -> Iterator[None]:
        """Let what *text* asks of the process itself be noted, instead of happening."""
        with contextlib.ExitStack() as stack:
            for name in ("_exit", "abort", "execv", "execvp"):
                if f"os.{name}" in text:
                    stack.enter_context(mock.patch(f"os.{name}", die))
            if "atexit" in text:
                stack.enter_context(mock.patch("atexit.register", self.register))
            yield


def _call(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return work(*args, **kwargs)


class Store:
    """A store of a library's, which tells the models of what it got."""

    def __init__(self) -> None:
        self.models: list[str] = []

    def put_ai_usage_metric(self, metric: Any) -> None:
        """Take one metric."""
        self.models.append(metric.model)

    def show(self) -> None:
        """Print the models."""
        print(f"stored {self.models}")


class _OneOfEach(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if "only" not in cls.__dict__:
            cls.only = super().__call__(*args, **kwargs)
        return cls.only


class Singleton(metaclass=_OneOfEach):
    """A base whose classes have one object each."""


class Auditing:
    """An object with a method of the name of the API's."""

    def set_tracking_context(self, target: Any, user_id: str, organization_id: int) -> None:
        """Note who works with *target*."""
        print(f"auditing {user_id} {organization_id}")

    set_context = set_tracking_context


def new_file() -> str:
    """Return the path of a new, empty file."""
    with tempfile.NamedTemporaryFile(prefix="oracle-", suffix=".jsonl", delete=False) as file:
        return file.name


def show_file(path: str) -> None:
    """Print the models and jobs in the lines of a log file."""
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    print(f"file {[(row['model'], row['job_id']) for row in rows]}")
