"""Measure how the package is arranged: rooms, imports, sizes, words and types.

    python tools/house.py                     # this checkout
    python tools/house.py ../before .         # two checkouts side by side
    python tools/house.py --check             # exit 1 if a limit is exceeded

A room is a module or folder at the top of `multicnn/`. The standard library is enough; mypy runs where it is installed.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from import_graph import Import, Module, circles, floors, graph_of, is_ours, read_imports, read_modules, shortest_paths

# From the top down: a room imports only rooms that stand after it.
ORDER = (
    *(
        "__init__",
        "cli",
        "lessons",
        "sklearn",
        "api",
        "server",
        "exporters",
        "training",
        "predictor",
        "evaluation",
        "explanations",
    ),
    *("data", "models", "recipe", "tasks", "modalities", "blocks", "backends", "layers", "utils", "version"),
)
# These build and train on arrays where TensorFlow is not installed.
PURE_KERAS = re.compile(r"multicnn\.(blocks|layers|models|tasks\.losses|training\.optimizers)(\.|$)")

LIMITS = {
    "entries at the top of multicnn/": 19,  # sklearn.py among them: scikit-learn's users look for it there
    "rooms without a place in ORDER": 0,
    "upward imports": 0,
    "circles of rooms": 0,
    "circles of rooms, deferred imports too": 0,
    "circles of modules": 0,
    "circles of modules, deferred imports too": 0,
    "imports of TensorFlow from pure Keras": 0,
    "lines of the longest function": 65,
    "parameters of the widest function": 12,
    "functions with more than 8 parameters": 5,
    "fields of the widest class": 22,
    "names that the glossary replaces": 0,
    "docstrings that begin with What or Whether": 0,
    "lines with Any": 342,  # tensors of either backend, and values of a recipe; not to rise
    "mypy errors": 0,
    "README bytes": 9000,
}

# The left column of the project's glossary: no name contains one of these words or sequences of words, ...
WORDS = (
    *("sense", "senses", "several", "separator", "picture", "pictures", "sound", "sounds", "recording", "recordings"),
    *("begun", "goes_on", "go_on", "lay", "lays", "laid", "say", "says", "said", "told", "kept", "whole", "held"),
    *("reading_in", "materialise", "materialised", "seen", "outcome", "request", "completion", "plan", "trial"),
    *("fitting", "cutting", "site", "leaving_out", "front", "ends", "found", "place", "places", "part", "parts"),
    *("everyones", "firsts", "drawn_anew", "verb", "verbs", "quarrels", "mends", "hopeless"),
)
# ... and no class is called so. ALLOWED are whole names that the field itself uses.
CLASSES = ("Late", "OnWaveforms", "Deferred", "Pieces", "Choice", "Examination", "Classifier")
ALLOWED = ("held_out", "label_separator")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Measure:
    """A number, or None where it cannot be measured, and what it counts, one line each."""

    value: int | None
    findings: tuple[str, ...] = ()

    def exceeds(self, limit: int) -> bool:
        """Return whether the number is above a limit; one that could not be measured is."""
        return self.value is None or self.value > limit


def counted(findings: Iterable[str]) -> Measure:
    """Return the measure that is the number of its findings."""
    listed = tuple(findings)
    return Measure(len(listed), listed)


def largest(sizes: Iterable[tuple[int, str]]) -> Measure:
    """Return the largest of some sizes, and what has it."""
    size, owner = max(sizes, default=(0, "nothing"))
    return Measure(size, (f"{owner} has {size}",))


# Imports


def room(module: str) -> str:
    """Return the room of a module: "layers" for "multicnn.layers.time_mask", "__init__" for the package itself."""
    return module.split(".")[1] if "." in module else "__init__"


def upward(imports: Iterable[Import]) -> Iterator[str]:
    """Yield the imports of a room that stands above the importing one in ORDER."""
    level = {name: number for number, name in enumerate(ORDER)}
    for found in imports:
        source, target = room(found.source), room(found.target)
        if source in level and target in level and level[target] < level[source]:
            yield f"{found.location}: {source} imports {found.target}"


def tensorflow_from_pure_keras(modules: Mapping[str, Module], imports: Iterable[Import]) -> Iterator[str]:
    """Yield the paths on which modules of pure Keras come to TensorFlow.

    Of a pure module every import counts; of another, those that run when it is imported, and those of its packages.
    """
    edges = [(i.source, i.target) for i in imports if PURE_KERAS.match(i.source) or not i.deferred]
    graph = graph_of([*edges, *((name, name.rpartition(".")[0]) for name in modules if "." in name)])
    for name in filter(PURE_KERAS.match, sorted(modules)):
        path = shortest_paths(graph, name).get("tensorflow")
        if path and not PURE_KERAS.match(path[1]):  # else the module after it has the same path
            yield " -> ".join(path)


def import_measures(modules: Mapping[str, Module]) -> dict[str, Measure]:
    """Measure rooms, floors, arrows, circles and directions."""
    imports = read_imports(modules)
    ours = [i for i in imports if is_ours(i.target)]
    immediate = [i for i in ours if not i.deferred]
    rooms = graph_of((room(i.source), room(i.target)) for i in ours)
    return {
        "rooms without a place in ORDER": counted(sorted({room(name) for name in modules} - set(ORDER))),
        "floors": Measure(floors(rooms)),
        "arrows between rooms": Measure(sum(len(targets) for targets in rooms.values())),
        "upward imports": counted(upward(ours)),
        "circles of rooms": counted(circles(graph_of((room(i.source), room(i.target)) for i in immediate))),
        "circles of rooms, deferred imports too": counted(circles(rooms)),
        "circles of modules": counted(circles(graph_of((i.source, i.target) for i in immediate))),
        "circles of modules, deferred imports too": counted(circles(graph_of((i.source, i.target) for i in ours))),
        "imports of TensorFlow from pure Keras": counted(tensorflow_from_pure_keras(modules, imports)),
    }


# Sizes


def parameters(function: Function) -> list[ast.arg]:
    """Return the parameters of a function, but for `self` and `cls`."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, [given.vararg, given.kwarg])]
    return [argument for argument in named if argument.arg not in ("self", "cls")]


def fields(definition: ast.ClassDef) -> list[str]:
    """Return the annotated fields of a class: the parameters of a dataclass."""
    annotated = [line for line in definition.body if isinstance(line, ast.AnnAssign)]
    return [ast.unparse(line.target) for line in annotated if "ClassVar" not in ast.unparse(line.annotation)]


def length(function: Function) -> int:
    """Return the lines of a function from `def` to its end, but for those of its docstring."""
    docstring = _lines(function.body[0]) if ast.get_docstring(function) is not None else 0
    return _lines(function) - docstring


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def size_measures(modules: Mapping[str, Module]) -> dict[str, Measure]:
    """Measure the lengths of functions in lines, their widths in parameters, and those of classes in fields."""
    lengths, widths, classes = [], [], []
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, Function | ast.ClassDef):
                owner = f"{module.path}:{node.lineno}: {node.name}"
            if isinstance(node, Function):
                lengths.append((length(node), owner))
                widths.append((len(parameters(node)), owner))
            elif isinstance(node, ast.ClassDef):
                classes.append((len(fields(node)), owner))
    values = sorted(value for value, _ in lengths)
    wide = [f"{owner} has {width}" for width, owner in sorted(widths, reverse=True) if width > 8]
    return {
        "lines of the longest function": largest(lengths),
        "lines of a function, 90th percentile": Measure(values[len(values) * 9 // 10]),
        "lines of a function, median": Measure(values[len(values) // 2]),
        "parameters of the widest function": largest(widths),
        "functions with more than 8 parameters": counted(wide),
        "public ones of these": counted(line for line in wide if not re.search(r": _(?!_)", line)),
        "fields of the widest class": largest(classes),
    }


# Words and types


def names(module: Module) -> Iterator[tuple[str, str, int]]:
    """Yield kind, name and line of what a module defines: itself, classes, functions, parameters, fields, attributes."""
    yield "module", module.name.rpartition(".")[2], 1
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield "function", node.name, node.lineno
            yield from (("parameter", argument.arg, argument.lineno) for argument in parameters(node))
        if isinstance(node, ast.ClassDef):
            yield "class", node.name, node.lineno
        if isinstance(node, ast.ClassDef | ast.Module):
            assigned = [target for line in node.body for target in _assigned(line)]
            yield from (("field", t.id, t.lineno) for t in assigned if isinstance(t, ast.Name))
        for target in _assigned(node):
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) in ("self", "cls"):
                yield "attribute", target.attr, target.lineno


def _assigned(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Assign):
        yield from (name for target in node.targets for name in ast.walk(target))
    elif isinstance(node, ast.AnnAssign):
        yield node.target


def replaced_word(kind: str, name: str) -> str | None:
    """Return the word in a name that the glossary replaces, if any: "site" for the class `BuildSite`."""
    if name in ALLOWED:
        return None
    if kind == "class" and name.lstrip("_") in CLASSES:
        return name.lstrip("_")
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)
    spelled = f"_{'_'.join(words).lower()}_"
    return next((word for word in WORDS if f"_{word}_" in spelled), None)


def replaced_names(module: Module) -> Iterator[str]:
    """Yield the names of a module that the glossary replaces."""
    for kind, name, line in names(module):
        word = replaced_word(kind, name)
        if word is not None:
            yield f"{module.path}:{line}: {kind} {name} ({word})"


def question_docstrings(module: Module) -> Iterator[str]:
    """Yield the docstrings that begin with a question word instead of a verb or a noun."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function):
            text = ast.get_docstring(node) or ""
            if text.startswith(("What ", "Whether ")):
                yield f"{module.path}:{getattr(node, 'lineno', 1)}: {text.splitlines()[0]}"


def lines_with_any(module: Module) -> Iterator[str]:
    """Yield the lines that use `Any`; those that only import it do not count."""
    for number, line in enumerate(module.source.splitlines(), start=1):
        if re.search(r"\bAny\b", line) and "import" not in line.split():
            yield f"{module.path}:{number}: {line.strip()}"


def mypy_errors(root: Path) -> Measure:
    """Return mypy's errors under the settings of this checkout, so that two checkouts can be compared."""
    if importlib.util.find_spec("mypy") is None:
        return Measure(None, ("mypy is not installed",))
    here = Path(__file__).resolve().parents[1]
    command = [sys.executable, "-m", "mypy", str(root / "multicnn"), "--no-error-summary", "--no-pretty"]
    command += [] if root == here else ["--cache-dir", os.devnull]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True)
    if done.returncode not in (0, 1):  # mypy itself failed
        return Measure(None, tuple((done.stdout + done.stderr).splitlines()[-3:]))
    return counted(line for line in done.stdout.splitlines() if ": error: " in line)


def measure(root: Path, mypy: bool) -> dict[str, Measure]:
    """Return every measure of the checkout at `root`, by name, in the order in which they are printed."""
    entries = [*(root / "multicnn").glob("[!.]*/"), *(root / "multicnn").glob("*.py")]
    modules = read_modules(root)
    in_every_module = {
        "names that the glossary replaces": replaced_names,
        "docstrings that begin with What or Whether": question_docstrings,
        "lines with Any": lines_with_any,
    }
    return {
        "entries at the top of multicnn/": counted(sorted(e.name for e in entries if e.name != "__pycache__")),
        **import_measures(modules),
        **size_measures(modules),
        **{k: counted(line for m in modules.values() for line in find(m)) for k, find in in_every_module.items()},
        **({"mypy errors": mypy_errors(root)} if mypy else {}),
        "README bytes": Measure((root / "README.md").stat().st_size),
    }


def main() -> None:
    """Print the measures, a column for each checkout, and what exceeds its limit in the last one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs="*", type=Path, default=[Path(__file__).parents[1]])
    parser.add_argument("--check", action="store_true", help="exit 1 if the last checkout exceeds a limit")
    parser.add_argument("--all", action="store_true", help="list everything that exceeds a limit, not the first ten")
    parser.add_argument("--no-mypy", dest="mypy", action="store_false", help="leave out mypy, which takes longest")
    options = parser.parse_args()
    columns = [measure(root.resolve(), options.mypy) for root in options.checkouts]
    last = columns[-1]
    for name in last:
        values = "".join(f"{'-' if c[name].value is None else c[name].value:>8}" for c in columns)
        print(f"{name:45}{values}{f'   limit {LIMITS[name]}' if name in LIMITS else ''}")
    exceeded = [name for name, limit in LIMITS.items() if name in last and last[name].exceeds(limit)]
    for name in exceeded:
        findings = last[name].findings
        shown = findings if options.all else findings[:10]
        more = [f"... and {len(findings) - len(shown)} more: --all lists them"] if len(shown) < len(findings) else []
        print(f"\n{name}:", *shown, *more, sep="\n  ")
    sys.exit(1 if options.check and exceeded else 0)


if __name__ == "__main__":
    main()
