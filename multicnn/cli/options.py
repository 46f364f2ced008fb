"""Options that several commands share, and how they become settings of a recipe."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer

if TYPE_CHECKING:
    from multicnn.recipe import Recipe

_Path = TypeVar("_Path", bound=str | None)

_DATA = typer.Argument(
    help="A folder, table, .npz file, tfds:name or built-in data set, or a recipe (.py, .json).", show_default=False
)
Data = Annotated[str, _DATA]
DataUnlessResumed = Annotated[str | None, _DATA]
Resume = Annotated[Path | None, typer.Option(help="Resume the interrupted run in this folder (omit DATA).")]
RunFolder = Annotated[Path | None, typer.Option(help="Folder of the run; by default a new one in runs/.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="FIELD=VALUE", help="Set a field of the recipe, such as optimizer.learning_rate=0.01."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_BLOCKS = typer.Option(
    "--blocks",
    metavar="MODULE|FILE.py",
    help="Import Blocks, tasks or modalities of your own, which the recipe or the model.keras needs.",
)
_ALLOW_CODE = typer.Option(
    "--allow-code", help="Let a recipe from a file, or of a run folder, import the code that it names."
)
_ALLOW_PICKLE = typer.Option(
    "--allow-pickle", help="Let such a recipe read word vectors that are a pickle, which runs code."
)
Weights = typer.Option(
    "--from",
    metavar="FILE",
    help="Start from the weights in a .keras, .npz, .safetensors or .pth file, or of a name from `multicnn weights`.",
)


class FieldOption(NamedTuple):
    """An option that sets a field of the recipe.

    Attributes:
        field: The field's dotted name.
        type: The type of its value.
        option: Its name and help text; by default it is called as the parameter.
    """

    field: str
    type: type
    option: Any


TASK = FieldOption("task", str, typer.Option(help="The task, where the data have targets of more than one."))
READING = {
    "task": TASK,
    "path": FieldOption("data.path", str, typer.Option("--data", help="Use this data instead of the recipe's own.")),
    "pattern": FieldOption(
        "data.pattern", str, typer.Option(help="Regular expression with groups label, group, split, for file names.")
    ),
    "text_column": FieldOption("data.text_column", str, typer.Option(help="Column of the texts in a table.")),
    "image_column": FieldOption("data.image_column", str, typer.Option(help="Column of the image files in a table.")),
    "audio_column": FieldOption("data.audio_column", str, typer.Option(help="Column of the audio files in a table.")),
    "label_column": FieldOption("data.label_column", str, typer.Option(help="Column of the labels in a table.")),
    "label_separator": FieldOption(
        "data.label_separator", str, typer.Option(help="Separator of the labels of an example, for multilabel data.")
    ),
    "group_column": FieldOption(
        "data.group_column", str, typer.Option(help="Column of the group; a group is never divided between splits.")
    ),
}


def sets_fields(options: Mapping[str, FieldOption]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds options to a command, which receives their values as the first of its `settings`."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def command(**arguments: Any) -> None:
            fields = {option.field: arguments.pop(name) for name, option in options.items()}
            function(**arguments | {"settings": assigned(fields, arguments["settings"])})

        return with_options(command, function, {name: _annotation(option) for name, option in options.items()})

    return decorate


def _annotation(option: FieldOption) -> Any:
    return Annotated[option.type | None, option.option]


def loads_predictors(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option --blocks: the code of the user's own Blocks, which it imports first."""

    @functools.wraps(function)
    def command(*, blocks: list[str] | None, **arguments: Any) -> None:
        if blocks:
            from multicnn.models.user_code import import_code

            for code in blocks:
                import_code(code)
        function(**arguments)

    return with_options(command, function, {"blocks": Annotated[list[str] | None, _BLOCKS]})


def reads_recipes(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --allow-code and --allow-pickle: what recipes from files, and in run folders, may do."""

    @functools.wraps(function)
    def command(*, allow_code: bool | None, allow_pickle: bool | None, **arguments: object) -> None:
        from multicnn.models.trust import allowing

        with allowing(*["code"] * bool(allow_code), *["pickle"] * bool(allow_pickle)):
            function(**arguments)

    options = {"allow_code": Annotated[bool | None, _ALLOW_CODE], "allow_pickle": Annotated[bool | None, _ALLOW_PICKLE]}
    return with_options(command, function, options)


def with_options(
    command: Callable[..., None], function: Callable[..., None], options: Mapping[str, Any]
) -> Callable[..., None]:
    """Return `command` with the parameters of `function` and some more, given by their names and annotations."""
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in options.items()
    ]
    signature = inspect.signature(function, eval_str=True)
    signature = signature.replace(parameters=[*signature.parameters.values(), *added])
    setattr(command, "__signature__", signature)  # noqa: B010 - mypy knows no such attribute of a function
    return command


reads_data = sets_fields(READING)


def assigned(fields: Mapping[str, Any], settings: list[str] | None) -> list[str]:
    """Return the fields that options give, as FIELD=VALUE, and then those of --set."""
    given = [f"{name}={json.dumps(value)}" for name, value in fields.items() if value is not None]
    return given + (settings or [])


def recipe_or_path(path: _Path, settings: list[str] | None) -> Recipe | _Path:
    """Return the recipe of a .json file, or that a .py file binds to `recipe`; else the path of the data, if any.

    Args:
        path: The path.
        settings: The settings of the recipe that the user has typed.

    Raises:
        ValueError: The file holds no recipe, or one that would run code, which is not allowed.
    """
    if path is None or not path.endswith((".py", ".json")) or not Path(path).is_file():
        return path
    from multicnn.models.trust import check_recipe
    from multicnn.recipe import Recipe
    from multicnn.utils.files import read_json

    if path.endswith(".json"):
        if _holds_a_list(path):  # a table
            return path
        return check_recipe(Recipe.from_dict(read_json(Path(path))), "data", path, settings or ())
    import runpy

    try:
        recipe = runpy.run_path(path).get("recipe")
    except (Exception, SystemExit) as error:
        if isinstance(error, ValueError):  # of a field of the recipe
            raise
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"`data` is a recipe file that cannot be run ({reason}). Received: data={path!r}") from error
    if not isinstance(recipe, Recipe):
        raise ValueError(f"`data` must be a recipe file that binds `recipe = Recipe(...)`. Received: data={path!r}")
    return recipe


def _holds_a_list(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
