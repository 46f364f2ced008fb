"""Measures a predictor on labelled examples."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from multicnn.data import store
from multicnn.data.load import load_manifest, load_unsplit
from multicnn.data.manifest import Manifest
from multicnn.predictor import Predictor, load
from multicnn.recipe import DataSource
from multicnn.tasks import metrics
from multicnn.utils.reporter import Reporter


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What a predictor does on labelled examples."""

    metrics: dict[str, Any]
    logits: np.ndarray
    targets: np.ndarray
    manifest: Manifest
    rows: np.ndarray

    def per_class(self) -> pd.DataFrame:
        """Precision, recall, F1 and support of each class."""
        return metrics.per_class(self.logits, self.targets, self.manifest.labels)

    def confusion(self) -> np.ndarray:
        """Counts, (true class, predicted class); of examples that have one label each."""
        return metrics.confusion(self.logits, self.targets, len(self.manifest.labels))


def evaluate(
    predictor: Predictor | str | os.PathLike,
    data: str | os.PathLike | DataSource,
    *,
    split: str | None = None,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
) -> Evaluation:
    """Measures a predictor on labelled examples.

    Args:
        predictor: It, or the path of its .keras file.
        data: A source as in `train`.
        split: "train", "val" or "test" of a source that has them, or of that of the training as it was divided there; by default
            its test examples, or all if it has none.
        reporter: Told what happens.
        settings: Changes of how the source is read, as "data.b=1"; a path is read as in training, unless they say otherwise.

    Raises:
        ValueError: No usable example is there.
    """
    predictor = predictor if isinstance(predictor, Predictor) else load(predictor)
    reporter = reporter or Reporter()
    source = predictor.source(data, settings, split_as_trained=split is not None)
    learned_from = predictor.was_trained_on(source.path)
    divided = source.leave_out is not None or (split is not None and learned_from)
    manifest = (load_manifest if divided else load_unsplit)(source, predictor.labels)
    rows = manifest.rows(split or "test")
    if split is None and not len(rows):
        rows = manifest.rows()
        if learned_from:
            reporter.log(
                "the predictor has learned from most of these data; --split test measures those that were kept apart"
            )
    if split is not None and not len(rows):
        raise ValueError(f"`data` must say itself which examples are {split}; these do not. Received: split={split!r}")
    stored, reasons = store.load_examples(manifest, predictor.preprocess, rows, reporter.reading)
    manifest = manifest.with_bad(reasons)
    if not len(stored):
        raise ValueError(f"`data` must hold a usable example of a known label. Received: data={source.path!r}")
    logits, targets = predictor.logits(stored.array), manifest.targets(stored.rows)
    measured = {**metrics.summarise(logits, targets), "bad": len(manifest.bad_rows())}
    return Evaluation(measured, logits, targets, manifest, stored.rows)
