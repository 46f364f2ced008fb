"""The end of a run: what is saved, its metrics, and the tables and figures of the run folder."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np

from multicnn.data.manifest import SPLITS, Manifest
from multicnn.evaluation.baseline import linear_score
from multicnn.evaluation.headline import judged_split, network_alone, saved_in_words, validation_headline
from multicnn.evaluation.report import report_run
from multicnn.predictor import Predictor, float32_copy
from multicnn.tasks.intervals import with_interval
from multicnn.tasks.linear_model import NotFitted
from multicnn.training import finetuning
from multicnn.training.build import Built
from multicnn.training.context import RunContext
from multicnn.training.diagnoses import diagnosed
from multicnn.training.diagnoses.evidence import of_run
from multicnn.training.evaluator import Evaluator
from multicnn.training.preparation import Prepared
from multicnn.training.saved import Examples, Logits, Saved, chosen
from multicnn.utils.files import write_json

Measured = dict[str, Any]  # the metrics of a run, as metrics.json has them


def measured(prepared: Prepared, built: Built, context: RunContext) -> Predictor:
    """Return the predictor that is saved, with its metrics; the run folder gets the tables and figures.

    Of an interrupted run it is the network with its best weights so far.
    """
    loop, manifest = built.loop, prepared.manifest
    predictor, evaluator = _as_saved(prepared, built, context)
    saved, metrics = Saved(predictor, evaluator.logits, evaluator.logits), Measured()
    if not loop.interrupted:
        recipe = prepared.recipe
        examples = Examples(manifest, prepared.store, prepared.augmentation.stored, context, recipe.class_weights)
        if recipe.blends and not context.temporary:
            saved = chosen(predictor, evaluator.logits, examples, recipe)
        metrics, network = metrics_of(saved, manifest)
        beside = _beside(prepared, context)
        metrics |= beside
        report_saved(metrics, manifest, context)
        metrics |= diagnosed(of_run(prepared, network | beside, loop.at.history, context.run_folder), context.log)
    if (stages := finetuning.stages_of(loop)) is not None:
        metrics["finetuning"] = stages.to_dict()
        context.log(stages.sentence(manifest.task.metric))
    metrics |= {
        "model": prepared.recipe.model.name if isinstance(prepared.recipe.model.name, str) else "custom",
        "parameters": prepared.measured.parameters,
        "bad": len(manifest.bad_rows()),
        **built.measurements,
        "waited": round(float(np.mean([row.get("waited", 0.0) for row in loop.at.history] or [0.0])), 4),
        "seconds": round(time.perf_counter() - context.started, 1),
    }
    write_json(context.run_folder / "metrics.json", metrics)
    if not loop.interrupted and not context.temporary:
        report_run(context.run_folder, prepared.preprocess, manifest, saved.logits_of)
    return dataclasses.replace(saved.predictor, metrics=metrics)


def _as_saved(prepared: Prepared, built: Built, context: RunContext) -> tuple[Predictor, Evaluator]:
    """Return the network as its file holds it, in float32 whatever it was trained in, and what evaluates it."""
    if prepared.recipe.runtime.precision == "float32":
        return built.predictor, built.evaluator
    network = float32_copy(built.predictor.block, built.predictor.network)
    predictor = dataclasses.replace(built.predictor, network=network)
    on_stored = dataclasses.replace(predictor, preprocess=prepared.augmentation.stored)
    return predictor, Evaluator(on_stored, prepared.store, prepared.manifest, context.workers)


def metrics_of(saved: Saved, manifest: Manifest) -> tuple[Measured, Measured]:
    """Return the metrics of a run on each split and what was saved, and the metrics on each split of its network alone.

    Where something was chosen, `network` of the first has the network's metrics on the examples by which a run is judged.
    """
    metrics = _by_split(saved.logits_of, manifest)
    if saved.decision is None:
        return metrics, dict(metrics)
    same = saved.network_logits_of is saved.logits_of
    network = dict(metrics) if same else _by_split(saved.network_logits_of, manifest)
    split = judged_split(manifest) or "train"
    return metrics | {"network": network[split], "saved": saved.decision.to_dict()}, network


def report_saved(metrics: Measured, manifest: Manifest, context: RunContext) -> None:
    """Report what was saved and why and, where nothing but validation examples judge a run, the result, which is added."""
    if not context.temporary:
        context.log(f"saved: {saved_in_words(metrics) or network_alone(manifest.task)}")
    if judged_split(manifest) == "val" and not context.temporary:
        metrics["headline"] = validation_headline(manifest.task, metrics)
        context.warn(metrics["headline"])


def _beside(prepared: Prepared, context: RunContext) -> Measured:
    """Return the metrics of the printed linear baseline, which shares nothing with the saved one but the examples."""
    scored = judged_split(prepared.manifest)
    if scored is None or context.temporary:
        return {}
    try:
        linear = linear_score(prepared.manifest, prepared.store, prepared.augmentation.stored, scored)
    except NotFitted as reason:
        context.log(f"linear baseline: not fitted: {reason}")
        return {}
    return {} if linear is None else {"linear_baseline": with_interval(linear)}


def _by_split(logits_of: Logits, manifest: Manifest) -> Measured:
    """Return the metrics of logits on each split, an accuracy with its interval."""
    task, metrics = manifest.task, Measured()
    for split in SPLITS:
        if len(rows := manifest.rows(split)):
            metrics[split] = with_interval(task.summary(task.counts(logits_of(rows), manifest.truth(rows))))
    return metrics
