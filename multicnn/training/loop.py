"""The loop: epochs of steps over a pipeline that can start anywhere.

It is our own, not `fit`, because `fit` has no first step: the pipeline makes the batches of (epoch, step) from there on, and
all that changes from step to step stands in variables and in `Progress`. A checkpoint holds both, so a run that was killed
and resumed ends with the same bits as one that was not. Keras callbacks are honoured.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from multicnn.backends import engine
from multicnn.recipe import Recipe
from multicnn.tasks.intervals import bounds_in
from multicnn.training import checkpoint, nan_check, run_folder
from multicnn.training.context import RunContext
from multicnn.training.ema import average, averaged
from multicnn.training.freezing import Freezing
from multicnn.training.memory import OutOfMemory, largest_batch
from multicnn.training.progress import Progress
from multicnn.training.selection import BestEpoch
from multicnn.utils.signals import DeferSignals

Batch = tuple[Any, Any]  # inputs and targets, tensors or arrays
Batches = Callable[
    ..., Iterable[Batch]
]  # (epoch, first step[, unsharded]) -> the batches from there on, epoch after epoch


@dataclasses.dataclass(frozen=True)
class LoopSettings:
    """How long a loop trains, which weights it keeps, and when it saves.

    Attributes:
        steps: Steps an epoch.
        epochs: Maximum number of epochs.
        batch_size: Examples a step.
        monitor: The metric of the validation set that decides which weights are kept.
        patience: Epochs without improvement before the loop stops early; None never stops early.
        checkpoint_seconds: Seconds between two checkpoints within an epoch, about.
        checkpoint_steps: Number of steps between two checkpoints within an epoch instead.
        recipe: The recipe of the run: a checkpoint of another one is refused.
    """

    steps: int
    epochs: int = 1
    batch_size: int = 32
    monitor: str = "accuracy"
    patience: int | None = None
    checkpoint_seconds: float = 60.0
    checkpoint_steps: int | None = None
    recipe: Recipe = dataclasses.field(default_factory=Recipe)

    @classmethod
    def of(cls, recipe: Recipe, steps: int) -> LoopSettings:
        """Return the settings of a recipe."""
        return cls(
            steps=steps,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            monitor=recipe.monitor or "accuracy",
            patience=recipe.patience,
            checkpoint_seconds=recipe.runtime.checkpoint_seconds,
            checkpoint_steps=recipe.runtime.checkpoint_steps,
            recipe=recipe,
        )


class Objective(NamedTuple):
    """The losses that are minimized, and the metric that is measured.

    Attributes:
        losses: Returns the loss of each example, float32 (batch,), given logits and targets.
        score: Returns the metric of each example, bool or float (batch,), given logits and targets: True for a right answer.
        metric: The name of the mean of the scores.
        direction: "max" or "min", of the metric that decides which weights are kept.
    """

    losses: Callable[[Any, Any], Any]
    score: Callable[[Any, Any], Any]
    metric: str = "accuracy"
    direction: str = "max"


class Loop:
    """Trains a network and leaves its best weights in it.

    Args:
        network: Compiled with its optimizer.
        objective: What is minimized, and what is measured.
        batches: `(epoch, first step) -> iterable` of the (inputs, targets) from there on, epoch after epoch, at least as many as
            there are to train: int32 classes, or float32 distributions over them where examples are mixed. Where several
            workers train together it gives the shard of this one, or with a third argument, True, the whole batch.
        settings: How long it trains, which weights it keeps, and when it saves.
        context: The context of the run: checkpoints/ is in its folder, messages go to its reporter.
        validate: Returns the metrics of the validation set; None without one.
        callbacks: Keras callbacks. One with a state of its own keeps it in checkpoints if it has the methods
            `state_dict() -> plain data` and `load_state_dict(state)`; others start anew when a run is resumed.
        freezing: Decides which layers are trained in which epoch; None trains all that can be.
    """

    def __init__(
        self,
        network: keras.Model,
        objective: Objective,
        batches: Batches,
        settings: LoopSettings,
        context: RunContext,
        validate: Callable[[], dict[str, float]] | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        freezing: Freezing | None = None,
    ):
        self.network, self.objective, self.batches, self.settings = network, objective, batches, settings
        self.context, self.validate, self.freezing = context, validate, freezing
        self.selection = BestEpoch(settings.monitor, objective.direction)  # or another, set before the run
        self.checkpoints = checkpoint.Checkpoints(
            context.run_folder / "checkpoints", context.warn, settings.checkpoint_seconds, settings.checkpoint_steps
        )
        self.callbacks = keras.callbacks.CallbackList(
            list(callbacks),
            model=network,
            epochs=settings.epochs,
            steps=settings.steps,
            batch_size=settings.batch_size,
            verbose=0,
        )
        self.at = Progress()
        self.best_weights: list[np.ndarray] = []
        self.interrupted: int | None = None  # the signal that asked the run to stop
        if freezing is not None:  # the optimizer has slots for all that will ever learn
            freezing.thaw()
            network.optimizer.build(network.trainable_variables)
            freezing.at(0)
        self.train_step = engine.training_step(network, objective.losses, objective.score)

    def run(self) -> None:
        """Train from the newest checkpoint, if there is one, until the last epoch or early stopping.

        Ctrl-C and SIGTERM end it after a whole step, which is saved; `interrupted` then says which it was.

        Raises:
            NotFinite: The loss is NaN or infinite.
            OutOfMemory: A step needs more memory than there is.
            OSError: A checkpoint cannot be written.
        """
        self.callbacks.on_train_begin()
        self.restore()
        self._validate_start()
        self._save()  # the first: a folder that cannot be written is reported now, not after an epoch
        with self.stream(self.at.epoch, self.at.step) as iterator, DeferSignals() as signals:
            while not (self._over() or self._stops(signals)):
                self._epoch(iterator, signals)
            self._save()
        self._stops(signals)
        self.callbacks.on_train_end()
        if self.best_weights:
            checkpoint.assign(self.network.weights, self.best_weights)
        else:
            average(self.network)

    def _stops(self, signals: DeferSignals) -> bool:
        """Return whether the run was asked to stop: one of several workers is enough, and all stop after the same step."""
        self.interrupted = self.context.workers.any(signals.signum)
        return self.interrupted is not None

    def _over(self) -> bool:
        at, patience = self.at, self.settings.patience
        if patience is not None and at.best_epoch is not None and at.epoch - 1 - at.best_epoch >= patience:
            return True
        return at.stopped or at.epoch >= self.settings.epochs

    def _epoch(self, iterator: Iterator[Batch], signals: DeferSignals) -> None:
        at = self.at
        self.freeze(at.epoch)
        started = time.perf_counter() - at.seconds
        self.callbacks.on_epoch_begin(at.epoch)
        while at.step < self.settings.steps:
            self.callbacks.on_train_batch_begin(at.step)
            at.totals = np.add(at.totals, self.step(iterator)).tolist()
            means = at.means(self.objective.metric)
            if not np.isfinite(means["loss"]):
                raise nan_check.located(self, at.epoch, at.step)
            self.callbacks.on_train_batch_end(at.step, means)
            at.step += 1
            at.seconds = time.perf_counter() - started
            if self._stops(signals):
                return
            if at.step < self.settings.steps and self.checkpoints.due(at.step):
                self._save()
        row = {"epoch": at.epoch + 1, **at.means(self.objective.metric)}
        waited = {"waited": round(at.waited / at.seconds, 4)}  # the share of the time of the steps
        with averaged(self.network):  # what is validated is what is saved
            if self.validate is not None:
                row |= self._validated()
            row |= {"learning_rate": float(np.asarray(self.network.optimizer.learning_rate))}
            row |= {"seconds": round(time.perf_counter() - started, 3), **waited}
            self._close_epoch(row)
        if self.checkpoints.due(0):
            self._save()

    def freeze(self, epoch: int) -> None:
        """Recompile the train step when the set of trainable layers changes."""
        if self.freezing is not None and self.freezing.at(epoch):
            self.train_step = engine.training_step(self.network, self.objective.losses, self.objective.score)
            self.context.log(f"epoch {epoch + 1}: {self.freezing}")

    def stream(self, epoch: int, step: int) -> contextlib.closing[Generator[Batch, None, None]]:
        """Return the batches from there on, for the time of a `with`.

        They end with it, whatever else still refers to the iterator, such as the traceback of an error: TensorFlow's threads
        that make batches call Python, and the end of the program could wait for them without end.
        """
        return contextlib.closing(batch for batch in self.batches(epoch, step))

    def step(self, iterator: Iterator[Batch]) -> np.ndarray:
        """Take a step with the next batch and return its sums; one that does not fit into memory says what would."""
        asked = time.perf_counter()
        inputs, targets = next(iterator)
        self.at.waited += time.perf_counter() - asked
        try:
            return self.train_step(inputs, targets)
        except MemoryError:
            if self.context.workers.count > 1:  # the others wait for this step
                raise
            fits = largest_batch(self.train_step, inputs, targets)
            raise OutOfMemory(self.settings.batch_size, fits) from None

    def unsharded_batch(self, epoch: int, step: int) -> Batch:
        """Return a batch of which every worker sees all."""
        alone = self.context.workers.count == 1
        return next(iter(self.batches(epoch, step) if alone else self.batches(epoch, step, True)))

    def _close_epoch(self, row: dict[str, float]) -> None:
        at = self.at
        at.history.append(row)
        if self.validate is not None:
            self._select(at.epoch, row)
        for callback in self.callbacks.callbacks:  # Keras's list would sort the row by name and make the epoch a float
            callback.on_epoch_end(at.epoch, row)
        stopped = bool(self.network.stop_training)
        self.at = Progress(at.epoch + 1, history=at.history, best_epoch=at.best_epoch, stopped=stopped, start=at.start)

    def _validate_start(self) -> None:
        """Make the weights that training starts with a candidate, where they are one."""
        at = self.at
        if self.selection.from_start and self.validate is not None and at.start is None and not (at.epoch or at.step):
            at.start = self._validated()
            self._select(-1, at.start)

    def _validated(self) -> dict[str, float]:
        assert self.validate is not None
        measured = self.validate()
        return {f"val_{name}": value for name, value in measured.items() if name not in bounds_in(measured) | {"n"}}

    def _select(self, epoch: int, row: dict[str, float]) -> None:
        """Keep the weights as they are now, where they are preferred to those kept so far."""
        if self.selection.prefers(row, self.at.saved):
            self.at.best_epoch = epoch
            self.best_weights = [np.array(weight) for weight in self.network.weights]

    def variables(self) -> list[keras.Variable]:
        """Return everything that steps change; `variables` holds the seeds of dropout too, which `weights` does not."""
        return [*self.network.variables, *self.network.optimizer.variables]

    def _save(self) -> None:
        if not self.context.workers.first:
            return
        plain = {
            "recipe": self.settings.recipe.to_dict(),
            "progress": dataclasses.asdict(self.at),
            "callbacks": {type(each).__name__: each.state_dict() for each in self._with_state()},
        }
        arrays = {"state": self.variables(), "best": self.best_weights, "selection": self.selection.state}
        self.checkpoints.save(self.at.epoch, self.at.step, plain, arrays)

    def restore(self) -> None:
        """Load the newest checkpoint, if there is one.

        Raises:
            ValueError: The checkpoint is one of another recipe.
        """
        self.network.stop_training = False
        if (saved := self.checkpoints.newest()) is None:
            return
        plain, arrays = saved
        run_folder.check_recipe(plain["recipe"], self.settings.recipe.to_dict(), self.context.run_folder)
        checkpoint.assign(self.variables(), arrays["state"])
        self.best_weights = arrays["best"]
        self.selection.state = arrays.get("selection", [])  # older checkpoints have none
        known = {field.name for field in dataclasses.fields(Progress)}  # older checkpoints hold more
        self.at = Progress(**{name: value for name, value in plain["progress"].items() if name in known})
        self.network.stop_training = self.at.stopped
        states = {**_states_of_older(plain["progress"]), **plain["callbacks"]}
        for callback in self._with_state():
            if (state := states.get(type(callback).__name__)) is not None:
                callback.load_state_dict(state)

    def _with_state(self) -> list[keras.callbacks.Callback]:
        return [each for each in self.callbacks.callbacks if hasattr(each, "state_dict")]


def _states_of_older(progress: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the states of the callbacks that write tables, whose rows older checkpoints hold in their progress."""
    return {"HistoryLog": {"rows": progress["history"]}, "HealthCheck": {"rows": progress.get("health", [])}}
