"""Programs of one shape and any size: what they cost must grow as they do.

Each family is a way in which real programs grow.  Its sizes go from half of the largest one that
was once seen to be slow to eight times that one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: The texts of the files, by their paths in the project.
Files = dict[str, str]
STEPS = (0.5, 1, 2, 4, 8)
#: Fewer parts are no program of the family.
LEAST = 2
MODULE = "work.py"
HEAD = """\
from llm import ask
from receipt_label.utils.ai_usage_tracker import AIUsageTracker

"""
FUNCTION = """
def work_{0}(x):
    tracker = AIUsageTracker()
    tracker.set_tracking_context(job_id="j{0}")
    return ask(tracker, x)

"""


@dataclass(frozen=True, slots=True)
class Family:
    """A shape of program.

    ``made`` returns the files of a program with so many parts, ``seen`` is the largest
    number of parts that once took too long, and ``part`` what the parts are.
    """

    name: str
    part: str
    seen: int
    made: Callable[[int], Files]

    def sizes(self, scale: float = 1.0) -> list[int]:
        """Return the numbers of parts to measure: each twice the one before, unless too small."""
        return sorted({max(LEAST, round(self.seen * step * scale)) for step in STEPS})


def functions(count: int) -> Files:
    """Functions in one file, each with a tracker of its own."""
    return {MODULE: HEAD + "".join(map(FUNCTION.format, range(count)))}


def branches(count: int) -> Files:
    """One ``elif`` chain, in each branch of which ids are set."""
    lines = ["def work(kind, x):", "    tracker = AIUsageTracker()"]
    for number in range(count):
        lines.append(f"    {'elif' if number else 'if'} kind == {number}:")
        lines.append(f'        tracker.set_tracking_context(job_id="j{number}")')
    return {MODULE: HEAD + "\n".join([*lines, "    return ask(tracker, x)", ""])}


def phases(count: int) -> Files:
    """Ids that are set and used in turn, on one tracker."""
    part = '    tracker.set_tracking_context(job_id="j{0}")\n    ask(tracker, x, {0})\n'
    body = "".join(map(part.format, range(count)))
    return {MODULE: f"{HEAD}\ndef work(x):\n    tracker = AIUsageTracker()\n{body}"}


def lifetimes(count: int) -> Files:
    """Trackers in one function, each built, set and used before the next one."""
    part = (
        "    tracker_{0} = AIUsageTracker()\n"
        '    tracker_{0}.set_tracking_context(job_id="j{0}")\n'
        "    ask(tracker_{0}, x)\n"
    )
    return {MODULE: f"{HEAD}\ndef work(x):\n" + "".join(map(part.format, range(count)))}


def methods(count: int) -> Files:
    """Methods of one class that share the tracker of its objects."""
    part = (
        "\n    def work_{0}(self, x):\n"
        '        self.tracker.set_tracking_context(job_id="j{0}")\n'
        "        return ask(self.tracker, x)\n"
    )
    begin = "class Work:\n    def __init__(self):\n        self.tracker = AIUsageTracker()\n"
    return {MODULE: f"{HEAD}\n{begin}" + "".join(map(part.format, range(count)))}


def chain(count: int) -> Files:
    """One expression of attributes and calls, beside a tracker."""
    links = "".join(f".step_{number % 50}(x)" for number in range(count))
    lines = (
        "def work(query, x):",
        "    tracker = AIUsageTracker()",
        '    tracker.set_tracking_context(job_id="j")',
        f"    rows = query{links}",
        "    return ask(tracker, rows)",
        "",
    )
    return {MODULE: f"{HEAD}\n" + "\n".join(lines)}


def files(count: int) -> Files:
    """Legacy files that know nothing of each other."""
    return {f"part_{n // 50}/work_{n}.py": HEAD + FUNCTION.format(n) for n in range(count)}


def same_names(count: int) -> Files:
    """Packages of which each imports the next one's file, which has the same name."""
    return {
        name: text
        for number in range(count)
        for name, text in (
            (f"package_{number}/__init__.py", ""),
            (f"package_{number}/{MODULE}", _linked(number, number + 1, number + 1 < count)),
        )
    }


def cycle(count: int) -> Files:
    """Packages that import each other in a circle."""
    return {
        name: text
        for number in range(count)
        for name, text in (
            (f"package_{number}/__init__.py", ""),
            (f"package_{number}/{MODULE}", _linked(number, (number + 1) % count, True)),
        )
    }


def _linked(number: int, following: int, goes_on: bool) -> str:
    """Return a legacy module whose function calls that of the *following* package."""
    imported = f"from package_{following}.work import work_{following}\n" if goes_on else ""
    last = f"work_{following}(x)" if goes_on else "x"
    text = FUNCTION.format(number).replace("ask(tracker, x)", f"ask(tracker, {last})")
    return imported + HEAD + text


def imports(count: int) -> Files:
    """Functions in one file, each with a tracker and an import of its own."""
    lines = "".join(f"from part_{number} import step_{number}\n" for number in range(count))
    return {MODULE: lines + HEAD + "".join(map(FUNCTION.format, range(count)))}


def module_trackers(count: int) -> Files:
    """Trackers of a module, each used by one function."""
    part = (
        "tracker_{0} = AIUsageTracker()\n"
        'tracker_{0}.set_tracking_context(job_id="j{0}")\n\n\n'
        "def work_{0}(x):\n"
        "    return ask(tracker_{0}, x)\n\n\n"
    )
    return {MODULE: f"{HEAD}\n" + "".join(map(part.format, range(count)))}


def bindings(count: int) -> Files:
    """One variable of a module that is given one tracker after the other."""
    part = (
        "tracker = AIUsageTracker()\n"
        'tracker.set_tracking_context(job_id="j{0}")\n'
        "ask(tracker, {0})\n"
    )
    return {MODULE: f"{HEAD}\n" + "".join(map(part.format, range(count)))}


def cases(count: int) -> Files:
    """One ``elif`` chain, in each branch of which ids are set and used."""
    lines = ["def work(kind, x):", "    tracker = AIUsageTracker()"]
    for number in range(count):
        lines.append(f"    {'elif' if number else 'if'} kind == {number}:")
        lines.append(f'        tracker.set_tracking_context(job_id="j{number}")')
        lines.append("        ask(tracker, x)")
    return {MODULE: HEAD + "\n".join([*lines, ""])}


def classes(count: int) -> Files:
    """Classes in one file whose objects have a tracker each."""
    part = (
        "\n\nclass Work{0}:\n"
        "    def __init__(self):\n        self.tracker = AIUsageTracker()\n\n"
        "    def run(self, x):\n"
        '        self.tracker.set_tracking_context(job_id="j{0}")\n'
        "        return ask(self.tracker, x)\n"
    )
    return {MODULE: HEAD + "".join(map(part.format, range(count)))}


def getter(count: int) -> Files:
    """Functions that all have the tracker of their module, by a function that builds it once."""
    begin = (
        "\n_tracker = None\n\n\ndef get_tracker():\n    global _tracker\n"
        "    if _tracker is None:\n        _tracker = AIUsageTracker()\n    return _tracker\n"
    )
    part = FUNCTION.replace("AIUsageTracker()", "get_tracker()")
    return {MODULE: HEAD + begin + "".join(map(part.format, range(count)))}


def building(count: int) -> Files:
    """One ``elif`` chain, in each branch of which a tracker is built, set and used."""
    lines = ["def work(kind, x):"]
    for number in range(count):
        lines.append(f"    {'elif' if number else 'if'} kind == {number}:")
        lines.append("        tracker = AIUsageTracker()")
        lines.append(f'        tracker.set_tracking_context(job_id="j{number}")')
        lines.append("        ask(tracker, x)")
    return {MODULE: HEAD + "\n".join([*lines, ""])}


def large(megabytes: int) -> Files:
    """One file of long texts with a single legacy function at its end."""
    line = '    "' + "receipt of the day, as it was read; " * 28 + '",\n'
    table = "TEXTS = (\n" + line * (megabytes * 1_000_000 // len(line)) + ")\n"
    return {MODULE: HEAD + table + FUNCTION.format(0)}


FAMILIES = (
    Family("elif branches with a set call", "branches", 200, branches),
    Family("packages with files of one name", "packages", 100, same_names),
    Family("attribute and call chain", "links", 4000, chain),
    Family("sets and uses in a row", "phases", 400, phases),
    Family("trackers in one function", "trackers", 400, lifetimes),
    Family("methods that share a tracker", "methods", 400, methods),
    Family("functions with a site each", "functions", 800, functions),
    Family("independent legacy files", "files", 2000, files),
    Family("import cycle", "packages", 100, cycle),
    Family("elif branches with a set call and a use", "branches", 200, cases),
    Family("functions with a site and an import", "functions", 400, imports),
    Family("trackers of a module", "trackers", 400, module_trackers),
    Family("a variable bound again and again", "bindings", 400, bindings),
    Family("classes with a tracker each", "classes", 100, classes),
    Family("users of a getter", "functions", 100, getter),
    Family("elif branches that build", "branches", 100, building),
    Family("large file", "MB", 8, large),
)
