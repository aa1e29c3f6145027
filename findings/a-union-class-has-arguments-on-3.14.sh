#!/usr/bin/env bash
# What one would guess: a function with a parameter `receipt: str | None = None` becomes a tool of semantic-kernel on
# Python 3.14 as it does on 3.13, and `hasattr(hint, "__args__")` tells hints with arguments from classes.
#
# What happens: on 3.14 `str | None` and `Optional[str]` are instances of the class `typing.Union`, their `__origin__`
# is that class, and the class itself has `__args__`: the descriptor of its instances. semantic-kernel 1.45.0 goes from
# a hint to its `__origin__` and goes through the `__args__` of whatever has some, so that decorating any function with
# such a parameter raises TypeError. Its agents have one of their own and cannot be built.
#
# What it means for us: the agents of semantic-kernel are no part of the matrix on 3.14; the matrix tries a use that
# raises without the tracker too, and says so. Code that reads hints asks `typing.get_args`, never for the attribute.
#
# Needs network access to PyPI (semantic-kernel 1.45.0) and Python 3.14: PYTHON names it. Exits with 1 if the behaviour
# is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3.14}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'semantic-kernel==1.45.0' 'pydantic==2.13.5'
cat >"$folder/tool.py" <<'PROGRAM'
import sys
import typing

from semantic_kernel.functions import kernel_function

print("python", *sys.version_info[:2])
print("typing.get_args(str | None):", typing.get_args(str | None))
print("the class has arguments:", hasattr(typing.Union, "__args__"), typing.get_args(typing.Union))


@kernel_function
def whole(receipt: str = "") -> str:
    return receipt


print("str:", [told["type_"] for told in whole.__kernel_function_parameters__])
try:

    @kernel_function
    def either(receipt: str | None = None) -> str:
        return receipt or ""

except TypeError as error:
    print("str | None: TypeError:", error)
else:
    print("str | None:", [told["type_"] for told in either.__kernel_function_parameters__])
PROGRAM
"$folder/venv/bin/python" "$folder/tool.py" | tee "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
python 3 14
typing.get_args(str | None): (<class 'str'>, <class 'NoneType'>)
the class has arguments: True ()
str: ['str']
str | None: TypeError: 'member_descriptor' object is not iterable
EXPECTED
