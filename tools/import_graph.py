"""Read the modules of a checkout and what they import, without importing them; used by house.py."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class Module:
    """One file of the package: its dotted name, its path below the root of the checkout, and its source."""

    name: str
    path: str
    source: str
    tree: ast.Module


@dataclass(frozen=True)
class Import:
    """An import of one module by another; `deferred` where it stands inside a function."""

    source: str
    target: str
    deferred: bool
    location: str


def read_modules(root: Path) -> dict[str, Module]:
    """Return the modules of `multicnn/` below `root`, by dotted name."""
    modules = {}
    for path in sorted((root / "multicnn").rglob("*.py")):
        below = path.relative_to(root)
        name = ".".join(below.with_suffix("").parts).removesuffix(".__init__")
        source = path.read_text(encoding="utf-8")
        modules[name] = Module(name, below.as_posix(), source, ast.parse(source))
    return modules


def is_ours(name: str) -> bool:
    """Return whether a dotted name is of the package."""
    return name.split(".")[0] == "multicnn"


def read_imports(modules: Mapping[str, Module]) -> list[Import]:
    """Return every import in the package, but for those under `if TYPE_CHECKING`; a foreign library is one target."""
    return [found for module in modules.values() for found in _imports(module, module.tree, modules, False)]


def _imports(module: Module, node: ast.AST, modules: Mapping[str, Module], deferred: bool) -> Iterator[Import]:
    for target in _targets(module, node, modules):
        location = f"{module.path}:{getattr(node, 'lineno', 0)}"
        yield Import(module.name, target if is_ours(target) else target.split(".")[0], deferred, location)
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        children = node.orelse
    deferred = deferred or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for child in children:
        yield from _imports(module, child, modules, deferred)


def _targets(module: Module, node: ast.AST, modules: Mapping[str, Module]) -> Iterator[str]:
    """Yield the modules that one import statement names: for `from a import b`, `a.b` where that is a module, else `a`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = module.name.split(".") if module.path.endswith("__init__.py") else module.name.split(".")[:-1]
        above = above[: len(above) - node.level + 1] if node.level else []
        base = ".".join([*above, *filter(None, [node.module])])
        names = {f"{base}.{alias.name}" for alias in node.names}
        yield from sorted({name if name in modules else base for name in names})


def graph_of(edges: Iterable[tuple[str, str]]) -> Graph:
    """Return the graph with these edges, without those from a node to itself."""
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        graph.setdefault(source, set()).update({target} - {source})
        graph.setdefault(target, set())
    return graph


def shortest_paths(graph: Graph, start: str) -> dict[str, list[str]]:
    """Return a shortest path from `start` to each node that it leads to; to itself where `start` is in a circle."""
    paths: dict[str, list[str]] = {}
    queue = [[start]]
    for path in queue:
        for target in sorted(graph[path[-1]] - set(paths)):
            paths[target] = [*path, target]
            queue.append(paths[target])
    return paths


def circles(graph: Graph) -> list[str]:
    """Return the groups of nodes that lead to one another, each as one line."""
    below = {node: set(shortest_paths(graph, node)) for node in graph}
    groups = {frozenset(other for other in below[node] if node in below[other]) for node in graph}
    return sorted(", ".join(sorted(group)) for group in groups if group)


def floors(graph: Graph) -> int:
    """Return the number of nodes on the longest path down, where a circle counts as one."""
    below = {node: {node, *shortest_paths(graph, node)} for node in graph}
    floor: dict[str, int] = {}
    for node in sorted(graph, key=lambda node: len(below[node])):  # what stands below a node comes before it
        floor[node] = 1 + max((floor[other] for other in below[node] if node not in below[other]), default=0)
    return max(floor.values(), default=0)
