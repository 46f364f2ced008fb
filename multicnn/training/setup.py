"""What a caller asked for: from data, settings and fields to a recipe, a manifest and a folder."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pydantic

from multicnn.data.load import TaskLike, load_manifest
from multicnn.data.manifest import Manifest
from multicnn.recipe import DataSource, Recipe, in_one_line
from multicnn.training import experiment

LoadManifest = Callable[[DataSource, TaskLike], Manifest]


def settled(
    data: str | os.PathLike | DataSource | Recipe | None,
    settings: Sequence[str],
    fields: dict[str, Any],
    load: LoadManifest = load_manifest,
) -> tuple[Recipe, Manifest]:
    """The recipe with its settings, and the manifest of its data as `load` gives it.

    Raises:
        ValueError: `data` is None, or the data or the recipe cannot be used.
    """
    recipe = recipe_for(data, fields)
    # What the settings say of the data decides the modality, which decides what the other settings can mean.
    first = recipe.replaced([s for s in settings if s.startswith(("data.", "task"))])
    manifest = load(first.data, first.task)
    return recipe.replaced(settings, manifest.modality), manifest


def of_several(
    command: str,
    resume: str | os.PathLike | None,
    data: str | os.PathLike | DataSource | Recipe | None,
    out: str | os.PathLike | None,
    settings: Sequence[str],
    fields: dict[str, Any],
    load: LoadManifest,
) -> tuple[Recipe, Manifest, Path, dict[str, Any]]:
    """Recipe, manifest and folder of several runs that begin, or go on; and what else was asked for when they began.

    Raises:
        ValueError: As `settled`; no such runs were begun in `resume`, or it is not all that is named.
    """
    if resume is None:
        recipe, manifest = settled(data, settings, fields, load)
        return recipe, manifest, new_folder(out, recipe), {}
    if data is not None or out is not None:
        raise ValueError(
            f"`resume` says what the data are and where the runs lie: name neither. Received: resume={str(resume)!r}"
        )
    recipe, kept = experiment.kept(Path(resume), command)
    return *settled(recipe, settings, fields, load), Path(resume), kept


def recipe_for(data: str | os.PathLike | DataSource | Recipe | None, fields: dict[str, Any]) -> Recipe:
    """The recipe of some data, or the one given, with its fields."""
    if data is None:
        raise ValueError("`data` can only be left out where `resume` names a run that was begun. Received: data=None")
    for name in fields.keys() - {field.name for field in dataclasses.fields(Recipe)}:
        raise ValueError(f"a recipe has no field {name!r}. Received: {name}={fields[name]!r}")
    try:
        if isinstance(data, Recipe):
            return dataclasses.replace(data, **fields)
        source = data if isinstance(data, DataSource) else DataSource(path=str(data))
        return Recipe(data=source, **fields)
    except pydantic.ValidationError as error:
        raise ValueError(in_one_line(error)) from None


def new_folder(out: str | os.PathLike | None, recipe: Recipe) -> Path:
    """The folder of a run that begins, by default a new one in runs/; one that holds something is refused."""
    if out is None:
        name = Path(recipe.data.path.removeprefix("tfds:")).stem or "run"
        now = datetime.datetime.now()  # to the microsecond: of several that begin together each has its own
        out = Path("runs") / f"{name}-{now:%Y%m%d-%H%M%S-%f}"
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"`out` must be a new or empty folder, so that no run is lost. Received: out={str(out)!r}")
    return folder
