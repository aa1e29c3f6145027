"""Whose prices hold where a client sends its requests.

A client of OpenAI's may speak to anybody.  Only at a provider's own addresses are its public prices
what is billed; a gateway that a deployment runs before them is named by ``AI_USAGE_GATEWAYS``.
"""

from __future__ import annotations

import functools
import re
from fnmatch import fnmatchcase

from tracker.config import settings

#: Hosts of providers, and the name of the provider in the price lists.
OWN = (
    (re.compile(r"(?:[\w-]+\.)?api\.openai\.com"), "openai"),
    (
        re.compile(
            r"[\w.-]+\.(?:openai\.azure\.com|azure-api\.net|cognitiveservices\.azure\.com"
            r"|services\.ai\.azure\.com)"
        ),
        "azure",
    ),
    (re.compile(r"api\.anthropic\.com"), "anthropic"),
    (re.compile(r"bedrock[\w-]*\.[\w-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)"), "aws"),
    (re.compile(r"(?:[\w.-]+\.)?googleapis\.com"), "google"),
    (re.compile(r"(?:[\w-]+\.)?openrouter\.ai"), "openrouter"),
    (re.compile(r"api\.groq\.com"), "groq"),
    (re.compile(r"api\.deepseek\.com"), "deepseek"),
    (re.compile(r"api\.mistral\.ai"), "mistral"),
    (re.compile(r"api\.x\.ai"), "x-ai"),
    (re.compile(r"api\.perplexity\.ai"), "perplexity"),
    (re.compile(r"api\.together\.(?:xyz|ai)"), "together"),
    (re.compile(r"api\.fireworks\.ai"), "fireworks"),
    (re.compile(r"api\.cerebras\.ai"), "cerebras"),
    (re.compile(r"api\.cohere\.(?:ai|com)"), "cohere"),
    (re.compile(r"api\.moonshot\.(?:ai|cn)"), "moonshotai"),
)
#: So much of an address is read.
LONGEST = 2_000


def host_of(base_url: object) -> str | None:
    """Return the host, and the port if one is given, of *base_url*; None if there is none."""
    return _host_in(str(base_url)[:LONGEST])


@functools.lru_cache(maxsize=256)
def _host_in(url: str) -> str | None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host = parts.hostname
        return host if host is None or parts.port is None else f"{host}:{parts.port}"
    except ValueError:
        return "unknown"


def provider_at(service: str, host: str | None) -> str | None:
    """Return the provider whose list has the prices of *service* at *host*; None if none has.

    Without a host it is the service's own.
    """
    if host is None:
        return service
    return _provider_at(service, host, settings.current().gateways)


@functools.lru_cache(maxsize=1024)
def _provider_at(service: str, host: str, gateways: tuple[str, ...]) -> str | None:
    name, _, _ = host.partition(":")
    for pattern in gateways:
        if fnmatchcase(name, pattern) or fnmatchcase(host, pattern):
            return service
    return next((provider for own, provider in OWN if own.fullmatch(name)), None)
