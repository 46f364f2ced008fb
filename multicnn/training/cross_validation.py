"""Cross-validation: a run for each fold, or for each group left out, and the metrics over all of them."""

from __future__ import annotations

import dataclasses
import gc
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from multicnn.data import splits
from multicnn.data.manifest import Manifest
from multicnn.evaluation.headline import saved_name
from multicnn.recipe import Recipe
from multicnn.tasks.intervals import with_interval
from multicnn.training import ensemble, experiment, unstarted
from multicnn.training.context import RunContext
from multicnn.utils.files import write_json
from multicnn.utils.reporter import Reporter

COMMAND = "crossval"
_MEASURED = ("test", "network", "linear_baseline")


@dataclasses.dataclass(frozen=True)
class CrossValidation:
    """The metrics of a cross-validation.

    Attributes:
        metrics: The metrics of each run, by the name of its fold or group.
        numbers: The metrics of the task that are compared, the main one first.
    """

    metrics: dict[str, dict[str, Any]]
    numbers: tuple[str, ...] = ("accuracy", "loss", "macro_f1")

    def table(self) -> pd.DataFrame:
        """Return a row for each fold: test examples, metrics, the first of the linear baseline (or None), and what was saved."""
        rows = {
            name: {
                "n": measured["test"]["n"],
                **{key: measured["test"][key] for key in self.numbers},
                "linear": measured.get("linear_baseline", {}).get(self.numbers[0]),
                "saved": saved_name("network", measured),
            }
            for name, measured in self.metrics.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("fold")

    def summary(self) -> dict[str, dict[str, float]]:
        """Return mean and standard deviation (n - 1) of the test metrics over the folds, each counting the same.

        The main metric `_of_all`, such as `accuracy_of_all`, is that of the test examples of all folds together, an accuracy with
        its 95 % interval.
        """
        return {
            split: self._of_all(split)
            | {
                f"{number}_{kind}": float(getattr(values, kind)())
                for number in self.numbers
                if len(values := pd.Series(self._values(split, number))) == len(self.metrics)
                for kind in ("mean", "std")
            }
            for split in _MEASURED
            if all(split in measured for measured in self.metrics.values())
        }

    def _of_all(self, split: str) -> dict[str, float]:
        sizes = [measured["test"]["n"] for measured in self.metrics.values()]
        total = sum(value * n for value, n in zip(self._values(split, self.numbers[0]), sizes))
        together = with_interval({self.numbers[0]: total / sum(sizes), "n": sum(sizes)})
        return {f"{name}_of_all": value for name, value in together.items() if name != "n"}

    def _values(self, split: str, number: str) -> list[float]:
        return [measured[split][number] for measured in self.metrics.values() if number in measured[split]]


def run(
    recipe: Recipe, manifest: Manifest, folds: int | None, folder: Path, reporter: Reporter | None = None
) -> CrossValidation:
    """Train and measure once for each fold, and write `crossval.json` beside the run folders.

    Runs that the folder holds are resumed.

    Args:
        recipe: The recipe of every run; all have its seed. Its `data.validation_fraction` of each training set chooses the epoch.
        manifest: The examples; the splits that they have are ignored.
        folds: Number of folds; None leaves each group out in turn.
        folder: Gets a run folder for each fold.
        reporter: Receives messages and progress.

    Raises:
        ValueError: There are fewer groups or examples than folds, no groups to leave out, or a test set that would be in the
            folds; or a class has no training example in some fold.
    """
    if recipe.data.test is not None:
        raise ValueError(
            f"test must be None: each fold is a test set of what there is. Received: test={recipe.data.test!r}"
        )
    reporter, metrics = reporter or Reporter(), {}
    divided = [
        (name, subfolder, splits.assign(fold, recipe.data.validation_fraction, 0.0))
        for name, subfolder, fold in _folds(manifest, folds)
    ]
    for name, _, fold in divided:  # all of them, before the first is trained
        for label, rows in fold.rows_by_class("train").items():
            if not len(rows):
                raise ValueError(
                    f"every class needs training examples in every fold. Received: label={label!r}, fold={name!r}"
                )
    with unstarted.removed(folder):
        experiment.record(folder, COMMAND, recipe, folds=folds)
        for name, subfolder, fold in divided:
            reporter.log(f"{subfolder}: {len(fold.rows('test')):,} test examples")
            with experiment.resumable(folder, COMMAND, reporter.log):
                metrics[name] = ensemble.train(recipe, fold, RunContext(folder / subfolder, reporter)).metrics
            gc.collect()  # else the graphs of all folds stay in memory; `clear_session` would also clear the caller's
    task = manifest.task
    validation = CrossValidation(metrics, tuple(dict.fromkeys([task.metric, *task.monitors])))
    write_json(folder / "crossval.json", {"folds": metrics, "summary": validation.summary()})
    return validation


def _folds(manifest: Manifest, folds: int | None) -> Iterator[tuple[str, str, Manifest]]:
    """Yield the name, the folder's name and the manifest of each fold."""
    if folds is not None:
        for i, fold in enumerate(splits.folds(manifest, folds), start=1):
            yield str(i), f"fold-{i:02d}", fold
        return
    groups = sorted(set(manifest.table["group"].iloc[manifest.rows()]))
    if groups == [""]:
        raise ValueError(
            "leaving each group out needs groups, and the data have none: name their column as data.group_column, "
            "or a group in data.pattern. Received: data.group_column=None"
        )
    if len(groups) < 2:
        raise ValueError(f"leaving each group out needs two groups or more. Received: groups={groups}")
    for i, group in enumerate(groups, start=1):
        safe = re.sub(r"[^\w.-]+", "_", group)
        # Two groups may differ in nothing but signs that no folder can carry: the number tells them apart.
        yield group, f"{i:02d}-{safe}", splits.leave_group_out(manifest, group)
