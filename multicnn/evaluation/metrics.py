"""Accuracy, loss and F1 of a set of logits against the true classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas


def summarise(logits: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The four numbers kept for every split.

    Args:
        logits: (n, classes) float, unnormalised log probabilities.
        targets: (n,) int, the true class of each row.

    Returns:
        `accuracy` (share of rows whose largest logit is the true class; the first of equals wins), `loss` (mean
        negative log likelihood in nats), `macro_f1` (unweighted mean of F1 over the classes that occur among the
        targets or the predictions) and `n`, the number of rows. Plain Python numbers.

    Raises:
        ValueError: shapes do not match, there is no row, a target is no class, or a logit is not finite.
    """
    from sklearn.metrics import f1_score

    logits, targets = checked(logits, targets)
    predicted = logits.argmax(axis=1)
    likelihoods = log_probabilities(logits)[np.arange(len(targets)), targets]
    return {
        "accuracy": float(np.mean(predicted == targets)),
        "loss": float(-np.mean(likelihoods)),
        "macro_f1": float(f1_score(targets, predicted, average="macro", zero_division=0.0)),
        "n": len(targets),
    }


def per_class(logits: np.ndarray, targets: np.ndarray, labels: Sequence[str]) -> pandas.DataFrame:
    """Precision, recall and F1 of each class.

    Args:
        logits: (n, classes) float.
        targets: (n,) int.
        labels: the name of each class, in the order of the logits.

    Returns:
        One row per class, indexed by `label`, with columns `precision`, `recall`, `f1` (0 where undefined) and
        `support`, the number of rows of that class.

    Raises:
        ValueError: as `summarise`, or the number of labels is not the number of classes.
    """
    import pandas as pd
    from sklearn.metrics import precision_recall_fscore_support

    logits, targets = checked(logits, targets, labels)
    precision, recall, f1, support = precision_recall_fscore_support(
        targets, logits.argmax(axis=1), labels=np.arange(len(labels)), zero_division=0.0
    )
    columns = {"precision": precision, "recall": recall, "f1": f1, "support": support}
    return pd.DataFrame(columns, index=pd.Index(list(labels), name="label"))


def confusion(logits: np.ndarray, targets: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts (n_classes, n_classes) int64: entry [i, j] is how many rows of class i were given class j.

    Args:
        logits: (n, n_classes) float.
        targets: (n,) int.
        n_classes: number of classes; a class that no row has keeps its row and column of zeros.

    Raises:
        ValueError: as `summarise`, or the logits have another number of classes.
    """
    from sklearn.metrics import confusion_matrix

    logits, targets = checked(logits, targets)
    if logits.shape[1] != n_classes:
        raise ValueError(f"n_classes must be the width of logits, {logits.shape[1]}. Received: n_classes={n_classes}")
    return confusion_matrix(targets, logits.argmax(axis=1), labels=np.arange(n_classes)).astype(np.int64)


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Log softmax over the last axis, float64; finite for any finite logits."""
    logits = np.asarray(logits, dtype=np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def checked(
    logits: np.ndarray, targets: np.ndarray, labels: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """`logits` as (n, classes) float64 and `targets` as (n,) int64, or a ValueError that says what does not fit."""
    logits, targets = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if logits.ndim != 2 or not logits.size:
        raise ValueError(f"logits must be (n, classes) with at least one row. Received: logits.shape={logits.shape}")
    if targets.shape != logits.shape[:1]:
        raise ValueError(
            f"targets must be ({len(logits)},), one per logit row. Received: targets.shape={targets.shape}"
        )
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(f"targets must be integers, class positions. Received: targets.dtype={targets.dtype}")
    if targets.min() < 0 or targets.max() >= logits.shape[1]:
        outside = targets[(targets < 0) | (targets >= logits.shape[1])][0]
        raise ValueError(f"targets must be in 0..{logits.shape[1] - 1}. Received: target={outside}")
    broken = int((~np.isfinite(logits)).any(axis=1).sum())
    if broken:
        raise ValueError(
            f"logits must be finite; has training diverged? Received: {broken} of {len(logits)} rows with NaN or inf"
        )
    if labels is not None and len(labels) != logits.shape[1]:
        raise ValueError(f"labels must name {logits.shape[1]} classes. Received: len(labels)={len(labels)}")
    return logits, targets.astype(np.int64)
