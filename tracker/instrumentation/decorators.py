"""Observing a function of the program: sync, async, generators of both kinds."""

from __future__ import annotations

import contextlib
import functools
import inspect
import weakref
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from tracker.config.misuse import forgiven
from tracker.context.generator_steps import drive, drive_async
from tracker.delivery import writer
from tracker.instrumentation.answers import is_deferred
from tracker.instrumentation.observation import is_quiet
from tracker.instrumentation.observer import Observer
from tracker.instrumentation.providers.fields import field

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from tracker.protocols import CallOwner

BATCH_FLAG = "is_batch"


class Observed:
    """How calls of one function are observed: by which tracker, and as what."""

    def __init__(
        self,
        tracker: CallOwner,
        service: str,
        operation: str,
        function: Callable[..., Any],
        *,
        names_client_method: bool = False,
    ) -> None:
        self._tracker = tracker
        self._service = service
        self._operation = operation
        self.function = function
        self._by_client = names_client_method
        self._takes_flag = _names_parameter(function, BATCH_FLAG)
        self._source = _reference(function)
        self._extra: dict[str, object] = {}
        # A method of its own, not what a mock makes of any name.
        self._fields_of_call = getattr(type(tracker), "fields_of_call", None)
        name = getattr(function, "__name__", None)
        # A lambda, or a client's own method, says nothing about the program.
        if isinstance(name, str) and name.isidentifier() and not names_client_method:
            self._extra["function"] = name

    def begin(self, arguments: dict[str, Any]) -> Observer:
        """Return the observer of one call; ``is_batch`` is ours and is taken out of *arguments*."""
        flag = arguments.get(BATCH_FLAG)
        if not self._takes_flag:
            arguments.pop(BATCH_FLAG, None)
        with forgiven("an observed call"):
            model = arguments.get("model")
            extra = self._extra
            if self._fields_of_call is not None:
                told = self._fields_of_call(self._tracker, self._operation, arguments)
                extra = {**extra, **told}
            return Observer(
                self._tracker,
                self._service,
                self._operation,
                model=model if isinstance(model, str) else None,
                batch=bool(flag),
                extra=extra,
                source=self._source,
                by_client=self._by_client,
            )
        return Bystander()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function; a coroutine that it returns is observed when it is awaited."""
        observer = self.begin(kwargs)
        with observer:
            result = self.function(*args, **kwargs)
            if not isinstance(result, Awaitable):
                return _seen(observer, result)
        return _awaited(observer, result)

    async def call_async(self, *args: Any, **kwargs: Any) -> Any:
        """Run the coroutine function."""
        observer = self.begin(kwargs)
        return await _awaited(observer, self.function(*args, **kwargs))

    def iterate(self, *args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        """Run the generator function, observed at each step."""
        observer = self.begin(kwargs)
        steps = _Steps(observer)
        try:
            result = yield from drive(self.function(*args, **kwargs), steps.step, steps.seen)
        except GeneratorExit:
            observer.returned(steps.last, partial=True)
            raise
        except BaseException as error:
            observer.raised(error)
            raise
        observer.returned(steps.last)
        return result

    async def iterate_async(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        """Run the async generator function, observed at each step."""
        observer = self.begin(kwargs)
        steps = _Steps(observer)
        inner = drive_async(self.function(*args, **kwargs), steps.step, steps.seen)
        try:
            async with contextlib.aclosing(inner):
                async for item in inner:
                    yield item
        except GeneratorExit:
            observer.returned(steps.last, partial=True)
            raise
        except BaseException as error:
            observer.raised(error)
            raise
        else:
            observer.returned(steps.last)
        finally:
            if is_quiet():
                await writer.leave_async()


class Bystander(Observer):
    """Observes nothing: the tracker, or a double of one, cannot record."""

    __slots__ = ()

    def __init__(self) -> None:
        """Have none of an observer's state."""

    def __enter__(self) -> Bystander:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        return None

    def returned(self, response: Any, *, partial: bool = False) -> None:
        """Take no note of it."""

    def raised(self, error: BaseException) -> None:
        """Take no note of it."""


class _Steps:
    """The observer, current during each step; and the last item that told its usage."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.last: Any = None

    def step(self) -> _Step:
        return _Step(self._observer)

    def seen(self, item: Any) -> None:
        if field(item, "usage") is not None:
            self.last = item


class _Step:
    """Makes an observer current without judging what the step raises."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def __enter__(self) -> None:
        self._observer.__enter__()

    def __exit__(self, *_: object) -> None:
        self._observer.__exit__(None, None, None)


def observe(
    tracker: CallOwner,
    service: str,
    operation: str,
    function: Callable[..., Any],
    *,
    names_client_method: bool = False,
) -> Callable[..., Any]:
    """Return *function* observed by *tracker*: same results, same exceptions, same kind.

    *names_client_method* says that it is a method of a client which carries the tracker.
    """
    with forgiven("an observed function"):
        return _observing(tracker, service, operation, function, names_client_method)
    return function


def _observing(
    tracker: CallOwner,
    service: str,
    operation: str,
    function: Callable[..., Any],
    names_client_method: bool,
) -> Callable[..., Any]:
    if isinstance(function, classmethod | staticmethod):
        # Decorated from outside, as by a tracker's decorator above @classmethod.
        of_function = observe(tracker, service, operation, function.__func__)
        return type(function)(of_function)
    observed = Observed(
        tracker, service, operation, function, names_client_method=names_client_method
    )
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            async with contextlib.aclosing(observed.iterate_async(*args, **kwargs)) as steps:
                async for item in steps:
                    yield item

        return async_generator
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            return await observed.call_async(*args, **kwargs)

        return coroutine
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from observed.iterate(*args, **kwargs))

        return generator

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return observed.call(*args, **kwargs)

    return called


async def _awaited(observer: Observer, result: Awaitable[Any]) -> Any:
    try:
        with observer:
            return _seen(observer, await result)
    finally:
        if is_quiet():  # the outermost: what it booked is stored before it is left
            await writer.leave_async()


def _seen(observer: Observer, result: Any) -> Any:
    """Tell *observer* what its function returned; a request still to be sent is observed then."""
    if is_deferred(result):
        from tracker.instrumentation.streaming.deferred import deferred

        return deferred(result, observer)
    observer.returned(result)
    return result


def _reference(function: Callable[..., Any]) -> object:
    """Return a weak reference that equals another one to the same function, or None."""
    with contextlib.suppress(TypeError):
        return weakref.WeakMethod(function) if inspect.ismethod(function) else weakref.ref(function)
    return None


def _names_parameter(function: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        # Some builtins and doubles have no signature.
        return False
