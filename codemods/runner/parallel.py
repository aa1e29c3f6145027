"""Work on many files in several processes: the same outcomes in the same order as in one.

Each process reads a share of the files, tells the others what stands there, and then rewrites
those of its share, whose trees it has.  One that has done all of its own takes some of the others'.
A process that dies, by a signal or for want of memory, costs the one file that it worked on.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import threading
import warnings
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from codemods.linking.shares import Share
from codemods.model.outcome import Failed
from codemods.model.progress import Progress, nothing_told
from codemods.runner.worker import no_collection, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from codemods.linking.shares import Gathering
    from codemods.model.outcome import FileOutcome
    from codemods.model.source import SourceFile
    from codemods.runner.worker import Worker

#: Files that a process is given at once: it need not wait for the next, nor keep them from others.
_AT_ONCE = 3
#: Said by who is ready to work on files, and before that tells what it has found.
_NOTHING = b""


def outcomes(
    make: Callable[[], Worker],
    sources: Sequence[SourceFile],
    jobs: int,
    progress: Progress = nothing_told,
) -> list[FileOutcome]:
    """Return the outcome of each of *sources*, worked on by *jobs* processes, in their order.

    *make* returns what does the work.  It is called once in this process where the others
    can be forked from it, and else, pickled with all that it holds, in each of them.
    """
    done: dict[int, FileOutcome] = {}
    forks = _may_fork()
    if forks:
        made = make()
        crew = _Crew(lambda: made, sources, done, progress, "fork")
    else:
        crew = _Crew(make, sources, done, progress, "spawn")
    suspects = crew.work([list(part) for part in parts(sources, jobs)], shared=True)
    while left := [n for n in range(len(sources)) if n not in done and n not in suspects]:
        # All of them died, and the next ones may.
        suspects += crew.work([left[number::jobs] for number in range(jobs)], shared=False)
    for number in suspects:
        if crew.work([[number]], shared=False):
            done[number] = _failed(sources[number])
    return [done[number] for number in range(len(sources))]


def _may_fork() -> bool:
    """Whether a fork is sound: not with other systems' libraries, nor beside other threads."""
    return sys.platform == "linux" and threading.active_count() == 1


def _failed(source: SourceFile) -> Failed:
    message = "the process that worked on it ended before it was done"
    advice = "is there enough memory? --jobs 1 shows what it dies of; or leave the file out"
    return Failed(source.display, "analyse", message, advice)


@dataclass
class _Member:
    """A process as its parent sees it: files of its ``own``, and those that it was ``given``."""

    link: Connection
    process: BaseProcess
    own: deque[int]
    given: deque[int] = field(default_factory=deque)
    is_alive: bool = True

    def heard(self) -> bytes | None:
        """Return what it says next, None if it died."""
        try:
            return self.link.recv_bytes()
        except (EOFError, OSError):
            self.is_alive = False
            return None

    def tell(self, what: bytes) -> None:
        """Tell it something; whether it is still there shows when it is to answer."""
        with suppress(OSError):
            self.link.send_bytes(what)

    def end(self) -> None:
        """Have it end: it waits for work, or nobody waits for what it does."""
        self.link.close()
        self.process.kill()
        self.process.join()


class _Crew:
    """Processes that work on the same files, and put the outcomes into ``done``."""

    def __init__(
        self,
        make: Callable[[], Worker],
        sources: Sequence[SourceFile],
        done: dict[int, FileOutcome],
        progress: Progress,
        method: str,
    ) -> None:
        self._make = make
        self._sources = sources
        self._done = done
        self._progress = progress
        self._context: Any = multiprocessing.get_context(method)
        self._members: list[_Member] = []

    def work(self, shares: Sequence[Sequence[int]], *, shared: bool) -> list[int]:
        """Have a process for each of *shares*; return the files of which processes died.

        What all need to know they find out together if it is *shared*, and else each for itself.
        """
        self._members = []
        places = {str(self._sources[n].path): at for at, own in enumerate(shares) for n in own}
        try:
            for number, own in enumerate(shares):
                self._start(own, Share(number, len(shares), places) if shared else None)
            if shared:
                self._have_told()
            return self._have_done()
        finally:
            for member in self._members:
                member.end()

    def _start(self, own: Sequence[int], share: Share | None) -> None:
        here, there = self._context.Pipe()
        forks = self._context.get_start_method() == "fork"
        # Who has the other end of a pipe, too, would hide that a process has died.
        unused = [here, *(member.link for member in self._members)] if forks else []
        given = (self._make, self._sources, share, there, unused)
        process = self._context.Process(target=_take_part, args=given, daemon=True)
        process.start()
        there.close()
        self._members.append(_Member(here, process, deque(own)))

    def _have_told(self) -> None:
        """Hand on what each process finds to all others, until they are ready."""
        while True:
            told = [member.heard() for member in self._members]
            is_whole = all(told)
            for member, own in zip(self._members, told, strict=True):
                if own and not is_whole:
                    member.tell(_NOTHING)  # one has died, or has left it: the others go on alone
                for at, other in enumerate(told) if is_whole else ():
                    if self._members[at] is not member:
                        member.tell(other or _NOTHING)
            if not is_whole:
                return

    def _have_done(self) -> list[int]:
        suspects: list[int] = []
        members = {member.link: member for member in self._members}
        while True:
            for member in members.values():
                self._give(member)
            waiting = [link for link, member in members.items() if member.given]
            if not waiting:
                return suspects
            for link in wait(waiting):
                member = members[link]  # type: ignore[index]
                answer = member.heard()
                if answer is None:
                    suspects.append(member.given.popleft())
                    member.own.extendleft(reversed(member.given))
                    member.given.clear()
                else:
                    self._done[member.given.popleft()] = pickle.loads(answer)
                    self._progress(len(self._done), len(self._sources))

    def _give(self, member: _Member) -> None:
        """Give *member* files that it works on next, of its own as long as there are any."""
        if not member.is_alive or len(member.given) > 1:
            return
        files = [member.own.popleft() for _ in range(min(_AT_ONCE, len(member.own)))]
        if not files and not member.given:
            most = max(self._members, key=lambda one: len(one.own)).own
            files = [most.pop()] if most else []
        if files:
            member.given.extend(files)
            member.tell(pickle.dumps(files))


def _take_part(
    make: Callable[[], Worker],
    sources: Sequence[SourceFile],
    share: Share | None,
    link: Connection,
    unused: Sequence[Connection],
) -> None:
    """Work on files, in a process of its own: the parent alone answers to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    for one in unused:
        one.close()
    worker = make()
    if share is not None:
        with no_collection(len(sources)):
            _gather(worker.gather(share) if worker.gather is not None else None, share, link)
    with suppress(EOFError, OSError):
        while True:
            for number in link.recv():
                link.send(worker(sources[number]))


def _gather(gathering: Gathering | None, share: Share, link: Connection) -> None:
    """Tell the others what *gathering* finds, and it what the others have found."""
    if gathering is not None:
        with suppress(StopIteration):
            found = next(gathering)
            while True:
                link.send(found)
                told = [link.recv_bytes() for _ in range(1, share.count)]
                if _NOTHING in told:
                    gathering.close()
                    return
                every = [pickle.loads(one) for one in told]
                every.insert(share.number, found)
                found = gathering.send(every)
    link.send_bytes(_NOTHING)
