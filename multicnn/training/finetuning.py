"""Fine-tuning in stages: the head on frozen features first, then the layers below it from the top, by discriminative rates.

Howard & Ruder 2018, section 3 (gradual unfreezing, discriminative rates, a warm-up); Kumar et al. 2022 (a head that is fitted first
keeps the features from being distorted). The rates suit Adam with fastai's beta_2 and epsilon: what is unfrozen late has no second
moments yet, and with 0.999 its first steps would be several times too long.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np

from multicnn.data.manifest import Manifest
from multicnn.recipe import Optimizer, Recipe, Start
from multicnn.recipe.renames import current_path
from multicnn.tasks import Task
from multicnn.training.evaluator import Evaluator
from multicnn.training.freezing import Freezing
from multicnn.training.loop import Loop
from multicnn.training.pretrained import PretrainedWeights

_THIRDS = 3  # in which the stages below the head are unfrozen
_STEPS = 240  # of a run, at least, within the epochs
_EPOCHS = (10, 24)
_FEW = 500  # examples, up to which a step takes fewer
_BATCH_OF_FEW = 16

RATES: dict[str, object] = {
    "optimizer.learning_rate": 3e-4,
    "optimizer.warmup_epochs": 1,
    "optimizer.schedule": "cosine",
    "optimizer.arguments": {"beta_2": 0.99, "epsilon": 1e-5},
    "start.rate_decay": 0.8,
    "label_smoothing": 0.1,  # a fitted head is soon sure of few examples, and then nothing teaches the layers below
}


def suggested(
    recipe: Recipe, settings: Sequence[str], manifest: Manifest, started: Recipe | None, given: Collection[str]
) -> list[str]:
    """Return the settings that fine-tune in stages, where weights were named and nothing says how to train from them.

    Args:
        recipe: The recipe without its settings.
        settings: The settings that the user has typed, "a.b=1".
        manifest: The manifest of the data, with the splits that they have so far.
        started: The recipe of a run that is resumed; it has been settled then.
        given: Fields of the recipe that the user gave beside the data, by their dotted names. A recipe that was made before, and
            names weights itself, means what it says.
    """
    assigned = {current_path(setting.partition("=")[0].strip(), "") for setting in settings} | set(given)
    now = recipe.replaced([s for s in settings if not s.strip().startswith("preprocess.")])
    start, optimizer, usual = now.start, now.optimizer, Optimizer()
    named = {"start", "start.path"} & assigned
    plain = start.finetune is None and Start(path=start.path, names=start.names) == start
    scheduled = dataclasses.replace(optimizer, learning_rate=None) != usual
    resumed = started is not None and not started.start.staged
    if not named or start.path is None or resumed or not plain or scheduled:
        return []
    examples = int(manifest.table["split"].iloc[manifest.rows()].isin(["train", ""]).sum())
    batch_size = _BATCH_OF_FEW if examples <= _FEW and "batch_size" not in assigned else now.batch_size
    steps = math.ceil(examples / batch_size)
    epochs = min(max(math.ceil(_STEPS / max(steps, 1)), _EPOCHS[0]), _EPOCHS[1])
    fields: dict[str, object] = {"start.finetune": "gradual", **RATES, "epochs": epochs, "batch_size": batch_size}
    if optimizer.learning_rate is not None:
        del fields["optimizer.learning_rate"]
    if (
        "loss" in assigned or not manifest.task.mixes
    ):  # some losses take none, and targets that are no shares of classes
        del fields["label_smoothing"]
    for name in ("epochs", "batch_size", "label_smoothing"):
        if name in fields and getattr(recipe, name) != getattr(Recipe(), name):
            del fields[name]
    return [f"{name}={json.dumps(value)}" for name, value in fields.items() if name not in assigned]


def settled(recipe: Recipe, pretrained: PretrainedWeights | None, modality: str, labels: Sequence[str]) -> Recipe:
    """Return the recipe with what `start.finetune` leaves open: when each part is unfrozen, and whether there is a new head.

    Args:
        recipe: The recipe.
        pretrained: Its weights; None where a run is resumed, whose recipe is whole.
        modality: The modality of the data.
        labels: The classes of the data.
    """
    start = recipe.start
    if not start.staged:
        return recipe
    every = start.unfreeze_every or max(math.ceil(recipe.epochs / (_THIRDS + 1)), 1)
    kind = start.finetune
    if pretrained is not None and pretrained.predicts(modality, labels):
        kind = "continue"
    return dataclasses.replace(recipe, start=dataclasses.replace(start, finetune=kind, unfreeze_every=every))


class GradualUnfreezing(Freezing):
    """The frozen layers of a network that is fine-tuned in stages; its batch normalisations keep statistics, scales and offsets.

    Args:
        network: The network, built.
        rows: The layers of each stage, as `blocks.cost.Measure.layers` lists them.
        start: The recipe's `start`, settled.
        heads: The names of the layers that give the logits.
        fitted: The head was fitted in closed form; else it is trained alone first.
    """

    def __init__(
        self,
        network: keras.Model,
        rows: Mapping[str, Sequence[str]],
        start: Start,
        heads: Collection[str],
        fitted: bool,
    ):
        for layer in network.layers:
            if any(weight.name == "moving_mean" for weight in layer.weights):
                layer.trainable = False
        self._epochs, self._alone = start.unfreeze_every or 1, 0 if fitted else 1
        self._learns = [layer for layer in network.layers if layer.trainable]
        learning = {layer.name for layer in self._learns if layer.trainable_weights} - set(heads)
        below = {name: inside for name, paths in rows.items() if (inside := [p for p in paths if p in learning])}
        self._frozen = {} if start.finetune == "continue" else below
        self.still: list[str] = list(self._frozen)
        self._stages = list(below)
        self._set(self.still)

    def at(self, epoch: int) -> bool:
        """Freeze the layers that are frozen in an epoch, counted from 0, and return True if they have changed."""
        return self._set(self._frozen_in(epoch))

    def thaw(self) -> None:
        """Unfreeze every layer that will be trained in any epoch."""
        self._set([])

    def trained(self, epoch: int) -> str:
        """Return in words what is trained in an epoch, counted from 0; -1 is before the first."""
        if epoch < 0:
            return "the head on frozen features" if self._frozen else "the weights as they were"
        frozen = len(self._frozen_in(epoch))
        if frozen == len(self._stages) and self._frozen:
            return "the head alone"
        return f"{self._stages[frozen]} and above" if frozen else "all layers"

    def __str__(self) -> str:
        return super().__str__() if self._frozen else "fine-tuning: all layers continue from the loaded weights"

    def _frozen_in(self, epoch: int) -> list[str]:
        part = min(epoch // self._epochs - self._alone, _THIRDS - 1)
        free = math.ceil(len(self._frozen) * (part + 1) / _THIRDS)
        return list(self._frozen)[: len(self._frozen) - free]


class ExampleScores:
    """Validates a network and keeps what the choice among its weights compares.

    Args:
        evaluator: Evaluates the network.
        rows: int64 (n,), the validation examples.
        targets: Their targets.
        task: The task.
        monitor: The metric that decides which weights are saved.
    """

    def __init__(self, evaluator: Evaluator, rows: np.ndarray, targets: np.ndarray, task: Task, monitor: str):
        self._evaluator, self._rows, self._targets, self._task, self._monitor = evaluator, rows, targets, task, monitor
        self._logits: np.ndarray | None = None

    def __call__(self) -> dict[str, float]:
        """Return the metrics of the validation set."""
        self._logits = self._evaluator.logits(self._rows)
        return self._task.summary(self._task.counts(self._logits, self._targets))

    def values(self) -> np.ndarray:
        """Return float64 (n,), higher for an example that is predicted better: the metric where it is one of each, or -loss."""
        assert self._logits is not None
        if (
            self._monitor == self._task.metric
            and not self._task.recorded
            and self._task.monitors[self._monitor] == "max"
        ):
            return np.asarray(self._task.score(self._logits, self._targets), np.float64)
        return -self._task.plain_losses(self._logits, self._targets)


class Stage(NamedTuple):
    """A stage of a run.

    Attributes:
        trained: What was trained in it, in words.
        epoch: The last epoch of it, or the one that is saved, from 1; 0 is before the first.
        validated: The metrics of the validation examples after it, `val_` before each name.
    """

    trained: str
    epoch: int
    validated: dict[str, float]


class Stages(NamedTuple):
    """The stages of a run, and which of them was saved."""

    saved: Stage
    stages: list[Stage]

    def to_dict(self) -> dict[str, object]:
        """Return plain data for metrics.json."""
        stages = [{"trained": each.trained, "epoch": each.epoch, **each.validated} for each in self.stages]
        return {"saved": {"trained": self.saved.trained, "epoch": self.saved.epoch}, "stages": stages}

    def sentence(self, metric: str) -> str:
        """Return a line that says which network was chosen, and how each stage did by a metric on the validation examples."""
        name, saved = f"val_{metric}", self.saved
        scores = [f"{each.trained} {each.validated[name]:.3f}" for each in self.stages if name in each.validated]
        among = f"; validation {metric}: {', '.join(scores)}" if scores else ""
        when = f"epoch {saved.epoch} ({saved.trained} trained)" if saved.epoch else saved.trained
        return f"fine-tuning: the network is {when}{among}"


def stages_of(loop: Loop) -> Stages | None:
    """Return the stages of a run that has ended, and which of them was saved; None for a run without stages."""
    unfreezing, at = loop.freezing, loop.at
    if not isinstance(unfreezing, GradualUnfreezing):
        return None
    stages = [] if at.start is None else [Stage(unfreezing.trained(-1), 0, at.start)]
    for epoch, row in enumerate(at.history):
        if stages and stages[-1].trained == unfreezing.trained(epoch):
            stages.pop()
        validated = {name: value for name, value in row.items() if name.startswith("val_")}
        stages.append(Stage(unfreezing.trained(epoch), epoch + 1, validated))
    epoch = len(at.history) - 1 if at.best_epoch is None else at.best_epoch
    return Stages(
        Stage(unfreezing.trained(epoch), epoch + 1, at.saved if at.best_epoch is not None and at.saved else {}), stages
    )
