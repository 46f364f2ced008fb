"""Training by a recipe: one network, or as an ensemble several whose logits are averaged, in one predictor."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from multicnn.blocks import average, network, scope
from multicnn.data import store
from multicnn.data.manifest import Manifest
from multicnn.evaluation.report import report_run
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe, preprocess_to_dict
from multicnn.training import experiment, run_folder, unstarted
from multicnn.training.context import RunContext
from multicnn.training.measuring import Measured, metrics_of, report_saved
from multicnn.training.run import complete, run
from multicnn.training.saved import Examples, Saved, chosen
from multicnn.utils.files import write_json


def train(recipe: Recipe, manifest: Manifest, context: RunContext) -> Predictor:
    """Train what a recipe describes; an ensemble's members one after another, each in a run folder inside the run's.

    What the folder holds already is resumed. Of an ensemble it gets what a run's has, except learning curves and checkpoints,
    which only the members have.

    Raises:
        ValueError: As `run.run`; or there is one member only, or one cannot be a member.
    """
    with unstarted.removed(context.run_folder):
        return _train(recipe, manifest, context)


def _train(recipe: Recipe, manifest: Manifest, context: RunContext) -> Predictor:
    if not recipe.members:
        return run(recipe, manifest, context)
    if not manifest.task.averages:
        raise ValueError(
            f"`members` must be [] for {manifest.task.name}: its outputs have no mean. Received: members={recipe.members!r}"
        )
    if len(recipe.members) == 1:
        raise ValueError(f"`members` must be two or more. Received: members={recipe.members!r}")
    recipe, _ = complete(recipe, manifest, context)
    # What is wrong with one is reported before another is trained, or anything written.
    for i, member in enumerate(_contexts(recipe, context)):
        run_folder.check_saved(member.run_folder, complete(recipe.member(i), manifest, member)[0])
    folder = context.run_folder
    with run_folder.claim(folder, recipe, manifest, context.log, context.workers.count):
        return run_folder.finished(folder, recipe, context.log) or _trained(recipe, manifest, context)


def _trained(recipe: Recipe, manifest: Manifest, context: RunContext) -> Predictor:
    folder = context.run_folder
    members: list[Predictor] = []
    for i, member in enumerate(_contexts(recipe, context)):
        context.log(f"member {i + 1} of {len(recipe.members)}")
        if members:  # fitted once: threads add up in another order each time, and the last bits are others
            member.run_folder.mkdir(exist_ok=True)
            write_json(member.run_folder / "preprocess.json", preprocess_to_dict(members[0].preprocess))
        with experiment.resumable(folder, "train", context.log):
            members.append(run(recipe.member(i), manifest, member))
    # Without what the members found bad.
    manifest = run_folder.check_data(Manifest.load(member.run_folder / run_folder.MANIFEST), manifest, folder)
    saved, manifest = _saved(averaged(members, recipe.to_dict()), manifest, recipe, context)
    predictor = saved.predictor
    predictor.metrics.update(_measured(saved, members, manifest, context))
    predictor.metrics["seconds"] = round(time.perf_counter() - context.started, 1)
    write_json(folder / "metrics.json", predictor.metrics)
    run_folder.keep_manifest(folder, manifest)
    if not context.temporary:
        report_run(folder, predictor.preprocess, manifest, saved.logits_of)
    predictor.save(folder / "model.keras")
    context.log(f"the predictor is {folder / 'model.keras'}")
    return predictor


def _contexts(recipe: Recipe, context: RunContext) -> Iterator[RunContext]:
    """Return the context of each member, whose clock starts when it is asked for."""
    return (context.inside(f"member-{i + 1}") for i in range(len(recipe.members)))


def averaged(members: Sequence[Predictor], recipe: dict[str, Any]) -> Predictor:
    """Return one predictor whose logits are the mean of those of its members.

    Raises:
        ValueError: The members have different preprocessing.
    """
    first = members[0]
    for i, member in enumerate(members, start=1):
        if member.preprocess != first.preprocess:
            raise ValueError(
                f"all members must see the same preprocessing. Received: members[{i - 1}] with another one"
            )
    block = average(*(scope(f"member-{i}", member.block) for i, member in enumerate(members, start=1)))
    built = network(block, first.preprocess.input_shape, dtype="float32")
    for i, member in enumerate(members, start=1):
        _copy_weights(member.network, built, f"member-{i}.")
    return Predictor(first.preprocess, block, built, first.task, recipe)


def _copy_weights(member: keras.Model, ensemble: keras.Model, scope: str) -> None:
    """Copy the weights of a member into the layers of the ensemble's network that have the member's scope."""
    weights = {layer.name: layer.get_weights() for layer in member.layers if layer.weights}
    for layer in ensemble.layers:
        if layer.weights and scope in layer.name:
            layer.set_weights(weights[layer.name.split(scope, 1)[1]])


def _saved(predictor: Predictor, manifest: Manifest, recipe: Recipe, context: RunContext) -> tuple[Saved, Manifest]:
    """Return what is saved of the mean of the members, and the manifest with unreadable examples marked as bad."""
    loaded, reasons = store.load_examples(manifest, predictor.preprocess, manifest.rows())
    logits = np.full((len(manifest), len(predictor.labels)), np.nan, np.float32)
    logits[loaded.rows] = predictor.logits(loaded.array)
    manifest = manifest.with_bad(reasons)
    if not recipe.blends or context.temporary:
        return Saved(predictor, logits.__getitem__, logits.__getitem__), manifest
    examples = Examples(manifest, loaded, predictor.preprocess, context, recipe.class_weights)
    return chosen(predictor, logits.__getitem__, examples, recipe), manifest


def _measured(saved: Saved, members: Sequence[Predictor], manifest: Manifest, context: RunContext) -> Measured:
    """Return the ensemble's metrics on each split, and the main one of each member on the test set; report what is saved."""
    measured, _ = metrics_of(saved, manifest)
    linear = members[0].metrics.get("linear_baseline")
    measured |= {} if linear is None else {"linear_baseline": linear}
    report_saved(measured, manifest, context)
    if "test" in measured:
        measured["members"] = [member.metrics["test"][manifest.task.metric] for member in members]
    parameters = sum(member.metrics["parameters"] for member in members)
    return measured | {"model": "ensemble", "parameters": parameters, "bad": members[0].metrics["bad"]}
