"""The loop: epochs of steps over a pipeline that can start anywhere.

It is our own, not `fit`, because `fit` has no first step: the pipeline makes the batches of (epoch, step) from there on, and
all that changes from step to step stands in variables that a checkpoint can hold. Keras callbacks are honoured.
"""

from __future__ import annotations

import csv
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from multicnn.losses import example_losses
from multicnn.training import checkpoint


class Loop:
    """Trains a network and leaves its best weights in it.

    Args:
        network: Compiled with its optimizer.
        recipe: For epochs, loss, label smoothing, monitor, patience.
        batches: `(epoch, first step) -> tf.data.Dataset` of (inputs, targets): int32 classes, or float32 distributions over
            them where examples are mixed.
        steps: Steps per epoch.
        validate: Gives `accuracy`, `loss`, `macro_f1` of the validation set, or None without one.
        folder: The run folder; history.csv and checkpoints/ are written there.
        class_weights: float32 (classes,), the weight of an example of each class.
        callbacks: Keras callbacks.
    """

    def __init__(
        self,
        network: keras.Model,
        recipe: Any,
        batches: Callable[[int, int], tf.data.Dataset],
        steps: int,
        validate: Callable[[], dict[str, float]] | None,
        folder: Path,
        class_weights: np.ndarray | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ):
        self.network, self.recipe, self.batches, self.steps = network, recipe, batches, steps
        self.validate, self.folder = validate, folder
        self.totals = tf.Variable([0.0, 0.0, 0.0], dtype=tf.float64, trainable=False)  # loss, correct, examples
        self.callbacks = keras.callbacks.CallbackList(
            list(callbacks), model=network, epochs=recipe.epochs, steps=steps, verbose=0
        )
        self.history: list[dict[str, float]] = []
        self.best_epoch: int | None = None
        self.interrupted = False
        self._step = training_step(
            network,
            self.totals,
            loss=recipe.loss,
            label_smoothing=recipe.label_smoothing,
            class_weights=class_weights,
        )

    def run(self) -> None:
        """Trains until the last epoch, early stopping, or Ctrl-C (then `interrupted` is True and the last step is whole)."""
        self.network.stop_training = False
        self.callbacks.on_train_begin()
        with _interruptible(self):
            for epoch in range(self.recipe.epochs):
                self._epoch(epoch)
                if self.interrupted or self.network.stop_training or self._out_of_patience(epoch):
                    break
        self.callbacks.on_train_end()
        if self.best_epoch is not None:
            checkpoint.restore(self._best_path, self.network.weights)

    def _epoch(self, epoch: int) -> None:
        started = time.perf_counter()
        self.totals.assign([0.0, 0.0, 0.0])
        self.callbacks.on_epoch_begin(epoch)
        iterator = iter(self.batches(epoch, 0))
        for step in range(self.steps):
            self.callbacks.on_train_batch_begin(step)
            self._step(iterator)
            self.callbacks.on_train_batch_end(step, self._so_far())
            if self.interrupted:
                return
        row = {"epoch": epoch + 1, **self._so_far()}
        if not np.isfinite(row["loss"]):
            raise ValueError(
                f"the loss is no longer finite in epoch {epoch + 1}: lower optimizer.learning_rate, or train in float32. "
                f"Received: optimizer.learning_rate={self.recipe.optimizer.learning_rate!r}"
            )
        if self.validate is not None:
            row |= {f"val_{name}": value for name, value in self.validate().items() if name != "n"}
        row |= {"learning_rate": float(np.asarray(self.network.optimizer.learning_rate))}
        row |= {"seconds": round(time.perf_counter() - started, 3)}
        self._record(epoch, row)
        self.callbacks.on_epoch_end(epoch, row)

    def _so_far(self) -> dict[str, float]:
        """Mean loss and accuracy over the steps of this epoch."""
        loss, correct, n = self.totals.numpy()
        return {"loss": float(loss / n), "accuracy": float(correct / n)}

    def _record(self, epoch: int, row: dict[str, float]) -> None:
        self.history.append(row)
        with open(self.folder / "history.csv", "a" if epoch else "w", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if not epoch:
                writer.writeheader()
            writer.writerow(row)
        checkpoint.save(self.folder / "checkpoints" / "last.npz", self._state())
        if self.validate is None:
            return
        if self.best_epoch is None or self._score(epoch) > self._score(self.best_epoch):
            self.best_epoch = epoch
            checkpoint.save(self._best_path, self.network.weights)

    def _score(self, epoch: int) -> tuple[float, float]:
        """What makes an epoch better than another: what the recipe monitors, and among equals the loss."""
        row = self.history[epoch]
        loss = -row["val_loss"]
        return (loss, 0.0) if self.recipe.monitor == "loss" else (row[f"val_{self.recipe.monitor}"], loss)

    def _out_of_patience(self, epoch: int) -> bool:
        if self.recipe.patience is None or self.best_epoch is None:
            return False
        return epoch - self.best_epoch >= self.recipe.patience

    def _state(self) -> list[Any]:
        # `variables` holds the seeds of dropout too, which `weights` does not.
        return [*self.network.variables, *self.network.optimizer.variables, self.totals]

    @property
    def _best_path(self) -> Path:
        return self.folder / "checkpoints" / "best.npz"


def training_step(network: keras.Model, totals: tf.Variable, **settings: Any) -> Callable[[Iterator], None]:
    """A compiled step over an iterator of (inputs, targets): forwards, backwards, update; adds to `totals`.

    Args:
        network: Compiled with its optimizer.
        totals: float64 (3,): sum of the losses, correct examples (of mixed ones the likeliest class counts), examples.
        **settings: Of `losses.example_losses`: loss, label smoothing, class weights.
    """
    optimizer = network.optimizer
    optimizer.build(network.trainable_variables)

    @tf.function(jit_compile=network.jit_compile, reduce_retracing=True)
    def update(inputs, targets):
        with tf.GradientTape() as tape:
            logits = network(inputs, training=True)
            losses = example_losses(logits, targets, **settings)
            loss = tf.reduce_mean(losses)
            # Regularisers' terms arrive in `losses` of the network.
            scaled = optimizer.scale_loss(loss + tf.add_n(network.losses) if network.losses else loss)
        variables = network.trainable_variables
        # Dense: Keras squares the slices of an embedding's gradient one by one where a word occurs twice.
        gradients = [g if g is None else tf.convert_to_tensor(g) for g in tape.gradient(scaled, variables)]
        optimizer.apply_gradients(zip(gradients, variables))
        classes = targets if targets.shape.rank == 1 else tf.argmax(targets, axis=1, output_type=tf.int32)
        correct = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), classes)
        return tf.reduce_sum(losses), tf.math.count_nonzero(correct), tf.shape(targets)[0]

    @tf.function(reduce_retracing=True)
    def step(iterator):
        sums = update(*next(iterator))
        totals.assign_add(tf.stack([tf.cast(value, tf.float64) for value in sums]))

    return step


@contextmanager
def _interruptible(loop: Loop) -> Iterator[None]:
    """Inside, the first Ctrl-C asks the loop to stop after the step; a second one interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(signum, frame):
        loop.interrupted = True
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
