"""The recipe of a run for which only the data are named: what suits them, under what the user has asked for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np

from multicnn.data.manifest import Manifest
from multicnn.modalities import Preprocess, lookup
from multicnn.modalities.augmentation import augmentation
from multicnn.modalities.reasons import BAD
from multicnn.modalities.suggestions import with_vectors
from multicnn.recipe import Recipe
from multicnn.recipe.renames import current_path
from multicnn.training.defaults import check_values
from multicnn.training.pretrained import PretrainedWeights
from multicnn.utils import quiet


def given_names(settings: Sequence[str], fields: Mapping[str, object]) -> set[str]:
    """Return the dotted names, of today, of the fields that a user has given as settings "a.b=1" or as arguments."""
    named = {current_path(name, value) for name, value in fields.items()}
    return named | {current_path(name.strip(), text) for name, _, text in (each.partition("=") for each in settings)}


def with_suggestions(recipe: Recipe, given: Collection[str], manifest: Manifest) -> tuple[Recipe, Manifest]:
    """Return a recipe with what suits the data in every field that nobody has given, and the manifest with a line that names it.

    Args:
        recipe: The recipe with all that was given, the rest of it open.
        given: The names of the fields that were given (`given_names`).
        manifest: The manifest of the data.

    Pretrained weights have a recipe of their own (`finetuning`), to which only the random changes of the examples are added; both
    stay as they are where they are not fine-tuned in stages.
    """
    if recipe.start.path is not None and not recipe.start.staged:
        return recipe, manifest
    weights = PretrainedWeights(recipe) if recipe.start.staged else None
    known = recipe if weights is None else weights.completed(recipe, manifest.modality)
    preprocess = known.preprocess or lookup(manifest.modality)()
    rows = np.concatenate([manifest.rows("train"), manifest.rows("")])
    values = _suggested(recipe, preprocess, given, manifest, rows)
    if recipe.start.staged:
        values = {name: value for name, value in values.items() if name.startswith("augment.")}
        if not values:
            return recipe, manifest
    try:
        suited = recipe.replaced([f"{name}={json.dumps(value)}" for name, value in values.items()], manifest.modality)
        check_values(suited)
        augmentation(suited.preprocess if suited.preprocess and not suited.start.staged else preprocess, suited.augment)
    except ValueError:  # what was given fits no suggestion: it stands alone
        return recipe, manifest
    usual = manifest.task.default_model(manifest.modality) or ((suited.preprocess or preprocess).default_model, {})
    name = suited.model.name or usual[0]
    if weights is not None:
        same = weights.predicts(manifest.modality, manifest.labels)
        name = "fine-tuning of all layers" if same else "fine-tuning in stages"
    model = name if isinstance(name, str) else "the given network"
    listed = ", ".join(_in_words(name, value) for name, value in values.items() if name != "model.name")
    line = f"chosen for {len(rows):,} {manifest.modality} examples: {model}, {listed}; change with --set"
    return suited, dataclasses.replace(manifest, chosen=line)


@quiet.decoders()
def _suggested(
    recipe: Recipe, preprocess: Preprocess, given: Collection[str], manifest: Manifest, rows: np.ndarray
) -> dict[str, object]:
    """Return the values of the fields that are still open, by name."""
    batch_size = recipe.batch_size if "batch_size" in given else None
    settings, of_model = preprocess.suggested(_decoded(preprocess, manifest, rows), len(rows), batch_size)
    vectors = recipe.model.embedding.vectors
    if vectors is not None:
        of_model = of_model | with_vectors(vectors, len(rows))
    # Word vectors are the input of the usual network, and name no other.
    own = [name for name in given if vectors is None or not name.startswith("model.embedding.")]
    of_task = manifest.task.default_model(manifest.modality) is not None
    if not of_task and not any(name.split(".")[0] in ("model", "members") for name in own):
        settings = settings | of_model
    settings = settings | manifest.task.suggestion(manifest.modality, len(rows))
    shut = set(given)
    if "optimizer.name" in given:  # its rates are of another size, and rprop takes no schedule
        shut.add("optimizer")
    if "loss" in given or not manifest.task.mixes:
        shut.add("label_smoothing")
    if not manifest.task.mixes or "mixup" not in preprocess.mixing or "cutmix" in given:
        shut.add("mixup")
    if settings.get("monitor", "loss") not in manifest.task.monitors:
        shut.add("monitor")
    return {name: value for name, value in settings.items() if not _covered(name, shut)}


def _covered(name: str, shut: Iterable[str]) -> bool:
    """Return True where a field, or the group that it belongs to, is among some names."""
    return any(name == other or name.startswith(f"{other}.") for other in shut)


def _decoded(preprocess: Preprocess, manifest: Manifest, rows: np.ndarray) -> Iterator[tuple[object, str]]:
    """Yield training examples and their labels, in random order."""
    for row in np.random.default_rng(0).permutation(rows).tolist():
        try:
            raw = preprocess.decode(manifest.raw_source(row))
        except BAD:  # it is listed when everything is loaded
            continue
        yield raw, manifest.table["label"][row]


def _in_words(name: str, value: object) -> str:
    """Return a field and its value, such as "time shift 8"."""
    shown = json.dumps(value).replace('"', "") if isinstance(value, (list, tuple, dict)) else value
    return f"{name.rpartition('.')[2].replace('_', ' ')} {shown}"
