"""OpenAI, and whoever speaks as it does: Azure, and most compatible servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tracker.instrumentation.providers.fields import field
from tracker.instrumentation.providers.provider import BatchResult, Provider

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Billed by the provider, or counted: by time, by the piece, or by tokens that are told later or
#: nowhere.
BILLED = {
    "agents/automations/{id}/invocations": "agent",
    "agents/sessions": "agent",
    "agents/sessions/{id}/events": "agent",
    "containers": "container",
    "decisions": "decision",
    "evals/{id}/runs": "evaluation",
    "fine_tuning/alpha/graders/run": "fine_tuning",
    "fine_tuning/jobs": "fine_tuning",
    "live/sessions": "realtime",
    "live/sessions/{id}/fork": "realtime",
    "moderations": "moderation",
    "realtime/calls": "realtime",
    "threads/runs": "run",
    "threads/{id}/runs": "run",
    "threads/{id}/runs/{id}/submit_tool_outputs": "run",
    "videos": "video",
    "videos/edits": "video",
    "videos/extensions": "video",
    "videos/{id}/remix": "video",
}
FREE = re.compile(
    r"(?:agents|assistants|batches|chatkit|conversations|evals|files|fine_tuning|models"
    r"|organization|projects|safety|skills|threads|uploads|vaults|vector_stores|webhook_endpoints"
    r"|audio/voices|audio/voice_consents|chat/completions/\{id\}|containers/.*|responses/\{id\}/cancel"
    r"|responses/input_tokens|realtime/(?:calls/.*|client_secrets|sessions|transcription_sessions"
    r"|translations/client_secrets)|live/sessions/\{id\}/\w+|videos/characters)(?:/.*)?"
)
READS = {
    "response": re.compile(r"/responses/([^/]+)(?:/cancel)?$"),
    "batch": re.compile(r"/batches(?:/([^/]+))?(?:/cancel)?$"),
    "results": re.compile(r"/files/([^/]+)/content$"),
}
#: The managers of each module, and the path to which they connect.
CONNECTIONS = {
    "openai.resources.beta.realtime.realtime": ("RealtimeConnectionManager", "/realtime"),
    "openai.resources.beta.responses.responses": ("ResponsesConnectionManager", "/responses"),
    "openai.resources.live.forks": ("ForksConnectionManager", "/live/sessions/{id}/fork"),
    "openai.resources.live.live": ("LiveConnectionManager", "/live/sessions"),
    "openai.resources.live.sideband": ("SidebandConnectionManager", "/live/sessions/{id}/attach"),
    "openai.resources.realtime.realtime": ("RealtimeConnectionManager", "/realtime"),
    "openai.resources.realtime.translations.translations": (
        "TranslationsConnectionManager",
        "/realtime/translations",
    ),
    "openai.resources.responses.responses": ("ResponsesConnectionManager", "/responses"),
}
#: The client's methods that are billed, by the path to them.
CALLS = {
    "chat.completions.create": "completion",
    "chat.completions.parse": "completion",
    "chat.completions.stream": "completion",
    "beta.chat.completions.parse": "completion",
    "beta.chat.completions.stream": "completion",
    "completions.create": "completion",
    "responses.create": "completion",
    "responses.parse": "completion",
    "responses.stream": "completion",
    "responses.compact": "completion",
    "embeddings.create": "embedding",
    "images.generate": "image",
    "images.edit": "image",
    "images.create_variation": "image",
    "audio.speech.create": "audio",
    "audio.transcriptions.create": "audio",
    "audio.translations.create": "audio",
}


ERROR_CODES = frozenset(
    """
    invalid_api_key incorrect_api_key rate_limit_exceeded insufficient_quota quota_exceeded
    billing_hard_limit_reached billing_not_active account_deactivated model_not_found
    context_length_exceeded string_above_max_length invalid_type invalid_value
    missing_required_parameter unknown_parameter unsupported_parameter unsupported_value
    unsupported_model unsupported_country_region_territory content_filter
    content_policy_violation invalid_prompt invalid_image invalid_image_format
    invalid_base64_image
    invalid_image_url image_too_large image_parse_error empty_image_file failed_to_download_image
    invalid_json_schema invalid_function_parameters invalid_request_error
    tokens requests server_error internal_error internal_server_error engine_overloaded
    bad_request unauthorized forbidden not_found method_not_allowed conflict too_many_requests
    service_unavailable gateway_timeout DeploymentNotFound OperationNotSupported
    """.split()
)


#: The events that end a stream, with its usage.
LAST_EVENTS = frozenset(
    {
        "response.completed",
        "image_generation.completed",
        "image_edit.completed",
        "speech.audio.done",
        "transcript.text.done",
    }
)


def _is_last_word(event: Mapping[str, Any]) -> bool:
    """The chunk that only carries usage has no choices; the other interfaces name their end."""
    return event.get("choices") == [] or event.get("type") in LAST_EVENTS


def _batch_result(line: Any) -> BatchResult | None:
    response = field(line, "response")
    if response is None and field(line, "error") is None:
        return None
    answer = field(response, "body") if field(response, "status_code") == 200 else None
    request_id = field(response, "request_id")
    return BatchResult(answer, request_id if isinstance(request_id, str) else None)


OPENAI = Provider(
    "openai",
    classes=("OpenAI", "AsyncOpenAI"),
    operations={
        "/chat/completions": "completion",
        "/completions": "completion",
        "/responses": "completion",
        "/responses/compact": "completion",
        "/embeddings": "embedding",
    },
    pieces={
        "/images/generations": "image",
        "/images/edits": "image",
        "/images/variations": "image",
        "/audio/speech": "audio",
        "/audio/transcriptions": "audio",
        "/audio/translations": "audio",
    },
    billed=BILLED,
    free=FREE,
    reads=READS,
    asks_for_usage=frozenset({"/chat/completions", "/completions"}),
    finals={
        "openai.lib.streaming.chat": (
            "ChatCompletionStream.get_final_completion",
            "AsyncChatCompletionStream.get_final_completion",
        ),
        "openai.lib.streaming.responses": (
            "ResponseStream.get_final_response",
            "AsyncResponseStream.get_final_response",
        ),
    },
    calls=CALLS,
    connections=CONNECTIONS,
    end_events=(
        rb"event: ?response\.(?:completed|incomplete|failed)",
        rb"event: ?(?:image_generation|image_edit)\.completed",
        rb"event: ?(?:speech\.audio|transcript\.text)\.done",
        rb"data: ?\[DONE\]",
    ),
    is_last_word=_is_last_word,
    usage_inside=("x_groq",),
    batch_result=_batch_result,
    error_codes=ERROR_CODES,
)
