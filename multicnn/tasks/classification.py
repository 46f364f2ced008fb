"""Classification: one of several classes for each example."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from multicnn.tasks import metrics
from multicnn.tasks.base import Answer, LossSettings
from multicnn.tasks.classes import ClassTask
from multicnn.tasks.registry import register

if TYPE_CHECKING:
    from multicnn.layers.types import Tensor


@register
@dataclasses.dataclass(frozen=True)
class Classification(ClassTask):
    """One class for each example, by the largest logit."""

    name: ClassVar[str] = "classification"
    mixes: ClassVar[bool] = True

    def read(self, cell: str) -> str:
        """Return the label as it stands; an empty one, or a list, makes the row a bad one."""
        if not cell.strip():
            raise ValueError("empty label")
        if cell.startswith('["') or cell == "[]":
            raise ValueError("label_separator must be given where labels are lists. Received: label_separator=None")
        return cell

    def strata(self, cell: str) -> tuple[str, ...]:
        """Return the label."""
        return (cell,)

    def renamed(self, cell: str, names: Mapping[str, str]) -> str:
        """Return the other name of the label, if it has one."""
        return names.get(cell, cell)

    def targets(self, cells: Sequence[str]) -> np.ndarray:
        """Return int32 (n,), the position of each label among the classes."""
        return np.array(self._indices(cells), dtype=np.int32).reshape(-1)

    def check_loss(self, settings: LossSettings) -> None:
        """Raise ValueError if there is no such loss."""
        from multicnn.tasks import losses

        losses.by_name(settings.loss)

    def class_weights(self, targets: np.ndarray) -> np.ndarray:
        """Return float32 (classes,), inverse to the frequency of each class."""
        counts = np.bincount(targets, minlength=len(self.labels))
        return (len(targets) / (len(counts) * counts)).astype(np.float32)

    def losses(self, logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
        """Return the loss of each example; `targets` are classes, or where examples are mixed float (batch, classes)."""
        from multicnn.tasks import losses

        return losses.class_losses(logits, targets, settings.loss, settings.label_smoothing, settings.class_weights)

    def score(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return True for each example whose largest logit is its class; of mixed ones the likeliest class counts."""
        from multicnn.tasks import losses

        return losses.class_correct(logits, targets)

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return the softmax of the logits."""
        logits = logits.astype(np.float64)
        exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return exponents / exponents.sum(axis=-1, keepdims=True)

    def answer(self, output: np.ndarray) -> Answer:
        """Return the class of the highest probability."""
        label = self.labels[int(np.argmax(output))]
        return Answer(label, (label,), dict(zip(self.labels, map(float, output))))

    def confusion(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return int64 counts, (true class, predicted class)."""
        return metrics.confusion(logits, targets, len(self.labels))

    def linear_head(self, features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel and bias of a logistic regression on standardised features.

        Raises:
            ValueError: A class has no example, or there are fewer than two.
        """
        from multicnn.tasks import linear

        if len(np.unique(targets)) < len(self.labels) or len(self.labels) < 2:
            raise ValueError(
                f"every class needs a training example, and there must be two. Received: labels={self.labels}"
            )
        return linear.head(features, targets)
