"""Losses of masks: cross-entropy and Dice, of the pixels whose class is known. Pure Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

if TYPE_CHECKING:
    from multicnn.layers.types import Tensor

NAMES = ("cross_entropy", "dice", "cross_entropy+dice")
_SMOOTH = 1.0  # pixels: a class that is nowhere has the Dice coefficient 1 where it is predicted nowhere


def losses(logits: Tensor, targets: Tensor, name: str, class_weights: np.ndarray | None) -> Tensor:
    """Return the loss of each example, float32 (batch,).

    Args:
        logits: float32 (batch, positions..., classes).
        targets: int32 (batch, positions...), below 0 where nothing is counted.
        name: One of `NAMES`.
        class_weights: float32 (classes,), a weight of each class in the cross-entropy; None weighs nothing.
    """
    classes = logits.shape[-1]
    flat = ops.reshape(ops.cast(logits, "float32"), (ops.shape(logits)[0], -1, classes))
    truth = ops.reshape(targets, (ops.shape(logits)[0], -1))
    counted = ops.cast(truth >= 0, "float32")
    one_hot = ops.one_hot(ops.maximum(truth, 0), classes) * counted[..., None]
    total = 0.0
    if "cross_entropy" in name:
        total = total + _cross_entropy(flat, one_hot, class_weights)
    if "dice" in name:
        total = total + _dice(ops.softmax(flat) * counted[..., None], one_hot)
    return total


def _cross_entropy(logits: Tensor, one_hot: Tensor, class_weights: np.ndarray | None) -> Tensor:
    """Return the mean over the counted pixels of each example, each weighed by its class."""
    weighed = one_hot if class_weights is None else one_hot * ops.convert_to_tensor(class_weights, "float32")
    likelihoods = ops.sum(weighed * ops.log_softmax(logits), axis=(1, 2))
    return -likelihoods / ops.maximum(ops.sum(one_hot, axis=(1, 2)), 1.0)


def _dice(probabilities: Tensor, one_hot: Tensor) -> Tensor:
    """Return 1 - the soft Dice coefficient, mean over classes (Milletari et al. 2016, equation 8, without the squares)."""
    both = ops.sum(probabilities * one_hot, axis=1)
    each = ops.sum(probabilities, axis=1) + ops.sum(one_hot, axis=1)
    return 1.0 - ops.mean((2.0 * both + _SMOOTH) / (each + _SMOOTH), axis=-1)
