"""Measure the logits of labelled examples."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from multicnn.data.manifest import Manifest
from multicnn.tasks import metrics


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of a network on labelled examples, and what they were computed from.

    Attributes:
        metrics: `accuracy`, `loss`, `macro_f1`, `n`, and the number of `bad` examples that were skipped.
        logits: float32 (n, classes).
        targets: int32 (n,) classes; or (n, classes), 0 or 1 for each of several labels.
        manifest: Of the data.
        rows: int64 (n,), the row of the manifest of each logit.
    """

    metrics: dict[str, Any]
    logits: np.ndarray
    targets: np.ndarray
    manifest: Manifest
    rows: np.ndarray

    def per_class(self) -> pd.DataFrame:
        """Return precision, recall, F1 and support of each class."""
        return metrics.per_class(self.logits, self.targets, self.manifest.labels)

    def confusion(self) -> np.ndarray:
        """Return counts, (true class, predicted class); of examples that have one label each."""
        return metrics.confusion(self.logits, self.targets, len(self.manifest.labels))


def evaluate(logits: np.ndarray, manifest: Manifest, rows: np.ndarray) -> Evaluation:
    """Measure a network on rows of a manifest.

    Args:
        logits: float32 (n, classes).
        manifest: Of the data, with what is bad.
        rows: int64 (n,), the row of each logit.

    Raises:
        ValueError: There is no row, or a logit is not finite.
    """
    targets = manifest.targets(rows)
    measured = {**metrics.summarise(logits, targets), "bad": len(manifest.bad_rows())}
    return Evaluation(measured, logits, targets, manifest, rows)
