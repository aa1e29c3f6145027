"""The environment variables that say where a process runs, read all at once.

A context without a tracker makes one each time, and a single ``os.environ.get`` takes
half a microsecond: thirty of them would cost more than all the rest of a context.
"""

from __future__ import annotations

import os

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
STACK_VARIABLES = ("PULUMI_STACK", "STACK_NAME")
RUN_VARIABLES = ("GITHUB_RUN_ID", "CI_PIPELINE_ID", "CIRCLE_WORKFLOW_ID", "BUILD_ID")
BRANCH_VARIABLES = ("GIT_BRANCH", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BRANCH_NAME")
DEPLOYMENT_VARIABLES = ("DEPLOYMENT_ID", "AWS_LAMBDA_FUNCTION_VERSION", "RELEASE_ID")
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
#: What ``getpass.getuser`` asks.
LOGIN_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")
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
# The names in the form in which the dict below ``os.environ`` has them.
_KEYS = tuple(map(getattr(os.environ, "encodekey", str), ALL))


def seen() -> tuple[object, ...]:
    """Return what all of them say now, as one value to compare with another."""
    below = getattr(os.environ, "_data", None)
    if below is None:  # another Python, or a test's own dict
        return tuple(map(os.environ.get, ALL))
    return tuple(map(below.get, _KEYS))
