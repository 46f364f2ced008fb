"""The linear baseline: a linear model on the same split, the number that every network has to beat.

Texts: TF-IDF of words and word pairs. Images and audio: a fixed, small summary of each example.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from multicnn.modalities import Preprocess
from multicnn.tasks import Task

if TYPE_CHECKING:
    from multicnn.data.manifest import Manifest
    from multicnn.data.store import Store

Examples = np.ndarray | Sequence[str]


def linear_baseline(
    task: Task,
    preprocess: Preprocess,
    train: Examples,
    train_targets: np.ndarray,
    test: Examples,
    test_targets: np.ndarray,
) -> dict[str, Any] | None:
    """Train the task's linear model on `train` and score it on `test`; the same answer each time.

    Args:
        task: The task, fitted.
        preprocess: The preprocess, which makes the features of the examples.
        train: Examples in the form of `preprocess.baseline_input`. For text, the raw strings. For images, (n, height, width[,
            channels]) pixels, uint8 or float: scaling and centring them changes nothing. For audio, (n, time, bands[, 1])
            log-mel or MFCC, or (n, samples[, 1]) waveforms. A memory map will do: examples are read in small batches.
        train_targets: The targets of `train`, (n, ...), as the task makes them.
        test: The examples to score, in the form of `train`.
        test_targets: The targets of `test`, (n, ...).

    Returns:
        The task's metrics, as far as a linear model has them, and `model`: what was trained on what, in words. From large sets
        only a sample is used, and `model` mentions it. None where the task has no linear model.

    Raises:
        ValueError: Lengths or shapes that do not fit, or nothing to learn.
    """
    train_targets, test_targets = (
        each if hasattr(each, "shape") else np.asarray(each) for each in (train_targets, test_targets)
    )
    for name, examples, targets in (("train", train, train_targets), ("test", test, test_targets)):
        if len(examples) != len(targets) or not len(targets):
            raise ValueError(
                f"{name} must have one target per example and at least one example. "
                f"Received: {len(examples)} examples and {len(targets)} targets"
            )
    rows = sample_rows(len(train_targets), preprocess.baseline_examples)
    train_features, test_features, features = preprocess.baseline_features(train, rows, test)
    scored = task.baseline(train_features, train_targets[rows], test_features, test_targets)
    if scored is None:
        return None
    metrics, name = scored
    model = f"{features}, {name}"
    if len(rows) < len(train_targets):
        model += f" (trained on {len(rows):,} of {len(train_targets):,} examples)"
    return metrics | {"model": model}


def linear_score(manifest: Manifest, examples: Store, stored: Preprocess, split: str = "test") -> dict[str, Any] | None:
    """Return the scores of `linear_baseline` on the examples of a run: trained on the training split, scored on another.

    Args:
        manifest: The data, with their splits.
        examples: The stored good examples.
        stored: The preprocess that the store was made with.
        split: The split to score, "test" or "val".
    """
    from multicnn.data.finished import FinishedRows, pairs  # the room of the data brings TensorFlow

    if manifest.task.placed:
        of_split = (pairs(manifest, examples, stored, manifest.rows(each)) for each in ("train", split))
        scored = manifest.task.placed_baseline(*of_split)
        return None if scored is None else scored[0] | {"model": scored[1]}
    arguments: list[Any] = []
    for rows in (manifest.rows("train"), manifest.rows(split)):
        if stored.baseline_input == "sources":
            arguments.append([manifest.raw_source(row) for row in rows])
        else:
            arguments.append(
                FinishedRows(rows, examples, stored.finish if stored.baseline_input == "finished" else None)
            )
        arguments.append(manifest.targets(rows))
    return linear_baseline(manifest.task, stored, *arguments)


def sample_rows(n: int, limit: int) -> np.ndarray:
    """Return the indices of at most `limit` of `n` examples, drawn at random, the same ones each time: int64, rising."""
    # Random positions rather than a stride: a stride over examples whose classes alternate can miss whole classes.
    return np.arange(n) if n <= limit else np.sort(np.random.default_rng(0).permutation(n)[:limit])
