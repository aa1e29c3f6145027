"""What a framework's file declares: its uses, as functions that are given a kit."""

from __future__ import annotations

import contextlib
import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._server import Server

#: Models as of which the framework's tables know the newest, and the price lists too.
MODEL, CLAUDE, EMBEDDER = "gpt-4o-mini", "claude-3-5-haiku-20241022", "text-embedding-3-small"
QUESTION = "How many are they in {job}? <<say {say} say>>"
_jobs = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """One use of a framework; ``clients`` tells that the program makes the clients itself."""

    name: str
    run: Callable[[Kit], Any]
    clients: bool


@dataclass
class Cases:
    """The uses of one framework, in the order of its file: ``@case`` or ``@case.with_client``."""

    found: list[Case] = field(default_factory=list)

    def __call__(self, run: Callable[[Kit], Any]) -> Callable[[Kit], Any]:
        """Declare a use in which the framework makes its clients."""
        return self._declared(run, clients=False)

    def with_client(self, run: Callable[[Kit], Any]) -> Callable[[Kit], Any]:
        """Declare a use in which it is handed clients: also wrapped ones, without a block."""
        return self._declared(run, clients=True)

    def _declared(self, run: Callable[[Kit], Any], *, clients: bool) -> Callable[[Kit], Any]:
        self.found.append(Case(run.__name__.strip("_").replace("_", " "), run, clients))
        return run


class Kit:
    """What a use has: the server's addresses, prompts that name the job, and clients."""

    def __init__(self, server: Server, wrap: Callable[[Any], Any] | None = None) -> None:
        self.server = server
        self.job = f"job-{next(_jobs)}"
        self.base_url = server.base_url
        self.root_url = server.root_url
        self.wrap = wrap or (lambda client: client)

    def question(self, say: str = "three") -> str:
        """Return a prompt that names the job, and what is to be said."""
        return QUESTION.format(job=self.job, say=say)

    def openai(self) -> Any:
        """Return OpenAI's client."""
        import openai

        return self.wrap(openai.OpenAI(base_url=self.base_url, api_key="sk-not-a-key"))

    def async_openai(self) -> Any:
        """Return OpenAI's asynchronous client."""
        import openai

        return self.wrap(openai.AsyncOpenAI(base_url=self.base_url, api_key="sk-not-a-key"))

    def anthropic(self) -> Any:
        """Return Anthropic's client."""
        import anthropic

        return self.wrap(anthropic.Anthropic(base_url=self.root_url, api_key="sk-not-a-key"))

    def async_anthropic(self) -> Any:
        """Return Anthropic's asynchronous client."""
        import anthropic

        return self.wrap(anthropic.AsyncAnthropic(base_url=self.root_url, api_key="sk-not-a-key"))

    def beside(self, use: Callable[[Kit], Any]) -> None:
        """Have two threads make *use*, each in a block of its own job, at the same time."""
        from tracker import ai_usage_context

        errors: list[BaseException] = []
        together = threading.Barrier(2)

        def run(kit: Kit) -> None:
            try:
                with ai_usage_context("beside", job_id=kit.job):
                    together.wait()
                    use(kit)
            except BaseException as error:  # noqa: BLE001 - told by the thread that waits
                errors.append(error)
                together.abort()

        threads = [threading.Thread(target=run, args=(Kit(self.server),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]


def weigh(parcel: str) -> int:
    """Return the weight of a parcel.

    Args:
        parcel: The name of the parcel.
    """
    return len(parcel)


@contextlib.contextmanager
def variables(**values: str) -> Iterator[None]:
    """Set variables of the environment for the time of the block."""
    import os

    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
