"""Layers whose weights are set by the data before the first step."""

from __future__ import annotations

import math

import keras
import numpy as np

from multicnn import layers
from multicnn.backends import engine
from multicnn.data.finished import FinishedRows
from multicnn.training.preparation import Prepared

_EXAMPLES, _AT_ONCE = 2000, 64


def adapt(network: keras.Model, prepared: Prepared) -> None:
    """Set the weights of such layers by what reaches them of some training examples, as they are without random changes.

    Args:
        network: The network, built, with the weights of the layers below already there.
        prepared: The run.
    """
    chosen = [layer for layer in network.layers if isinstance(layer, layers.PatchWhitening)]
    if not chosen:
        return
    rows = prepared.manifest.rows("train")
    rows = np.sort(np.random.default_rng(prepared.recipe.seed).permutation(rows)[:_EXAMPLES])
    examples = FinishedRows(rows, prepared.store, prepared.augmentation.stored.finish)
    inputs = np.asarray(examples[np.arange(len(rows))])
    for layer in chosen:
        below = engine.inference(keras.Model(network.input, layer.input))
        layer.turn_to(white_directions(np.asarray(below(inputs)), layer.kernel_size, layer.epsilon))


def white_directions(inputs: np.ndarray, size: tuple[int, ...], epsilon: float) -> np.ndarray:
    """Return what patches are multiplied by to be white: the eigenvectors of their covariance, scaled, float64 (numbers, numbers).

    Args:
        inputs: float (n, *spatial, channels).
        size: The size of a patch along each spatial axis.
        epsilon: Is added to each eigenvalue, the variance along its vector.
    """
    numbers = math.prod(size) * inputs.shape[-1]
    count, total, products = 0, np.zeros(numbers), np.zeros((numbers, numbers))
    for start in range(0, len(inputs), _AT_ONCE):
        part = np.asarray(inputs[start : start + _AT_ONCE], np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(part, size, axis=tuple(range(1, part.ndim - 1)))
        patches = np.moveaxis(windows, part.ndim - 1, -1).reshape(-1, numbers)  # in the order of a kernel
        count, total, products = count + len(patches), total + patches.sum(axis=0), products + patches.T @ patches
    mean = total / count
    variances, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
    return vectors / np.sqrt(np.maximum(variances, 0) + epsilon)
