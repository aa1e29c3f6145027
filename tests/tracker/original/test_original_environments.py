"""Which environment a process is in, and the tags of each."""

from __future__ import annotations

from typing import Any

import pytest

LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "f"}
DETECTED: list[tuple[dict[str, str], str]] = [
    ({}, "development"),
    *[({"ENVIRONMENT": name}, name) for name in ("production", "staging", "cicd", "development")],
    ({"ENVIRONMENT": "PRODUCTION", "CI": "true"}, "production"),
    *[({name: "true"}, "cicd") for name in ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI")],
    ({"JENKINS_URL": "http://ci"}, "cicd"),
    (LAMBDA, "development"),
    ({**LAMBDA, "PULUMI_STACK": "acme/prod"}, "production"),
    ({**LAMBDA, "PULUMI_STACK_NAME": "prod"}, "production"),
    ({**LAMBDA, "PULUMI_STACK_NAME": "acme/staging"}, "staging"),
    ({**LAMBDA, "STACK_NAME": "receipts-test"}, "development"),
    ({**LAMBDA, "STACK_NAME": "staging"}, "staging"),
    ({"AWS_EXECUTION_ENV": "AWS_ECS", "PULUMI_STACK_NAME": "prod"}, "production"),
    ({"PULUMI_STACK_NAME": "prod"}, "development"),
    ({"ENVIRONMENT": "prod"}, "development"),
    ({"ENVIRONMENT": "nonsense", "CI": "true"}, "development"),
]


@pytest.mark.parametrize(("variables", "expected"), DETECTED)
def test_detection(
    app: Any, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable, then CI, then AWS with a stack's name; what is unknown is development."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert app.AIUsageEnvironmentConfig.detect_environment() == app.Environment(expected)
    assert app.AIUsageTracker().environment == app.Environment(expected)
    with app.ai_usage_context("op") as tracker:
        assert tracker.environment.value == expected


TAGS = [
    ("cicd", "GITHUB_RUN_ID", "ci_run_id"),
    ("cicd", "GITHUB_WORKFLOW", "ci_workflow"),
    ("cicd", "GITHUB_ACTOR", "ci_actor"),
    ("cicd", "GITHUB_REF", "ci_ref"),
    ("cicd", "GITHUB_SHA", "ci_sha"),
    ("production", "DEPLOYMENT_ID", "deployment_id"),
    ("production", "INSTANCE_ID", "instance_id"),
    ("staging", "DEPLOYMENT_ID", "deployment_id"),
    ("staging", "INSTANCE_ID", "instance_id"),
    ("development", "HOSTNAME", "machine"),
    ("development", "USER", "developer"),
    ("development", "SERVICE_NAME", "service"),
    ("production", "APP_VERSION", "version"),
    ("production", "AWS_REGION", "region"),
]


@pytest.mark.parametrize(("environment", "variable", "tag"), TAGS)
def test_tags(
    app: Any, environment: str, variable: str, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a variable's, and there without it, too."""
    chosen = app.Environment(environment)
    assert app.AIUsageEnvironmentConfig.get_config(chosen).auto_tag[tag]
    monkeypatch.setenv(variable, "told")
    assert app.AIUsageEnvironmentConfig.get_config(chosen).auto_tag[tag] == "told"
    with app.ai_usage_context("op", environment=chosen) as tracker:
        assert tracker._create_base_metadata()[tag] == "told"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("environment", "development"), ("service", "receipt-processing"), ("version", "unknown")],
)
def test_tags_that_nobody_sets(app: Any, tag: str, expected: str) -> None:
    """The service has the application's name."""
    assert app.AIUsageEnvironmentConfig.get_config().auto_tag[tag] == expected


@pytest.mark.parametrize("environment", ["production", "staging", "cicd", "development"])
def test_a_configuration(app: Any, environment: str) -> None:
    """Suffix, whether contexts are required, and what the environment is."""
    config = app.AIUsageEnvironmentConfig.get_config(app.Environment(environment))
    suffix = "" if environment == "production" else f"-{environment}"
    assert (config.table_suffix, config.table_name_suffix) == (suffix, suffix)
    assert config.is_production is config.require_context is (environment == "production")
    assert config.is_cicd is (environment == "cicd")
    chosen = app.Environment(environment)
    assert app.AIUsageEnvironmentConfig.get_table_name("Usage", chosen) == f"Usage{suffix}"


@pytest.mark.parametrize("environment", ["production", "staging", "cicd", "development"])
@pytest.mark.parametrize("named", ["expected_environment", None])
def test_isolation(app: Any, environment: str, named: str | None) -> None:
    """A table is its environment's; that is asked by the original's keyword, or by position."""
    config = app.AIUsageEnvironmentConfig
    table = config.get_table_name("Usage", app.Environment(environment))
    for other in app.Environment:
        given: dict[str, Any] = {named: other} if named else {}
        args = () if named else (other,)
        isolated = config.validate_environment_isolation(table, *args, **given)
        assert isolated is (other == app.Environment(environment))
