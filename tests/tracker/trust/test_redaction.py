"""Credentials are taken out of texts; ids, users and models stay what they are."""

from __future__ import annotations

import random
import sqlite3
import string
from contextlib import closing
from typing import TYPE_CHECKING

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from many_cases import each_of

from tests.patience import PATIENCE
from tracker import ai_usage_context
from tracker.delivery import writer
from tracker.records.redaction import MAX_LOOKED_AT, PREFIXED, REMOVED, is_secret_name, redacted
from tracker.records.sanitize import sanitize, short

if TYPE_CHECKING:
    from pathlib import Path

BEGINNINGS = """
sk- pk- rk- key- sk-proj- sk-ant- sk-ant-api03- sk-or-v1- sk-lf- gsk_ hf_ ghp_ github_pat_ glpat-
xai- AKIA ASIA AIza ya29. xoxb- sk_live_ rk_test_ whsec_ dapi r8_ pplx- fw_ nvapi- pa- pcsk_ tvly-
tgp_v1_ lsv2_pt_ SG. npm_ pypi- SK hvs. eyJ bearer api_key= client_secret= NAME_KEY= token=
""".split()
ALPHABET = string.ascii_letters + string.digits + "-_"
ids = st.builds(str.__add__, st.sampled_from([*BEGINNINGS, "", "bearer "]), st.text(ALPHABET))


@each_of(
    "kept",
    """
    pk-000001 pk-000002 sk-learn-train sk-learn-train-2026-11-20-experiment-0042 risk-averse
    chatcmpl-BxyzAbcdEfgh1234567890abcdE req_011CSHoEeqs5C35K2UUqR7Fy gpt-4o-mini-2024-07-18
    550e8400-e29b-41d4-a716-446655440000 0123456789abcdef0123456789abcdef key-value-store-migration
    ft:gpt-4o-mini-2024-07-18:acme:receipts:AbC12345 us.anthropic.claude-sonnet-4-20250514-v1:0
    arn:aws:lambda:eu-central-1:123456789012:function:scan /srv/anna/Project2026/receipts/scan.py
    https://api.example/v1/chat?page=2&token=5 task=5 max_tokens=5 hf_test fw_1 sk-1 AKIA-team
    """.split(),
)
def test_names_stay(kept: str) -> None:
    """T28: what only begins like a key, or is the id of something, is stored as it is."""
    assert short(kept) == kept
    assert short(f"with {kept}, too") == f"with {kept}, too"


@settings(max_examples=3)
@given(seed=st.integers(0, 2**32))
def test_ten_thousand_ids_stay_distinct(seed: int) -> None:
    """T28: ids that look like the beginnings of keys, short ones and long ones."""
    dice = random.Random(seed)
    made = {
        dice.choice(BEGINNINGS) + "".join(dice.choices(ALPHABET, k=dice.randrange(4, 60)))
        for _ in range(10_100)
    }
    assert len(made) >= 10_000
    assert len({short(name) for name in made}) == len(made)


@settings(max_examples=60)
@given(first=ids, second=ids)
def test_any_two_ids_stay_two(first: str, second: str) -> None:
    """T28: and what is stored of one is the same each time, also when it is stored again."""
    assume(first != second)
    assert short(first) != short(second)
    assert short(short(first)) == short(first) == short(first)


def test_ids_reach_the_store_as_they_are(quiet_environment: Path) -> None:
    """T28: jobs and users of a program that counts its experiments."""
    for number in range(3):
        ids = {"job_id": f"pk-{number:06}", "user_id": f"sk-{number}"}
        with ai_usage_context("sk-learn-train", **ids) as used:
            used.track_openai_completion(lambda: None)()
    assert writer.flush(PATIENCE)
    with closing(sqlite3.connect(quiet_environment)) as file:
        rows = file.execute("SELECT job_id, user_id, operation_type FROM ai_usage").fetchall()
    assert sorted(rows) == [(f"pk-{n:06}", f"sk-{n}", "sk-learn-train") for n in range(3)]


@each_of(
    "name",
    """
    api_key apiKey x-api-key X-Api-Key OPENAI_API_KEY db.password PASSWORD clientSecret secret
    access_token refreshToken token Authorization cookies headers extra_headers credentials
    aws_secret_access_key aws_access_key_id GROQ_KEY GITHUB_PAT private_key jwt dsn db_pass
    private_key_pem
    """.split(),
)
def test_fields_that_are_named_so_are_not_kept(name: str) -> None:
    """T27: at any depth, whatever their values are; that one was there can still be seen."""
    assert is_secret_name(name)
    for value in ("x", 17, {"a": "x"}, ["x"], b"x"):
        assert sanitize({"request": {name: value}}) == {"request": {name: REMOVED}}
    assert sanitize({name: None}) == {name: None}


@each_of(
    "name",
    """
    input_tokens max_tokens token_count tokenizer key s3_key primary_key next_token author
    session_id password_was_reset secretary header_count authors keys monkey idempotency_key
    total_tokens first_pass bypass
    """.split(),
)
def test_other_fields_are_kept(name: str) -> None:
    """T28: a field is not a secret because its name has a part in common with one."""
    assert not is_secret_name(name)
    assert sanitize({name: "x"}) == {name: "x"}


@each_of(
    ("text", "stored"),
    [
        ("https://anna:hunter22@host/x", "https://[removed]@host/x"),
        ("postgres://anna:p@ss@db/x", "postgres://[removed]@db/x"),
        ("https://key@sentry.example/5", "https://[removed]@sentry.example/5"),
        ("password=hunter22 host=db", "password=[removed] host=db"),
        ("Authorization: Basic dXNlcg==", "Authorization: [removed]"),
        ("curl -u anna:hunter22 http://x", "curl -u anna:[removed] http://x"),
        ("mysql --db-password hunter22 -h x", "mysql --db-password [removed] -h x"),
        (
            "run --api-key 'hunter22' --token hunter22",
            "run --api-key '[removed]' --token [removed]",
        ),
        ("Set-Cookie: sid=hunter22; Path=/", "Set-Cookie: [removed]"),
        (r"{\"password\": \"hunter22\", \"a\": 1}", r"{\"password\": \"[removed]\", \"a\": 1}"),
        (r'{"password": "hunt\\er22"}', '{"password": "[removed]"}'),
    ],
)
def test_passwords_leave_no_digest(text: str, stored: str) -> None:
    """T27: one that somebody chose could be guessed from its digest."""
    assert short(text) == stored


@each_of(
    "text",
    [
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=SIGN&X-Amz-Signature=SIGN&X-Amz-Date=1",
        "https://storage.googleapis.com/b/k?GoogleAccessId=SIGN&Expires=1&Signature=SIGN",
        "https://x.blob.core.windows.net/c/b?sv=2026&se=1&sig=SIGN",
        "https://d111.cloudfront.net/i.png?Policy=SIGN&Signature=SIGN&Key-Pair-Id=SIGN",
        "https://host/file?token=SIGNSIGNSIGN1234",
    ],
)
def test_signed_addresses_lose_their_signature(text: str) -> None:
    """T27: of every cloud; where they lead stays."""
    stored = short(text)
    assert "SIGN" not in stored
    assert stored.startswith(text.split("?")[0] + "?")


@each_of(
    "piece",
    [
        "sk-",
        "key=",
        "bearer ",
        "://",
        "://a",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        "aB3",
        "-",
        "a.",
    ],
)
def test_texts_of_any_length_take_their_length(piece: str) -> None:
    """T29: what is made to match again and again is looked at once."""
    text = piece * (3 * MAX_LOOKED_AT // len(piece))
    # Twice what is looked at, where each word in it became a digest.
    assert len(redacted(text)) <= 2 * MAX_LOOKED_AT < len(text)


def test_the_end_of_a_long_text_is_no_part_of_a_key() -> None:
    """T27: what a cut goes through is left out."""
    key = "sk-" + "ant-api03-" + "aB3dE5fG7hJ9" * 20
    for before in range(MAX_LOOKED_AT - len(key) - 5, MAX_LOOKED_AT + 5):
        assert "aB3dE5" not in redacted("x " * (before // 2) + key)
    assert "aB3dE5" not in short("y" * 1_990 + " " + key)


def test_each_provider_s_form_can_be_found() -> None:
    """T27: there are at least fifteen providers whose keys are known by their beginning."""
    assert len(PREFIXED) >= 15


@each_of(
    "kept",
    [
        "ps -u root: all",
        "docker run -u 1000:1000 image",
        "--max-tokens 50 --key file.pem --token --verbose",
        "a cookie: with chocolate",
    ],
)
def test_commands_without_a_secret_stay(kept: str) -> None:
    """T28: a user's name, a number and an option without a value are none."""
    assert short(kept) == kept
