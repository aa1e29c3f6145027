"""What the server of the frameworks' matrix says: text, a tool to call, or data of a schema.

It depends on the request alone: a tool is called once if there is one, a schema is filled,
and otherwise what stands between ``<<say`` and ``say>>`` is said.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

SAY = re.compile(r"<<say (.*?) say>>", re.DOTALL)
#: Tools by which agents give their last answer.
LAST = ("final_answer", "final_result", "finish", "submit")
DEFAULT = "It is three."
#: How deep a schema is filled that refers to itself.
DEPTH = 6


@dataclass(frozen=True)
class Tool:
    """A function that the model may ask for."""

    name: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What is answered: a text, or a tool that is to be called with arguments."""

    text: str | None = None
    tool: str | None = None
    arguments: dict[str, Any] | None = None


def example(schema: Any, definitions: dict[str, Any] | None = None, depth: int = 0) -> Any:
    """Return the plainest value that *schema*, JSON Schema as the providers take it, allows."""
    if not isinstance(schema, dict) or depth > DEPTH:
        return None
    known = definitions or {**schema.get("$defs", {}), **schema.get("definitions", {})}
    if "$ref" in schema:
        return example(known.get(schema["$ref"].rpartition("/")[2]), known, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            return example(schema[choice][0], known, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        wanted = schema.get("required") or list(schema.get("properties", {}))
        properties = schema.get("properties", {})
        return {name: example(properties.get(name), known, depth + 1) for name in wanted}
    if kind == "array":
        return [example(schema.get("items"), known, depth + 1)]
    plain: dict[str, Any] = {"integer": 3, "number": 3.0, "boolean": True, "null": None}
    return plain.get(kind, "three")


def tools_of(body: dict[str, Any]) -> list[Tool]:
    """Return the functions in *body*, in the form of any of the three interfaces."""
    found = []
    for tool in body.get("tools") or []:
        told = tool.get("function", tool)
        schema = told.get("parameters") or told.get("input_schema") or {}
        if told.get("name"):
            found.append(Tool(told["name"], schema))
    return found


def forced(body: dict[str, Any]) -> str | None:
    """Return the name of the one tool that must be called, if there is one."""
    choice = body.get("tool_choice")
    if not isinstance(choice, dict):
        return None
    name = choice.get("function", choice).get("name")
    return name if isinstance(name, str) else None


def has_results(body: dict[str, Any]) -> bool:
    """Return whether a tool has been called already."""
    text = json.dumps(body.get("messages") or body.get("input") or [])
    marks = ('"role": "tool"', '"tool_result"', '"function_call_output"')
    return any(mark in text for mark in marks)


def schema_of(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema that the text must have, if one is asked for."""
    form = body.get("response_format") or (body.get("text") or {}).get("format")
    form = form or (body.get("output_config") or {}).get("format") or body.get("output_format")
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        return None
    schema = form.get("schema") or (form.get("json_schema") or {}).get("schema")
    return schema if isinstance(schema, dict) else None


def reply_to(body: dict[str, Any]) -> Reply:
    """Return what is answered to a request of a conversation."""
    tools = {tool.name: tool for tool in tools_of(body)}
    must = forced(body)
    last = next((name for name in tools if name in LAST or name.startswith("final_result")), None)
    first = next((name for name in tools if name != last), None)
    chosen = must if must in tools else last if has_results(body) or first is None else first
    if chosen is not None:
        return Reply(tool=chosen, arguments=example(tools[chosen].schema))
    schema = schema_of(body)
    if schema is not None:
        return Reply(json.dumps(example(schema)))
    # In the request's JSON a text is escaped; what was found is unescaped by itself.
    said = SAY.findall(json.dumps(body))
    return Reply(json.loads(f'"{said[-1]}"') if said else DEFAULT)
