"""Shows what ``ENVIRONMENT`` decides: table names, automatic tags, and the context's metrics.

Run it with ``python examples/demo_environment_config.py``.  It works offline and writes into a
temporary database; your own settings and data stay as they are.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tracker.ai_usage_context import ai_usage_context
from tracker.environment_config import AIUsageEnvironmentConfig, Environment

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_TABLE = "AIUsageMetrics"
MISSPELT = "prod"

#: What a program needs to run at all, and where this one writes.
KEPT_VARIABLES: tuple[str, ...] = ("AI_USAGE_DATABASE", "HOME", "PATH", "SYSTEMROOT")

#: Variables that each kind of machine has, by the environment they stand for.
TYPICAL_VARIABLES = {
    Environment.PRODUCTION: {"SERVICE_NAME": "receipts", "APP_VERSION": "2.4.0"},
    Environment.STAGING: {"SERVICE_NAME": "receipts", "GIT_BRANCH": "faster-ocr"},
    Environment.CICD: {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "4711"},
    Environment.DEVELOPMENT: {},
}


@contextmanager
def variables(**values: str) -> Iterator[None]:
    """Run the block with these environment variables and no other."""
    before = dict(os.environ)
    kept = {name: before[name] for name in KEPT_VARIABLES if name in before}
    try:
        os.environ.clear()
        os.environ.update(kept | {"USER": "demo", "LOGNAME": "demo"} | values)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def completion() -> SimpleNamespace:
    """Return a response like the provider's, without asking any."""
    usage = SimpleNamespace(prompt_tokens=120, completion_tokens=30, total_tokens=150)
    return SimpleNamespace(model="gpt-4o-mini", usage=usage)


def show_detection() -> None:
    """Print which environment is detected from which variables."""
    print("Detection: ENVIRONMENT decides, then CI variables, then development")
    for given in ({"ENVIRONMENT": "staging"}, {"CI": "true"}, {}):
        with variables(**given):
            found = AIUsageEnvironmentConfig.detect_environment()
            print(f"  {given or 'nothing set'!s:30} -> {found.value}")


def show_environment(environment: Environment) -> None:
    """Print configuration and one context under *environment*."""
    with variables(ENVIRONMENT=environment.value, **TYPICAL_VARIABLES[environment]):
        config = AIUsageEnvironmentConfig.get_config()
        print(f"\nENVIRONMENT={environment.value}")
        print(f"  table suffix  {config.table_suffix or '(none)'}")
        print(f"  table         {AIUsageEnvironmentConfig.get_table_name(BASE_TABLE)}")
        print(f"  context       {'required' if config.require_context else 'optional'}")
        print(f"  tags          {dict(config.auto_tag)}")
        with ai_usage_context("receipt_analysis", job_id="job-123") as tracker:
            tracker.track_openai_completion(completion)()
            context = tracker.current_context
            print(f"  operation     {context['operation_type']}, job {tracker.current_job_id}")
            print(f"  recorded      {len(tracker.pending_metrics)} call, in {tracker.environment}")


def show_isolation() -> None:
    """Print how a table of another environment is noticed."""
    print("\nIsolation: may this table be written from staging?")
    for table in (f"{BASE_TABLE}-staging", BASE_TABLE, f"{BASE_TABLE}-development"):
        allowed = AIUsageEnvironmentConfig.validate_environment_isolation(
            table, Environment.STAGING
        )
        print(f"  {table:30} {'yes' if allowed else 'no'}")


def show_misspelt() -> None:
    """Print the error for a value that is not an environment; it never means development."""
    print(f"\nENVIRONMENT={MISSPELT}")
    with variables(ENVIRONMENT=MISSPELT):
        try:
            with ai_usage_context("receipt_analysis"):
                print("  not reached")
        except ValueError as error:
            print(f"  {type(error).__name__}: {error}")


def main() -> None:
    """Show all of it."""
    with tempfile.TemporaryDirectory(prefix="ai-usage-demo-", ignore_cleanup_errors=True) as folder:
        os.environ["AI_USAGE_DATABASE"] = str(Path(folder) / "usage.db")
        show_detection()
        for environment in Environment:
            show_environment(environment)
        show_isolation()
        show_misspelt()


if __name__ == "__main__":
    main()
