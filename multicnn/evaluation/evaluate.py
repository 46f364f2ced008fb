"""Measure the logits of labelled examples."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from multicnn.data.manifest import Manifest
from multicnn.evaluation.headline import CHOSE, LEARNED
from multicnn.tasks.intervals import with_interval


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics of a network on labelled examples, with the logits and targets that they were computed from.

    Attributes:
        metrics: The metrics of the task (of classes `accuracy` with its 95 % interval, `loss`, `macro_f1`), `n`, and the number
            of `bad` examples that were skipped.
        logits: The logits, float32 (n, ...); of a placed task its records.
        targets: The targets, (n, ...), as the task makes them; none beside records.
        manifest: The manifest of the data.
        rows: The row of the manifest of each example, int64 (n,).
        note: What makes the metrics better than they will be on new data; "" for nothing.
        by_inputs: The metric for each choice of the inputs, where an example has several (`evaluation.by_inputs`).
    """

    metrics: dict[str, Any]
    logits: np.ndarray
    targets: np.ndarray
    manifest: Manifest
    rows: np.ndarray
    note: str = ""
    by_inputs: pd.DataFrame | None = None

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
        """Return the tables of the task by name, such as `per_class`, and `by_inputs` where an example has several."""
        more = {} if self.by_inputs is None else {"by_inputs": self.by_inputs}
        return self.manifest.task.tables(self.logits, self.targets) | more


def rows_to_measure(manifest: Manifest, split: str | None, trained_on_it: bool) -> tuple[np.ndarray, str]:
    """Return the rows that are measured by default or of a split, int64 (n,), and what makes their metrics too good, or "".

    Args:
        manifest: The manifest of the data.
        split: "train", "val" or "test"; None takes the test examples, or without any, of the data of the training those that
            they name for validation, else all.
        trained_on_it: True where the network was trained on these data.

    Raises:
        ValueError: The data have no such split.
    """
    rows = manifest.rows(split or "test")
    if split is None and not len(rows):
        named = trained_on_it and len(manifest.rows("val")) and len(manifest.rows("train"))
        rows, split = (manifest.rows("val"), "val") if named else (manifest.rows(), None)
        if trained_on_it and not named:
            return (
                rows,
                'most of these examples were used for training; use split="test" (--split test) for the held-out ones',
            )
    if split is not None and not len(rows):
        raise ValueError(
            f"`data` must have a {split} split of its own; these data have none. Received: split={split!r}"
        )
    if split == "val" and trained_on_it:
        return rows, (
            f"these are the validation examples, {CHOSE} {LEARNED}, so the result may be too good: measure on others"
        )
    return rows, ""


def evaluate(logits: np.ndarray, manifest: Manifest, rows: np.ndarray, note: str = "") -> Evaluation:
    """Measure a network on rows of a manifest.

    Args:
        logits: The logits, float32 (n, ...).
        manifest: The manifest of the data, with the bad rows.
        rows: The row of the manifest of each example, int64 (n,).
        note: What makes the metrics better than they will be on new data.

    Raises:
        ValueError: There is no row, or a logit is not finite.
    """
    targets = manifest.truth(rows)
    task = manifest.task
    measured = {**with_interval(task.summary(task.counts(logits, targets))), "bad": len(manifest.bad_rows())}
    return Evaluation(measured, logits, targets, manifest, rows, note)
