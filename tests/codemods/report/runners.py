"""How services read what is in a log: as GitHub's runner and Azure's agent are written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A command that a service found in a line of a log."""

    name: str
    properties: dict[str, str]
    data: str


def github(log: str) -> list[Command]:
    """Return the workflow commands in *log*, after the runner's ``ActionCommand.TryParseV2``.

    What it would complain of, or drop, in ``IssueCommandExtension`` is an AssertionError.
    """
    found = []
    for line in log.split("\n"):
        text = line.strip()
        if not text.startswith("::"):
            assert "##[" not in text
            continue
        end = text.index("::", 2)
        head, data = text[2:end], text[end + 2 :]
        name, _, rest = head.partition(" ")
        properties = {}
        for pair in rest.strip().split(","):
            key, separator, value = pair.strip().partition("=")
            assert separator
            properties[key] = _unescaped(value, (":", "%3A"), (",", "%2C"))
        command = Command(name, properties, _unescaped(data))
        _require_places(command)
        found.append(command)
    return found


def azure(log: str) -> list[Command]:
    """Return the logging commands in *log*, after the agent's ``Command.TryParse``."""
    found = []
    for line in log.split("\n"):
        if not line.startswith("##vso["):
            assert not line
            continue
        end = line.index("]")
        head, data = line[len("##vso[") : end], line[end + 1 :]
        name, _, rest = head.partition(" ")
        pairs = [pair.partition("=") for pair in rest.split(";") if pair]
        escapes = (("]", "%5D"), (";", "%3B"))
        properties = {key: _of_azure(value, *escapes) for key, _, value in pairs}
        found.append(Command(name, properties, _of_azure(data)))
    return found


def _require_places(command: Command) -> None:
    numbers = {"line", "endLine", "col", "endColumn"} & command.properties.keys()
    place = {name: int(command.properties[name]) for name in numbers}
    assert command.name in ("error", "warning", "notice")
    assert place["line"] >= 1
    columns = {"col", "endColumn"} & place.keys()
    assert not columns or place["line"] == place["endLine"]
    assert place.get("endColumn", 1) >= place.get("col", 1)
    assert place.get("endLine", place["line"]) >= place["line"]


def _unescaped(text: str, *more: tuple[str, str]) -> str:
    for char, escape in (("\r", "%0D"), ("\n", "%0A"), *more, ("%", "%25")):
        text = text.replace(escape, char)
    return text


def _of_azure(text: str, *more: tuple[str, str]) -> str:
    for char, escape in (("\r", "%0D"), ("\n", "%0A"), *more, ("%", "%AZP25")):
        text = text.replace(escape, char)
    return text
