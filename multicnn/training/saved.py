"""The predictor that a run saves: its network, the linear baseline beside it, or their blend (law 12)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import keras
import numpy as np

from multicnn.data.finished import FinishedRows
from multicnn.data.manifest import SPLITS, Manifest
from multicnn.data.store import Store
from multicnn.modalities import Preprocess
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe
from multicnn.tasks import LossSettings, Task
from multicnn.training.blend import Decision, choose
from multicnn.training.blended import blended, of_baseline
from multicnn.training.context import RunContext
from multicnn.training.evaluator import Evaluator
from multicnn.training.linear_network import LeftOut, LinearNetwork, fit_linear

Logits = Callable[[np.ndarray], np.ndarray]  # rows of the manifest -> their logits, float32 (n, ...)


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """The loaded examples of a run.

    Attributes:
        manifest: The examples, with their splits.
        store: The decoded examples.
        stored: The preprocess that the store was made with.
        context: The context of the run.
        weighted: Classes count as in `Recipe.class_weights`.
    """

    manifest: Manifest
    store: Store
    stored: Preprocess
    context: RunContext
    weighted: bool = False

    @property
    def class_weights(self) -> np.ndarray | None:
        """The weight of each class, by its frequency among the training examples; None where all examples count the same."""
        task = self.manifest.task
        return task.class_weights(self.manifest.targets(self.manifest.rows("train"))) if self.weighted else None

    def linear(self, *splits: str) -> LinearNetwork | LeftOut:
        """Return the linear baseline, fitted on some splits."""
        rows = np.sort(np.concatenate([self.manifest.rows(split) for split in splits]))
        inputs = FinishedRows(rows, self.store, self.stored.finish)
        return fit_linear(self.manifest.task, self.stored, inputs, self.manifest.targets(rows), self.class_weights)

    def logits(self, predictor: Predictor) -> np.ndarray:
        """Return the logits of every row of the manifest, NaN of bad ones: float32 (rows, ...)."""
        on_stored = dataclasses.replace(predictor, preprocess=self.stored)
        return self.by_row(Evaluator(on_stored, self.store, self.manifest, self.context.workers).logits)

    def by_row(self, logits_of: Logits) -> np.ndarray:
        """Return the logits of every row of the manifest, as `logits` does."""
        rows = {split: rows for split in SPLITS if len(rows := self.manifest.rows(split))}
        logits = {split: logits_of(each) for split, each in rows.items()}
        whole = np.full((len(self.manifest), *logits["train"].shape[1:]), np.nan, np.float32)
        for split, each in rows.items():
            whole[each] = logits[split]
        return whole


@dataclasses.dataclass(frozen=True, eq=False)
class Saved:
    """The predictor that a run saves.

    Attributes:
        predictor: The predictor, without its metrics.
        logits_of: Its logits. Those of validation examples are from before its baseline was fitted on them too: afterwards they
            would be too good.
        network_logits_of: Those of the network alone.
        decision: Why it is this predictor; None where nothing was to be chosen.
    """

    predictor: Predictor
    logits_of: Logits
    network_logits_of: Logits
    decision: Decision | None = None


def chosen(network: Predictor, logits_of: Logits, examples: Examples, recipe: Recipe) -> Saved:
    """Return the network, the linear baseline or their blend, by their logits of the validation examples.

    The baseline that is saved is fitted on the training and the validation examples; temperatures and weight are those of the
    one that was fitted on the training examples alone. The same examples and weights give the same bits, so that a run that was
    killed in here is resumed by doing it again.

    Args:
        network: The trained network, or the mean of several.
        logits_of: Its logits.
        examples: The examples of the run.
        recipe: The completed recipe.
    """
    manifest = examples.manifest
    linear = examples.linear("train")
    if isinstance(linear, LeftOut):
        alone = Decision("network", 1.0, why=f"no linear baseline is put into the file, since {linear.reason}")
        return Saved(network, logits_of, logits_of, alone)
    own, beside = examples.by_row(logits_of), examples.logits(of_baseline(network, linear, 1.0))
    rows = manifest.rows("val")
    targets, weights = manifest.targets(rows), examples.class_weights
    decision = examples.context.workers.broadcast(
        lambda: _decision(recipe, manifest.task, own[rows], beside[rows], targets, weights)
    )
    if decision.choice == "network":
        return Saved(network, own.__getitem__, own.__getitem__, decision)
    validated = beside[rows]
    if len(rows) and len(manifest.rows("train")) < examples.stored.baseline_examples:  # else a sample is all it takes
        again = examples.linear("train", "val")
        if isinstance(again, LinearNetwork):
            linear, beside = again, examples.logits(of_baseline(network, again, 1.0))
            beside[rows] = validated
    mixed = decision.factors[0] * own + decision.factors[1] * beside
    predictor = (
        of_baseline(network, linear, decision.factors[1])
        if decision.choice == "baseline"
        else blended(network, linear, decision.factors)
    )
    return Saved(predictor, mixed.__getitem__, own.__getitem__, decision)


def _decision(
    recipe: Recipe,
    task: Task,
    network: np.ndarray,
    baseline: np.ndarray,
    targets: np.ndarray,
    weights: np.ndarray | None,
) -> Decision:
    """Return the choice by what the recipe minimises and monitors: classes count as in the training."""
    monitor = recipe.monitor or task.metric
    sign = -1.0 if task.monitors[monitor] == "min" else 1.0
    weighted = LossSettings(task.default_loss, 0.0, weights)

    def losses(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
        if weights is None:
            return task.plain_losses(logits, truth)
        return keras.ops.convert_to_numpy(task.losses(logits.astype(np.float32), truth, weighted)).astype(np.float64)

    def score(logits: np.ndarray, truth: np.ndarray) -> float:
        return sign * task.summary(task.counts(logits, truth))[monitor]

    return choose(network, baseline, targets, losses, score)
