"""Multilabel classification: any number of labels for each example, each a question of its own."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, cast

import numpy as np

from multicnn.tasks.base import Answer, LossSettings
from multicnn.tasks.classes import ClassTask
from multicnn.tasks.registry import register, task_from_dict

if TYPE_CHECKING:
    from multicnn.layers.types import Tensor

SPARSE = "extreme_multilabel"  # the task of more labels
MOST_DENSE = 1_000  # each with a column in a matrix of targets


@register
@dataclasses.dataclass(frozen=True)
class Multilabel(ClassTask):
    """Any number of labels for each example, those whose probability is above one half.

    Attributes:
        labels: The classes, sorted alphanumerically.
        label_separator: The text between the labels of an example.
    """

    name: ClassVar[str] = "multilabel"
    mixes: ClassVar[bool] = False
    monitors: ClassVar[dict[str, Literal["max", "min"]]] = {**ClassTask.monitors, "micro_f1": "max"}

    label_separator: str = "|"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.label_separator:
            raise ValueError("label_separator must not be empty. Received: label_separator=''")

    def read(self, cell: str) -> str:
        """Return the labels of a cell, sorted, with the separator between; a cell may also hold a list in JSON."""
        try:
            names = json.loads(cell) if cell.startswith("[") else cell.split(self.label_separator)
        except ValueError:
            names = cell.split(self.label_separator)
        labels = sorted({str(name).strip() for name in names} - {""})
        if broken := [label for label in labels if self.label_separator in label]:
            raise ValueError(
                "label_separator must be no part of a label. "
                f"Received: label_separator={self.label_separator!r}, label={broken[0]!r}"
            )
        return self.label_separator.join(labels)

    def fitted(self, cells: Sequence[str]) -> Multilabel:
        """Return the task with the labels of the cells, of more than 1,000 as `ExtremeMultilabel`.

        Raises:
            ValueError: There is one label only.
        """
        task = super().fitted(cells)
        if self.labels or len(task.labels) <= MOST_DENSE:
            return task
        fields = {"labels": list(task.labels), "label_separator": self.label_separator}
        return cast(Multilabel, task_from_dict({"name": SPARSE, **fields}).fitted(cells))

    def strata(self, cell: str) -> tuple[str, ...]:
        """Return the labels of a canonical cell."""
        return tuple(cell.split(self.label_separator)) if cell else ()

    def renamed(self, cell: str, names: Mapping[str, str]) -> str:
        """Return the cell with the other names of its labels, each once."""
        return self.label_separator.join(sorted({names.get(label, label) for label in self.strata(cell)}))

    def targets(self, cells: Sequence[str]) -> np.ndarray:
        """Return int32 (n, classes), 1 for each label of an example."""
        matrix = np.zeros((len(cells), len(self.labels)), dtype=np.int32)
        for row, classes in zip(matrix, self._indices(cells)):
            row[classes] = 1
        return matrix

    def check_loss(self, settings: LossSettings) -> None:
        """Raise ValueError if the loss is not for multilabel data."""
        from multicnn.tasks import losses

        losses.by_name(settings.loss, multilabel=True)

    def class_weights(self, targets: np.ndarray) -> np.ndarray:
        """Return float32 (classes,): what a yes of each class counts where a no counts 1."""
        counts = targets.sum(axis=0, dtype=np.int64)
        return ((len(targets) - counts) / counts).astype(np.float32)

    def losses(self, logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
        """Return the loss of each example, the sum over its labels."""
        from multicnn.tasks import losses

        return losses.label_losses(logits, targets, settings.loss, settings.label_smoothing, settings.class_weights)

    def score(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return True for each example with exactly the true labels."""
        from multicnn.tasks import losses

        return losses.all_labels_correct(logits, targets)

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return the logistic function of the logits."""
        return 0.5 + 0.5 * np.tanh(logits.astype(np.float64) / 2)  # in this form it overflows nowhere

    def answer(self, output: np.ndarray) -> Answer:
        """Return the labels whose probability is above one half."""
        probabilities = dict(zip(self.labels, map(float, output)))
        labels = tuple(label for label, probability in probabilities.items() if probability > 0.5)
        return Answer(self.label_separator.join(labels), labels, probabilities)

    def confusion(self, logits: np.ndarray, targets: np.ndarray) -> None:
        """Return None: no label of an example is confused with another."""
        return None

    def linear_head(self, features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Raise ValueError: one regression cannot give any number of labels."""
        raise ValueError(f"a linear head needs examples of one label each. Received: labels={self.labels}")
