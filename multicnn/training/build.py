"""The untrained network of a prepared run, with its pretrained weights, and the loop that will train it."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator

import keras

from multicnn.backends import engine
from multicnn.blocks import network
from multicnn.data import pipeline
from multicnn.predictor import Predictor
from multicnn.tasks import LossSettings
from multicnn.training import adversarial, closed_head, run_folder
from multicnn.training.adapting import adapt
from multicnn.training.adversarial import Adversary
from multicnn.training.context import RunContext
from multicnn.training.evaluator import Evaluator
from multicnn.training.finetuning import ExampleScores, GradualUnfreezing
from multicnn.training.freezing import Freezing, frozen_layers, rate_shares
from multicnn.training.health import HealthCheck
from multicnn.training.history import HistoryLog
from multicnn.training.loop import Batch, Loop, LoopSettings, Objective
from multicnn.training.optimizers import factory
from multicnn.training.precision import loss_scaled
from multicnn.training.preparation import Prepared
from multicnn.training.pretrained import PretrainedWeights, heads
from multicnn.training.selection import BestEpoch, LatestWithinError
from multicnn.training.tensorboard import EventLog

Validate = Callable[[], dict[str, float]]


@dataclasses.dataclass(frozen=True, eq=False)
class Built:
    """A network that is ready for its first step.

    Attributes:
        predictor: The predictor, not yet trained.
        evaluator: Evaluates its network on the loaded examples.
        loop: Trains its network.
        measurements: Numbers for metrics.json on the weights that the stem started with.
    """

    predictor: Predictor
    evaluator: Evaluator
    loop: Loop
    measurements: dict[str, float]


def build(prepared: Prepared, context: RunContext) -> Built:
    """Build the network, load the weights that it starts with, and make the loop that trains it.

    Raises:
        ValueError: The weights do not fit, or a layer without weights would be frozen.
    """
    recipe = prepared.recipe
    keras.utils.set_random_seed(recipe.seed)
    with engine.scope(recipe.runtime.devices):
        built = network(prepared.block, prepared.input_shape, dtype=recipe.runtime.precision)
        measurements, line = prepared.stem.initial_weights(
            built, lambda: prepared.store.gather(prepared.manifest.rows("train"))
        )
        if line:
            context.log(line)
        closed_head.start_bias(built, prepared.manifest)
        adapt(built, prepared)
        if prepared.pretrained is not None:
            _load_pretrained(prepared.pretrained, prepared, built, context)
        predictor = Predictor(prepared.preprocess, prepared.block, built, prepared.manifest.task, recipe.to_dict())
        on_stored = dataclasses.replace(predictor, preprocess=prepared.augmentation.stored)
        evaluator = Evaluator(on_stored, prepared.store, prepared.manifest, context.workers)
        if prepared.pretrained is not None and recipe.start.finetune == "gradual":
            _fit_head(built, evaluator, prepared, context)
        return Built(predictor, evaluator, _loop(prepared, built, evaluator, context), measurements)


def _load_pretrained(
    pretrained: PretrainedWeights, prepared: Prepared, built: keras.Model, context: RunContext
) -> None:
    """Load the weights of `recipe.start` into the network, and report which layers are new."""
    start = prepared.recipe.start
    loaded = pretrained.load_into(built, prepared.preprocess, prepared.labels)
    if context.folder is not None:
        run_folder.check_start(context.folder, pretrained.fingerprint())
    frozen = frozen_layers(prepared.measured.layers(), start.freeze_until)
    if unknown := [path for path in loaded.new if path in frozen]:
        raise ValueError(
            f"`start.freeze_until` would freeze layers that got no weights: {', '.join(unknown[:4])}. "
            f"Received: freeze_until={start.freeze_until!r}"
        )
    count = f"{len(loaded.taken)} of {len(loaded.taken) + len(loaded.new)} layers with weights"
    new = f"new: {', '.join(loaded.new[:6])}{' ...' if len(loaded.new) > 6 else ''}" if loaded.new else "nothing is new"
    line = f"{count} ({loaded.numbers:,} numbers) are those of {start.path}; {new}"
    context.log("; ".join([line, *loaded.remarks]))


def _fit_head(built: keras.Model, evaluator: Evaluator, prepared: Prepared, context: RunContext) -> None:
    """Fit the head on the layers below it as they are, where it can be, and record in the run folder whether it was."""
    layer, reason = closed_head.linear_head_layer(built), "it is more than one linear layer"
    if layer is not None:
        try:
            closed_head.fit(layer, evaluator, prepared.manifest)
        except ValueError as error:
            layer, reason = None, str(error).partition(" Received")[0].rstrip(".")
    if layer is None:
        context.log(f"the head is trained first, alone, since it cannot be fitted in closed form: {reason}")
    if context.folder is not None:
        run_folder.record_head(context.folder, layer is not None)


def _loop(prepared: Prepared, built: keras.Model, evaluator: Evaluator, context: RunContext) -> Loop:
    """Compile the network and return the loop that trains it."""
    recipe, stages = prepared.recipe, prepared.measured.layers()
    spec = prepared.batches_of("train")
    shares = rate_shares(built, stages, recipe.start.rate_decay)
    optimizer = factory.discriminative(factory.make(recipe.optimizer, spec.steps, recipe.epochs), shares)
    built.compile(optimizer=loss_scaled(optimizer, recipe.runtime.precision), jit_compile=recipe.runtime.jit_compile)
    freezing = _freezing(prepared, built, context)
    validate, selection = _validation(prepared, evaluator)
    workers = context.workers

    def batches(epoch: int, start_step: int, unsharded: bool = workers.count == 1) -> Iterator[Batch]:
        shard = None if unsharded else lambda n: workers.shard(n, recipe.runtime.devices)
        return pipeline.each(pipeline.batches(spec, epoch, start_step, epochs=None, shard=shard))

    objective = _objective(prepared)
    if recipe.adversarial:
        adversary = Adversary(evaluator.predictor, objective.losses, recipe)
        batches = adversary.batches(batches, spec.steps)
        validate, selection = _validation_under_attack(prepared, evaluator, adversary)
    loop = Loop(
        built,
        objective,
        batches,
        LoopSettings.of(recipe, spec.steps),
        context,
        validate,
        _callbacks(prepared, objective, batches, context),
        freezing,
    )
    if selection is not None:
        loop.selection = selection
    return loop


def _validation(prepared: Prepared, evaluator: Evaluator) -> tuple[Validate | None, BestEpoch | None]:
    """Return what validates the network, None without validation examples, and what chooses among its weights."""
    recipe, manifest = prepared.recipe, prepared.manifest
    rows, task, monitor = manifest.rows("val"), manifest.task, recipe.monitor
    assert monitor is not None  # the recipe is completed
    if not len(rows):
        return None, None
    if not recipe.start.staged:
        return functools.partial(evaluator.metrics, "val"), None
    scores = ExampleScores(evaluator, rows, manifest.truth(rows), task, monitor)
    return scores, LatestWithinError(monitor, task.monitors[monitor], scores.values)


def _validation_under_attack(
    prepared: Prepared, evaluator: Evaluator, adversary: Adversary
) -> tuple[Validate | None, BestEpoch]:
    rows = prepared.manifest.rows("val")
    validate = adversary.validation(evaluator, rows, prepared.manifest.targets(rows)) if len(rows) else None
    return validate, BestEpoch(adversarial.METRIC, "max")


def _freezing(prepared: Prepared, built: keras.Model, context: RunContext) -> Freezing | None:
    """Return which layers are frozen in which epoch, and report it; None if none ever is."""
    start, stages = prepared.recipe.start, prepared.measured.layers()
    freezing: Freezing | None = None
    if start.staged:
        freezing = GradualUnfreezing(built, stages, start, heads(built), run_folder.head_fitted(context.run_folder))
    elif start.freeze_until is not None:
        freezing = Freezing(built, stages, start)
    if freezing is not None:
        context.log(str(freezing))
    return freezing


def _callbacks(
    prepared: Prepared, objective: Objective, batches: Callable[[int, int, bool], Iterator[Batch]], context: RunContext
) -> list[keras.callbacks.Callback]:
    """Return the callbacks of a run: its tables, those of the reporter, and TensorBoard's."""
    folder = context.run_folder
    tables = [
        HistoryLog(folder),
        HealthCheck(folder, lambda: next(batches(0, 0, True)), objective.losses, context.warn),
    ]
    tensorboard = [EventLog(folder / "tensorboard")] if prepared.recipe.runtime.tensorboard else []
    return [*tables, *context.reporter.callbacks(), *tensorboard]


def _objective(prepared: Prepared) -> Objective:
    """Return the losses and the metric of the task, by the recipe's settings."""
    recipe, manifest = prepared.recipe, prepared.manifest
    task = manifest.task
    assert recipe.loss is not None and recipe.monitor is not None  # the recipe is completed
    weights = task.class_weights(manifest.truth(manifest.rows("train"))) if recipe.class_weights else None
    settings = LossSettings(recipe.loss, recipe.label_smoothing, weights)
    losses = functools.partial(task.losses, settings=settings)
    return Objective(losses, task.score, task.metric, task.monitors[recipe.monitor])
