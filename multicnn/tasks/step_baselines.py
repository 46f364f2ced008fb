"""Baselines of time steps: the energy of a frame against a threshold, and a lexicon of tokens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from multicnn.tasks.plain import Batches

Model = Callable[[np.ndarray], np.ndarray]  # inputs (batch, steps, ...) -> scores (batch, steps, classes)


def fit(train: Batches, classes: int) -> tuple[Model, str]:
    """Return the baseline of some training examples, and its name: of ids the lexicon, of features the threshold.

    Args:
        train: Gives inputs, int (batch, steps) ids or float (batch, steps, features), and targets, below 0 where none counts.
        classes: The number of classes; a threshold knows the first and one other, that which most steps above it have.
    """
    first, _ = next(train())
    if np.issubdtype(first.dtype, np.integer):
        return _lexicon(train, classes), "the commonest class of each token"
    return _threshold(train, classes), "energy threshold"


def _lexicon(train: Batches, classes: int) -> Model:
    """Return the commonest class of each id; of one that was never seen that of all together."""
    counts = np.zeros((1, classes), np.int64)
    for inputs, targets in train():
        counts = np.pad(counts, ((0, max(int(inputs.max()) + 1 - len(counts), 0)), (0, 0)))
        known = targets >= 0
        np.add.at(counts, (inputs[known], targets[known]), 1)
    best = np.where(counts.any(axis=1), counts.argmax(axis=1), counts.sum(axis=0).argmax())
    usual = int(counts.sum(axis=0).argmax())

    def model(inputs: np.ndarray) -> np.ndarray:
        given = np.where(inputs < len(best), best[np.minimum(inputs, len(best) - 1)], usual)
        return np.eye(classes, dtype=np.float32)[given]

    return model


def _threshold(train: Batches, classes: int) -> Model:
    """Return the threshold of the mean of a frame's features, in decibels its energy, with the most right training steps."""
    energies, truth = [], []
    for inputs, targets in train():
        known = targets >= 0
        energies.append(_energy(inputs)[known])
        truth.append(targets[known])
    energy, active = np.concatenate(energies), np.concatenate(truth)
    order = np.argsort(energy, kind="stable")
    above = active[order] > 0
    right = np.append(0, np.cumsum(~above)) + above.sum() - np.append(0, np.cumsum(above))  # below it is the background
    at = int(right.argmax())
    edges = np.concatenate([[-np.inf], energy[order], [np.inf]])
    threshold = (edges[at] + edges[at + 1]) / 2 if 0 < at < len(energy) else edges[at + (at > 0)]
    kind = int(np.bincount(active[active > 0], minlength=classes).argmax())

    def model(inputs: np.ndarray) -> np.ndarray:
        return np.eye(classes, dtype=np.float32)[np.where(_energy(inputs) > threshold, kind, 0)]

    return model


def _energy(inputs: np.ndarray) -> np.ndarray:
    return inputs.reshape(*inputs.shape[:2], -1).mean(axis=-1)
