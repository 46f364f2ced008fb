"""The evidence of a finished run: what was measured of its network, its training and its data, as plain data."""

from __future__ import annotations

import csv
import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from multicnn.data.manifest import SPLITS, Manifest
from multicnn.modalities.marks import Mark
from multicnn.recipe import Recipe
from multicnn.tasks.intervals import Metrics, wilson
from multicnn.training.optimizers.factory import chosen_rate

if TYPE_CHECKING:
    from multicnn.training.preparation import Prepared

LEARNED = 0.95  # of accuracy: a network that has so much has no fault that a diagnosis of its training could name

Row = Mapping[str, float | None]  # of health.csv or history.csv, without names


@dataclasses.dataclass(frozen=True)
class Cause:
    """A cause of what a run attained, or of what its numbers are worth.

    Attributes:
        name: The name of the cause, such as "dead units".
        message: One line: what shows it, and a remedy that is a command, an option or a field of the recipe.
        evidence: The numbers that show it.
    """

    name: str
    message: str
    evidence: Mapping[str, float]

    @property
    def line(self) -> str:
        """The name and the message."""
        return f"{self.name}: {self.message}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """The facts of a finished run.

    Attributes:
        recipe: The completed recipe.
        metric: The main metric of the task.
        direction: "max" or "min", of the metric that decides which weights are saved.
        measured: The metrics of "train", "val" and, where there are such, "test" and "linear_baseline", of the best weights.
            The linear baseline was measured on the test examples, or without any on those for validation.
        history: The rows of history.csv.
        health: The rows of health.csv by layer, in the order of the network, for each epoch that was examined; those of epoch
            0, before the first step, have the kernels only.
        counts: The examples of each class, by split; a class that a split lacks has 0. Empty for a task without classes.
        majority: The share of the commonest training target in each split: what always guessing it attains.
        cut: The share of the training examples that were longer than the input of the network.
        length_field: The field of the recipe that decides how long that is; "" where there is none.
        length: Its value.
    """

    recipe: Recipe
    metric: str
    direction: str
    measured: Metrics
    history: Sequence[Row]
    health: Mapping[int, Mapping[str, Row]] = dataclasses.field(default_factory=dict)
    counts: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)
    majority: Mapping[str, float] = dataclasses.field(default_factory=dict)
    cut: float = 0.0
    length_field: str = ""
    length: float | None = None

    @property
    def trained(self) -> float | None:
        """The accuracy on the training examples; None for a task of another metric."""
        return self.measured["train"]["accuracy"] if self.metric == "accuracy" else None

    @property
    def held_out(self) -> tuple[str, Metrics] | None:
        """The name and the metrics of the split that no weight has learned from: for validation, or else for the test."""
        return next(((split, self.measured[split]) for split in ("val", "test") if split in self.measured), None)

    @property
    def learned(self) -> bool:
        """True where the network knows its training examples, whatever odd things its layers do."""
        return self.trained is not None and self.trained >= LEARNED and not self.below_linear

    @property
    def below_linear(self) -> bool:
        """True where the linear baseline is better on the same examples, beyond both intervals."""
        linear, split = self.measured.get("linear_baseline"), "test" if "test" in self.measured else "val"
        if linear is None or split not in self.measured or self.metric != "accuracy":
            return False
        own, other, n = self.measured[split]["accuracy"], linear["accuracy"], self.measured[split]["n"]
        return own < wilson(other, n)[0] and other > wilson(own, n)[1]

    @property
    def rate(self) -> float:
        """The learning rate that the recipe asks for: the peak of its schedule, whose end is what the history has."""
        return chosen_rate(self.recipe.optimizer)

    def curve(self, column: str) -> np.ndarray:
        """Return a column of the history, float64 (epochs,); empty where there is none."""
        values = [row.get(column) for row in self.history]
        return np.array([value for value in values if value is not None], float)

    def layers(self, epoch: int, column: str) -> dict[str, float]:
        """Return a column of the health after an epoch by layer, for those that have it; -1 is the last one examined."""
        epoch = max(self.health, default=0) if epoch == -1 else epoch
        rows = self.health.get(epoch, {})
        return {layer: value for layer, row in rows.items() if (value := row.get(column)) is not None}

    @property
    def first_epoch(self) -> int:
        """The first epoch after which the layers were examined."""
        return min((epoch for epoch in self.health if epoch), default=1)


def of_run(prepared: Prepared, measured: Metrics, history: Sequence[Row], folder: Path) -> Evidence:
    """Return the evidence of a run that has ended, wherever and however often it was interrupted.

    Args:
        prepared: The recipe, the data and the preprocessing of the run.
        measured: The metrics by split.
        history: The rows of history.csv.
        folder: The run folder, whose health.csv is read.
    """
    recipe, manifest, store = prepared.recipe, prepared.manifest, prepared.store
    task = manifest.task
    train = np.isin(store.rows, manifest.rows("train"))
    cut = store.marks[train] & Mark.CUT if len(store.marks) else np.zeros(1)
    field = prepared.preprocess.length_field
    splits = [split for split in SPLITS if len(manifest.rows(split))]
    return Evidence(
        recipe=recipe,
        metric=task.metric,
        direction=task.monitors.get(recipe.monitor or task.metric, "max"),
        measured=measured,
        history=history,
        health=_read_health(folder / "health.csv"),
        counts={split: {name: len(rows) for name, rows in manifest.rows_by_class(split).items()} for split in splits},
        majority=_majority(manifest, splits) if task.classes else {},
        cut=float(np.mean(cut > 0)),
        length_field=field,
        length=getattr(prepared.preprocess, field.rpartition(".")[2], None) if field else None,
    )


def _majority(manifest: Manifest, splits: Sequence[str]) -> dict[str, float]:
    """Return the share of the commonest training target among the examples of each split."""
    labels = manifest.table["label"].to_numpy(dtype=object)
    commonest = Counter(labels[manifest.rows("train")].tolist()).most_common(1)[0][0]
    return {split: float(np.mean(labels[manifest.rows(split)] == commonest)) for split in splits}


def _read_health(path: Path) -> dict[int, dict[str, Row]]:
    if not path.is_file():
        return {}
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    health: dict[int, dict[str, Row]] = {}
    for row in rows:
        numbers = {name: float(value) for name, value in row.items() if value and name not in ("epoch", "layer")}
        health.setdefault(int(row["epoch"]), {})[row["layer"]] = numbers
    return health


def number(row: Row, name: str) -> float:
    """Return a number of a row, 0 where it has none."""
    return row.get(name) or 0.0
