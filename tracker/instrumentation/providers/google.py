"""Google's Gemini models, which frameworks call by posting: there is no client to capture."""

from __future__ import annotations

import re
from typing import Any

from tracker.instrumentation.providers.fields import number
from tracker.instrumentation.providers.provider import Provider
from tracker.records.metric import Usage


def _usage(usage: Any) -> Usage | None:
    """Return the tokens of Google's form, in which thoughts are counted beside the candidates."""
    if not isinstance(usage, dict):
        return None
    counts = {name: number(value) for name, value in usage.items()}
    inputs, outputs = counts.get("promptTokenCount"), counts.get("candidatesTokenCount")
    thoughts = counts.get("thoughtsTokenCount")
    if thoughts is not None:
        outputs = (outputs or 0) + thoughts
    if inputs is not None:
        inputs += counts.get("toolUsePromptTokenCount") or 0
    read = counts.get("cachedContentTokenCount")
    return Usage(inputs, outputs, counts.get("totalTokenCount"), read, None, thoughts)


GOOGLE = Provider(
    "google",
    methods={
        "generateContent": "completion",
        "streamGenerateContent": "completion",
        "embedContent": "embedding",
        "batchEmbedContents": "embedding",
    },
    method_path=re.compile(r"/models/([^/:?]+):(\w+)"),
    model_field="modelVersion",
    usage_field="usageMetadata",
    read_usage=_usage,
)
