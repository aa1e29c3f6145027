"""Legacy tracker code in the shapes that real applications have it in.

Each shape is one definition of a module, with ordinary statements between what matters.
About two thirds of them are rewritten by default, the others are refused, each for another reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.programs.application import ROW, statements
from benchmarks.programs.words import filled, indented, names

if TYPE_CHECKING:
    from random import Random

#: The modules of the legacy class, with those of the contexts.
MODULES = {
    "receipt_label.utils.ai_usage_tracker": "receipt_label.utils.ai_usage_context",
    "tracker.ai_usage_tracker": "tracker.ai_usage_context",
}
# Imported by every legacy module: what asks a model with a tracker of its caller.
ASKING = '''
"""Asks the models, with the tracker of whoever asks."""

from openai import OpenAI

from $legacy import AIUsageTracker

client = OpenAI()


def ask(text: str, tracker: AIUsageTracker) -> str:
    """Return the answer to *text*, recorded by *tracker*."""
    answer = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": text}]
    )
    tracker.track_openai_completion(lambda: answer)()
    return answer.choices[0].message.content


async def ask_later(text: str, tracker: AIUsageTracker) -> str:
    """Return the answer to *text* without holding up the loop."""
    return ask(text, tracker)
'''
REWRITTEN = (
    '''
def $name(text: str, rows: list[Row], options: dict[str, str]) -> dict[str, object]:
    """$Verb one $noun by a model."""
    result: dict[str, object] = {}
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id=f"$noun-{text}")
$body
    answer = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": text}]
    )

    # Manual metric storage
    tracker.track_openai_completion(lambda: answer)()
    result["answer"] = answer.choices[0].message.content
    return result
''',
    '''
async def $name(text: str, rows: list[Row], options: dict[str, str]) -> str:
    """$Verb the ${noun}s in the background."""
    result: dict[str, object] = {}
$body
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number", user_id="$third")
    answer = await ask_later(text, tracker)
    logger.info("$noun: %s of %s", answer, result)
    return answer
''',
    '''
def $name(rows: list[Row], options: dict[str, str]) -> list[str]:
    """$Verb all ${noun}s of the night as one batch."""
    result: dict[str, object] = {}
    answers: list[str] = []
    tracker = AIUsageTracker()
    tracker.set_tracking_context(batch_id="$noun-nightly")
    for row in rows:
        if row.$field is None:
            continue
        answers.append(ask(f"$verb {row.$second}", tracker))
$body
    return answers
''',
    '''
def $name(text: str, rows: list[Row], options: dict[str, str]) -> str:
    """$Verb the $noun, and say what went wrong."""
    result: dict[str, object] = {}
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number")
    try:
        answer = ask(text, tracker)
    except RuntimeError as error:
        logger.warning("$noun: %s", error)
        answer = ""
$body
    return answer
''',
    '''
def $name(text: str) -> str:
    """$Verb the $noun, and store what it cost in any case."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number", github_pr=$number)
    try:
        return ask(text, tracker)
    finally:
        tracker.flush_metrics()
''',
    '''
def $name(rows: list[Row], options: dict[str, str]) -> dict[str, object]:
    """$Verb first the $noun, then the $other."""
    result: dict[str, object] = {}
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number")
    result["$noun"] = ask("$verb the $noun", tracker)
$body
    tracker.set_tracking_context(job_id="$other-$number")
    result["$other"] = ask("$again the $other", tracker)
    return result
''',
    '''
def $name(kind: str, rows: list[Row], options: dict[str, str]) -> str | None:
    """$Verb what is a $noun, and nothing else."""
    result: dict[str, object] = {}
    answer = None
    if kind == "$noun":
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id="$noun-$number")
        answer = ask(f"$verb {kind}", tracker)
    else:
$deep
    return answer
''',
    '''
def $name(rows: list[Row], options: dict[str, str]) -> dict[str, object]:
    """$Verb each $noun for the person whom it belongs to."""
    result: dict[str, object] = {}
    for row in rows:
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id=f"$noun-{row.$field}")
        result[str(row.$field)] = ask(f"$verb {row.$second}", tracker)
$body
    return result
''',
    '''
class ${Noun}${Other}Desk:
    """Answers what people ask about a $noun."""

    def __init__(self, ${third}s: dict[str, object]) -> None:
        self.${third}s = ${third}s
        self.tracker = AIUsageTracker()

    def $verb(self, text: str, rows: list[Row], options: dict[str, str]) -> str:
        """$Verb the $noun that *text* is about."""
        result = dict(self.${third}s)
        self.tracker.set_tracking_context(job_id=f"$noun-{text}")
        answer = ask(text, self.tracker)
$deep
        return answer

    def look_up(self, key: str) -> object:
        """Return what is known of *key*."""
        return self.${third}s.get(key, $number)
''',
    '''
def $name(rows: list[Row], options: dict[str, str]) -> list[str]:
    """$Verb the ${noun}s one after the other."""
    result: dict[str, object] = {}
$body
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number")

    def answer(row: Row) -> str:
        return ask(f"$verb {row.$field}", tracker)

    return [answer(row) for row in rows if row.$second]
''',
    '''
def $name(texts: list[str], rows: list[Row], options: dict[str, str]) -> int:
    """$Verb several ${noun}s at a time."""
    result: dict[str, object] = {}
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number")
    with ThreadPoolExecutor(max_workers=$small) as pool:
        length = sum(map(len, pool.map(lambda text: ask(text, tracker), texts)))
$body
    return length
''',
    '''
def $name(text: str, person: str = "$third") -> str:
    """$Verb the $noun of a person."""
    tracker = AIUsageTracker()
    if text:
        tracker.set_tracking_context(job_id="$noun-$number", user_id=person)
        summary = ask(f"$verb {text}", tracker)
        logger.debug("%s", summary)
    return text.strip()
''',
    '''
def $name(text: str, rows: list[Row], options: dict[str, str]) -> str:
    """$Verb a $noun inside a context that sets its ids by hand."""
    result: dict[str, object] = {}
    with ai_usage_context("${verb}_${noun}") as tracker:
        tracker.set_tracking_context(job_id="$noun-$number")
        answer = ask(text, tracker)
$deep
    return answer
''',
    '''
def $name(text: str, urgent: bool, rows: list[Row], options: dict[str, str]) -> str:
    """$Verb the $noun, the urgent ones for another job."""
    result: dict[str, object] = {}
    tracker = AIUsageTracker()
    try:
        tracker.set_tracking_context(job_id=options["$noun"])
    except KeyError:
        logger.debug("no job")
$body
    return ask(text, tracker)
''',
)
REFUSED = (
    '''
def $name(text: str, rows: list[Row], options: dict[str, str]) -> AIUsageTracker:
    """$Verb the $noun, and let the caller go on with the tracker."""
    result: dict[str, object] = {}
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number")
    ask(text, tracker)
$body
    return tracker
''',
    '''
def $name(rows: list[Row], options: dict[str, str]) -> Iterator[str]:
    """$Verb the ${noun}s while they are read."""
    result: dict[str, object] = {}
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number")
    for row in rows:
        yield ask(f"$verb {row.$field}", tracker)
$body
''',
    '''
def $name(text: str, tracked: bool, rows: list[Row], options: dict[str, str]) -> str:
    """$Verb the $noun, recorded only if somebody wants it."""
    result: dict[str, object] = {}
    tracker = None
    if tracked:
        tracker = AIUsageTracker()
        tracker.set_tracking_context(job_id="$noun-$number")
$body
    return ask(text, tracker) if tracker else text
''',
    '''
def $name(text: str, **ids: str) -> str:
    """$Verb the $noun with the ids of the caller."""
    tracker = AIUsageTracker()
    tracker.set_tracking_context(**ids)
    return ask(text, tracker)
''',
    '''
def $name(queue, text: str, rows: list[Row], options: dict[str, str]) -> dict[str, object]:
    """Have the $noun looked at later."""
    result: dict[str, object] = {}
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="$noun-$number")
    queue.add_task(ask, text, tracker)
$body
    return result
''',
    '''
def $name(text: str, tracker: AIUsageTracker) -> str:
    """$Verb the $noun, and leave the ids to the caller."""
    tracker.set_tracking_context(job_id="$noun-$number")
    return ask(text, tracker)
''',
    '''
class ${Noun}${Other}Session:
    """Begins with a $noun and goes on with it."""

    def __init__(self) -> None:
        self.tracker = AIUsageTracker()

    def begin(self, person: str, rows: list[Row], options: dict[str, str]) -> dict[str, object]:
        """Remember whom all that follows is for."""
        result: dict[str, object] = {}
        self.tracker.set_tracking_context(user_id=person)
$deep
        return result

    def $verb(self, text: str) -> str:
        """$Verb the $noun of the person who began."""
        return ask(text, self.tracker)
''',
)
MIXED_IN = 0.66
IMPORTS = """
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from $legacy import AIUsageTracker
from $context import ai_usage_context

from $asking import ask, ask_later, client
from $rows import $row
"""


def asking(legacy: str) -> str:
    """Return the module whose functions are given a tracker; *legacy* is where the class lives."""
    return filled(ASKING, {}, legacy=legacy)


def imports(legacy: str, asking_module: str, rows_module: str) -> str:
    """Return what a legacy module imports beside the usual."""
    return filled(
        IMPORTS,
        {},
        legacy=legacy,
        context=MODULES[legacy],
        asking=asking_module,
        rows=rows_module,
        row=ROW,
    )


def site(random: Random) -> tuple[str, str]:
    """Return the name and the text of one definition with legacy code in it."""
    shapes = REWRITTEN if random.random() < MIXED_IN else REFUSED
    return site_of(random.choice(shapes), random)


def site_of(shape: str, random: Random) -> tuple[str, str]:
    """Return the name and the text of a definition of this *shape*."""
    values = names(random)
    name = "{verb}_{noun}_{third}".format_map(values)
    body = statements(random, random.choice((1, 1, 2, 2, 3, 4, 6))).rstrip("\n")
    text = filled(
        shape,
        values,
        name=name,
        Verb=str(values["verb"]).title(),
        body=indented(body, 1),
        deep=indented(body, 2),
    )
    return text.split("(")[0].split(":")[0].split()[-1], text
