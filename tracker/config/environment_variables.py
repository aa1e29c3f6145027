"""The environment variables that say where a process runs, read all at once.

A context without a tracker makes one each time, and a single ``os.environ.get`` takes
half a microsecond: thirty of them would cost more than all the rest of a context.
"""

from __future__ import annotations

import os
from typing import Any

CI_VARIABLES = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "CIRCLECI",
    "TRAVIS",
    "JENKINS_URL",
    "BUILDKITE",
    "TF_BUILD",
)
AWS_VARIABLES = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_EXECUTION_ENV")
STACK_VARIABLES = ("PULUMI_STACK", "PULUMI_STACK_NAME", "STACK_NAME")
RUN_VARIABLES = ("GITHUB_RUN_ID", "CI_PIPELINE_ID", "CIRCLE_WORKFLOW_ID", "BUILD_ID")
BRANCH_VARIABLES = ("GIT_BRANCH", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BRANCH_NAME")
DEPLOYMENT_VARIABLES = ("DEPLOYMENT_ID", "AWS_LAMBDA_FUNCTION_VERSION", "RELEASE_ID")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
#: What ``getpass.getuser`` asks.
LOGIN_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")
#: What only the original's tags ask for.
ORIGINAL = (
    "GITHUB_RUN_ID",
    "GITHUB_WORKFLOW",
    "GITHUB_ACTOR",
    "GITHUB_REF",
    "GITHUB_SHA",
    "HOSTNAME",
    "INSTANCE_ID",
)
ALL = (
    "ENVIRONMENT",
    "DYNAMODB_TABLE_NAME",
    "USER_ID",
    "SERVICE_NAME",
    "APP_VERSION",
    *CI_VARIABLES,
    *AWS_VARIABLES,
    *STACK_VARIABLES,
    *RUN_VARIABLES,
    *BRANCH_VARIABLES,
    *DEPLOYMENT_VARIABLES,
    *REGION_VARIABLES,
    *LOGIN_VARIABLES,
)
_Names = tuple[tuple[str, ...], tuple[Any, ...]]


def _named(names: tuple[str, ...]) -> _Names:
    """Return *names* with the form in which the dict below ``os.environ`` has them."""
    return names, tuple(map(getattr(os.environ, "encodekey", str), names))


_ALL, _ORIGINAL = _named(ALL), _named((*ALL, *ORIGINAL))


def seen(names: _Names = _ALL) -> tuple[object, ...]:
    """Return what all of them say now, as one value to compare with another."""
    below = getattr(os.environ, "_data", None)
    if below is None:  # another Python, or a test's own dict
        return tuple(map(os.environ.get, names[0]))
    return tuple(map(below.get, names[1]))


def seen_by_original() -> tuple[object, ...]:
    """As ``seen``, with what only the original's tags ask for."""
    return seen(_ORIGINAL)
