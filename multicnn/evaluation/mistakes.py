"""The examples the network got wrong with the most confidence: the first place to look for bad labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.evaluation.metrics import checked, log_probabilities

if TYPE_CHECKING:
    import pandas


def worst_mistakes(
    logits: np.ndarray, targets: np.ndarray, labels: Sequence[str], ids: Sequence[str], k: int = 25
) -> pandas.DataFrame:
    """The `k` wrong predictions with the highest probability.

    Args:
        logits: (n, classes) float.
        targets: (n,) int, the true class of each row.
        labels: the name of each class, in the order of the logits.
        ids: the name of each row, such as its file.
        k: the most rows to return.

    Returns:
        At most `k` rows, most confident first (equals in the order given), with columns `id`, `label` (the true
        one), `predicted`, `confidence` (probability of the predicted class), `label_probability` (of the true one)
        and `row`, the position in `logits`. Empty, with the same columns, when nothing is wrong.

    Raises:
        ValueError: as `metrics.summarise`, or the number of ids is not the number of rows.
    """
    import pandas as pd

    logits, targets = checked(logits, targets, labels)
    if len(ids) != len(logits):
        raise ValueError(f"ids must name {len(logits)} rows. Received: len(ids)={len(ids)}")
    predicted = logits.argmax(axis=1)
    wrong = np.flatnonzero(predicted != targets)
    rows = wrong[np.argsort(_doubt(logits[wrong], predicted[wrong]), kind="stable")][:k]
    probabilities = np.exp(log_probabilities(logits[rows]))
    each = np.arange(len(rows))
    return pd.DataFrame(
        {
            "id": [str(ids[row]) for row in rows],
            "label": [str(labels[targets[row]]) for row in rows],
            "predicted": [str(labels[predicted[row]]) for row in rows],
            "confidence": probabilities[each, predicted[rows]],
            "label_probability": probabilities[each, targets[rows]],
            "row": rows,
        }
    )


def _doubt(logits: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Log odds against the predicted class: still tells two predictions apart where both probabilities round to 1."""
    margins = logits - logits.max(axis=1, keepdims=True)
    margins[np.arange(len(logits)), predicted] = -np.inf
    largest = margins.max(axis=1, keepdims=True)
    return largest[:, 0] + np.log(np.exp(margins - largest).sum(axis=1))
