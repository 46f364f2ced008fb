"""The setup of a run: from data, settings and fields to a recipe, a manifest and a folder."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from multicnn.backends import forks
from multicnn.data.load import TaskLike, load_manifest
from multicnn.data.manifest import Manifest
from multicnn.data.sources import tfds_names
from multicnn.data.sources.memory import PREFIX, in_memory, path_of
from multicnn.data.sources.unused import load_inherited
from multicnn.models.trust import check_recipe
from multicnn.recipe import DataSource, Recipe
from multicnn.recipe.fields import unknown_field
from multicnn.recipe.renames import RENAMED, changed
from multicnn.training import experiment, finetuning, schedule_doubts, unstarted
from multicnn.training.defaults import check_values, with_suited_preprocess
from multicnn.training.suggested import given_names, with_suggestions
from multicnn.utils.outputs import check_folder

Source = str | os.PathLike | DataSource | Iterable[object]  # data in memory are iterable, whatever their type
Data = Source | Recipe
LoadManifest = Callable[[DataSource, TaskLike, Iterable[object] | None], Manifest]


def settled(
    data: Data | None,
    settings: Sequence[str],
    fields: dict[str, Any],
    load: LoadManifest = load_manifest,
    started: Recipe | None = None,
) -> tuple[Recipe, Manifest]:
    """Return the recipe with its settings, and the manifest of its data as `load` gives it.

    Where data are named and no recipe, what suits the data is chosen for all that is not given.

    Args:
        data: The data; None for those of the recipe `started`.
        settings: Changes of the recipe as "a.b=1".
        fields: Fields of the recipe.
        load: Returns the manifest of the data.
        started: The recipe of a run that is resumed: it says all that is not given, also where its data are named again.

    Raises:
        ValueError: `data` is None, or the data or the recipe cannot be used.
        RuntimeError: The process was forked from one in which TensorFlow had started.
    """
    forks.check()
    if isinstance(settings, str):
        raise ValueError(f'`settings` must be a list of "field=value". Received: settings={settings!r}')
    memory = in_memory(data)
    if started is not None and not isinstance(data, Recipe):
        data = _read_again(started, None if memory is not None else data)
    recipe = recipe_for(data, fields)
    # What the settings say of the data decides the modality, which decides what those of the preprocessing can mean.
    first = recipe.replaced([s for s in settings if not s.strip().startswith("preprocess.")])
    if memory is None and not first.data.path.strip():
        raise ValueError(f"`data.path` must name the data. Received: data.path={first.data.path!r}")
    for each in (first, *(first.member(i) for i in range(len(first.members)))):
        check_values(each)
    if started is None:
        manifest = load(first.data, first.task, memory)
    else:  # by an earlier version perhaps, which took options that mean nothing
        manifest = load_inherited(lambda source: load(source, first.task, memory), first.data, ())
    settings = [*finetuning.suggested(recipe, settings, manifest, started, fields), *settings]
    recipe, manifest = with_suited_preprocess(recipe, settings, manifest)
    if not isinstance(data, Recipe):
        recipe, manifest = with_suggestions(recipe, given_names(settings, fields), manifest)
    manifest = manifest.with_remarks(schedule_doubts.doubts(first, recipe.epochs))
    if memory is not None:
        recipe = dataclasses.replace(recipe, data=of_memory(recipe.data, manifest))
    return recipe, manifest


def of_memory(source: DataSource, manifest: Manifest) -> DataSource:
    """Return the source by which a recipe names data in memory."""
    rate = manifest.sample_rate or source.sample_rate
    return dataclasses.replace(source, path=path_of(manifest), sample_rate=rate)


def settled_experiment(
    command: str,
    resume: str | os.PathLike | None,
    data: Data | None,
    out: str | os.PathLike | None,
    settings: Sequence[str],
    fields: dict[str, Any],
    load: LoadManifest,
) -> tuple[Recipe, Manifest, Path, dict[str, Any]]:
    """Return the recipe, the manifest and the folder of several runs, and the values that resumed ones were started with.

    Raises:
        ValueError: As `settled`; no such runs were started in `resume`, or `data` or `out` is given beside it.
    """
    if resume is None:
        check_free("runs/new" if out is None else out)  # before the data are read
        recipe, manifest = settled(data, settings, fields, load)
        return recipe, manifest, new_folder(out, recipe), {}
    if out is not None or (data is not None and in_memory(data) is None):
        raise ValueError(
            f"`resume` decides the data and the folder of the runs: omit `data` and `out`. Received: resume={str(resume)!r}"
        )
    recipe, values = experiment.recorded(Path(resume), command)
    check_recipe(recipe, "resume", resume, [*settings, *fields])
    return *settled(data, settings, fields, load, started=recipe), Path(resume), values


def _read_again(started: Recipe, data: Data | None) -> Recipe:
    """Return the recipe of a run that is resumed, with the place of its data where they are named again."""
    if data is None:
        return started
    named = recipe_for(data, {}).data
    source = named if isinstance(data, DataSource) else dataclasses.replace(started.data, path=named.path)
    return dataclasses.replace(started, data=source)


def recipe_for(data: Data | None, fields: dict[str, Any]) -> Recipe:
    """Return a recipe for some data, or the one given, with its fields changed."""
    if data is None:
        raise ValueError("`data` can only be omitted where `resume` names a run that was started. Received: data=None")
    known = {field.name for field in dataclasses.fields(Recipe)} | RENAMED.keys()
    for name in fields.keys() - known:
        raise ValueError(f"{unknown_field(name)}. Received: {name}={fields[name]!r}")
    if isinstance(data, Recipe):
        return Recipe(**changed(vars(data), fields))
    if isinstance(data, DataSource):
        source = data
    else:
        source = DataSource(path=str(data) if isinstance(data, (str, os.PathLike)) else PREFIX)
    return Recipe(**changed({"data": source}, fields))


def new_folder(out: str | os.PathLike | None, recipe: Recipe) -> Path:
    """Return the folder of a new run, by default a new one in runs/; one that is not empty is refused."""
    if out is None:
        path = recipe.data.path
        name = (
            tfds_names.short(path) if path.startswith(tfds_names.PREFIX) else Path(path.replace(PREFIX, "memory-")).stem
        )
        now = datetime.datetime.now()  # to the microsecond: runs that start together each have their own
        out = Path("runs") / f"{name or 'run'}-{now:%Y%m%d-%H%M%S-%f}"
    return check_free(out)


def check_free(out: str | os.PathLike) -> Path:
    """Return the folder of a new run; ValueError where it holds something, or cannot be made."""
    if os.path.isfile(out) or not unstarted.is_free(check_folder(out)):
        raise ValueError(f"`out` must be a new or empty folder, so that no run is lost. Received: out={str(out)!r}")
    return Path(out)
