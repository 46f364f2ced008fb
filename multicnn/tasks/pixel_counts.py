"""Metrics of masks, from counts that add up over examples: one confusion matrix over all pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class PixelCounts:
    """Sums over the pixels of some examples.

    Attributes:
        matrix: float64 (classes, classes), pixels by true and by predicted class.
        loss: The sum of the negative log likelihoods of the true classes.
        n: The number of examples.
    """

    matrix: np.ndarray
    loss: float
    n: int

    def __add__(self, other: PixelCounts) -> PixelCounts:
        return PixelCounts(self.matrix + other.matrix, self.loss + other.loss, self.n + other.n)

    @property
    def pixels(self) -> float:
        """The number of pixels."""
        return float(self.matrix.sum())

    def iou(self) -> np.ndarray:
        """Return intersection over union of each class, float64 (classes,): NaN of one that is neither there nor predicted."""
        right, either = np.diag(self.matrix), self.matrix.sum(0) + self.matrix.sum(1) - np.diag(self.matrix)
        return np.divide(right, either, out=np.full(len(right), np.nan), where=either > 0)

    def dice(self) -> np.ndarray:
        """Return the Dice coefficient (F1) of each class, float64 (classes,), NaN as of `iou`."""
        iou = self.iou()
        return 2 * iou / (1 + iou)

    def summary(self, labels: Sequence[str]) -> dict[str, float]:
        """Return pixel accuracy, mean loss of a pixel, IoU and Dice: the mean over classes, and IoU of each."""
        pixels = max(self.pixels, 1.0)
        iou, dice = self.iou(), self.dice()
        known = ~np.isnan(iou)
        mean = {"mean_iou": float(iou[known].mean()), "mean_dice": float(dice[known].mean())} if known.any() else {}
        return {
            "pixel_accuracy": float(np.trace(self.matrix)) / pixels,
            "loss": self.loss / pixels,
            **({"mean_iou": 0.0, "mean_dice": 0.0} | mean),
            **{f"iou of {label}": float(value) for label, value in zip(labels, iou) if not np.isnan(value)},
            "n": self.n,
        }


def record(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the counts of one example, float64 (classes * classes + 1,): its confusion matrix, and the sum of its losses.

    Args:
        logits: float (positions..., classes).
        targets: Integers (positions...), below 0 where nothing is counted.
    """
    classes = logits.shape[-1]
    counted = targets >= 0
    truth, own = targets[counted].astype(np.int64), logits[counted].astype(np.float64)
    matrix = np.bincount(truth * classes + own.argmax(-1), minlength=classes * classes).astype(np.float64)
    top = own.max(-1, keepdims=True)
    losses = np.log(np.exp(own - top).sum(-1)) + top[:, 0] - own[np.arange(len(own)), truth]
    return np.append(matrix, losses.sum())


def of_records(records: np.ndarray, classes: int) -> PixelCounts:
    """Return the counts of some records, (n, classes * classes + 1)."""
    total = records.sum(0) if len(records) else np.zeros(classes * classes + 1)
    return PixelCounts(total[:-1].reshape(classes, classes), float(total[-1]), len(records))
