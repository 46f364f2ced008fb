"""Experiments of several runs in one folder: record how they were started, so that they can be resumed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from multicnn.recipe import Recipe
from multicnn.utils.files import read_json, write_json


def record(folder: Path, command: str, recipe: Recipe, **values: Any) -> None:
    """Write plan.json into the folder of new runs: the recipe of all, and the other values that the command was given."""
    path = folder / "plan.json"
    if not path.exists():  # resumed runs keep theirs, whatever is asked for now and may be refused
        write_json(path, {"command": command, "recipe": recipe.to_dict(), **values})


def recorded(folder: Path, command: str) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe and the other values that `record` was given.

    Raises:
        ValueError: No such runs were started there.
    """
    path = folder / "plan.json"
    values = read_json(path) if path.exists() else {}
    # "verb" in older files
    if values.pop("command", values.pop("verb", None)) != command or not isinstance(values.get("recipe"), dict):
        raise ValueError(
            f"`resume` must be the folder of a {command} that was started. Received: resume={str(folder)!r}"
        )
    return Recipe.from_dict(values.pop("recipe")), values


def as_started(values: dict[str, Any], name: str, asked: Any, default: Any) -> Any:
    """Return a value that resumed runs were started with, or of new runs the one that is asked for.

    Args:
        values: The recorded values; empty for new runs.
        name: The name of the value.
        asked: The value that is asked for now.
        default: The value that stands for not asking.

    Raises:
        ValueError: Another value is asked for than the recorded one or the default.
    """
    started = values.get(name, asked)
    if asked not in (started, default):
        raise ValueError(
            f"`resume` needs the {name} that the runs were started with: {started}. Received: {name}={asked}"
        )
    return started


@contextlib.contextmanager
def resumable(folder: Path, command: str, log: Callable[[str], None]) -> Iterator[None]:
    """Log the command that resumes the runs of the block, if they are interrupted."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        log(f"resume all of it with: multicnn {command} --resume {folder}")
        raise
