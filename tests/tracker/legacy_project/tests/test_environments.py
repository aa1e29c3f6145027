"""Which environment a process is in, and what follows from it."""

from __future__ import annotations

import os
from unittest.mock import patch

import pytest
from receipt_label.utils.environment_config import AIUsageEnvironmentConfig, Environment


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, Environment.DEVELOPMENT),
        ({"ENVIRONMENT": "production", "CI": "true"}, Environment.PRODUCTION),
        ({"ENVIRONMENT": "STAGING"}, Environment.STAGING),
        ({"CI": "true"}, Environment.CICD),
        ({"GITHUB_ACTIONS": "true"}, Environment.CICD),
        (
            {"AWS_LAMBDA_FUNCTION_NAME": "f", "PULUMI_STACK": "tnorlund/prod"},
            Environment.PRODUCTION,
        ),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f", "STACK_NAME": "staging"}, Environment.STAGING),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f"}, Environment.DEVELOPMENT),
    ],
)
def test_detection(variables: dict[str, str], expected: Environment) -> None:
    """The variable, then CI, then AWS with a stack's name, else development."""
    with patch.dict(os.environ, variables):
        assert AIUsageEnvironmentConfig.detect_environment() == expected


@pytest.mark.parametrize(
    ("environment", "variables", "tag"),
    [
        ("production", {"DEPLOYMENT_ID": "d-7"}, ("deployment_id", "d-7")),
        ("staging", {"GIT_BRANCH": "main"}, ("branch", "main")),
        ("cicd", {"GITHUB_RUN_ID": "4711"}, ("ci_run_id", "4711")),
        ("development", {"USER": "anna", "LOGNAME": "anna"}, ("developer", "anna")),
    ],
)
def test_tags(environment: str, variables: dict[str, str], tag: tuple[str, str]) -> None:
    """Environment, service, version and region, and what tells this place from others."""
    given = {"SERVICE_NAME": "labels", "APP_VERSION": "2.4", "AWS_REGION": "eu-1", **variables}
    with patch.dict(os.environ, given):
        tags = AIUsageEnvironmentConfig.get_config(environment).auto_tag
    assert (tags["environment"], tags["service"]) == (environment, "labels")
    assert (tags["version"], tags["region"]) == ("2.4", "eu-1")
    assert tag in tags.items()


@pytest.mark.parametrize("environment", list(Environment))
def test_isolation(environment: Environment) -> None:
    """A table belongs to the environment whose suffix it has."""
    table = AIUsageEnvironmentConfig.get_table_name("Usage", environment)
    for other in Environment:
        allowed = AIUsageEnvironmentConfig.validate_environment_isolation(table, other)
        assert allowed is (other is environment)
    config = AIUsageEnvironmentConfig.get_config(environment)
    assert table == "Usage" + config.table_suffix
    assert config.require_context is (environment is Environment.PRODUCTION)
