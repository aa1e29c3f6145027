"""AI calls in every form in which legacy code records them through a tracker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .source import Stmt, Suite

if TYPE_CHECKING:
    from .pen import Pen, Scope

CREATE = "client.chat.completions.create"


def ai_call(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    """Return statements that make one AI call (seldom a few) and record it with *tracker*."""
    if scope.is_async and pen.chance(65):
        return _async_call(pen, scope, tracker)
    form = pen.weighted(
        [
            (24, _replay),
            (12, _direct),
            (26, _helper),
            (6, _bound),
            (6, _in_expression),
            (5, _decorated),
            (4, _external),
            (4, _wrapped),
            (4, _anthropic),
            (3, _embedding),
            (3, _comprehension),
            (2, _failing),
            (2, _late_replay),
        ]
    )
    return form(pen, scope, tracker)


def helper_ask(pen: Pen) -> str:
    """Return the name of a helper of the program that takes a tracker and makes a call."""
    pen.use("client")
    body: list[Stmt] = [
        f"answer = {CREATE}(model=model)",
        "tracker.track_openai_completion(lambda: answer)()",
        "return answer",
    ]
    return pen.helper("ask", [Suite("def ask(tracker, model):", body)])


def async_helper_ask(pen: Pen) -> str:
    """Return the name of an async helper that takes a tracker and makes a call."""
    pen.use("aclient")
    body: list[Stmt] = [
        "answer = await aclient.chat.completions.create(model=model)",
        "tracker.track_openai_completion(lambda: answer)()",
        "return answer",
    ]
    return pen.helper("aask", [Suite("async def aask(tracker, model):", body)])


def _seen(pen: Pen, scope: Scope, result: str) -> list[Stmt]:
    """Return what the program does with a result: print it, collect it, or nothing."""
    if scope.collects and pen.chance(50):
        return [f"results.append({result}.model)"]
    return [f"print({result}.model)"] if pen.chance(30) else []


def _replay(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    pen.use("client")
    result = pen.fresh("r")
    return [
        f"{result} = {CREATE}(model={pen.model()})",
        f"{tracker}.track_openai_completion(lambda: {result})()",
        *_seen(pen, scope, result),
    ]


def _late_replay(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    pen.use("client")
    result = pen.fresh("r")
    return [
        f"{result} = {CREATE}(model={pen.model()})",
        f"print({pen.note()})",
        f"{tracker}.track_openai_completion(lambda: {result})()",
        *_seen(pen, scope, result),
    ]


def _direct(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    pen.use("client")
    result = pen.fresh("r")
    call = f"{tracker}.track_openai_completion(lambda: {CREATE}(model={pen.model()}))()"
    return [f"{result} = {call}", *_seen(pen, scope, result)]


def _bound(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    pen.use("client")
    result = pen.fresh("r")
    call = f"{tracker}.track_openai_completion({CREATE})(model={pen.model()})"
    return [f"{result} = {call}", *_seen(pen, scope, result)]


def _helper(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    result = pen.fresh("r")
    arguments = f"{tracker}, {pen.model()}"
    if pen.chance(15):
        arguments = f"tracker={tracker}, model={pen.model()}"
    call = f"{helper_ask(pen)}({arguments})"
    return [call] if pen.chance(30) else [f"{result} = {call}", *_seen(pen, scope, result)]


def _in_expression(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    call = f"{helper_ask(pen)}({tracker}, {pen.model()}).model"
    return [f"results.append({call})" if scope.collects else f"print({call})"]


def _decorated(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    pen.use("client")
    name = pen.fresh("asks")
    body: list[Stmt] = [f"return {CREATE}(model=model)"]
    result = pen.fresh("r")
    return [
        f"@{tracker}.track_openai_completion",
        Suite(f"def {name}(model):", body),
        f"{result} = {name}({pen.model()})",
        *_seen(pen, scope, result),
    ]


def _external(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    result = pen.fresh("r")
    call = f"{pen.use('ask_with')}({tracker}, {pen.model()})"
    return [f"{result} = {call}", *_seen(pen, scope, result)]


def _wrapped(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    pen.use("client")
    wrapped, result = pen.fresh("wrapped"), pen.fresh("r")
    return [
        f"{wrapped} = {pen.tracker_class}.create_wrapped_openai_client(client, {tracker})",
        f"{result} = {wrapped}.chat.completions.create(model={pen.model()})",
        *_seen(pen, scope, result),
    ]


def _anthropic(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    result = pen.fresh("r")
    return [
        f"{result} = {pen.use('claude')}.messages.create(model={pen.model()})",
        f"{tracker}.track_anthropic_completion(lambda: {result})()",
        *_seen(pen, scope, result),
    ]


def _embedding(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    pen.use("client")
    result = pen.fresh("r")
    return [
        f"{result} = client.embeddings.create(model={pen.model()})",
        f"{tracker}.track_openai_embedding(lambda: {result})()",
        *_seen(pen, scope, result),
    ]


def _comprehension(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    ask = helper_ask(pen)
    label = pen.fresh("m")
    items = f'[{ask}({tracker}, f"{label}-{{i}}").model for i in range({pen.number(1, 2)})]'
    form = pen.pick(("print({})", "kept = {}", "print(*({}))"))
    return [form.format(items)]


def _failing(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    pen.use("client")
    call = f'{CREATE}(model="bad-{pen.fresh("m")}")'
    recorded = f"{tracker}.track_openai_completion(lambda: {call})()"
    caught = Suite("except Exception as error:", ["print(error)"])
    return [Suite("try:", [recorded]), caught]


def _async_call(pen: Pen, scope: Scope, tracker: str) -> list[Stmt]:
    form = pen.weighted(
        [(40, "helper"), (40, "replay"), (5, "gather"), (5, "task"), (5, "wrapped")]
    )
    result = pen.fresh("r")
    if form == "replay":
        pen.use("aclient")
        return [
            f"{result} = await aclient.chat.completions.create(model={pen.model()})",
            f"{tracker}.track_openai_completion(lambda: {result})()",
            *_seen(pen, scope, result),
        ]
    ask = async_helper_ask(pen)
    if form == "gather":
        pen.imports.add("import asyncio")
        both = f"{ask}({tracker}, {pen.model()}), {ask}({tracker}, {pen.model()})"
        return [f"{result} = await asyncio.gather({both})"]
    if form == "task":
        pen.imports.add("import asyncio")
        task = f"asyncio.create_task({ask}({tracker}, {pen.model()}))"
        return [f"task = {task}", *([pen.note()] if pen.chance(50) else []), "await task"]
    if form == "wrapped":
        pen.use("aclient")
        wrapper = f"{pen.tracker_class}.create_wrapped_openai_client(aclient, {tracker})"
        return [f"{result} = await {wrapper}.chat.completions.create(model={pen.model()})"]
    return [f"{result} = await {ask}({tracker}, {pen.model()})", *_seen(pen, scope, result)]
