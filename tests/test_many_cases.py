"""Many cases in one test: none is left out because of another one, and none is forgotten."""

from __future__ import annotations

import inspect

import pytest
from many_cases import Cases, all_cases, each_of


def test_all_that_failed_is_told() -> None:
    """What comes after a failure is tried as well, and each failure is told by its case."""
    tried = []

    def some() -> None:
        with all_cases() as cases:
            for number in range(4):
                with cases.trying(f"case {number}"):
                    tried.append(number)
                    assert number % 2 == 0, f"{number} is odd"

    with pytest.raises(AssertionError) as caught:
        some()
    assert tried == [0, 1, 2, 3]
    told = str(caught.value)
    assert told.startswith("2 of 4 failed")
    assert [f"case {number}:" in told for number in range(4)] == [False, True, False, True]
    assert "3 is odd" in told


def test_an_error_of_any_kind_is_a_failure() -> None:
    """Not only what is asserted."""
    cases = Cases()
    with cases.trying("a key"):
        raise KeyError("gone")
    with pytest.raises(AssertionError, match="gone"):
        cases.settle()


def test_a_test_of_no_case_fails() -> None:
    """A table that has become empty is no success."""
    with pytest.raises(AssertionError, match="no case was tried"), all_cases():
        pass


def test_what_ends_a_test_ends_it() -> None:
    """A skip is none of a case's failures, nor is an end that a person asks for."""
    with pytest.raises(pytest.skip.Exception), all_cases() as cases, cases.trying("a case"):
        pytest.skip("not here")


def test_a_test_of_many_arguments_is_one() -> None:
    """It is asked for what is left of its arguments, and tries every combination of the others."""
    tried = []

    @each_of("first, second", [(1, 2), (3, 4)])
    @each_of("third", "ab")
    def of_them(first: int, second: int, third: str, folder: str) -> None:
        tried.append((first, second, third, folder))
        assert (first, third) != (3, "b")

    assert list(inspect.signature(of_them).parameters) == ["folder"]
    with pytest.raises(AssertionError) as caught:
        of_them(folder="here")
    assert tried == [
        (1, 2, "a", "here"),
        (1, 2, "b", "here"),
        (3, 4, "a", "here"),
        (3, 4, "b", "here"),
    ]
    assert "{'first': 3, 'second': 4}" in str(caught.value)
    assert "{'third': 'b'}" in str(caught.value)
