"""The wrong predictions with the highest probability: the first place to look for bad labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.tasks.metrics import checked, decided, log_probabilities

if TYPE_CHECKING:
    import pandas


def worst_mistakes(
    logits: np.ndarray, targets: np.ndarray, labels: Sequence[str], ids: Sequence[str], k: int = 25
) -> pandas.DataFrame:
    """Return the `k` wrong predictions with the highest probability.

    In multilabel data a row is wrong where one of its labels is, and counts by the wrong one of which the network is most sure.

    Args:
        logits: (n, classes) float.
        targets: (n,) int, the true class of each row; or (n, classes), 0 or 1 for each label in multilabel data.
        labels: The name of each class, in the order of the logits.
        ids: The name of each row, such as its file.
        k: The most rows to return.

    Returns:
        At most `k` rows, most confident first (equals in the order given), with columns `id`, `label` (the true
        one), `predicted`, `confidence` (probability of the predicted class), `label_probability` (of the true one)
        and `row`, the position in `logits`. In multilabel data both are joined by commas, and the probabilities
        are those of the wrong answer and the right one about the label that counts. Empty, with the same columns, when nothing is
        wrong.

    Raises:
        ValueError: Logits or targets are wrong, as in `metrics.summarise`, or the number of ids is not the number of rows.
    """
    import pandas as pd

    logits, targets = checked(logits, targets, labels)
    if len(ids) != len(logits):
        raise ValueError(f"ids must name {len(logits)} rows. Received: len(ids)={len(ids)}")
    multilabel = targets.ndim == 2
    predicted = decided(logits, multilabel)
    doubt, confidence, of_truth = (_of_labels if multilabel else _of_class)(logits, predicted, targets)
    wrong = np.flatnonzero((predicted != targets).reshape(len(targets), -1).any(axis=1))
    rows = wrong[np.argsort(doubt[wrong], kind="stable")][:k]
    return pd.DataFrame(
        {
            "id": [str(ids[row]) for row in rows],
            "label": [_named(targets[row], labels) for row in rows],
            "predicted": [_named(predicted[row], labels) for row in rows],
            "confidence": confidence[rows],
            "label_probability": of_truth[rows],
            "row": rows,
        }
    )


def _named(classes: np.ndarray | np.integer, labels: Sequence[str]) -> str:
    """Return the label of a class, or those that are 1 in a row of multilabel targets."""
    if not classes.ndim:
        return str(labels[int(classes)])
    return ", ".join(str(labels[column]) for column in np.flatnonzero(classes).tolist())


def _of_class(
    logits: np.ndarray, predicted: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the log odds against the predicted class, and the probabilities of the predicted and the true class.

    Log odds still tell two predictions apart where both probabilities round to 1.
    """
    each, probabilities = np.arange(len(logits)), np.exp(log_probabilities(logits))
    margins = logits - logits.max(axis=1, keepdims=True)
    margins[each, predicted] = -np.inf
    largest = margins.max(axis=1, keepdims=True)
    doubt = largest[:, 0] + np.log(np.exp(margins - largest).sum(axis=1))
    return doubt, probabilities[each, predicted], probabilities[each, targets]


def _of_labels(
    logits: np.ndarray, predicted: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same of the wrong answer of which the network is most sure."""
    odds = np.where(predicted != targets, np.abs(logits), 0).max(axis=1)
    confidence = 1 / (1 + np.exp(-odds))
    return -odds, confidence, 1 - confidence
