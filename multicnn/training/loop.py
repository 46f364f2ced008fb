"""The loop: epochs of steps over a pipeline that can start anywhere.

It is our own, not `fit`, because `fit` has no first step: the pipeline makes the batches of (epoch, step) from there on, and
all that changes from step to step stands in variables and in `Progress`. A checkpoint holds both, so a run that was killed
and goes on ends with the same bits as one that was not. Keras callbacks are honoured.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from multicnn.backends import engine
from multicnn.backends.processes import Workers
from multicnn.tasks.losses import correct, example_losses
from multicnn.training import checkpoint, health, run_folder
from multicnn.training.ema import average, averaged
from multicnn.training.freezing import Freezing
from multicnn.training.memory import OutOfMemory, largest_batch
from multicnn.training.nan_check import NotFinite, first_layer
from multicnn.utils.signals import DeferSignals


@dataclasses.dataclass
class Progress:
    """Where a run stands, as plain data: all of its state that no variable holds."""

    epoch: int = 0  # from 0, the one to go on with
    step: int = 0  # of the epoch, the next one
    totals: list[float] = dataclasses.field(default_factory=lambda: [0.0] * 3)  # of the epoch: loss, correct, examples
    seconds: float = 0.0  # spent in the epoch
    waited: float = 0.0  # of those, for data
    history: list[dict[str, float]] = dataclasses.field(default_factory=list)
    health: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_epoch: int | None = None
    stopped: bool = False  # by a callback


class Loop:
    """Trains a network and leaves its best weights in it.

    Args:
        network: Compiled with its optimizer.
        recipe: For epochs, loss, label smoothing, monitor, patience, checkpoints.
        batches: `(epoch, first step) -> iterable` of the (inputs, targets) from there on, epoch after epoch, at least as many as
            there are to train: int32 classes, or float32 distributions over them where examples are mixed.
        steps: Steps per epoch.
        validate: Gives `accuracy`, `loss`, `macro_f1` of the validation set, or None without one.
        folder: The run folder; history.csv, health.csv and checkpoints/ are written there.
        log: Called with a line of text: what the user should know.
        class_weights: float32 (classes,), the weight of an example of each class.
        callbacks: Keras callbacks. One with a state of its own keeps it in checkpoints if it has the methods
            `state_dict() -> plain data` and `load_state_dict(state)`; others begin anew when a run goes on.
        freezing: Says which layers learn in which epoch; None lets all that can.
        workers: Those that train together; `batches` then gives this one's part, or with a third argument the whole batch.
    """

    def __init__(
        self,
        network: keras.Model,
        recipe: Any,
        batches: Callable[[int, int], Iterable[tuple[Any, Any]]],
        steps: int,
        validate: Callable[[], dict[str, float]] | None,
        folder: Path,
        log: Callable[[str], None],
        class_weights: np.ndarray | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        freezing: Freezing | None = None,
        workers: Workers | None = None,
    ):
        self.network, self.recipe, self.batches, self.steps = network, recipe, batches, steps
        self.validate, self.folder, self.log, self.workers = validate, folder, log, workers or Workers()
        self.checkpoints = checkpoint.Checkpoints(
            folder / "checkpoints", log, recipe.checkpoint_seconds, recipe.checkpoint_steps
        )
        self.callbacks = keras.callbacks.CallbackList(
            list(callbacks), model=network, epochs=recipe.epochs, steps=steps, batch_size=recipe.batch_size, verbose=0
        )
        self.at = Progress()
        self.best_weights: list[np.ndarray] = []
        self.interrupted: int | None = None  # the signal that asked the run to stop
        settings = {"loss": recipe.loss, "label_smoothing": recipe.label_smoothing, "class_weights": class_weights}
        self._losses = functools.partial(example_losses, **settings)
        self._make_step = functools.partial(engine.training_step, network, self._losses, correct)
        self._freezing = freezing
        if freezing is not None:  # the optimizer has slots for all that will ever learn
            freezing.thaw()
            network.optimizer.build(network.trainable_variables)
            freezing.at(0)
        self.train_step = self._make_step()
        self._warned_of: set[str] = set()  # layers

    def run(self) -> None:
        """Goes on from the newest checkpoint, if there is one, until the last epoch or early stopping.

        Ctrl-C and SIGTERM end it after a whole step, which is saved; `interrupted` then says which it was.

        Raises:
            NotFinite: The loss is NaN or infinite.
            OutOfMemory: A step needs more memory than there is.
            OSError: A checkpoint cannot be written.
        """
        self.callbacks.on_train_begin()
        self._restore()
        if self.at.history:  # rows of epochs after the checkpoint, or half of one, may stand in the files
            _write_rows(self.folder / "history.csv", self.at.history, new=True)
            _write_rows(self.folder / "health.csv", self.at.health, new=True)
        self._save()  # the first: a folder that cannot be written is told now, not after an epoch
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
        """Whether the run was asked to stop: of several workers one is enough, and all stop after the same step."""
        self.interrupted = self.workers.any(signals.signum)
        return self.interrupted is not None

    def _over(self) -> bool:
        at, patience = self.at, self.recipe.patience
        if patience is not None and at.best_epoch is not None and at.epoch - 1 - at.best_epoch >= patience:
            return True
        return at.stopped or at.epoch >= self.recipe.epochs

    def _epoch(self, iterator: Iterator[tuple[Any, Any]], signals: DeferSignals) -> None:
        at = self.at
        self._freeze(at.epoch)
        started = time.perf_counter() - at.seconds
        self.callbacks.on_epoch_begin(at.epoch)
        while at.step < self.steps:
            self.callbacks.on_train_batch_begin(at.step)
            at.totals = np.add(at.totals, self.step(iterator)).tolist()
            so_far = self._so_far()
            if not np.isfinite(so_far["loss"]):
                raise self._not_finite()
            self.callbacks.on_train_batch_end(at.step, so_far)
            at.step += 1
            at.seconds = time.perf_counter() - started
            if self._stops(signals):
                return
            if at.step < self.steps and self.checkpoints.due(at.step):
                self._save()
        row = {"epoch": at.epoch + 1, **self._so_far()}
        waited = {"waited": round(at.waited / at.seconds, 4)}  # the share of the time of the steps
        with averaged(self.network):  # what is validated is what is kept
            if self.validate is not None:
                row |= {f"val_{name}": value for name, value in self.validate().items() if name != "n"}
            row |= {"learning_rate": float(np.asarray(self.network.optimizer.learning_rate))}
            row |= {"seconds": round(time.perf_counter() - started, 3), **waited}
            self._record(row)
        if self.checkpoints.due(0):
            self._save()

    def _freeze(self, epoch: int) -> None:
        """What learns in an epoch is compiled into the step."""
        if self._freezing is not None and self._freezing.at(epoch):
            self.train_step = self._make_step()
            self.log(f"epoch {epoch + 1}: {self._freezing}")

    def stream(self, epoch: int, step: int) -> contextlib.closing[Iterator[tuple[Any, Any]]]:
        """The batches from there on, for the time of a `with`.

        Whatever else still knows the iterator, such as the traceback of an error: TensorFlow's threads that make batches call
        Python, and the end of the program could wait for them for ever.
        """
        return contextlib.closing(batch for batch in self.batches(epoch, step))

    def step(self, iterator: Iterator[tuple[Any, Any]]) -> np.ndarray:
        """Takes a step with the next batch and gives the sums of it; one that does not fit into memory says what would."""
        asked = time.perf_counter()
        inputs, targets = next(iterator)
        self.at.waited += time.perf_counter() - asked
        try:
            return self.train_step(inputs, targets)
        except MemoryError:
            if self.workers.count > 1:  # the others wait for this step
                raise
            fits = largest_batch(self.train_step, inputs, targets)
            raise OutOfMemory(self.recipe.batch_size, fits) from None

    def _so_far(self) -> dict[str, float]:
        """Mean loss and accuracy over the steps of this epoch."""
        loss, correct, n = self.at.totals
        return {"loss": loss / n, "accuracy": correct / n}

    def _record(self, row: dict[str, float]) -> None:
        """Closes an epoch."""
        at = self.at
        at.history.append(row)
        _write_rows(self.folder / "history.csv", [row], new=at.epoch == 0)
        if self.validate is not None and (at.best_epoch is None or self._score(at.epoch) > self._score(at.best_epoch)):
            at.best_epoch = at.epoch
            self.best_weights = [np.array(weight) for weight in self.network.weights]
        if not at.epoch & (at.epoch + 1):  # after epochs 1, 2, 4, 8 ...
            self._examine()
        self.callbacks.on_epoch_end(at.epoch, row)
        stopped = bool(self.network.stop_training)
        self.at = Progress(
            at.epoch + 1, history=at.history, health=at.health, best_epoch=at.best_epoch, stopped=stopped
        )

    def _examine(self) -> None:
        """Looks at the layers, always with the same batch, and says which do not learn as they should."""
        inputs, targets = self._whole_batch(0, 0)
        found = health.examine(self.network, inputs, lambda logits: self._losses(logits, np.asarray(targets)))
        rows = [{"epoch": self.at.epoch + 1, **row} for row in found]
        _write_rows(self.folder / "health.csv", rows, new=self.at.epoch == 0)
        self.at.health += rows
        for layer, complaint in health.complaints(found):
            if layer not in self._warned_of:
                self.log(complaint)
                self._warned_of.add(layer)

    def _score(self, epoch: int) -> tuple[float, float]:
        """What makes an epoch better than another: what the recipe monitors, and among equals the loss."""
        row = self.at.history[epoch]
        loss = -row["val_loss"]
        return (loss, 0.0) if self.recipe.monitor == "loss" else (row[f"val_{self.recipe.monitor}"], loss)

    def _variables(self) -> list[Any]:
        # `variables` holds the seeds of dropout too, which `weights` does not.
        return [*self.network.variables, *self.network.optimizer.variables]

    def _whole_batch(self, epoch: int, step: int) -> tuple[Any, Any]:
        """A batch of which every worker sees all."""
        return next(iter(self.batches(epoch, step) if self.workers.count == 1 else self.batches(epoch, step, True)))

    def _save(self) -> None:
        if not self.workers.first:
            return
        plain = {
            "recipe": self.recipe.to_dict(),
            "progress": dataclasses.asdict(self.at),
            "callbacks": {type(c).__name__: c.state_dict() for c in self._with_state()},
        }
        arrays = {"state": self._variables(), "best": self.best_weights}
        self.checkpoints.save(self.at.epoch, self.at.step, plain, arrays)

    def _restore(self) -> None:
        self.network.stop_training = False
        if (found := self.checkpoints.newest()) is None:
            return
        plain, arrays = found
        run_folder.check_recipe(plain["recipe"], self.recipe.to_dict(), self.folder)
        checkpoint.assign(self._variables(), arrays["state"])
        self.best_weights = arrays["best"]
        self.at = Progress(**plain["progress"])
        self.network.stop_training = self.at.stopped
        for callback in self._with_state():
            callback.load_state_dict(plain["callbacks"][type(callback).__name__])

    def _with_state(self) -> list[Any]:
        return [each for each in self.callbacks.callbacks if hasattr(each, "state_dict")]

    def _not_finite(self) -> NotFinite:
        """What has happened in this step: it is led up to again, exactly, from the last checkpoint."""
        epoch, failed = self.at.epoch, self.at.step
        if self.workers.count > 1:  # they have no checkpoints of their own
            return NotFinite(epoch, failed, "one process alone would say in which layer")
        self._restore()
        with self.stream(self.at.epoch, self.at.step) as iterator:
            for each in range(self.at.epoch, epoch + 1):
                first, last = self.at.step if each == self.at.epoch else 0, failed if each == epoch else self.steps
                self._freeze(each)
                for _ in range(first, last):
                    self.step(iterator)
        inputs, _ = self._whole_batch(epoch, failed)
        return NotFinite(epoch, failed, first_layer(self.network, inputs))


def _write_rows(path: Path, rows: list[dict[str, Any]], new: bool) -> None:
    try:
        with open(path, "w" if new else "a", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            if new:
                writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror}") from error
