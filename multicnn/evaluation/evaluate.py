"""Measure the logits of labelled examples."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from multicnn.data.manifest import Manifest


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of a network on labelled examples, with the logits and targets that they were computed from.

    Attributes:
        metrics: The metrics of the task (of classes `accuracy`, `loss`, `macro_f1`), `n`, and the number of `bad` examples that
            were skipped.
        logits: The logits, float32 (n, ...).
        targets: The targets, (n, ...), as the task makes them.
        manifest: The manifest of the data.
        rows: The row of the manifest of each example, int64 (n,).
    """

    metrics: dict[str, Any]
    logits: np.ndarray
    targets: np.ndarray
    manifest: Manifest
    rows: np.ndarray

    def per_class(self) -> pd.DataFrame:
        """Return precision, recall, F1 and support of each class, of a task with classes."""
        return self.tables()["per_class"]

    def confusion(self) -> np.ndarray:
        """Return counts, (true class, predicted class).

        Raises:
            ValueError: The task does not have one class for each example.
        """
        matrix = self.manifest.task.confusion(self.logits, self.targets)
        if matrix is None:
            raise ValueError(
                f"examples must have one class a row to be confused. Received: task={self.manifest.task.name!r}"
            )
        return matrix

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the task by name, such as `per_class`."""
        return self.manifest.task.tables(self.logits, self.targets)


def evaluate(logits: np.ndarray, manifest: Manifest, rows: np.ndarray) -> Evaluation:
    """Measure a network on rows of a manifest.

    Args:
        logits: The logits, float32 (n, ...).
        manifest: The manifest of the data, with the bad rows.
        rows: The row of the manifest of each example, int64 (n,).

    Raises:
        ValueError: There is no row, or a logit is not finite.
    """
    targets = manifest.targets(rows)
    task = manifest.task
    measured = {**task.summary(task.counts(logits, targets)), "bad": len(manifest.bad_rows())}
    return Evaluation(measured, logits, targets, manifest, rows)
