"""Transfer curves: the same recipe from pretrained weights and from scratch, on growing numbers of training examples."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from multicnn.data.manifest import Manifest
from multicnn.evaluation import transfer_figure
from multicnn.recipe import Recipe, Start
from multicnn.training import experiment, unstarted
from multicnn.training.context import RunContext
from multicnn.training.pretrained import PretrainedWeights
from multicnn.training.run import run as run_one
from multicnn.utils.reporter import Reporter

COMMAND = "transfer-curves"
_KINDS = ("transfer", "scratch")
_NAMES = {"transfer": "from the given weights", "scratch": "from scratch"}
_PREPOSITIONS = {"examples": "with", "steps": "after"}
_SURE = 0.95  # of a gain, by Student's t over the seeds, before it is called one
_FLAT = 0.02  # of accuracy: a curve that gains less with a doubling at its end has flattened

Claims = dict[str, tuple[bool | None, str]]  # by name: whether it holds, and the numbers in words


@dataclasses.dataclass(frozen=True)
class TransferCurves:
    """Accuracies of runs from given weights and from random ones: on test examples at the end, and epoch by epoch.

    Attributes:
        runs: A row for each run: `examples` (of the training), `seed`, `start` ("transfer" or "scratch"), `accuracy`, `loss`,
            `macro_f1`, `n` (of the test set), `first_epoch` (validation accuracy after one epoch, if there is a validation set).
        epochs: A row for each epoch of each run: `examples`, `seed`, `start`, `epoch`, `steps` and `seconds` (of training and
            validation) from the start of the run, and `accuracy`, on validation examples, or without any on those of training.
    """

    runs: pd.DataFrame
    epochs: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)

    def table(self) -> pd.DataFrame:
        """Return a row for each number of examples: mean and standard deviation (n - 1) of both accuracies, and the mean gain."""
        return _table({kind: self._accuracies(kind) for kind in _KINDS})

    def claims(self) -> Claims:
        """Test the three benefits that transfer may bring (Torrey & Shavlik 2010, figure 3; examples instead of time).

        Returns:
            For "higher start" (fewest examples), "steeper slope" (accuracy for each doubling, over the first half of several sizes)
            and "higher asymptote" (most examples): True if it is there, by a paired t-test over the seeds (5 %, one-sided),
            None where that cannot be told; and the numbers in words, with the reason. It can be told from two seeds, and of an
            asymptote where both curves have flattened: by a t-test over the seeds (5 %, one-sided) they gain less than two
            percentage points with a doubling of the examples at their end.
        """
        return _claims({kind: self._accuracies(kind) for kind in _KINDS}, "examples")

    def table_over_time(self) -> pd.DataFrame:
        """Return `table` with a row for each number of steps instead, of the runs on most examples."""
        return _table(self._over_time())

    def claims_over_time(self) -> Claims:
        """Test the same along training time, on most examples: after the first epoch, over the first half, at the end.

        Returns:
            As `claims`; a doubling is one of the steps. Empty where the runs have no epoch in common.
        """
        cells = self._over_time()
        return _claims(cells, "steps") if len(cells["transfer"]) else {}

    def _accuracies(self, kind: str) -> pd.DataFrame:
        """Return the test accuracies of the runs of a kind: a row for each number of examples, a column for each seed."""
        runs = self.runs[self.runs["start"] == kind]
        return runs.pivot(index="examples", columns="seed", values="accuracy")

    def _over_time(self) -> dict[str, pd.DataFrame]:
        """Return the accuracies of the runs on most examples by kind: a row for each number of steps that all have taken."""
        if self.epochs.empty:
            return {kind: pd.DataFrame() for kind in _KINDS}
        longest = self.epochs[self.epochs["examples"] == self.epochs["examples"].max()]
        table = longest.pivot(index="steps", columns=["start", "seed"], values="accuracy").dropna()
        return {kind: table[kind] for kind in _KINDS}


def _table(cells: dict[str, pd.DataFrame]) -> pd.DataFrame:
    columns = {}
    for kind in _KINDS:
        columns[kind], columns[f"{kind}_std"] = cells[kind].mean(axis=1), cells[kind].std(axis=1)
    gains = cells["transfer"] - cells["scratch"]
    return pd.DataFrame({**columns, "gain": gains.mean(axis=1), "gain_std": gains.std(axis=1)})


def _claims(cells: dict[str, pd.DataFrame], unit: str) -> Claims:
    """Compare two curves of accuracies (a row for each number of examples or steps, a column for each seed)."""
    numbers = cells["transfer"].index.to_numpy(float)
    early = slice(0, max(2, -(-len(numbers) // 2)))

    def slope(kind: str) -> pd.Series:
        doublings = np.log2(numbers[early])
        return cells[kind].iloc[early].apply(lambda column: np.polyfit(doublings, column, 1)[0])

    where = [f"{_PREPOSITIONS[unit]} {number:,.0f} {unit}" for number in numbers]
    claims = {"higher start": _claim(cells["transfer"].iloc[0], cells["scratch"].iloc[0], where[0])}
    if len(numbers) > 1:
        up_to = f"a doubling, up to {numbers[early][-1]:,.0f} {unit}"
        claims["steeper slope"] = _claim(slope("transfer"), slope("scratch"), up_to)
    holds, words = _claim(cells["transfer"].iloc[-1], cells["scratch"].iloc[-1], where[-1])
    if holds is not None and (why := _still_rising(cells, unit)):
        holds, words = None, f"{words}; no asymptote yet: {why}"
    claims["higher asymptote"] = holds, words
    return claims


def _still_rising(cells: dict[str, pd.DataFrame], unit: str) -> str:
    """Return in words which curves have not flattened; "" where both have.

    One has, if the 95 % bound of its mean gain over the seeds (Student's t, one-sided) with a doubling at its end is below `_FLAT`.
    """
    numbers = cells["transfer"].index.to_numpy(float)
    before = np.flatnonzero(numbers <= numbers[-1] / 2)
    if not len(before):
        return f"nothing was measured at half as many {unit}"
    doublings = np.log2(numbers[-1] / numbers[before[-1]])
    rises = {kind: (curve.iloc[-1] - curve.iloc[before[-1]]) / doublings for kind, curve in cells.items()}
    bounds = {kind: rise.mean() + _margin(rise) for kind, rise in rises.items()}
    rising = [
        f"{rises[kind].mean():+.3f} (up to {bounds[kind]:+.3f}) {_NAMES[kind]}"
        for kind in _KINDS
        if bounds[kind] >= _FLAT
    ]
    return f"the last doubling of the {unit} still brought {', '.join(rising)}" if rising else ""


def _margin(values: pd.Series) -> float:
    """Return the distance of the one-sided 95 % bound of a mean from it, by Student's t."""
    from scipy import stats

    return float(stats.t.ppf(_SURE, len(values) - 1) * values.std() / np.sqrt(len(values)))


def _claim(ours: pd.Series, theirs: pd.Series, where: str) -> tuple[bool | None, str]:
    gains = ours - theirs
    numbers = f"{ours.mean():.3f} from the given weights, {theirs.mean():.3f} from scratch {where}"
    if len(gains) < 2:
        return None, f"{numbers}; one seed cannot tell"
    return bool(gains.mean() > max(_margin(gains), 0.0)), numbers


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
        folder: Gets a run folder for each run, runs.csv (a row for each run), epochs.csv (a row for each epoch of each),
            transfer_curves.csv and transfer_curves.png.
        reporter: Receives messages and progress.

    Raises:
        ValueError: There is no start, no test set, or too few examples.
    """
    reporter = reporter or Reporter()
    sizes, available = sorted({int(size) for size in sizes}), len(manifest.rows("train"))
    if recipe.start.path is None:
        raise ValueError("`start.path` must name the weights to start from. Received: start.path=None")
    if manifest.task.metric != "accuracy":
        raise ValueError(
            f"transfer curves compare accuracies: give them classes. Received: task={manifest.task.name!r}"
        )
    if not sizes or sizes[0] < len(manifest.labels) or sizes[-1] > available:
        raise ValueError(
            f"`sizes` must be numbers of training examples from {len(manifest.labels)}, one a class, to {available}. "
            f"Received: sizes={list(sizes)}"
        )
    if not len(manifest.rows("test")):
        raise ValueError("`data` must have test examples, of its own or as data.test. Received: none")
    both = dataclasses.replace(PretrainedWeights(recipe).completed(recipe, manifest.modality), baseline="off")
    with unstarted.removed(folder):
        experiment.record(folder, COMMAND, recipe, sizes=sizes, seeds=seeds)
        curves = _trained(both, manifest, sizes, seeds, folder, reporter)
    curves.table().to_csv(folder / "transfer_curves.csv")
    panels = {"training examples": curves.table()}
    if len(over_time := curves.table_over_time()):
        panels[f"training steps, {sizes[-1]:,} examples"] = over_time
    transfer_figure.draw(panels, folder / "transfer_curves.png")
    return curves


def _trained(
    both: Recipe, manifest: Manifest, sizes: Sequence[int], seeds: int, folder: Path, reporter: Reporter
) -> TransferCurves:
    """Train every network, and return the rows of all; runs.csv and epochs.csv hold those of as many as are trained."""
    rows: list[dict] = []
    epochs: list[pd.DataFrame] = []
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
                history = pd.read_csv(folder / name / "history.csv")  # of all its epochs, however often it was resumed
                key = {"examples": size, "seed": seed, "start": kind}
                rows.append(key | _row(made.metrics, history))
                epochs.append(_epochs(history, key, -(-size // both.batch_size)))
                gc.collect()  # else the graphs of all runs stay in memory; `clear_session` would also clear the caller's
                pd.DataFrame(rows).to_csv(folder / "runs.csv", index=False)
                pd.concat(epochs).to_csv(folder / "epochs.csv", index=False)
    return TransferCurves(pd.DataFrame(rows), pd.concat(epochs, ignore_index=True))


def _row(metrics: dict, history: pd.DataFrame) -> dict:
    row = {name: metrics["test"][name] for name in ("accuracy", "loss", "macro_f1", "n")}
    return row | {"first_epoch": history["val_accuracy"].iloc[0] if "val_accuracy" in history else None}


def _epochs(history: pd.DataFrame, key: dict, steps: int) -> pd.DataFrame:
    """Return the rows of a run's epochs, of so many steps each."""
    accuracy = history["val_accuracy" if "val_accuracy" in history else "accuracy"]
    time = {"steps": history["epoch"] * steps, "seconds": history["seconds"].cumsum().round(3)}
    return pd.DataFrame({**key, "epoch": history["epoch"], **time, "accuracy": accuracy})


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
