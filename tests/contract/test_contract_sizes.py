"""How large a module and a function may be, and what a module may not be called."""

from __future__ import annotations

from collections import Counter

from source_tree import Module, functions_of, source_modules

MODULE_LINES = 400
FUNCTION_LINES = 60
FOLDER_MODULES = 14
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def long_modules(modules: list[Module]) -> list[str]:
    """Return the modules that are too long, with their length."""
    lengths = {module.path: len(module.text.splitlines()) for module in modules}
    return [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > MODULE_LINES]


def long_functions(modules: list[Module]) -> list[str]:
    """Return the functions that are too long, with their length (docstring included)."""
    found = []
    for module in modules:
        for function in functions_of(module.tree):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES:
                found.append(f"{module.path}:{function.lineno} {function.name}: {lines} lines")
    return found


def crowded_folders(modules: list[Module]) -> list[str]:
    """Return the folders that have too many modules to find one in, with their number."""
    folders = Counter(module.path.rpartition("/")[0] for module in modules)
    return [f"{path}: {number}" for path, number in folders.items() if number > FOLDER_MODULES]


def empty_names(modules: list[Module]) -> list[str]:
    """Return the modules whose name says nothing about what is in them."""
    return [module.path for module in modules if EMPTY_NAMES & set(module.name.split("."))]


def test_modules_are_short() -> None:
    """S1: no module of the packages, nor of the benchmarks, is longer than 400 lines."""
    assert long_modules(source_modules()) == []
    assert long_modules(source_modules(packages=("benchmarks",))) == []


def test_functions_are_short() -> None:
    """S1: no function of the packages is longer than 60 lines."""
    assert long_functions(source_modules()) == []


def test_folders_are_small() -> None:
    """S3: no folder of the packages has more than 14 modules."""
    assert crowded_folders(source_modules()) == []


def test_examples_are_short() -> None:
    """S1: the examples keep to the same sizes."""
    modules = source_modules(packages=("examples",))
    assert long_modules(modules) + long_functions(modules) == []


def test_module_names_say_what_is_inside() -> None:
    """S2: no module is called utils, helpers, manager or common."""
    assert empty_names(source_modules()) == []


def test_the_size_checks_can_fail() -> None:
    """A long module, a long function and an empty name are each seen; their limits are not."""
    body = "    x = 1\n"
    fits = Module("a.fits", "a/fits.py", "def f():\n" + body * (FUNCTION_LINES - 1))
    function = Module("a.long", "a/long.py", "def f():\n" + body * FUNCTION_LINES)
    module = Module("a.utils", "a/utils.py", "x = 1\n" * (MODULE_LINES + 1))
    assert long_functions([fits, function, module]) == ["a/long.py:1 f: 61 lines"]
    assert long_modules([fits, function, module]) == ["a/utils.py: 401 lines"]
    assert empty_names([fits, function, module]) == ["a/utils.py"]
    assert crowded_folders([fits] * FOLDER_MODULES + [Module("b.x", "b/x.py", "")]) == []
    assert crowded_folders([fits] * (FOLDER_MODULES + 1)) == ["a: 15"]
