"""Defaults that depend on the data: complete a recipe, and refuse at once what cannot work."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

from multicnn import models
from multicnn.backends import engine
from multicnn.data.manifest import Manifest
from multicnn.data.paths import locate
from multicnn.modalities import Preprocess, lookup
from multicnn.modalities.augmentation import augmentation
from multicnn.recipe import Recipe
from multicnn.recipe.sections import Model
from multicnn.tasks import LossSettings, Task
from multicnn.tasks.registry import TASKS, choose_task, task_from_dict
from multicnn.training import adversarial, finetuning
from multicnn.training.model import check_kernels, model_block
from multicnn.training.optimizers import factory
from multicnn.training.pretrained import PretrainedWeights

_LOOKED_AT = 1000  # examples, by which the preprocess is chosen


def weights_of(recipe: Recipe) -> PretrainedWeights | None:
    """Return the pretrained weights that a recipe starts with, or None for random ones."""
    return None if recipe.start.path is None else PretrainedWeights(recipe)


def completed(recipe: Recipe, manifest: Manifest, pretrained: PretrainedWeights | None, workers: int = 1) -> Recipe:
    """Complete a recipe from the data, the pretrained weights and the devices that are there.

    Args:
        recipe: The recipe as the user gave it.
        manifest: The manifest of its data.
        pretrained: The weights that `weights_of` gives; None too for a resumed run, which has them in its checkpoints.
        workers: Number of processes that train together.

    Raises:
        ValueError: A field fits neither the data nor the others; it is raised before anything is read or written.
    """
    modality, task = manifest.modality, manifest.task
    if pretrained is not None:
        recipe = pretrained.completed(recipe, modality)
    recipe = finetuning.settled(recipe, pretrained, modality, task.labels)
    preprocess = (recipe.preprocess or lookup(modality)()).for_targets(task.reads)
    if preprocess.modality != modality:
        raise ValueError(f"`preprocess` must be for {modality}, as the data is. Received: preprocess={preprocess!r}")
    augmentation(preprocess, recipe.augment)
    factory.make(recipe.optimizer, 1, 1)
    loss = task.default_loss if recipe.loss is None else recipe.loss
    monitor = next(iter(task.monitors)) if recipe.monitor is None else recipe.monitor
    if monitor not in task.monitors:
        raise ValueError(f"`monitor` must be one of {list(task.monitors)}. Received: monitor={monitor!r}")
    task.check_loss(LossSettings(loss, recipe.label_smoothing))
    _check_mixing(recipe, preprocess, task)
    runtime = recipe.runtime
    if recipe.adversarial:
        adversarial.check(recipe, preprocess, task, runtime.devices * workers)
    recipe = dataclasses.replace(
        recipe,
        loss=loss,
        monitor=monitor,
        preprocess=preprocess,
        model=_model(recipe, preprocess, task),
        baseline=recipe.baseline if task.blends else "off",
        runtime=dataclasses.replace(
            runtime,
            jit_compile=bool(engine.compute_capabilities()) if runtime.jit_compile is None else runtime.jit_compile,
        ),
    )
    shares = runtime.devices * workers
    if recipe.batch_size % shares:
        received = f"batch_size={recipe.batch_size}"
        raise ValueError(f"`batch_size` must be a multiple of the {shares} devices that share it. Received: {received}")
    model_block(recipe, task.units)
    preprocess.check_stem(recipe, locate)
    return recipe


def _model(recipe: Recipe, preprocess: Preprocess, task: Task) -> Model:
    """Return the model of a recipe, or the usual one of the task or the modality, with the kind of its embedding settled."""
    embedding = recipe.model.embedding
    model = dataclasses.replace(recipe.model, embedding=dataclasses.replace(embedding, kind=embedding.settled_kind))
    if model.name is not None:
        return model
    name, arguments = task.default_model(preprocess.modality) or (preprocess.default_model, {})
    return dataclasses.replace(model, name=name, arguments={**arguments, **model.arguments})


def check_values(recipe: Recipe) -> None:
    """Raise ValueError for what no data can make right, before any is read."""
    factory.make(recipe.optimizer, 1, 1)
    check_kernels(recipe)
    engine.scope(recipe.runtime.devices)
    task = choose_task(recipe.task, recipe.data.label_separator)
    _check_loss(recipe, task)
    name = recipe.model.name
    if (
        isinstance(name, dict) or name in models.MODELS or name in models.FUSIONS
    ):  # a user's function is called once, with the classes of the data
        models.create(name, 2, **recipe.model.arguments)


def _check_loss(recipe: Recipe, usual: Task) -> None:
    """Raise ValueError for a loss that no task knows; which task it is, the data decide where the recipe does not."""
    settings = LossSettings(usual.default_loss if recipe.loss is None else recipe.loss, recipe.label_smoothing)
    try:
        usual.check_loss(settings)
    except ValueError:
        open_task = recipe.task is None and recipe.data.label_separator is None
        for name in TASKS if open_task else ():
            with contextlib.suppress(ValueError):
                return task_from_dict(name).check_loss(settings)
        raise


def with_suited_preprocess(recipe: Recipe, settings: Sequence[str], manifest: Manifest) -> tuple[Recipe, Manifest]:
    """Return a recipe with its settings and, where it names no preprocess, one that suits the data if the usual one does not.

    Args:
        recipe: The recipe without the settings.
        settings: Changes of it, as "a.b=1".
        manifest: The manifest of its data, with the splits that they have so far.

    Returns:
        The recipe, whose preprocess may still be open, and the manifest with remarks on what the preprocess may not be meant for.
    """
    changed = recipe.replaced(settings, manifest.modality)
    usual = lookup(manifest.modality)()
    if recipe.preprocess is None and changed.start.path is None:
        suited = lookup(manifest.modality).suited(_training_sources(manifest))
        if suited != usual:
            other = dataclasses.replace(recipe, preprocess=suited).replaced(settings, manifest.modality)
            with contextlib.suppress(ValueError):  # what the recipe says of the network needs the usual one
                (other.preprocess or suited).check_stem(other, locate)
                changed = other
    return changed, manifest.with_remarks((changed.preprocess or usual).doubts(_training_sources(manifest)))


def _training_sources(manifest: Manifest) -> Iterator[object]:
    """Yield the sources of some training examples, from all over the data."""
    rows = manifest.rows()
    rows = rows[manifest.table["split"].iloc[rows].isin(["train", ""])]
    yield from (manifest.raw_source(int(row)) for row in rows[:: max(len(rows) // _LOOKED_AT, 1)])


def _check_mixing(recipe: Recipe, preprocess: Preprocess, task: Task) -> None:
    """Raise ValueError if the examples of a batch cannot be mixed as the recipe says."""
    if not task.mixes and (recipe.mixup or recipe.cutmix):
        received = f"mixup={recipe.mixup!r}, cutmix={recipe.cutmix!r}"
        raise ValueError(f"`mixup` and `cutmix` are for examples of one label each. Received: {received}")
    asked = {"mixup": recipe.mixup, "cutmix": recipe.cutmix}
    for name, alpha in asked.items():
        if alpha and name not in preprocess.mixing:
            raise ValueError(f"`{name}` cannot mix examples of {preprocess.modality}. Received: {name}={alpha!r}")
    if recipe.mixup and recipe.cutmix:
        received = f"cutmix={recipe.cutmix!r}, mixup={recipe.mixup!r}"
        raise ValueError(f"`cutmix` is in the place of `mixup`, not beside it. Received: {received}")
