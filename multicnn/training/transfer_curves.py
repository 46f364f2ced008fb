"""Transfer curves: the same recipe from pretrained weights and from scratch, on growing numbers of training examples."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from multicnn.data.manifest import Manifest
from multicnn.evaluation import figures
from multicnn.recipe import Recipe, Start
from multicnn.training import experiment, unstarted
from multicnn.training.context import RunContext
from multicnn.training.pretrained import PretrainedWeights
from multicnn.training.run import run as run_one
from multicnn.utils.reporter import Reporter

COMMAND = "transfer-curves"
_KINDS = ("transfer", "scratch")
_SURE = 0.95  # of a gain, by Student's t over the seeds, before it is called one


@dataclasses.dataclass(frozen=True)
class TransferCurves:
    """Test accuracies of runs from given weights and from random ones.

    Attributes:
        runs: A row for each run: `examples` (of the training), `seed`, `start` ("transfer" or "scratch"), `accuracy`, `loss`,
            `macro_f1`, `n` (of the test set), `first_epoch` (validation accuracy after one epoch, if there is a validation set).
    """

    runs: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return a row for each number of examples: mean and standard deviation (n - 1) of both accuracies, and the mean gain."""
        columns = {}
        for kind in _KINDS:
            cells = self._accuracies(kind)
            columns[kind], columns[f"{kind}_std"] = cells.mean(axis=1), cells.std(axis=1)
        gains = self._accuracies("transfer") - self._accuracies("scratch")
        return pd.DataFrame({**columns, "gain": gains.mean(axis=1), "gain_std": gains.std(axis=1)})

    def claims(self) -> dict[str, tuple[bool | None, str]]:
        """Test the three benefits that transfer may bring (Torrey & Shavlik 2010, figure 3; examples instead of time).

        Returns:
            For "higher start" (fewest examples), "steeper slope" (accuracy for each doubling, over the first half of several sizes)
            and "higher asymptote" (most examples): True if it is there, by a paired t-test over the seeds (5 %, one-sided),
            None where there is one seed; and the numbers in words.
        """
        cells = {kind: self._accuracies(kind) for kind in _KINDS}
        sizes = cells["transfer"].index.to_numpy(float)
        early = slice(0, max(2, -(-len(sizes) // 2)))
        doublings = np.log2(sizes[early])

        def slope(kind: str) -> pd.Series:
            return cells[kind].iloc[early].apply(lambda column: np.polyfit(doublings, column, 1)[0])

        examples = [f"with {size:,.0f} examples" for size in sizes]
        compared = {"higher start": (cells["transfer"].iloc[0], cells["scratch"].iloc[0], examples[0])}
        if len(sizes) > 1:
            where = f"a doubling, up to {sizes[early][-1]:,.0f} examples"
            compared["steeper slope"] = slope("transfer"), slope("scratch"), where
        compared["higher asymptote"] = cells["transfer"].iloc[-1], cells["scratch"].iloc[-1], examples[-1]
        return {name: _claim(*values) for name, values in compared.items()}

    def _accuracies(self, kind: str) -> pd.DataFrame:
        """Return the test accuracies of the runs of a kind: a row for each number of examples, a column for each seed."""
        runs = self.runs[self.runs["start"] == kind]
        return runs.pivot(index="examples", columns="seed", values="accuracy")


def _claim(ours: pd.Series, theirs: pd.Series, where: str) -> tuple[bool | None, str]:
    from scipy import stats

    gains = ours - theirs
    numbers = f"{ours.mean():.3f} from the given weights, {theirs.mean():.3f} from scratch {where}"
    if len(gains) < 2:
        return None, numbers
    bound = stats.t.ppf(_SURE, len(gains) - 1) * gains.std() / np.sqrt(len(gains))
    return bool(gains.mean() > max(bound, 0.0)), numbers


def run(
    recipe: Recipe, manifest: Manifest, sizes: Sequence[int], seeds: int, folder: Path, reporter: Reporter | None = None
) -> TransferCurves:
    """Train from the recipe's `start` and from scratch on each number of training examples with each seed.

    The smaller sets are subsets of the larger ones of the same seed, with the classes in turn. Model, preprocessing, validation
    and test examples are the same on both sides. Runs that the folder holds are resumed.

    Args:
        recipe: A recipe with a `start.path`.
        manifest: The examples, with every split decided.
        sizes: Numbers of training examples; each class needs one, and there must be so many.
        seeds: Number of runs of each kind and size; seed i is `recipe.seed` + i, of the run and of the choice of its examples.
        folder: Gets a run folder for each run, runs.csv, transfer_curves.csv and transfer_curves.png.
        reporter: Receives messages and progress.

    Raises:
        ValueError: There is no start, no test set, or too few examples.
    """
    reporter = reporter or Reporter()
    sizes, available = sorted({int(size) for size in sizes}), len(manifest.rows("train"))
    if recipe.start.path is None:
        raise ValueError("`start.path` must name the weights to start from. Received: start.path=None")
    if not sizes or sizes[0] < len(manifest.labels) or sizes[-1] > available:
        raise ValueError(
            f"`sizes` must be numbers of training examples from {len(manifest.labels)}, one a class, to {available}. "
            f"Received: sizes={list(sizes)}"
        )
    if not len(manifest.rows("test")):
        raise ValueError("`data` must have test examples, of its own or as data.test. Received: none")
    both = PretrainedWeights(recipe).completed(recipe, manifest.modality)
    with unstarted.removed(folder):
        experiment.record(folder, COMMAND, recipe, sizes=sizes, seeds=seeds)
        curves = TransferCurves(pd.DataFrame(_trained(both, manifest, sizes, seeds, folder, reporter)))
    curves.table().to_csv(folder / "transfer_curves.csv")
    figures.transfer_curves(curves.table(), folder / "transfer_curves.png")
    return curves


def _trained(
    both: Recipe, manifest: Manifest, sizes: Sequence[int], seeds: int, folder: Path, reporter: Reporter
) -> list[dict]:
    """Train every network, and return its row of the table, of which runs.csv holds as many as are trained."""
    rows: list[dict] = []
    for seed in range(both.seed, both.seed + seeds):
        order = _classes_in_turn(manifest, seed)
        for size in sizes:
            subset = _only(manifest, order[:size])
            for kind in _KINDS:
                one = dataclasses.replace(both, seed=seed, start=both.start if kind == "transfer" else Start())
                name = f"{kind}-{size:06d}-seed-{seed}"
                reporter.log(name)
                with experiment.resumable(folder, COMMAND, reporter.log):
                    made = run_one(one, subset, RunContext(folder / name, reporter))
                rows.append(_row(made.metrics, folder / name, {"examples": size, "seed": seed, "start": kind}))
                gc.collect()  # else the graphs of all runs stay in memory; `clear_session` would also clear the caller's
                pd.DataFrame(rows).to_csv(folder / "runs.csv", index=False)
    return rows


def _row(metrics: dict, folder: Path, row: dict) -> dict:
    history = pd.read_csv(folder / "history.csv")
    row |= {name: metrics["test"][name] for name in ("accuracy", "loss", "macro_f1", "n")}
    return row | {"first_epoch": history["val_accuracy"].iloc[0] if "val_accuracy" in history else None}


def _classes_in_turn(manifest: Manifest, seed: int) -> np.ndarray:
    """Return the training rows, each class in an order drawn from the seed, one example of each class after the other."""
    rows = np.random.default_rng(seed).permutation(manifest.rows("train"))
    turn = manifest.table["label"].iloc[rows].groupby(manifest.table["label"]).cumcount()
    return rows[np.argsort(turn, kind="stable")]


def _only(manifest: Manifest, rows: np.ndarray) -> Manifest:
    """Return the manifest with these training rows and no others."""
    keep = (manifest.table["split"] != "train").to_numpy(copy=True)
    keep[rows] = True
    return dataclasses.replace(manifest, table=manifest.table.loc[keep])
