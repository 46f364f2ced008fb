"""Linear probe: a trained network up to a stage as a feature extractor, and a linear head on top of it."""

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
from multicnn.recipe import Model, Recipe
from multicnn.tasks.intervals import with_interval
from multicnn.utils.files import atomic_file
from multicnn.utils.reporter import Reporter


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
    """The outputs of a stage for examples.

    Attributes:
        stage: The dotted name of the stage.
        values: float32 (n, d), the outputs averaged over positions.
        rows: int64 (n,), the row of the manifest of each example.
        manifest: The manifest of the examples.
    """

    stage: str
    values: np.ndarray
    rows: np.ndarray
    manifest: Manifest

    def of(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the features and the int32 targets of a split."""
        inside = np.isin(self.rows, self.manifest.rows(split))
        return self.values[inside], self.manifest.targets(self.rows[inside])

    def save(self, path: str | os.PathLike) -> None:
        """Write `features`, `labels`, `splits` and `ids`, a row or an element for each example, to an .npz file."""
        table = self.manifest.table.iloc[self.rows]
        columns = {"labels": "label", "splits": "split", "ids": "id"}
        texts: dict[str, Any] = {name: table[column].to_numpy(dtype=str) for name, column in columns.items()}
        with atomic_file(Path(path)) as part, open(part, "wb") as file:
            np.savez(file, features=self.values, **texts)


def feature_extractor(predictor: Predictor, stage: str | None) -> tuple[Predictor, str]:
    """Return the predictor's network up to a stage, whose logits are the features, and the name of the stage.

    Args:
        predictor: A trained predictor.
        stage: The dotted name of a stage; None takes all before the last one that has weights.

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
    measured = measure(block, shape)
    pooled = chain(block, global_average_pool()) if len(measured.shape) > 1 else block
    built = network(pooled, shape)
    # The leaves up to the stage are the first of the whole, in the same order, under names that may count otherwise.
    for ours, theirs in zip(measured.leaves, whole.leaves):
        for name, known in zip(ours.layers, theirs.layers):
            _copy(predictor.network, known, built, name)
    return dataclasses.replace(predictor, block=pooled, network=built), stage


def _before(block: Block, names: list[str]) -> tuple[Block, str]:
    """Return the Block up to the last of these stages at which it can be truncated, and the name of that stage."""
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


def extract(extractor: Predictor, manifest: Manifest, stage: str, reporter: Reporter) -> Features:
    """Return the features of every good example of a manifest.

    Raises:
        ValueError: There is none.
    """
    stored, reasons = store.load_examples(manifest, extractor.preprocess, manifest.rows(), reporter.reading)
    if not len(stored):
        raise ValueError(f"`data` must hold a usable example. Received: bad={len(reasons)}")
    manifest = manifest.with_bad(reasons)
    if len(bad := manifest.bad_rows()):
        reporter.warn(f"{len(bad):,} examples are bad, the first {bad['id'].iloc[0]!r}: {bad['reason'].iloc[0]}")
    return Features(stage, extractor.logits(stored.array), stored.rows, manifest)


def linear_head(extractor: Predictor, features: Features, recipe: Recipe) -> Predictor:
    """Return the extractor with a linear model of standardized features as its head, measured on every split.

    Args:
        extractor: The network up to a stage.
        features: Its outputs.
        recipe: The recipe to record, with the source of the data and the task; it gets the network.

    Raises:
        ValueError: There is nothing to learn, or no linear head for the task.
    """
    task, (x, y) = features.manifest.task, features.of("train")
    kernel, bias = task.linear_head(x, y)
    block = chain(extractor.block, dense(len(task.labels)))
    built = network(block, extractor.preprocess.input_shape)
    weights = extractor.network.get_weights()
    built.set_weights([*weights, kernel.astype(np.float32), bias.astype(np.float32)])
    recipe = dataclasses.replace(recipe, model=Model(name=block.to_dict()))
    made = Predictor(extractor.preprocess, block, built, task, recipe.to_dict())
    measured: dict[str, Any] = {"features": features.stage, "head": "linear"}
    for split in ("train", "val", "test"):
        values, targets = features.of(split)
        if len(values):
            measured[split] = with_interval(task.summary(task.counts(values @ kernel + bias, targets)))
    return dataclasses.replace(made, metrics=measured)
