"""Detection of the environment, its tags, and whose table is whose."""

from __future__ import annotations

import pytest
from many_cases import each_of

from tracker import AIUsageEnvironmentConfig, AIUsageTracker, Environment, ai_usage_context
from tracker.errors import ConfigurationError, TableEnvironmentError, UnknownEnvironmentError


@pytest.mark.parametrize("name", ["production", "staging", "cicd", "development"])
def test_the_variable_decides(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ENVIRONMENT`` comes first, in any case and with blanks around it."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("ENVIRONMENT", f" {name.upper()} ")
    assert AIUsageEnvironmentConfig.detect_environment() == name
    assert AIUsageTracker().environment == name


@pytest.mark.parametrize("name", ["prod", "ci", "dev", "Production1"])
def test_a_misspelt_name_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lists the valid names, and nothing is recorded under a wrong one."""
    monkeypatch.setenv("ENVIRONMENT", name)
    with pytest.raises(UnknownEnvironmentError) as raised, ai_usage_context("op"):
        pass
    message = str(raised.value)
    assert name in message
    assert "production, staging, cicd, development" in message
    assert isinstance(raised.value, ConfigurationError)
    assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "development"),
        ({"ENVIRONMENT": " "}, "development"),
        ({"CI": "true"}, "cicd"),
        ({"CI": "false"}, "development"),
        ({"GITHUB_ACTIONS": "true", "AWS_LAMBDA_FUNCTION_NAME": "f"}, "cicd"),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f", "PULUMI_STACK": "acme-prod"}, "production"),
        ({"AWS_EXECUTION_ENV": "x", "STACK_NAME": "staging-2"}, "staging"),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f"}, "development"),
        ({"PULUMI_STACK": "prod"}, "development"),
    ],
)
def test_the_order_of_detection(
    settings: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable, then CI, then AWS with a stack's name, else development."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert AIUsageEnvironmentConfig.detect_environment() == expected


@pytest.mark.parametrize(
    ("environment", "settings", "tags"),
    [
        ("cicd", {"GITHUB_RUN_ID": "7", "GITHUB_REF_NAME": "main"}, {"ci_run_id", "branch"}),
        ("production", {"DEPLOYMENT_ID": "d"}, {"deployment_id"}),
        ("staging", {"GIT_BRANCH": "main"}, {"branch"}),
        ("development", {}, {"developer"}),
    ],
)
def test_tags(
    environment: str, settings: dict[str, str], tags: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each environment has its own tags beside environment, service, version and region."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    config = AIUsageEnvironmentConfig.get_config(environment)
    assert config.auto_tag.keys() == {"environment", "service", "version", "region"} | tags
    assert config.environment is Environment(environment)
    assert config.require_context is (environment == "production")


@pytest.mark.parametrize(
    ("environment", "suffix"),
    [
        ("production", ""),
        ("staging", "-staging"),
        ("cicd", "-cicd"),
        ("development", "-development"),
    ],
)
def test_tables_have_suffixes(
    environment: str, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base name is configurable; production has no suffix, and none is put on twice."""
    assert AIUsageTracker(environment=environment).table_name == f"AIUsageMetrics{suffix}"
    monkeypatch.setenv("DYNAMODB_TABLE_NAME", f"Mine{suffix}")
    assert AIUsageTracker(environment=environment).table_name == f"Mine{suffix}"
    table = AIUsageEnvironmentConfig.get_table_name("T", environment)
    assert table == f"T{suffix}"
    assert AIUsageEnvironmentConfig.validate_environment_isolation(table, environment)


@each_of(
    ("environment", "table"),
    [
        ("production", "AIUsageMetrics-staging"),
        ("staging", "AIUsageMetrics-production"),
        ("development", "AIUsageMetrics"),
        ("cicd", "Mine-development"),
    ],
)
def test_another_environment_s_table_is_refused(environment: str, table: str) -> None:
    """The error says so and what to write; it can be switched off."""
    with pytest.raises(TableEnvironmentError, match="does not match environment"):
        AIUsageTracker(table_name=table, environment=environment)
    given = AIUsageTracker(
        table_name=table, environment=environment, validate_table_environment=False
    )
    assert given.table_name == table


def test_a_table_that_names_no_environment_is_used_as_it_is() -> None:
    """A name of the application's own is accepted everywhere."""
    assert AIUsageTracker(table_name="Mine").table_name == "Mine"
