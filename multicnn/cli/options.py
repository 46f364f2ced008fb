"""What several verbs take, and how it becomes a recipe."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

_DATA = typer.Argument(help="A folder, table, .npz file, tfds:name, embedded set, or a recipe (.py, .json).")
Data = Annotated[str, _DATA]
DataUnlessResumed = Annotated[str | None, _DATA]
Resume = Annotated[
    Path | None, typer.Option(help="The folder of what was stopped, which goes on; DATA is then left out.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Change a field of the recipe, such as optimizer.learning_rate=0.01."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_READING = {  # fields of a DataSource, each with the option that gives it
    "path": typer.Option("--data", help="For a recipe: use this data instead of its own."),
    "pattern": typer.Option(help="Regular expression with groups label, group, split, for file names."),
    "text_column": typer.Option(help="Column of the texts in a table."),
    "label_column": typer.Option(help="Column of the labels in a table."),
    "label_separator": typer.Option(
        help="What stands between the labels of an example that can have several, or none."
    ),
    "group_column": typer.Option(help="Column of the group, never split between sets."),
}


def reads_data(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say how its data is read; it receives them as the first of its `settings`."""
    signature = inspect.signature(function, eval_str=True)

    @functools.wraps(function)
    def command(**arguments: Any) -> None:
        given = {f"data.{field}": arguments.pop(field) for field in _READING}
        function(**arguments | {"settings": assigned(given, arguments["settings"])})

    reading = [
        inspect.Parameter(field, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option])
        for field, option in _READING.items()
    ]
    command.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *reading])
    return command


def assigned(fields: Mapping[str, Any], settings: list[str] | None) -> list[str]:
    """The fields that an option gives, as FIELD=VALUE, and then those of --set."""
    given = [f"{name}={json.dumps(value)}" for name, value in fields.items() if value is not None]
    return given + (settings or [])


def recipe_or_path(path: str | None) -> Any:
    """The recipe that a .py file binds to `recipe`, or that a .json file is; anything else is the path of data, if any."""
    if path is None or not path.endswith((".py", ".json")) or not Path(path).is_file():
        return path
    from multicnn.recipe import Recipe

    if path.endswith(".json"):
        return Recipe.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
    import runpy

    recipe = runpy.run_path(path).get("recipe")
    if not isinstance(recipe, Recipe):
        raise ValueError(f"a recipe file must bind `recipe = Recipe(...)`. Received: data={path!r}")
    return recipe
