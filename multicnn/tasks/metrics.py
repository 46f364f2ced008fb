"""Accuracy, loss and F1 of a set of logits against the true classes: one for each row, or any number of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas

_FEW = 20  # classes, of which five are no small number


def summarise(logits: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Return the metrics of a set of logits.

    Args:
        logits: (n, classes) float, unnormalised log probabilities; in multilabel data the log odds of each.
        targets: (n,) int, the true class of each row; or (n, classes), 0 or 1 for each label in multilabel data.

    Returns:
        `accuracy` (share of rows whose largest logit is the true class, the first of equals wins; multilabel: share of rows
        that have exactly the true labels), `top5_accuracy` (of more than 20 classes: share of rows whose class is among the five
        largest logits), `loss` (mean negative log likelihood in nats), `macro_f1` (unweighted mean of
        F1 over the classes that occur among the targets or the predictions; multilabel: over all), `micro_f1` (multilabel
        only: F1 of all labels of all rows together), and `n`, the number of rows. Plain Python numbers.

    Raises:
        ValueError: Shapes do not match, there is no row, a target is no class, or a logit is not finite.
    """
    return count(logits, targets).summary()


@dataclasses.dataclass(frozen=True, eq=False)
class ClassCounts:
    """Right and wrong answers, counted by class; those of two sets of examples add up by `+`.

    Attributes:
        n: The examples.
        correct: The examples that are wholly right.
        loss: The sum of their negative log likelihoods in nats; None where it is not known.
        hits: int64 (classes,), the examples rightly given each class.
        predicted: int64 (classes,), those given it.
        support: int64 (classes,), those that have it.
        multilabel: True where an example can have any number of classes.
        first_five: The examples whose class is among the five most probable ones; None of 20 classes or fewer.
    """

    n: int
    correct: int
    loss: float | None
    hits: np.ndarray
    predicted: np.ndarray
    support: np.ndarray
    multilabel: bool
    first_five: int | None = None

    def __add__(self, other: ClassCounts) -> ClassCounts:
        return ClassCounts(
            self.n + other.n,
            self.correct + other.correct,
            None if self.loss is None or other.loss is None else self.loss + other.loss,
            self.hits + other.hits,
            self.predicted + other.predicted,
            self.support + other.support,
            self.multilabel,
            None if self.first_five is None or other.first_five is None else self.first_five + other.first_five,
        )

    def summary(self) -> dict[str, float]:
        """Return the numbers of `summarise`; without `loss` where it is not known."""
        occurring = self.predicted + self.support
        f1 = 2 * self.hits / np.maximum(occurring, 1)
        macro = f1 if self.multilabel else f1[occurring > 0]
        micro = 2 * int(self.hits.sum()) / max(int(occurring.sum()), 1)
        return {
            "accuracy": self.correct / self.n,
            **({} if self.first_five is None else {"top5_accuracy": self.first_five / self.n}),
            **({} if self.loss is None else {"loss": self.loss / self.n}),
            "macro_f1": float(np.mean(macro)),
            **({"micro_f1": micro} if self.multilabel else {}),
            "n": self.n,
        }


def count(logits: np.ndarray, targets: np.ndarray) -> ClassCounts:
    """Count the right and wrong answers of logits.

    Args:
        logits: float (n, classes), as in `summarise`.
        targets: int (n,) or (n, classes), as in `summarise`.

    Raises:
        ValueError: Logits or targets are wrong, as in `summarise`.
    """
    logits, targets = checked(logits, targets)
    multilabel = targets.ndim == 2
    losses = -log_likelihoods(logits, targets)
    counts = count_predictions(decided(logits, multilabel), targets, losses, n_classes=logits.shape[1])
    if multilabel or logits.shape[1] <= _FEW:
        return counts
    ahead = (logits > logits[np.arange(len(targets)), targets][:, None]).sum(axis=1)
    return dataclasses.replace(counts, first_five=int((ahead < 5).sum()))


def count_predictions(
    predicted: np.ndarray, targets: np.ndarray, losses: np.ndarray | None = None, n_classes: int = 0
) -> ClassCounts:
    """Count right and wrong predictions.

    Args:
        predicted: int, the shape of `targets`: the class of each row, or 0 or 1 for each of its labels.
        targets: int (n,) or (n, classes), as in `summarise`.
        losses: float (n,), the loss of each row; None where it is not known.
        n_classes: The number of classes; by default up to the largest that occurs.
    """
    multilabel = targets.ndim == 2
    right: np.ndarray = predicted == targets
    if multilabel:
        matrices = (right & (targets > 0), predicted > 0, targets > 0)
        hits, given, support = (matrix.sum(axis=0) for matrix in matrices)
    else:
        n_classes = n_classes or int(max(targets.max(), predicted.max())) + 1
        hits, given, support = (
            np.bincount(classes, minlength=n_classes) for classes in (targets[right], predicted, targets)
        )
    return ClassCounts(
        n=len(targets),
        correct=int(np.count_nonzero(right.all(axis=1) if multilabel else right)),
        loss=None if losses is None else float(np.sum(losses)),
        hits=hits,
        predicted=given,
        support=support,
        multilabel=multilabel,
    )


def decided(logits: np.ndarray, multilabel: bool) -> np.ndarray:
    """Return the class of the largest logit, int (n,); multilabel: 1 for each label whose probability is above one half."""
    return (logits > 0).astype(np.int64) if multilabel else logits.argmax(axis=1)


def log_likelihoods(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the log probability of each row's truth, float64 (n,); multilabel: of all labels together."""
    if targets.ndim == 2:
        return -np.logaddexp(0, np.where(targets > 0, -logits, logits)).sum(axis=1)
    return log_probabilities(logits)[np.arange(len(targets)), targets]


def per_class(logits: np.ndarray, targets: np.ndarray, labels: Sequence[str]) -> pandas.DataFrame:
    """Return precision, recall and F1 of each class.

    Args:
        logits: (n, classes) float.
        targets: (n,) int, or (n, classes) of 0 and 1 in multilabel data.
        labels: The name of each class, in the order of the logits.

    Returns:
        One row per class, indexed by `label`, with columns `precision`, `recall`, `f1` (0 where undefined) and
        `support`, the number of rows of that class.

    Raises:
        ValueError: Logits or targets are wrong, as in `summarise`, or the number of labels is not the number of classes.
    """
    import pandas as pd
    from sklearn.metrics import precision_recall_fscore_support

    logits, targets = checked(logits, targets, labels)
    precision, recall, f1, support = precision_recall_fscore_support(
        targets, decided(logits, targets.ndim == 2), labels=np.arange(len(labels)), zero_division=0.0
    )
    columns = {"precision": precision, "recall": recall, "f1": f1, "support": support}
    return pd.DataFrame(columns, index=pd.Index(list(labels), name="label"))


def confusion(logits: np.ndarray, targets: np.ndarray, n_classes: int) -> np.ndarray:
    """Return counts (n_classes, n_classes) int64: entry [i, j] is how many rows of class i were given class j.

    Args:
        logits: (n, n_classes) float.
        targets: (n,) int.
        n_classes: The number of classes; a class that no row has keeps its row and column of zeros.

    Raises:
        ValueError: Logits or targets are wrong, as in `summarise`, or the logits have another number of classes, or the
            data are multilabel.
    """
    from sklearn.metrics import confusion_matrix

    logits, targets = checked(logits, targets)
    if targets.ndim == 2:
        raise ValueError(f"targets must be one class a row to be confused. Received: targets.shape={targets.shape}")
    if logits.shape[1] != n_classes:
        raise ValueError(f"n_classes must be the width of logits, {logits.shape[1]}. Received: n_classes={n_classes}")
    return confusion_matrix(targets, logits.argmax(axis=1), labels=np.arange(n_classes)).astype(np.int64)


def confused(logits: np.ndarray, targets: np.ndarray, labels: Sequence[str], k: int = 100) -> pandas.DataFrame:
    """Return the `k` pairs of classes that are confused most often.

    Args:
        logits: (n, classes) float.
        targets: As in `per_class`.
        labels: The name of each class.
        k: The most pairs to return.

    Returns:
        A row per pair, indexed by `label`, the true class, with `predicted` and `count`. In multilabel data a label that an
        example lacks in the prediction is confused with each that the prediction has in vain.
    """
    import pandas as pd

    wrong = decided(logits, targets.ndim == 2)
    if targets.ndim == 2:
        missed, given = (targets > wrong).astype(np.float32), (wrong > targets).astype(np.float32)
        matrix = (missed.T @ given).astype(np.int64)
    else:
        matrix = confusion(logits, targets, len(labels))
        np.fill_diagonal(matrix, 0)
    best = np.argsort(-matrix, axis=None, kind="stable")[:k]
    pairs = [(i // len(labels), i % len(labels)) for i in best.tolist()]
    rows = [(labels[i], labels[j], int(matrix[i, j])) for i, j in pairs if matrix[i, j]]
    return pd.DataFrame(rows, columns=["label", "predicted", "count"]).set_index("label")


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the log softmax over the last axis, float64; finite for any finite logits."""
    logits = np.asarray(logits, dtype=np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def checked(
    logits: np.ndarray, targets: np.ndarray, labels: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return `logits` as (n, classes) float64 and `targets` as int64; raise ValueError where they do not fit."""
    logits, targets = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if logits.ndim != 2 or not logits.size:
        raise ValueError(f"logits must be (n, classes) with at least one row. Received: logits.shape={logits.shape}")
    if targets.shape not in (logits.shape[:1], logits.shape):
        raise ValueError(
            f"targets must be ({len(logits)},), one per logit row, or {logits.shape}, one per logit. "
            f"Received: targets.shape={targets.shape}"
        )
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(f"targets must be integers, class positions. Received: targets.dtype={targets.dtype}")
    most = logits.shape[1] - 1 if targets.ndim == 1 else 1
    if targets.min() < 0 or targets.max() > most:
        outside = targets[(targets < 0) | (targets > most)][0]
        raise ValueError(f"targets must be in 0..{most}. Received: target={outside}")
    broken = int((~np.isfinite(logits)).any(axis=1).sum())
    if broken:
        raise ValueError(
            f"logits must be finite; has training diverged? Received: {broken} of {len(logits)} rows with NaN or inf"
        )
    if labels is not None and len(labels) != logits.shape[1]:
        raise ValueError(f"labels must name {logits.shape[1]} classes. Received: len(labels)={len(labels)}")
    return logits, targets.astype(np.int64)
