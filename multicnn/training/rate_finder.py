"""The learning-rate range test (Smith 2017, "Cyclical learning rates", section 3.3; written in 2015)."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from multicnn.training.step import training_step

_DIVERGED = 2.0  # times the loss at the start


@dataclasses.dataclass(frozen=True)
class RateCurve:
    """The loss of a few steps while the learning rate rises.

    Attributes:
        rates: float64 (steps,), rising by an equal factor.
        losses: float64 (steps,), the loss of each step's batch before it was learned from.
        smoothed: The same, smoothed.
        suggestion: The rate at which the loss falls fastest.
        limit: The rate at which it is lowest: beyond, learning breaks down.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float
    limit: float


def sweep(
    network: keras.Model,
    batches: Callable[[int, int], tf.data.Dataset],
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 150,
    **settings: Any,
) -> RateCurve:
    """Trains while the learning rate rises from step to step, until the loss is far above where it began.

    Args:
        network: Compiled with its optimizer, whose learning rate is a number; its weights are spent on the test.
        batches: `(epoch, first step) -> tf.data.Dataset` of (inputs, targets).
        lowest, highest: The learning rates of the first and the last step.
        steps: At most so many; epochs follow one another.
        **settings: Of `losses.example_losses`.

    Raises:
        ValueError: The loss grows from the first steps on, so there is nothing to see.
    """
    totals = tf.Variable([0.0, 0.0, 0.0], dtype=tf.float64, trainable=False)
    step, rates, losses = training_step(network, totals, **settings), [], []
    for rate, iterator in zip(np.geomspace(lowest, highest, steps), _iterators(batches)):
        network.optimizer.learning_rate = float(rate)
        totals.assign([0.0, 0.0, 0.0])
        step(iterator)
        loss, _, n = totals.numpy()
        if not np.isfinite(loss) or (losses and loss / n > _DIVERGED * np.mean(losses[:5])):
            break
        rates.append(rate)
        losses.append(loss / n)
    return curve(np.array(rates), np.array(losses))


def curve(rates: np.ndarray, losses: np.ndarray) -> RateCurve:
    """What the losses at rising rates say.

    Raises:
        ValueError: There are fewer than ten, or they never fall.
    """
    from scipy.ndimage import gaussian_filter1d

    if len(rates) < 10:
        raise ValueError(f"the loss grows from the first steps on: lower `lowest`. Received: steps={len(rates)}")
    smoothed = gaussian_filter1d(losses, max(len(losses) / 40, 1.0), mode="nearest")
    bottom = int(smoothed.argmin())
    slopes = np.gradient(smoothed, np.log(rates))[: bottom + 1]
    if bottom == 0 or slopes.min() >= 0:
        raise ValueError(f"the loss falls at no learning rate of the test. Received: losses={losses[:3].tolist()} ...")
    return RateCurve(rates, losses, smoothed, float(rates[slopes.argmin()]), float(rates[bottom]))


def _iterators(batches: Callable[[int, int], tf.data.Dataset]) -> Iterator[Iterator[Any]]:
    """For each step, the iterator that holds its batch."""
    for epoch in itertools.count():
        data = batches(epoch, 0)
        yield from itertools.repeat(iter(data), int(data.cardinality()))
