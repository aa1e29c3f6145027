"""Which environment this is, as the original found it: a value that is misspelt is development.

That is told once; through our own names it is an error.  The tags are the original's, too.
"""

from __future__ import annotations

import math
import os
import platform

from tracker.config.environment_variables import seen_by_original
from tracker.config.misuse import forgiving
from tracker.environment_config import (
    DEFAULT_TABLE,
    Environment,
    EnvironmentConfig,
)
from tracker.environment_config import AIUsageEnvironmentConfig as OwnEnvironmentConfig
from tracker.error_boundary import warn
from tracker.errors import UnknownEnvironmentError

__all__ = ["DEFAULT_TABLE", "AIUsageEnvironmentConfig", "Environment", "EnvironmentConfig"]

DEFAULT_SERVICE = "receipt-processing"
UNKNOWN = "unknown"
#: The tags of each environment, and the variables that say them.
_TAGS = {
    Environment.CICD: {
        "ci_run_id": "GITHUB_RUN_ID",
        "ci_workflow": "GITHUB_WORKFLOW",
        "ci_actor": "GITHUB_ACTOR",
        "ci_ref": "GITHUB_REF",
        "ci_sha": "GITHUB_SHA",
    },
    Environment.PRODUCTION: {"deployment_id": "DEPLOYMENT_ID", "instance_id": "INSTANCE_ID"},
    Environment.STAGING: {"deployment_id": "DEPLOYMENT_ID", "instance_id": "INSTANCE_ID"},
    Environment.DEVELOPMENT: {"developer": "USER", "machine": "HOSTNAME"},
}


class AIUsageEnvironmentConfig(OwnEnvironmentConfig):
    """Detection of the environment, and the configuration that goes with it."""

    @classmethod
    def detect_environment(cls) -> Environment:
        """Return this process's environment; development where ``ENVIRONMENT`` names none."""
        try:
            return super().detect_environment()
        except UnknownEnvironmentError as error:
            told = f"{error}; it is taken for development, as the original does"
            warn("environment", told, interval=math.inf)
            return Environment.DEVELOPMENT

    @classmethod
    @forgiving
    def get_config(cls, environment: Environment | str | None = None) -> EnvironmentConfig:
        """Return the configuration of *environment*, by default of the detected one."""
        return super().get_config(environment)

    @classmethod
    def seen(cls) -> tuple[object, ...]:
        """Return what decides on a configuration now, as one value to compare with another."""
        return seen_by_original()

    @classmethod
    def tags(cls, environment: Environment) -> dict[str, str]:
        """Return our tags and those of the original, which has one for each that it knows."""
        ours = super().tags(environment)
        if not os.environ.get("SERVICE_NAME"):
            ours["service"] = DEFAULT_SERVICE
        known = {"machine": platform.node(), **ours}
        theirs = {
            name: os.environ.get(variable) or known.get(name) or UNKNOWN
            for name, variable in _TAGS[environment].items()
        }
        return {**ours, **theirs}
