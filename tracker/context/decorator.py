"""Running each call of a function in a block of its own."""

from __future__ import annotations

import contextlib
import functools
import inspect
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from tracker.context import scope
from tracker.context.attribution import ID_FIELDS
from tracker.context.generator_steps import drive, drive_async
from tracker.delivery import writer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Around(Protocol):
    """What is entered around a call, in either way: a block."""

    def __enter__(self) -> Any:
        """Begin, and return what is handed to the function."""

    def __exit__(self, kind: Any, error: Any, tb: Any) -> None:
        """End."""

    async def __aenter__(self) -> Any:
        """Begin in a coroutine."""

    async def __aexit__(self, kind: Any, error: Any, tb: Any) -> None:
        """End in a coroutine."""


class MakeBlock(Protocol):
    """How the decorator makes the block of one call."""

    def __call__(self, given: Any, ids: Mapping[str, Any]) -> Around:
        """Return a block for the tracker that the caller passed, if any, and the call's ids."""


class _Plan:
    """How calls of one function are taken apart, and put together with the tracker."""

    def __init__(self, function: Callable[..., Any], make_block: MakeBlock) -> None:
        self._function = function
        self._make_block = make_block
        self._signature = _signature(function)
        parameters = self._signature.parameters
        self._open = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        taking = parameters.get("tracker")
        self._takes_tracker = taking is not None and taking.kind in BY_NAME

    def block(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Around:
        """Return the block of this call; ids that the function does not take leave *kwargs*."""
        known = self._bound(args, self._accepted(kwargs))
        given = {**kwargs, **known}
        ids = {name: given[name] for name in ID_FIELDS if name in given}
        for name in ID_FIELDS:
            if not self._takes(name):
                kwargs.pop(name, None)
        return self._make_block(known.get("tracker") if self._takes_tracker else None, ids)

    def hand_over(self, tracker: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Add *tracker* to the arguments if the function takes one and got none."""
        if not self._takes_tracker:
            return
        if "tracker" not in self._bound(args, kwargs):
            kwargs["tracker"] = tracker

    def _bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the arguments by name; where they do not fit, the function itself will say so."""
        try:
            return self._signature.bind_partial(*args, **kwargs).arguments
        except TypeError:
            return kwargs

    def _takes(self, name: str) -> bool:
        return self._open or name in self._signature.parameters

    def _accepted(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in kwargs.items() if self._takes(name)}


class _PlanWithout(_Plan):
    """Calls of a function that hears nothing of the block around it."""

    def block(self, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> Around:
        """Return the block of this call, whose arguments are all the function's."""
        return self._make_block(None, {})

    def hand_over(self, _tracker: Any, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
        """Leave the arguments as they are."""


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of *function*; one that has none takes whatever it is given."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return inspect.signature(lambda *args, **kwargs: None)  # noqa: ARG005 - all that is asked


class _Steps:
    """A block that a generator enters once, and that is current during its steps only."""

    def __init__(self, block: Around) -> None:
        before = scope.replace_current(None)
        scope.replace_current(before)
        self._block = block
        self.tracker = block.__enter__()
        self._node = scope.replace_current(before)

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Make current what was at the end of the step before: a block may be open over steps."""
        before = scope.replace_current(self._node)
        try:
            yield
        finally:
            self._node = scope.replace_current(before)

    def end(self, error: BaseException | None) -> None:
        if isinstance(error, GeneratorExit):
            error = None  # the consumer wanted no more: not a failure
        with self.step():
            self._block.__exit__(type(error) if error else None, error, None)


def tracked(function: Decorated, make_block: MakeBlock) -> Decorated:
    """Return *function* with each call in a block; a function of the same kind."""
    if isinstance(function, classmethod | staticmethod):
        # Decorated from outside, as by @ai_usage_tracked above @classmethod.
        return cast("Decorated", type(function)(tracked(function.__func__, make_block)))
    return _planned(function, _Plan(function, make_block))


def surrounded(function: Decorated, make_block: Callable[[], Around]) -> Decorated:
    """Return *function* with each call in a block of which it hears nothing; of the same kind."""
    if isinstance(function, classmethod | staticmethod):
        return cast("Decorated", type(function)(surrounded(function.__func__, make_block)))
    return _planned(function, _PlanWithout(function, lambda given, ids: make_block()))  # noqa: ARG005


def _planned(function: Decorated, plan: _Plan) -> Decorated:
    if inspect.isasyncgenfunction(function):
        return cast("Decorated", _async_generator(function, plan))
    if inspect.iscoroutinefunction(function):
        return cast("Decorated", _coroutine(function, plan))
    if inspect.isgeneratorfunction(function):
        return cast("Decorated", _generator(function, plan))

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with plan.block(args, kwargs) as tracker:
            plan.hand_over(tracker, args, kwargs)
            return function(*args, **kwargs)

    return cast("Decorated", call)


def _coroutine(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        async with plan.block(args, kwargs) as tracker:
            plan.hand_over(tracker, args, kwargs)
            return await function(*args, **kwargs)

    return call


def _generator(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        steps = _Steps(plan.block(args, kwargs))
        try:
            plan.hand_over(steps.tracker, args, kwargs)
            result = yield from drive(function(*args, **kwargs), steps.step)
        except BaseException as error:
            steps.end(error)
            raise
        steps.end(None)
        return result

    return call


def _async_generator(function: Callable[..., Any], plan: _Plan) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = _Steps(plan.block(args, kwargs))
        try:
            plan.hand_over(steps.tracker, args, kwargs)
            inner = drive_async(function(*args, **kwargs), steps.step)
            async with contextlib.aclosing(inner):
                async for item in inner:
                    yield item
        except BaseException as error:
            steps.end(error)
            raise
        else:
            steps.end(None)
        finally:
            if scope.is_outside():
                await writer.leave_async()

    return call
