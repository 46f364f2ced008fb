"""The fields of a recipe, each with type, default and meaning: read from the source of its classes, which are not imported.

The classes of the preprocessing bring TensorFlow when they are imported, and a list of fields need not wait for it.
"""

from __future__ import annotations

import ast
import difflib
import functools
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from multicnn.modalities import registry

_OTHER_WORDS = {"lr": "optimizer.learning_rate", "batch": "batch_size", "momentum": "optimizer.arguments"}


class Field(NamedTuple):
    """A field of a recipe: its dotted name, and type, default and meaning as text."""

    name: str
    type: str
    default: str
    meaning: str


class Section(NamedTuple):
    """The fields of one class of a recipe.

    Attributes:
        prefix: The name before those of the fields, such as "optimizer"; empty for the recipe itself.
        kind: The class, such as "Optimizer"; of `augment`, the modality.
        about: The description of the class.
        fields: Its fields, without those that are sections of their own.
    """

    prefix: str
    kind: str
    about: str
    fields: tuple[Field, ...]


class _Module(NamedTuple):
    """The names bound at the top of a module: classes and functions, type aliases, and imports from the package."""

    path: Path
    definitions: dict[str, ast.ClassDef | ast.FunctionDef]
    aliases: dict[str, ast.expr]
    imported: dict[str, str]


@functools.cache
def sections() -> tuple[Section, ...]:
    """Return all fields: of the recipe and its sections, of the preprocessing of each modality, and of its augmentation."""
    return (*_recipe(), *_preprocessing(), *_augmentation())


def fields() -> list[Field]:
    """Return all fields in the order of `sections`; those of several modalities stand there more than once."""
    return [field for section in sections() for field in section.fields]


def unknown_field(name: str) -> str:
    """Return the message that a recipe has no field of a name, with the nearest names that it has."""
    if any(field.name == name for field in fields()):
        return f"the recipe of another modality has the field {name!r}"
    near = nearest(name)
    return f"a recipe has no field {name!r}" + (f"; the nearest: {', '.join(near)}" if near else "")


def nearest(name: str, most: int = 3) -> list[str]:
    """Return the names of fields that may be meant: those that end alike first, then those spelt alike."""
    names = list(dict.fromkeys(field.name for field in fields()))
    last = name.rpartition(".")[2]
    by_last: dict[str, list[str]] = {}
    for each in names:
        by_last.setdefault(each.rpartition(".")[2], []).append(each)
    found = [_OTHER_WORDS[last]] if last in _OTHER_WORDS else []
    found += by_last.get(last, [])
    for close in difflib.get_close_matches(last, by_last, most, cutoff=0.75):
        found += by_last[close]
    found += difflib.get_close_matches(name, names, most, cutoff=0.85)
    return list(dict.fromkeys(found))[:most]


def _recipe() -> Iterator[Section]:
    module = "multicnn.recipe.recipe"
    yield _section("", module, "Recipe")
    for name, statement in _annotated(_read(module).definitions["Recipe"]):
        kind = ast.unparse(statement.annotation)
        if (home := _home(module, kind)) is not None:
            yield from _with_inner(name, home, kind)


def _with_inner(prefix: str, module: str, kind: str) -> Iterator[Section]:
    yield _section(prefix, module, kind)
    for name, statement in _annotated(_read(module).definitions[kind]):
        if (home := _home(module, inner := ast.unparse(statement.annotation))) is not None:
            yield from _with_inner(f"{prefix}.{name}", home, inner)


def _preprocessing() -> Iterator[Section]:
    for module, kind in registry.BUILT_IN.values():
        yield _section("preprocess", module, kind)


def _augmentation() -> Iterator[Section]:
    for modality, (module, _) in registry.BUILT_IN.items():
        found: list[Field] = []
        package = module.rpartition(".")[0]
        for path in sorted(_read(module).path.parent.glob("augment*.py")):
            name = f"{package}.{path.stem}"
            function = _read(name).definitions["augment"]
            assert isinstance(function, ast.FunctionDef)
            meanings = arguments_of(ast.get_docstring(function) or "")
            for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults):
                kind = "" if argument.annotation is None else _type(argument.annotation, name)
                found.append(Field(f"augment.{argument.arg}", kind, _default(default), meanings[argument.arg]))
        yield Section("augment", modality, f"Random changes of {modality} examples, in training only.", tuple(found))


def _section(prefix: str, module: str, kind: str) -> Section:
    definition = _read(module).definitions[kind]
    text = ast.get_docstring(definition) or ""
    meanings, listed = arguments_of(text), []
    for name, statement in _annotated(definition):
        annotation = statement.annotation
        if name not in meanings or _home(module, ast.unparse(annotation)) is not None:
            continue  # the modality itself; a section of its own
        shown = _default(statement.value)
        listed.append(Field(f"{prefix}.{name}".lstrip("."), _type(annotation, module), shown, meanings[name]))
    return Section(prefix, kind, text.split("\nArgs:")[0].strip(), tuple(listed))


def arguments_of(docstring: str) -> dict[str, str]:
    """Return the text of each argument of a Google-style docstring; "a, b: text" is the text of both."""
    _, _, section = docstring.partition("\nArgs:\n")
    texts: dict[str, str] = {}
    for entry in re.split(r"\n(?=    \S)", re.split(r"\n(?=\S)", section)[0]):
        names, _, text = entry.strip().partition(": ")
        texts |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return texts


@functools.cache
def _read(module: str) -> _Module:
    """Return what the source of a module binds."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin)
    found = _Module(path, {}, {}, {})
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
            found.definitions[statement.name] = statement
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found.aliases[statement.targets[0].id] = statement.value
        elif isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("multicnn."):
            found.imported.update({name.asname or name.name: statement.module or "" for name in statement.names})
    return found


def _annotated(definition: ast.ClassDef | ast.FunctionDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    """Yield the fields of a class by name; what belongs to the class itself (ClassVar) is none."""
    for statement in definition.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        if not ast.unparse(statement.annotation).startswith("ClassVar"):
            yield statement.target.id, statement


def _home(module: str, name: str) -> str | None:
    """Return the module that defines a class of the package, where a name in `module` is one."""
    known = _read(module)
    if name in known.imported:
        return _home(known.imported[name], name)
    return module if isinstance(known.definitions.get(name), ast.ClassDef) else None


def _type(annotation: ast.expr, module: str) -> str:
    """Return a type as text, without the limits of a number: "Positive | None" is "float | None"."""
    return ast.unparse(_Resolved(module).visit(annotation)).replace("'", '"')


def _default(value: ast.expr | None) -> str:
    text = "" if value is None else ast.unparse(value).replace("'", '"')
    if text.startswith("dataclasses.field("):
        return "{}" if text.endswith("=dict)") else "{...}"
    return text


class _Resolved(ast.NodeTransformer):
    def __init__(self, module: str):
        self.module = module

    def visit_Name(self, node: ast.Name) -> ast.AST:
        known = _read(self.module)
        if node.id in known.aliases:
            return self.visit(known.aliases[node.id])
        if node.id in known.imported and _home(self.module, node.id) is None:
            return _Resolved(known.imported[node.id]).visit(node)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        kind, inner = ast.unparse(node.value), node.slice
        if kind == "Annotated":
            return self.visit(inner.elts[0]) if isinstance(inner, ast.Tuple) else self.visit(inner)
        if kind == "Literal":
            return node
        return self.generic_visit(node)
