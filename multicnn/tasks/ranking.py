"""Metrics of a ranking of labels: precision and recall among the first five, as extreme multilabel data are judged.

Everything is a sum over examples, so that logits of a few examples at a time are enough.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.tasks import intervals
from multicnn.tasks.ragged import Ragged

if TYPE_CHECKING:
    import pandas as pd

FIRST = 5  # labels of an example that are predicted
_MOST_PAIRS = 100  # of labels that are listed as confused
_MOST_COUNTED = 500_000  # of pairs that are counted at once: of more, those that occurred once are forgotten


@dataclasses.dataclass(frozen=True, eq=False)
class RankedCounts:
    """Right and wrong labels among the five most probable ones; those of two sets of examples add up by `+`.

    Attributes:
        n: The examples.
        loss: The sum of their losses in nats; None where it is not known.
        precision: The sum of the shares of right labels among the first five.
        precision_squared: The sum of the squares of these shares.
        first: The examples whose most probable label is right.
        guessed: The sum of the shares of right labels among the five commonest labels of the training.
        hits: int64 (labels,), the examples with the label that have it among their first five.
        predicted: int64 (labels,), the examples that have it there.
        support: int64 (labels,), the examples with the label.
        above: Right labels, and labels, whose probability is above one half.
        confused: How often a label was missed and another was among the first five in vain, by both.
    """

    n: int
    loss: float | None
    precision: float
    precision_squared: float
    first: int
    guessed: float
    hits: np.ndarray
    predicted: np.ndarray
    support: np.ndarray
    above: tuple[int, int]
    confused: Counter[tuple[int, int]]

    def __add__(self, other: RankedCounts) -> RankedCounts:
        return RankedCounts(
            self.n + other.n,
            None if self.loss is None or other.loss is None else self.loss + other.loss,
            self.precision + other.precision,
            self.precision_squared + other.precision_squared,
            self.first + other.first,
            self.guessed + other.guessed,
            self.hits + other.hits,
            self.predicted + other.predicted,
            self.support + other.support,
            (self.above[0] + other.above[0], self.above[1] + other.above[1]),
            _bounded(self.confused + other.confused),
        )

    def summary(self) -> dict[str, float]:
        """Return precision and recall at five with the interval of the former, that at one, micro F1, the loss and `n`."""
        low, high = intervals.of_mean(self.precision, self.precision_squared, self.n)
        right, given, support = *self.above, int(self.support.sum())
        return {
            f"precision_at_{FIRST}": self.precision / self.n,
            f"precision_at_{FIRST}_low": max(low, 0.0),
            f"precision_at_{FIRST}_high": min(high, 1.0),
            f"precision_at_{FIRST}_of_commonest": self.guessed / self.n,
            "precision_at_1": self.first / self.n,
            f"recall_at_{FIRST}": int(self.hits.sum()) / max(support, 1),
            **(
                {}
                if self.loss is None
                else {"micro_f1": 2 * right / max(given + support, 1), "loss": self.loss / self.n}
            ),
            "n": self.n,
        }

    def per_label(self, labels: Sequence[str]) -> pd.DataFrame:
        """Return precision, recall, F1 and support of each label among the first five, those without any support last."""
        import pandas as pd

        hits, predicted, support = self.hits, self.predicted, self.support
        columns = {
            "precision": hits / np.maximum(predicted, 1),
            "recall": hits / np.maximum(support, 1),
            "f1": 2 * hits / np.maximum(predicted + support, 1),
            "support": support,
        }
        return pd.DataFrame(columns, index=pd.Index(list(labels), name="label"))

    def confusions(self, labels: Sequence[str]) -> pd.DataFrame:
        """Return the pairs of a missed label and a wrong one that are most frequent, with their `count`."""
        import pandas as pd

        pairs = sorted(self.confused.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_PAIRS]
        rows = [(labels[missed], labels[wrong], count) for (missed, wrong), count in pairs]
        return pd.DataFrame(rows, columns=["label", "predicted", "count"]).set_index("label")


LOSS, RIGHT, ABOVE, LEAST, COLUMNS = range(5)  # of a record; from COLUMNS on it has the first five labels


def records(logits: np.ndarray, truth: Ragged, losses: bool = True) -> np.ndarray:
    """Return what is measured of each example, of which there are far more logits.

    Args:
        logits: float (n, labels), the log odds of each, or where `losses` is False any scores.
        truth: The true labels.
        losses: Compute the loss, and what is above one half; else they are not known.

    Returns:
        float64 (n, 9): the loss in nats, right labels above one half, labels above it, the least logit of a true label, and the
        indices of the five largest logits, largest first (of fewer labels the last one again).

    Raises:
        ValueError: A logit is not finite, or there is not one row for each example.
    """
    if len(logits) != len(truth):
        raise ValueError(f"logits must be one row an example. Received: {len(logits)} rows, {len(truth)} targets")
    made = np.full((len(truth), COLUMNS + FIRST), np.nan)
    for i, (row, own) in enumerate(zip(logits, np.split(truth.values, truth.offsets[1:-1]))):
        if not np.isfinite(row).all():
            raise ValueError("logits must be finite; has training diverged? Received: rows with NaN or inf")
        best = ranked(row, FIRST)
        made[i, COLUMNS:] = np.append(best, np.repeat(best[-1:], FIRST - len(best)))
        if losses:
            mine = row[own].astype(np.float64)
            loss = np.logaddexp(0, row.astype(np.float64)).sum() - mine.sum()
            made[i, :COLUMNS] = loss, (mine > 0).sum(), (row > 0).sum(), mine.min(initial=0.0)
    return made


def count(records: np.ndarray, truth: Ragged, commonest: Sequence[int], labels: int) -> RankedCounts:
    """Count right and wrong labels.

    Args:
        records: What `records` returns.
        truth: The true labels.
        commonest: The indices of the commonest labels.
        labels: The number of labels.
    """
    hits, predicted, support = np.zeros((3, labels), np.int64)
    shares, first, guessed, confused = [], 0, 0.0, Counter[tuple[int, int]]()
    for row, own in zip(records[:, COLUMNS:].astype(np.int64), np.split(truth.values, truth.offsets[1:-1])):
        inside = np.isin(row, own)
        shares.append(float(inside.mean()))
        first += int(inside[0])
        guessed += float(np.isin(commonest, own).mean()) if len(commonest) else 0.0
        hits[row[inside]] += 1
        predicted[row] += 1
        support[own] += 1
        confused.update((int(a), int(b)) for a in np.setdiff1d(own, row) for b in row[~inside])
        confused = _bounded(confused)
    loss, right, above = (float(records[:, column].sum()) for column in (LOSS, RIGHT, ABOVE))
    known = not np.isnan(loss)
    return RankedCounts(
        n=len(records),
        loss=loss if known else None,
        precision=float(np.sum(shares)),
        precision_squared=float(np.square(shares).sum()),
        first=first,
        guessed=guessed,
        hits=hits,
        predicted=predicted,
        support=support,
        above=(int(right), int(above)) if known else (0, 0),
        confused=confused,
    )


def ranked(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the indices of the k largest scores of each row, largest first: int64 (n, k)."""
    k = min(k, scores.shape[-1])
    some = np.sort(np.argpartition(-scores, k - 1, axis=-1)[..., :k], axis=-1)
    order = np.argsort(-np.take_along_axis(scores, some, axis=-1), axis=-1, kind="stable")
    return np.take_along_axis(some, order, axis=-1)


def _bounded(pairs: Counter[tuple[int, int]]) -> Counter[tuple[int, int]]:
    return pairs if len(pairs) <= _MOST_COUNTED else Counter({pair: n for pair, n in pairs.items() if n > 1})
