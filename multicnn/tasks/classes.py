"""The common part of tasks with classes: of one class for each example, or any number of labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import numpy as np

from multicnn.tasks import metrics
from multicnn.tasks.intervals import percent
from multicnn.tasks.plain import PlainTargets

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse

    from multicnn.tasks.linear_model import LinearModel

MANY = 200  # classes, of which no table shows all

_T = TypeVar("_T", bound="ClassTask")


@dataclasses.dataclass(frozen=True)
class ClassTask(PlainTargets):
    """A task with a logit for each class.

    Attributes:
        labels: The classes, sorted alphanumerically; none until the task is fitted.
    """

    metric: ClassVar[str] = "accuracy"
    monitors: ClassVar[dict[str, Literal["max", "min"]]] = {"accuracy": "max", "loss": "min", "macro_f1": "max"}
    default_loss: ClassVar[str] = "cross_entropy"

    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes again: what is counted and balanced."""
        return self.labels

    def strata(self, cell: str) -> tuple[str, ...]:
        """Return the classes of a canonical cell."""
        raise NotImplementedError

    def fitted(self: _T, cells: Sequence[str]) -> _T:
        """Return the task with the classes of the cells.

        Raises:
            ValueError: There is one class only.
        """
        if self.labels:
            return self
        labels = tuple(sorted({label for cell in cells for label in self.strata(cell)}))
        if len(labels) < 2:
            raise ValueError(f"two classes or more (only {labels[0]!r})" if labels else "two classes or more (none)")
        return dataclasses.replace(self, labels=labels)

    def check(self, cell: str, owner: str) -> None:
        """Raise ValueError where a label of the cell is none of the classes."""
        for label in self.strata(cell):
            if label not in self.labels:
                raise ValueError(f"label {label!r} is not one of the {owner} labels")

    def output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (classes,): one vector of logits an example."""
        return (len(self.labels),)

    def _indices(self, cells: Sequence[str]) -> list[list[int]]:
        """Return the indices of the labels of each cell among the classes."""
        index = {label: i for i, label in enumerate(self.labels)}
        try:
            return [[index[label] for label in self.strata(cell)] for cell in cells]
        except KeyError as error:
            known = ", ".join(self.labels)
            raise ValueError(f"label must be one of {known}. Received: label={error.args[0]!r}") from None

    def plain_losses(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the negative log likelihood of each row's truth, float64 (n,), in nats."""
        return -metrics.log_likelihoods(np.asarray(logits, np.float64), targets)

    def counts(self, logits: np.ndarray, targets: np.ndarray) -> metrics.ClassCounts:
        """Return the counts of right and wrong answers by class."""
        return metrics.count(logits, targets)

    def summary(self, counts: metrics.ClassCounts) -> dict[str, float]:
        """Return accuracy, loss, F1 and `n`, as `metrics.summarise`."""
        return counts.summary()

    def merge(self, outputs: np.ndarray) -> np.ndarray:
        """Return the mean of the windows' probabilities."""
        return np.mean(outputs, axis=0)

    def tables(self, logits: np.ndarray, targets: np.ndarray) -> dict[str, pd.DataFrame]:
        """Return `per_class`: precision, recall, F1 and support of each class; of many classes `confused`, pairs of them."""
        tables = {"per_class": metrics.per_class(logits, targets, self.labels)}
        if len(self.labels) > MANY:
            tables["confused"] = metrics.confused(logits, targets, self.labels)
        return tables

    def mistakes(self, logits: np.ndarray, targets: np.ndarray, ids: Sequence[str]) -> pd.DataFrame:
        """Return the wrong answers with the highest probability, as `worst_mistakes`."""
        from multicnn.tasks.mistakes import worst_mistakes

        return worst_mistakes(logits, targets, self.labels, ids)

    def headline(self, test: dict[str, Any], linear: dict[str, Any] | None) -> str:
        """Return the test accuracy in a sentence, with the linear baseline beside it."""
        lead = f"Test accuracy: {percent(test['accuracy'], test['n'])} on {test['n']:,} examples."
        if linear:
            gain = 100 * (test["accuracy"] - linear["accuracy"])
            side = "below" if gain > 0 else "above"
            compared = f"{abs(gain):.1f} percentage points {side}" if abs(gain) >= 0.05 else "the same"
            lead += f" Linear baseline: {percent(linear['accuracy'], linear['n'])} ({compared})."
        return lead

    def baseline(
        self, train: Any, train_targets: np.ndarray, test: Any, test_targets: np.ndarray
    ) -> tuple[dict[str, float], str]:
        """Train a linear classifier and return its metrics on other examples, and its name.

        Raises:
            ValueError: There are fewer than two classes to learn.
        """
        from multicnn.tasks import dual_ridge, linear

        if len(np.unique(train_targets, axis=0)) < 2:
            received = np.unique(train_targets).tolist()
            raise ValueError(f"train_targets must hold two classes or more. Received: {received}")
        if len(self.labels) > MANY:
            return dual_ridge.classifier(train, train_targets, test, test_targets, len(self.labels))
        return linear.classifier(train, train_targets, test, test_targets)

    def linear_model(
        self,
        features: np.ndarray | sparse.csr_matrix,
        targets: np.ndarray,
        class_weights: np.ndarray | None = None,
    ) -> LinearModel:
        """Fit the linear model of `baseline` with probabilities; for several labels one for each.

        Raises:
            ValueError: A class has no example; the message is a short reason.
        """
        from multicnn.tasks import linear_fit

        present = targets.any(axis=0) if targets.ndim == 2 else np.isin(np.arange(len(self.labels)), targets)
        if not present.all():
            missing = self.labels[int(np.argmin(present))]
            raise ValueError(f"{missing!r} is none of the {len(targets):,} examples that it is fitted to")
        return linear_fit.fit(features, targets, len(self.labels), class_weights)
