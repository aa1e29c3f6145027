"""Taking credentials out of texts, and leaving everything else as it is.

What is taken out has a key's length and alphabet, or stands where only a secret does: behind a
name such as ``client_secret=``, in the user info of an address, in the signature of a URL.  A key
leaves a digest behind, so that two of them stay two; a password, which could be guessed from
its digest, leaves none.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REMOVED = "[removed]"
#: No more than this of a text is looked at, or kept.
MAX_LOOKED_AT = 10_000
_TAIL = 500
#: As random as a key that tells nothing of its owner: letters of both cases and digits, in turns.
_LEAST_RANDOM = 32
_LEAST_RUN = 16
_JOINTS = str.maketrans("", "", "+/=")
_TURNS = 0.3

# What follows a prefix that says whose key it is.
_REST = r"[A-Za-z0-9_\-]"
#: How the keys of each provider begin.  The first letters come first: the search skips by them.
PREFIXED = {
    "OpenAI": rf"sk-(?:proj|svcacct|admin|None)-{_REST}{{12,}}",
    "Anthropic": rf"sk-ant-{_REST}{{12,}}",
    "OpenRouter": rf"sk-or-v\d-{_REST}{{12,}}",
    "Langfuse": rf"[ps]k-lf-{_REST}{{16,}}",
    "Cerebras": rf"csk-{_REST}{{20,}}",
    "Groq": rf"gsk_{_REST}{{16,}}",
    "xAI": rf"xai-{_REST}{{20,}}",
    "Google": rf"AIza{_REST}{{20,}}",
    "Google OAuth": rf"ya29\.{_REST}{{16,}}|GOCSPX-{_REST}{{16,}}",
    "AWS": r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{12,}|ABSK[A-Za-z0-9+/=]{20,}",
    "Hugging Face": rf"hf_{_REST}{{16,}}|api_org_{_REST}{{16,}}",
    "GitHub": rf"gh[opsur]_{_REST}{{20,}}|github_pat_{_REST}{{20,}}",
    "GitLab": rf"gl(?:pat|dt|rt|cbt|ptt)-{_REST}{{16,}}",
    "Slack": rf"xox[abeoprs]-{_REST}{{10,}}|xapp-{_REST}{{10,}}",
    "Stripe": rf"[spr]k_(?:live|test)_{_REST}{{10,}}|whsec_{_REST}{{16,}}",
    "ElevenLabs": r"sk_[0-9a-f]{32,}",
    "Databricks": r"dapi[0-9a-f]{24,}(?:-\d+)?|dose[0-9a-f]{24,}",
    "Replicate": rf"r8_{_REST}{{16,}}",
    "Perplexity": rf"pplx-{_REST}{{16,}}",
    "Fireworks": rf"fw_{_REST}{{16,}}",
    "NVIDIA": rf"nvapi-{_REST}{{16,}}",
    "Voyage": rf"pa-{_REST}{{32,}}",
    "Pinecone": rf"pcsk_{_REST}{{16,}}",
    "Tavily": rf"tvly-{_REST}{{16,}}",
    "Together": rf"tgp_v\d_{_REST}{{16,}}",
    "Anyscale": rf"esecret_{_REST}{{16,}}",
    "LangSmith": rf"lsv2_(?:pt|sk)_{_REST}{{16,}}|ls__{_REST}{{16,}}",
    "Vercel": rf"vck_{_REST}{{16,}}",
    "SendGrid": rf"SG\.{_REST}{{16,}}\.{_REST}{{16,}}",
    "npm": rf"npm_{_REST}{{20,}}",
    "PyPI": rf"pypi-{_REST}{{20,}}",
    "Twilio": r"SK[0-9a-f]{32}",
    "DigitalOcean": r"do[opr]_v1_[0-9a-f]{32,}",
    "HashiCorp": rf"hv[sbr]\.{_REST}{{16,}}",
    "Grafana": rf"gl(?:c|sa)_{_REST}{{16,}}",
    "Sentry": rf"sntry[su]_{_REST}{{16,}}",
    "JWT": rf"eyJ{_REST}{{8,}}\.{_REST}{{8,}}(?:\.{_REST}*)?",
}
_BARE = r"[A-Za-z0-9+][A-Za-z0-9+/]{31,}={0,2}"
_PEM = r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
_USER_INFO = r"://[^\s/?#\"'<>]+@"
# Beside a word that says so, what follows is the secret; quotes may stand around both, and those
# of JSON within JSON have backslashes before them.
_QUOTE = r"(?:\\{0,8}[\"'])?"
_IS = rf"(?:\s+provided)?{_QUOTE}\s*[:=]\s*{_QUOTE}"
_VALUE = r"(?!\[removed)(?:[^\s\"',;&#}\])\\]|\\(?!\\{0,8}[\"']))+"
_HEADER = rf"authorization{_IS}(?P<header>(?:(?:basic|bearer|token|digest|apikey)\s+)?{_VALUE})"
_BEARER = r"bearer\s+(?P<bearer>[A-Za-z0-9._~+/=\-]{6,})"
# Of a command: what it is given to log in with, behind a blank.
_OPTION = (
    r"--(?:[a-z]{1,20}-){0,3}(?:password|passwd|passphrase|pwd|secret|(?:api|access|secret)-?key"
    r"|(?:access|api|auth|bearer|refresh)-token)\s+|--token\s+"
)
_LOGIN = r"(?<![\w\-])(?:-u|--user|--proxy-user)\s*[\"']?[^\s:\"'/]+:(?!\d+\b)"
_PASSWORD = (
    rf"(?:(?:password|passwd|passphrase|pwd){_IS}|{_LOGIN}"
    rf"|(?<![\w\-])(?:{_OPTION})(?!-){_QUOTE})(?P<password>{_VALUE})"
)
_COOKIE = rf"cookie{_IS}(?P<cookie>(?!\[removed)[^\s\"'=;]+=[^\r\n\"'\\]+)"
_SIGNED = (
    r"[?&](?:x-(?:amz|goog)-(?:signature|credential|security-token)|signature|sig|policy"
    rf"|awsaccesskeyid|googleaccessid|key-pair-id|hmac|jwt)=(?P<signed>{_VALUE})"
)
_NAMED = (
    r"(?:api[-_ ]?key|access[-_ ]?key(?:[-_ ]?id)?|account[-_ ]?key|secret(?:[-_ ]?key)?|[-_]key"
    r"|[-_]token|private[-_ ]?key|accesskey|sharedaccesssignature|[?&](?:key|token|code|auth))"
    rf"{_IS}(?P<named>{_VALUE})"
)
_LEAST_NAMED = 8

_CREDENTIAL = re.compile(
    rf"(?<![A-Za-z0-9])(?P<prefixed>{'|'.join(PREFIXED.values())})"
    rf"|(?P<pem>{_PEM})|(?P<info>{_USER_INFO})"
    rf"|(?i:{_HEADER}|{_BEARER}|{_PASSWORD}|{_COOKIE}|{_SIGNED}|{_NAMED})"
    rf"|(?<![A-Za-z0-9+/_\-=])(?P<bare>{_BARE})"
)
_LIKELY = re.compile(rf"(?<![A-Za-z0-9])(?P<likely>(?:sk|pk|rk|key)-{_REST}{{16,}})")
#: Without one of these there is nothing to take out: most texts are let through at a glance.
_CLUE = re.compile(
    r"[A-Za-z0-9+/_.\-]{16}|://|(?i:authorization|bearer|cookie|pass|pwd|key|secret|token)|&"
    r"|-u|--user|--proxy"
)
# In an error that is shown, what a provider printed of a key that it refused.
_MASKED = re.compile(r"\b(?:sk|pk|rk)-[\w.\-]*\*{2,}[\w*.\-]*")

_SECRET_NAMES = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|pwd|secrets?|authorization|auth|bearer|cookies?"
    r"|credentials?|jwt|headers?|dsn|connection_string"
    r"|(?:db|database|user|admin|root|smtp|mysql|postgres|redis|ftp|ssh|login)_pass"
    r"|private_key_(?:pem|data|base64|b64)"
    r"|(?:api|access|secret|private|signing|encryption|subscription|account|auth|master|shared)_?key"
    r"|api_?keys|access_key_id)$"
)
#: A name that ends like a token's, of which there are many kinds that are only counted.
_TOKEN_NAMES = re.compile(
    r"^token$|(?:^|_)(?:access|refresh|id|auth|api|session|bearer|security|bot|csrf|oauth|hf|github"
    r"|user|personal|service)_?token$"
)
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:KEY|TOKEN|SECRET|PASSWORD|PAT)$")


def redacted(text: str) -> str:
    """Return *text* without credentials; of a very long one no more than its beginning."""
    if len(text) > MAX_LOOKED_AT:
        # What the cut goes through could be a key, and would not look like one any more.
        text = text[: MAX_LOOKED_AT - _TAIL] + _whole_words(text[MAX_LOOKED_AT - _TAIL :][:_TAIL])
    if not _CLUE.search(text):
        return text
    # What begins like a key may be one, or the name of somebody's experiment with one inside.
    return _LIKELY.sub(_replaced, _CREDENTIAL.sub(_replaced, text))


def unmasked(text: str) -> str:
    """As ``redacted``, also without the beginnings and ends that a provider shows of a key."""
    return _MASKED.sub(REMOVED, redacted(text))


def digest_of(secret: str) -> str:
    """Return what stands in the place of a key: the same for the same key, and nothing of it."""
    data = secret.encode("utf-8", "surrogatepass")
    return f"[removed:{hashlib.sha256(data).hexdigest()[:16]}]"


@functools.lru_cache(maxsize=1_024)
def is_secret_name(name: str) -> bool:
    """Whether a field called *name* holds a credential: ``api_key``, ``X-Api-Key``, ``headers``."""
    if len(name) > 100:
        return False
    if _ENVIRONMENT_NAME.fullmatch(name):
        return True
    words = _HUMPS.sub("_", name).lower().replace("-", "_").replace(" ", "_").replace(".", "_")
    return bool(_SECRET_NAMES.search(words) or _TOKEN_NAMES.search(words))


def _whole_words(end: str) -> str:
    return end[: end.rfind(" ") + 1]


def _replaced(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    value = match[kind]
    before = match[0][: match.start(kind) - match.start()]
    if kind == "info":
        return f"://{REMOVED}@"
    if kind in ("password", "cookie") or (kind == "header" and len(value) < _LEAST_RUN):
        return before + REMOVED
    if kind == "likely" and not _is_key(value.partition("-")[2]):
        return value
    if kind == "bare" and not _is_random(value):
        return value
    if kind == "bearer" and value.isalpha() and len(value) < _LEAST_RUN:
        return match[0]  # of news, of bad tidings
    if kind == "named" and len(value) < _LEAST_NAMED:
        return match[0]
    return before + digest_of(value)


def _is_key(rest: str) -> bool:
    """Whether what follows ``sk-`` is random, and not words and numbers with dashes."""
    return any(
        (len(run) >= 20 and _classes(run) >= 2) or (len(run) >= 8 and _turns(run) >= 3)
        for run in re.split(r"[-_]", rest)
        if not run.isdigit()
    )


def _is_random(value: str) -> bool:
    signs = value.translate(_JOINTS)
    return len(signs) >= _LEAST_RANDOM - 4 and _turns(signs) >= _TURNS * len(signs)


def _classes(run: str) -> int:
    return len(set(_kinds(run)) & {"a", "A", "0"})


def _turns(run: str) -> int:
    """Return how often *run* changes between small letters, capitals and digits; 0 without all."""
    kinds = list(_kinds(run))
    if len(set(kinds) & {"a", "A", "0"}) < 3:
        return 0
    return sum(first != second for first, second in itertools.pairwise(kinds))


def _kinds(run: str) -> Iterator[str]:
    for sign in run:
        yield "0" if sign.isdigit() else "A" if sign.isupper() else "a" if sign.islower() else "+"
