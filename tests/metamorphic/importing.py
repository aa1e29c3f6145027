"""The same names brought in by other imports, and modules that stand elsewhere."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from .places import Places, edited, plain_nodes
from .variation import Variation, comparable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from random import Random

    from .places import Edit


def through_the_module(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* in which names that were imported are looked up in their module."""
    return _each(files, random, _qualified)


def under_another_name(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* in which names are imported under other ones."""
    return _each(files, random, _aliased)


def kept_elsewhere(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* in which foreign functions are called through what they were put into."""
    return _each(files, random, _kept)


def other_statements(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* with ``import a.b as c`` for ``from a import b as c``, and the reverse."""
    return _each(files, random, _modules)


def in_a_package(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* inside of a package, whose modules import one another as such."""
    return _moved(files, random, "wrapped", random.choice([".", "wrapped"]))


def in_a_source_folder(files: Mapping[str, str], random: Random) -> Variation | None:
    """Return *files* in a folder ``src``."""
    return _moved(files, random, "src", "")


def _each(files: Mapping[str, str], random: Random, edits: object) -> Variation | None:
    changed = dict(files)
    for name, text in files.items():
        if name.endswith(".ipynb") or "%%" in text:
            continue
        module = File.of(name, files)
        changed[name] = edited(text, edits(module, random))  # type: ignore[operator]
        ast.parse(changed[name])
    return differing(files, changed)


def differing(files: Mapping[str, str], changed: Mapping[str, str]) -> Variation | None:
    """Return the variation *changed* of *files*, None where nothing is changed."""
    return None if changed == files else Variation(changed, expected=_nothing, seen=_nothing)


def _nothing(text: str) -> str:
    """Return the same for each *text*: other imports make other headers."""
    return ""


def _exported(text: str) -> Iterator[str]:
    """Yield what *text* takes of modules, by import or as attribute, and its strings."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{(node.module or '').split('.')[-1]}.{a.name}" for a in node.names)
            if any(a.name == "*" for a in node.names):
                yield "*"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            before = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            yield f"{before}.{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


class File:
    """A file of a project, and what the others say of it."""

    @classmethod
    def of(cls, name: str, files: Mapping[str, str]) -> File:
        """Return the file *name* of *files*."""
        said = {w for text in files.values() for w in _exported(text)}
        return cls(name, files[name], files, said)

    def __init__(self, name: str, text: str, files: Mapping[str, str], said: set[str]) -> None:
        self.name, self.text, self.files, self.said = name, text, files, said
        self.tree = ast.parse(text)
        self.places = Places(text)
        self.nodes = list(ast.walk(self.tree))
        self.stem = PurePosixPath(name).stem
        if self.stem == "__init__":
            self.stem = PurePosixPath(name).parent.name

    @property
    def behind_imports(self) -> int:
        """The start of the line behind the last import of the top level, -1 if there is none."""
        top = [n for n in self.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        end = self.places.span(top[-1])[1] if top else -1
        return end + 1 if self.text[end : end + 1] == "\n" else -1

    def bound_once(self, name: str) -> bool:
        """Whether nothing but one import gives *name*, and nobody else takes it of this module."""
        times = 0
        for node in self.nodes:
            if isinstance(node, ast.Name) and node.id == name:
                times += 2 * (not isinstance(node.ctx, ast.Load))
            elif isinstance(node, ast.alias):
                times += (node.asname or node.name.split(".")[0]) == name
            elif isinstance(node, ast.arg):
                times += 2 * (node.arg == name)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                times += 2 * (node.name == name)
            elif isinstance(node, ast.Global | ast.Nonlocal):
                times += 2 * (name in node.names)
            elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
                times += 2 * (node.name == name)
        outside = f"{self.stem}.{name}" in self.said or "*" in self.said
        return times == 1 and not outside and not any(name in s.split() for s in self.said)

    def uses(self, name: str, new: str) -> Iterator[Edit] | None:
        """Yield edits that put *new* where *name* is read; None if a place is not its own."""
        edits = []
        for node in self.nodes:
            if isinstance(node, ast.JoinedStr) and any(
                isinstance(n, ast.Name) and n.id == name for n in ast.walk(node)
            ):
                return None
        for node in self.nodes:
            if isinstance(node, ast.Name) and node.id == name:
                start, end = self.places.span(node)
                edits.append((start, end, new))
        return iter(edits)

    def called(self) -> Iterator[ast.Name | ast.Attribute]:
        """Yield the names that are called, in functions, where all of the module is there."""
        inside = {
            id(part)
            for node in self.nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for statement in node.body
            for part in plain_nodes(statement)
        }
        for node in self.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                if id(node.func) in inside:
                    yield node.func

    def top_imports(self) -> Iterator[ast.ImportFrom]:
        """Yield the absolute imports of one name on the top level."""
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom) and not node.level and len(node.names) == 1:
                if node.module != "__future__" and node.names[0].name != "*":
                    yield node


def _qualified(file: File, random: Random) -> Iterator[Edit]:
    for node in file.top_imports():
        alias, module = node.names[0], node.module or ""
        name = alias.asname or alias.name
        top = module.split(".")[0]
        free = all(
            not (isinstance(n, ast.arg) and n.arg == top)
            and not (isinstance(n, ast.Name) and n.id == top)
            for n in file.nodes
        )
        if random.random() < 0.3 or not free or not file.bound_once(name):
            continue
        if _is_module(file.files, f"{module}.{alias.name}"):
            continue
        uses = file.uses(name, f"{module}.{alias.name}")
        if uses is not None:
            start, end = file.places.span(node)
            yield start, end, f"import {module}"
            yield from uses


def _aliased(file: File, random: Random) -> Iterator[Edit]:
    for node in file.top_imports():
        alias = node.names[0]
        name = alias.asname or alias.name
        if random.random() < 0.3 or not file.bound_once(name):
            continue
        other = f"{name}_of_there"
        uses = file.uses(name, other)
        if uses is not None:
            start, end = file.places.span(node)
            yield start, end, f"from {node.module} import {alias.name} as {other}"
            yield from uses


def _kept(file: File, random: Random) -> Iterator[Edit]:
    """Yield edits that put foreign functions into variables, fields and collections first."""
    spelled = {}
    for node, _ in foreign_calls(file):
        text = ast.unparse(node)
        if text not in spelled:
            own = text.rpartition(".")[2]
            spelled[text] = _keeping(text, own, random) if random.random() < 0.7 else None
        if spelled[text] is not None:
            yield *file.places.span(node), spelled[text][1]
    put = "\n\n".join(way[0] for way in spelled.values() if way is not None)
    if put:
        yield file.behind_imports, file.behind_imports, f"\n{put}\n"


def foreign_calls(file: File) -> Iterator[tuple[ast.Name | ast.Attribute, str]]:
    """Yield the functions of imported foreign modules that are called, each with its module."""
    if file.behind_imports < 0:
        return
    top = [n for n in file.tree.body if isinstance(n, ast.Import)]
    modules = {a.asname or a.name: a.name for n in top for a in n.names}
    names = {n.names[0].asname or n.names[0].name: n for n in file.top_imports()}
    for node in file.called():
        root = node if isinstance(node, ast.Name) else node.value
        if not isinstance(root, ast.Name):
            continue
        if isinstance(node, ast.Attribute):
            module = modules.get(root.id, "")
        else:
            module = (names[root.id].module or "") if root.id in names else ""
        if module and not is_ours(file.files, module) and file.bound_once(root.id):
            yield node, module


def _keeping(text: str, own: str, random: Random) -> tuple[str, str]:
    """Return a statement that puts the function *text* somewhere, and what calls it from there."""
    base, _, name = text.rpartition(".")
    ways = [
        (f"{own}_of_there = {text}", f"{own}_of_there"),
        (f'{own}_of_there = {{"{own}": {text}}}', f'{own}_of_there["{own}"]'),
        (f"class {own}OfThere:\n    kept = staticmethod({text})", f"{own}OfThere.kept"),
    ]
    if base:
        ways.append((f'{own}_of_there = getattr({base}, "{name}")', f"{own}_of_there"))
    return random.choice(ways)


def is_ours(files: Mapping[str, str], module: str) -> bool:
    """Whether *module* is of the project, or of the tracking API."""
    top = module.partition(".")[0]
    return top in ("receipt_label", "tracker") or any(
        part.removesuffix(".py") == top for path in files for part in path.split("/")
    )


def _modules(file: File, random: Random) -> Iterator[Edit]:
    for node in file.nodes:
        if isinstance(node, ast.ImportFrom) and not node.level and len(node.names) == 1:
            alias = node.names[0]
            if _is_module(file.files, f"{node.module}.{alias.name}") and alias.name != "*":
                start, end = file.places.span(node)
                name = alias.asname or alias.name
                yield start, end, f"import {node.module}.{alias.name} as {name}"
        elif isinstance(node, ast.Import) and len(node.names) == 1:
            alias = node.names[0]
            before, _, last = alias.name.rpartition(".")
            if alias.asname and before:
                start, end = file.places.span(node)
                yield start, end, f"from {before} import {last} as {alias.asname}"
            elif alias.asname is None and not before and random.random() < 0.5:
                start, end = file.places.span(node)
                yield start, end, f"import {alias.name} as {alias.name}"


def _is_module(files: Mapping[str, str], dotted: str) -> bool:
    path = dotted.replace(".", "/")
    return f"{path}.py" in files or f"{path}/__init__.py" in files


def _moved(files: Mapping[str, str], random: Random, folder: str, prefix: str) -> Variation | None:
    tops = {PurePosixPath(name).parts[0].removesuffix(".py") for name in files}
    unfit = {"receipt_label", "conftest", "tests", "src", "tracker", "__init__", "__main__"}
    if tops & unfit or any(not name.endswith(".py") for name in files):
        return None
    if any(top.startswith("test") for top in tops):
        return None
    changed = {}
    for name, text in files.items():
        if prefix and any(_speaks_of(node, tops) for node in ast.walk(ast.parse(text))):
            return None
        dots = "." * len(PurePosixPath(name).parts)
        edits = _led(text, tops, dots if prefix == "." else f"{prefix}.") if prefix else ()
        changed[f"{folder}/{name}"] = edited(text, edits)
        ast.parse(changed[f"{folder}/{name}"])
    if prefix:
        changed[f"{folder}/__init__.py"] = ""
    return Variation(
        changed,
        named={name: f"{folder}/{name}" for name in files},
        expected=_without_project_imports if prefix else comparable,
        seen=_without_project_imports if prefix else comparable,
    )


def _speaks_of(node: ast.AST, tops: set[str]) -> bool:
    """Whether *node* says the name of a module where no edit would change it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(tops & {*node.value.replace(".", " ").replace("/", " ").split()})
    if isinstance(node, ast.Import):
        return any(
            "." in a.name and not a.asname and a.name.split(".")[0] in tops for a in node.names
        )
    return False


def _led(text: str, tops: set[str], prefix: str) -> Iterator[Edit]:
    """Yield edits that import the project's modules of the package that *prefix* leads to."""
    places = Places(text)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and not node.level:
            if (node.module or "").split(".")[0] in tops:
                start, end = places.span(node)
                at = places.text.index(node.module or "", start + len("from "), end)
                yield at, at, prefix
        elif isinstance(node, ast.Import):
            start, end = places.span(node)
            lines = [_import(alias, tops, prefix) for alias in node.names]
            yield start, end, "; ".join(lines)


def _import(alias: ast.alias, tops: set[str], prefix: str) -> str:
    if alias.name.split(".")[0] not in tops:
        return ast.unparse(ast.Import([alias]))
    before, _, last = alias.name.rpartition(".")
    place = f"{prefix}{before}" if before else prefix if prefix.strip(".") == "" else prefix[:-1]
    behind = f" as {alias.asname}" if alias.asname else ""
    return f"from {place} import {last}{behind}"


class _Importless(ast.NodeTransformer):
    """Takes imports away."""

    def visit_Import(self, node: ast.Import) -> ast.Pass:
        return ast.Pass()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.Pass:
        return ast.Pass()


def _without_project_imports(text: str) -> str:
    tree = ast.parse(text)
    return comparable(ast.unparse(ast.fix_missing_locations(_Importless().visit(tree))))
