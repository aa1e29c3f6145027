"""Which environment this is, and what follows from it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

TABLE = "AIUsageMetrics"
CI = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "TRAVIS", "JENKINS_URL", "BUILDKITE")


class Environment(Enum):
    """Where a process runs."""

    PRODUCTION = "production"
    STAGING = "staging"
    CICD = "cicd"
    DEVELOPMENT = "development"


@dataclass
class EnvironmentConfig:
    """What follows from an environment."""

    environment: Environment
    table_suffix: str
    require_context: bool
    auto_tag: dict[str, str] = field(default_factory=dict)

    @property
    def table_name_suffix(self) -> str:
        """The same, by its other name."""
        return self.table_suffix

    @property
    def is_production(self) -> bool:
        """Whether this is production."""
        return self.environment == Environment.PRODUCTION

    @property
    def is_cicd(self) -> bool:
        """Whether this is a run of CI."""
        return self.environment == Environment.CICD


class AIUsageEnvironmentConfig:
    """Detection, and configuration."""

    @classmethod
    def detect_environment(cls) -> Environment:
        """Ask the variable, CI's, AWS with a stack's name; anything unknown is development."""
        named = os.environ.get("ENVIRONMENT", "").lower()
        if named:
            known = {one.value: one for one in Environment}
            return known.get(named, Environment.DEVELOPMENT)
        if any(os.environ.get(name) for name in CI):
            return Environment.CICD
        if os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or os.environ.get("AWS_EXECUTION_ENV"):
            names = ("PULUMI_STACK", "PULUMI_STACK_NAME", "STACK_NAME")
            stack = next((os.environ[name] for name in names if os.environ.get(name)), "").lower()
            if "prod" in stack:
                return Environment.PRODUCTION
            if "stag" in stack:
                return Environment.STAGING
        return Environment.DEVELOPMENT

    @classmethod
    def get_config(cls, environment: Any = None) -> EnvironmentConfig:
        """Return the configuration of *environment*."""
        chosen = cls.detect_environment() if environment is None else Environment(environment)
        return EnvironmentConfig(
            chosen, _suffix(chosen), chosen == Environment.PRODUCTION, _tags(chosen)
        )

    @classmethod
    def get_table_name(cls, base_table_name: str, environment: Any = None) -> str:
        """Return the environment's table."""
        chosen = cls.detect_environment() if environment is None else Environment(environment)
        return base_table_name + _suffix(chosen)

    @classmethod
    def validate_environment_isolation(cls, table_name: str, expected_environment: Any) -> bool:
        """Whether the table is the environment's."""
        if expected_environment == Environment.PRODUCTION:
            others = [_suffix(one) for one in Environment if one != Environment.PRODUCTION]
            return not table_name.endswith(tuple(others))
        return table_name.endswith(_suffix(Environment(expected_environment)))


def _suffix(environment: Environment) -> str:
    return "" if environment == Environment.PRODUCTION else f"-{environment.value}"


def _tags(environment: Environment) -> dict[str, str]:
    get = os.environ.get
    tags = {
        "environment": environment.value,
        "service": get("SERVICE_NAME", "receipt-processing"),
        "version": get("APP_VERSION", "unknown"),
        "region": get("AWS_REGION", "unknown"),
    }
    if environment == Environment.CICD:
        for name in ("RUN_ID", "WORKFLOW", "ACTOR", "REF", "SHA"):
            tags[f"ci_{name.lower()}"] = get(f"GITHUB_{name}", "unknown")
    elif environment == Environment.DEVELOPMENT:
        tags |= {"developer": get("USER", "unknown"), "machine": get("HOSTNAME", platform.node())}
    else:
        tags["deployment_id"] = get("DEPLOYMENT_ID", "unknown")
        tags["instance_id"] = get("INSTANCE_ID", "unknown")
    return tags
