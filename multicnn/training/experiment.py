"""What several runs in one folder are made from, so that those that were interrupted can go on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from multicnn.recipe import Recipe
from multicnn.utils.files import write_json


def keep(folder: Path, command: str, recipe: Recipe, **values: Any) -> None:
    """Writes plan.json into a folder of runs that begin: the recipe of all, and what else the verb was given."""
    path = folder / "plan.json"
    if not path.exists():  # those that go on keep theirs, whatever is asked for now and may be refused
        write_json(path, {"command": command, "recipe": recipe.to_dict(), **values})


def kept(folder: Path, command: str) -> tuple[Recipe, dict[str, Any]]:
    """The recipe and the other values that `keep` was given.

    Raises:
        ValueError: No such runs were begun there.
    """
    path = folder / "plan.json"
    values = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if values.pop("command", values.pop("verb", None)) != command:  # "verb" in older files
        raise ValueError(f"`resume` must be the folder of a {command} that was begun. Received: resume={str(folder)!r}")
    return Recipe.from_dict(values.pop("recipe")), values


def as_started(values: dict[str, Any], name: str, asked: Any, default: Any) -> Any:
    """What runs that go on were begun with, by the `values` that they keep; where they begin, what is asked for.

    Raises:
        ValueError: Something else than that, or the default, is asked for.
    """
    begun = values.get(name, asked)
    if asked not in (begun, default):
        raise ValueError(f"`resume` can only go on with its own {name}: {begun}. Received: {name}={asked}")
    return begun


@contextlib.contextmanager
def going_on(folder: Path, command: str, log: Callable[[str], None]) -> Iterator[None]:
    """Says how the runs of its block go on, where they are interrupted."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        log(f"all of it goes on with: multicnn {command} --resume {folder}")
        raise
