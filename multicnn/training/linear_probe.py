"""The front of a trained network as a maker of features, and a linear predictor on top of it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np

from multicnn.blocks import Block, chain, dense, global_average_pool, network
from multicnn.blocks.cost import measure
from multicnn.blocks.truncate import cut
from multicnn.data import store
from multicnn.data.manifest import Manifest
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe
from multicnn.utils.files import atomic_file
from multicnn.utils.reporter import Reporter


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """What a stage puts out for examples.

    Attributes:
        stage: Its name.
        values: float32 (n, d), averaged over positions.
        rows: int64 (n,), the rows of the manifest.
        manifest: Of the examples.
    """

    stage: str
    values: np.ndarray
    rows: np.ndarray
    manifest: Manifest

    def of(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """The features and int32 targets of a split."""
        inside = np.isin(self.rows, self.manifest.rows(split))
        return self.values[inside], self.manifest.targets(self.rows[inside])

    def save(self, path: str | os.PathLike) -> None:
        """Writes `features`, `labels`, `splits` and `ids`, a row or an element an example, to an .npz file."""
        table = self.manifest.table.iloc[self.rows]
        columns = {"labels": "label", "splits": "split", "ids": "id"}
        texts = {name: table[column].to_numpy(dtype=str) for name, column in columns.items()}
        with atomic_file(Path(path)) as part, open(part, "wb") as file:
            np.savez(file, features=self.values, **texts)


def front(predictor: Predictor, stage: str | None) -> tuple[Predictor, str]:
    """The predictor's network up to a stage, whose logits are the features; and the name of the stage.

    Args:
        predictor: Trained.
        stage: The dotted name of a part; None takes all before the last one that has weights.

    Raises:
        ValueError: There is no such stage; the message lists those that there are.
    """
    shape = predictor.preprocess.input_shape
    whole = measure(predictor.block, shape)
    if stage is None:
        last = max(i for i, leaf in enumerate(whole.leaves) if leaf.parameters)
        rows = list(whole.layers())
        head = next(name for name, paths in whole.layers().items() if set(whole.leaves[last].layers) <= set(paths))
        block, stage = _before(predictor.block, rows[: rows.index(head)])
    else:
        try:
            block = cut(predictor.block, stage)
        except ValueError:
            known = ", ".join(whole.layers())
            raise ValueError(f"`stage` must be a part in series, such as {known}. Received: stage={stage!r}") from None
    front = measure(block, shape)
    pooled = chain(block, global_average_pool()) if len(front.shape) > 1 else block
    built = network(pooled, shape)
    # The leaves of the front are the first of the whole, in the same order, under names that may count otherwise.
    for ours, theirs in zip(front.leaves, whole.leaves):
        for name, known in zip(ours.layers, theirs.layers):
            _copy(predictor.network, known, built, name)
    return dataclasses.replace(predictor, block=pooled, network=built), stage


def _before(block: Block, names: list[str]) -> tuple[Block, str]:
    """The Block up to the last of these rows that it can be cut at."""
    for name in reversed(names):
        try:
            return cut(block, name), name
        except ValueError:
            continue
    raise ValueError("`stage` must be given for a network that has no parts in series. Received: stage=None")


def _copy(source: keras.Model, theirs: str, target: keras.Model, ours: str) -> None:
    known = {layer.name: layer for layer in source.layers}
    here = {layer.name: layer for layer in target.layers}
    if theirs in known and ours in here and known[theirs].weights:
        here[ours].set_weights(known[theirs].get_weights())


def extract(front: Predictor, manifest: Manifest, stage: str, reporter: Reporter) -> Features:
    """The features of every good example of a manifest.

    Raises:
        ValueError: There is none.
    """
    stored, reasons = store.load_examples(manifest, front.preprocess, manifest.rows(), reporter.reading)
    if not len(stored):
        raise ValueError(f"`data` must hold a usable example. Received: bad={len(reasons)}")
    manifest = manifest.with_bad(reasons)
    if len(bad := manifest.bad_rows()):
        reporter.warn(f"{len(bad):,} examples are bad, the first {bad['id'].iloc[0]!r}: {bad['reason'].iloc[0]}")
    return Features(stage, front.logits(stored.array), stored.rows, manifest)


def linear_head(front: Predictor, found: Features) -> Predictor:
    """Return the front with a linear model of standardised features in the place of its head, measured on every split.

    Raises:
        ValueError: There is nothing to learn, or no linear head for the task.
    """
    task, (x, y) = found.manifest.task, found.of("train")
    kernel, bias = task.linear_head(x, y)
    block = chain(front.block, dense(len(task.labels)))
    built = network(block, front.preprocess.input_shape)
    weights = front.network.get_weights()
    built.set_weights([*weights, kernel.astype(np.float32), bias.astype(np.float32)])
    made = Predictor(front.preprocess, block, built, task, Recipe(model=block.to_dict()).to_dict())
    measured: dict[str, Any] = {"features": found.stage, "head": "linear"}
    for split in ("train", "val", "test"):
        values, targets = found.of(split)
        if len(values):
            measured[split] = task.summary(task.counts(values @ kernel + bias, targets))
    return dataclasses.replace(made, metrics=measured)
