"""Which environment this process runs in, and what that means for its metrics.

``ENVIRONMENT`` decides; without it CI variables do, then an AWS runtime with a
stack's name, and else it is development.  A value that is misspelt is an error:
``prod`` must not quietly become development and mix its metrics with a laptop's.
"""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from tracker.config import environment_variables
from tracker.config.environment_variables import (
    AWS_VARIABLES,
    BRANCH_VARIABLES,
    CI_VARIABLES,
    DEPLOYMENT_VARIABLES,
    REGION_VARIABLES,
    RUN_VARIABLES,
    STACK_VARIABLES,
)
from tracker.config.misuse import forgiving, kind_of, tell
from tracker.error_boundary import tolerated
from tracker.errors import TableEnvironmentError, UnknownEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_TABLE = "AIUsageMetrics"
FALSE_VALUES = frozenset({"", "0", "false", "no"})


class Environment(StrEnum):
    """Where a process runs."""

    PRODUCTION = "production"
    STAGING = "staging"
    CICD = "cicd"
    DEVELOPMENT = "development"

    @classmethod
    def parse(cls, value: str | Environment) -> Environment:
        """Return the environment named *value*, in any case and with blanks around it.

        A member of another enumeration counts by its value.  Raises UnknownEnvironmentError,
        which lists the valid names.
        """
        value = value.value if isinstance(value, Enum) else value
        if not isinstance(value, str):
            value = kind_of(value)
        text = value.strip().lower()
        for environment in cls:
            if environment.value == text:
                return environment
        valid = ", ".join(environment.value for environment in cls)
        raise UnknownEnvironmentError(
            f"ENVIRONMENT={value!r} is not a valid environment; use one of: {valid}"
        )


@dataclass(frozen=True, slots=True)
class EnvironmentConfig:
    """What follows from an environment.

    ``table_suffix`` is appended to a table's base name ("" in production),
    ``require_context`` says that calls belong inside a context, and ``auto_tag``
    holds the tags that every metric's metadata gets.
    """

    environment: Environment
    table_suffix: str
    require_context: bool
    auto_tag: Mapping[str, str] = field(default_factory=dict)

    @property
    def table_name_suffix(self) -> str:
        """The same as ``table_suffix``, which the original calls so."""
        return self.table_suffix

    @property
    def is_production(self) -> bool:
        """Whether this is production."""
        return self.environment is Environment.PRODUCTION

    @property
    def is_cicd(self) -> bool:
        """Whether this is a run of CI."""
        return self.environment is Environment.CICD


class AIUsageEnvironmentConfig:
    """Detection of the environment, and the configuration that goes with it."""

    @classmethod
    def detect_environment(cls) -> Environment:
        """Return this process's environment.

        Raises UnknownEnvironmentError if ``ENVIRONMENT`` is set to something else.
        """
        explicit = os.environ.get("ENVIRONMENT", "").strip()
        if explicit:
            return Environment.parse(explicit)
        if any(_is_set(name) for name in CI_VARIABLES):
            return Environment.CICD
        if any(_is_set(name) for name in AWS_VARIABLES):
            return _environment_of_stack(_first(STACK_VARIABLES))
        return Environment.DEVELOPMENT

    @classmethod
    def seen(cls) -> tuple[object, ...]:
        """Return what decides on a configuration now, as one value to compare with another."""
        return environment_variables.seen()

    @classmethod
    @forgiving
    def get_config(cls, environment: Environment | str | None = None) -> EnvironmentConfig:
        """Return the configuration of *environment*, by default of the detected one."""
        chosen = cls.detect_environment() if environment is None else Environment.parse(environment)
        return EnvironmentConfig(
            environment=chosen,
            table_suffix=_table_suffix(chosen),
            require_context=chosen is Environment.PRODUCTION,
            auto_tag=cls.tags(chosen),
        )

    @classmethod
    def tags(cls, environment: Environment) -> dict[str, str]:
        """Return the tags of every metric that is recorded in *environment*."""
        return _auto_tags(environment)

    @classmethod
    @forgiving
    def get_table_name(
        cls, base_table_name: str, environment: Environment | str | None = None
    ) -> str:
        """Return the table of *environment*: the base name plus the environment's suffix."""
        chosen = cls.detect_environment() if environment is None else Environment.parse(environment)
        if not isinstance(base_table_name, str):
            tell(TypeError(f"get_table_name: a name is a text, not a {kind_of(base_table_name)}"))
            base_table_name = DEFAULT_TABLE
        return base_table_name + _table_suffix(chosen)

    @classmethod
    @forgiving
    def validate_environment_isolation(
        cls, table_name: str, environment: Environment | str | None = None
    ) -> bool:
        """Return whether *table_name* may be written from *environment*.

        A name ends with its environment's suffix; in production it ends with
        none.  ``-production`` is accepted there too.  What is no text is no table's name.
        """
        if not isinstance(table_name, str):
            return False
        chosen = cls.detect_environment() if environment is None else Environment.parse(environment)
        if chosen is Environment.PRODUCTION:
            others = (_table_suffix(e) for e in Environment if e is not Environment.PRODUCTION)
            return not table_name.endswith(tuple(others))
        return table_name.endswith(_table_suffix(chosen))


def _table_suffix(environment: Environment) -> str:
    return "" if environment is Environment.PRODUCTION else f"-{environment.value}"


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() not in FALSE_VALUES


def _first(names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), "")


def _environment_of_stack(stack: str) -> Environment:
    """Return what a deployed stack's name says; stacks are named by people, so loosely."""
    name = stack.lower()
    if "prod" in name:
        return Environment.PRODUCTION
    if "stag" in name:
        return Environment.STAGING
    return Environment.DEVELOPMENT


def _auto_tags(environment: Environment) -> dict[str, str]:
    tags = {
        "environment": environment.value,
        "service": os.environ.get("SERVICE_NAME", "unknown"),
        "version": os.environ.get("APP_VERSION", "unknown"),
        "region": _first(REGION_VARIABLES) or "unknown",
    }
    tags.update(_tags_of_place(environment))
    return tags


def _tags_of_place(environment: Environment) -> dict[str, str]:
    if environment is Environment.CICD:
        return _without_empty(ci_run_id=_first(RUN_VARIABLES), branch=_first(BRANCH_VARIABLES))
    if environment is Environment.DEVELOPMENT:
        return _without_empty(developer=_developer())
    if environment is Environment.STAGING:
        return _without_empty(
            branch=_first(BRANCH_VARIABLES), deployment_id=_first(DEPLOYMENT_VARIABLES)
        )
    return _without_empty(deployment_id=_first(DEPLOYMENT_VARIABLES))


def _without_empty(**tags: str) -> dict[str, str]:
    return {name: value for name, value in tags.items() if value}


def _developer() -> str:
    with tolerated("developer-tag", "No user name for the developer tag"):
        return getpass.getuser()
    return "unknown"


def table_for(given: str | None, config: EnvironmentConfig, *, validate: bool) -> str:
    """Return the name of the table for *config*'s environment: *given*, or the configured one.

    Raises TableEnvironmentError if *given* names another environment.
    """
    base = os.environ.get("DYNAMODB_TABLE_NAME") or DEFAULT_TABLE
    if given is None:
        return base if base.endswith(config.table_suffix) else base + config.table_suffix
    if validate and _contradicts(given, base, config.environment):
        raise TableEnvironmentError(
            f"Table {given!r} does not match environment {config.environment.value!r};"
            f" use {base + config.table_suffix!r}, or set ENVIRONMENT to the table's environment"
        )
    return given


def _contradicts(table: str, base: str, environment: Environment) -> bool:
    """Return whether *table* names another environment; a name that names none does not."""
    if environment is not Environment.PRODUCTION and table == base:
        return True
    others = (f"-{other.value}" for other in Environment if other is not environment)
    return table.endswith(tuple(others))
