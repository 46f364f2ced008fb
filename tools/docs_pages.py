"""mkdocs hook that fills the pages of docs/ from docstrings and signatures.

A line `{{ name }}` of a page is replaced by what the function of that name in `GENERATED` returns, each time the pages are built.
So blocks, networks, recipe fields, commands and public names are described once, in the code.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import math
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # this tree is described, not an installed copy

import typer.main

import multicnn
import multicnn.blocks
from multicnn import cli
from multicnn.modalities import suggestions
from multicnn.models import ANY, MODELS
from multicnn.recipe import fields

ROOT = Path(__file__).parents[1]
INNER_BLOCKS = {"merged", "cut_to", "switched", "vector_slice", "given_only"}  # leaves that other Blocks are made of


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page with its `{{ name }}` lines filled in; mkdocs calls this for each page."""
    return re.sub(r"^\{\{ (\w+) \}\}$", lambda line: GENERATED[line[1]](), markdown, flags=re.MULTILINE)


def blocks() -> str:
    """Return a section per file of the vocabulary, with the signature and the docstring of each block."""
    files: dict[str, list[str]] = {}
    for name, block in vars(multicnn.blocks).items():
        if is_block(block) and name not in INNER_BLOCKS:
            files.setdefault(block.__module__, []).append(name)
    parts = []
    for module, names in files.items():
        about = (inspect.getdoc(importlib.import_module(module)) or "").splitlines()[0]
        parts += [f"## {module.split('.')[-1]}.py", f"{about} In `{_file(module)}`."]
        parts += [_described(name, getattr(multicnn.blocks, name)) for name in names]
    return "\n\n".join(parts)


def is_block(value: Any) -> bool:
    """Return True for a Block class and for a function that makes a Block."""
    if inspect.isclass(value):
        return issubclass(value, multicnn.blocks.Block) and value is not multicnn.blocks.Block
    return (
        inspect.isfunction(value) and value.__annotations__.get("return") == "Block" and value.__name__ != "from_dict"
    )


def models() -> str:
    """Return the table of registered networks, then per file its docstring and the signatures of its functions."""
    table = ["| name | counted on input | classes | modalities | parameters |", "| --- | --- | --- | --- | --- |"]
    files: dict[str, list[str]] = {}
    for name, model in MODELS.items():
        files.setdefault(model.module, []).append(name)
        suits = "any" if model.modalities == ANY else ", ".join(model.modalities)
        shape, per = " x ".join(map(str, model.input_shape)), "" if model.logits_per == "example" else " per position"
        count = multicnn.inspect(name).parameters
        table.append(f"| [`{name}`](#{name}) | {shape} | {model.classes}{per} | {suits} | {count:,} |")
    parts = ["\n".join(table)]
    for file, names in files.items():
        module = importlib.import_module(f"multicnn.models.{file}")
        parts += [f"## {file}.py", f"In `{_file(module.__name__)}`.", _fenced("text", inspect.getdoc(module) or "")]
        parts += [_described(name, getattr(module, name)) for name in names]
    return "\n\n".join(parts)


def recipe_fields() -> str:
    """Return the fields of a recipe, section by section, and of the preprocessing of each modality."""
    parts = []
    for section in fields.sections():
        if section.prefix == "augment":
            continue
        title = f"## `{section.kind}`" + (f": `{section.prefix}.*`" if section.prefix else "")
        parts += [title, section.about, *map(_field, section.fields)]
    return "\n\n".join(parts)


def augmentations() -> str:
    """Return the settings of `augment` by modality."""
    sections = [section for section in fields.sections() if section.prefix == "augment"]
    return "\n\n".join("\n\n".join([f"### {each.kind}", *map(_field, each.fields)]) for each in sections)


def _field(field: fields.Field) -> str:
    return f"`{field.name}: {field.type} = {field.default}`\n:   {field.meaning}"


def chosen() -> str:
    """Return the table of what is chosen by the number of training examples."""
    table = [
        "| data | training examples | batch | steps | epochs | further fields |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for modality, rows in suggestions.TABLE.items():
        for row in rows:
            most = "more" if math.isinf(row.most) else f"up to {row.most:,}"
            fields_of_row = ", ".join(f"`{name}={value}`" for name, value in {**row.settings, **row.of_model}.items())
            epochs = " to ".join(map(str, row.epochs))
            table.append(
                f"| {modality or 'any other'} | {most} | {row.batch_size} | {row.steps:,} | {epochs} | {fields_of_row} |"
            )
    return "\n".join(table)


def command_line() -> str:
    """Return a section per command with its help, arguments and options."""
    return "\n\n".join(
        _command(name, command) for name, command in _commands("multicnn", typer.main.get_command(cli.app))
    )


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from _commands(f"{path} {name}", inner)


def _command(path: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    usage = " ".join([path, "[OPTIONS]" if options else "", *map(_usage, arguments)])
    parts = [f"## {path}", inspect.cleandoc(command.help or ""), _fenced("text", re.sub(" +", " ", usage))]
    parts += [f"`{_usage(each)}`\n:   {each.help}" for each in arguments]
    parts += [f"`{_option(each)}`\n:   {each.help}{_default(each)}" for each in options]
    return "\n\n".join(parts)


def _usage(argument: Any) -> str:
    name = argument.name.upper() + ("..." if argument.nargs != 1 else "")
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    names = ", ".join(["/".join(filter(None, pair)) for pair in _paired(option.opts, option.secondary_opts)])
    return names if option.is_flag else f"{names} {option.metavar or option.name.upper()}"


def _paired(on: list[str], off: list[str]) -> list[tuple[str, str]]:
    return [(name, off[i] if i < len(off) else "") for i, name in enumerate(on)]


def _default(option: Any) -> str:
    shown = option.default is not None and not option.is_flag and option.default != [] and not callable(option.default)
    return f" Default: `{option.default}`." if shown else ""


def public_names() -> str:
    """Return the directives with which mkdocstrings documents every public name, functions first."""
    values = {name: getattr(multicnn, name) for name in multicnn.__all__}
    functions = [name for name, value in values.items() if inspect.isfunction(value)]
    parts = ["## Functions", *(_reference(name, values[name]) for name in functions)]
    return "\n\n".join([*parts, "## Classes", *(_reference(n, v) for n, v in values.items() if n not in functions)])


def _reference(name: str, value: Any) -> str:
    heading = f"multicnn.{name}"
    return (
        f"::: {value.__module__}.{value.__qualname__}\n    options:\n      heading: {heading}\n      toc_label: {name}"
    )


def benchmarks() -> str:
    """Return the docstrings of the scripts of benchmarks/."""
    return _headers(
        path for path in sorted((ROOT / "benchmarks").glob("*.py")) if "__main__" in path.read_text("utf-8")
    )


def pipelines() -> str:
    """Return the docstrings of the recipes of pipelines/."""
    return _headers(sorted((ROOT / "pipelines").glob("*.py")))


def _headers(paths: typing.Iterable[Path]) -> str:
    parts = []
    for path in paths:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        parts.append(f"### {path.relative_to(ROOT).as_posix()}\n\n{_fenced('text', text)}")
    return "\n\n".join(parts)


GENERATED: dict[str, Callable[[], str]] = {
    make.__name__: make
    for make in (
        blocks,
        models,
        recipe_fields,
        augmentations,
        chosen,
        command_line,
        public_names,
        benchmarks,
        pipelines,
    )
}


def _described(name: str, value: Any) -> str:
    """Return a heading, the signature and the docstring of a block or a model."""
    return f"### {name}\n\n{_fenced('python', _signature(name, value))}\n\n{inspect.getdoc(value)}"


def _signature(name: str, value: Any) -> str:
    parameters, marked = [], False
    for each in inspect.signature(value).parameters.values():
        if each.kind is each.KEYWORD_ONLY and not marked:
            parameters.append("*")
        marked = marked or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        star = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        default = "" if each.default is each.empty else f" = {each.default!r}"
        parameters.append(f"{star}{each.name}: {_type(each.annotation)}{default}")
    line = f"{name}({', '.join(parameters)})"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(parameters) + ",\n)"


def _type(hint: Any) -> str:
    """Return a type hint as source text."""
    if isinstance(hint, str):
        return hint
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " | ".join(map(_type, typing.get_args(hint)))
    plain = inspect.isclass(hint) and not typing.get_args(hint)
    text = hint.__name__ if plain else str(hint).replace("typing.", "")
    return text.replace("NoneType", "None")


def _file(module: str) -> str:
    return Path(importlib.import_module(module).__file__ or "").relative_to(ROOT).as_posix()


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
