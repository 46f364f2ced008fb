"""What a caller asked for: from data, settings and fields to a recipe, a manifest and a folder."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pydantic

from multicnn.data import splits
from multicnn.data.manifest import Manifest
from multicnn.data.paths import locate
from multicnn.data.sources import resolve
from multicnn.predictor import Predictor
from multicnn.recipe import DataSource, Recipe, in_one_line
from multicnn.training import experiment


def find(source: DataSource, labels: Sequence[str] | None = None) -> Manifest:
    """The manifest of a source, with every split decided; of given labels, if any.

    Raises:
        ValueError: As `resolve`; or there is no such group to leave out, or it is to be the test set beside another.
    """
    if source.leave_out is not None and source.test is not None:
        raise ValueError(
            "leave_out must be None where test is given: each would be the test set. "
            f"Received: leave_out={source.leave_out!r}, test={source.test!r}"
        )
    manifest = unsplit(source, labels)
    if source.leave_out is not None:
        manifest = splits.leave_group_out(manifest, source.leave_out)
    return splits.assign(manifest, source.validation_fraction, 0.0 if source.leave_out else source.test_fraction)


def unsplit(source: DataSource, labels: Sequence[str] | None = None) -> Manifest:
    """The manifest of a source, looked for in MULTICNN_DATA where its path does not exist; of given labels, if any."""
    located = dataclasses.replace(source, path=locate(source.path), test=source.test and locate(source.test))
    return resolve(located, labels)


def as_trained(
    predictor: Predictor, data: str | os.PathLike | DataSource, settings: Sequence[str], divided: bool
) -> DataSource:
    """A source of examples for a predictor; a path is read as in its training, unless the settings say otherwise.

    Args:
        predictor: Whose training it is.
        data: The source.
        settings: Changes of how it is read, as "data.b=1".
        divided: Whether the data of the training itself are to be divided as they were there.

    Raises:
        ValueError: A setting does not fit, or labels are not divided as in the training.
    """
    if not isinstance(data, DataSource):
        trained_on = predictor.recipe.get("data", {})
        names = ("pattern", "text_column", "label_column", "label_separator")
        if is_of_training(predictor, str(data)):
            names = tuple(trained_on) if divided else (*names, "split_column", "group_column")
        kept = {name: trained_on[name] for name in names if name in trained_on}
        data = DataSource(**kept | {"path": str(data)})
    data = Recipe(data=data).replaced(settings).data
    if (data.label_separator is None) != (predictor.separator is None):
        raise ValueError(
            f"`label_separator` must be {predictor.separator!r}, as in the training. "
            f"Received: label_separator={data.label_separator!r}"
        )
    return dataclasses.replace(data, modality=data.modality or predictor.preprocess.modality)


def is_of_training(predictor: Predictor, path: str) -> bool:
    """Whether a path is that of what the predictor was trained on; a relative one is looked for from here."""
    trained_on = predictor.recipe.get("data", {}).get("path")
    return trained_on is not None and os.path.realpath(locate(path)) == os.path.realpath(locate(trained_on))


def settled(
    data: str | os.PathLike | DataSource | Recipe | None,
    settings: Sequence[str],
    fields: dict[str, Any],
    look: Callable[[DataSource], Manifest] = find,
) -> tuple[Recipe, Manifest]:
    """The recipe with its settings, and the manifest of its data as `look` gives it.

    Raises:
        ValueError: `data` is None, or the data or the recipe cannot be used.
    """
    recipe = recipe_for(data, fields)
    # What the settings say of the data decides the modality, which decides what the other settings can mean.
    manifest = look(recipe.replaced([s for s in settings if s.startswith("data.")]).data)
    return recipe.replaced(settings, manifest.modality), manifest


def of_several(
    command: str,
    resume: str | os.PathLike | None,
    data: str | os.PathLike | DataSource | Recipe | None,
    out: str | os.PathLike | None,
    settings: Sequence[str],
    fields: dict[str, Any],
    look: Callable[[DataSource], Manifest],
) -> tuple[Recipe, Manifest, Path, dict[str, Any]]:
    """Recipe, manifest and folder of several runs that begin, or go on; and what else was asked for when they began.

    Raises:
        ValueError: As `settled`; no such runs were begun in `resume`, or it is not all that is named.
    """
    if resume is None:
        recipe, manifest = settled(data, settings, fields, look)
        return recipe, manifest, new_folder(out, recipe), {}
    if data is not None or out is not None:
        raise ValueError(
            f"`resume` says what the data are and where the runs lie: name neither. Received: resume={str(resume)!r}"
        )
    recipe, kept = experiment.kept(Path(resume), command)
    return *settled(recipe, settings, fields, look), Path(resume), kept


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
