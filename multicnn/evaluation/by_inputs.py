"""How good a predictor of several inputs is with each choice of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from multicnn.modalities import Preprocess

if TYPE_CHECKING:
    from multicnn.data.manifest import Manifest
    from multicnn.data.store import Store

_CHUNK = 512  # examples in memory at once


def by_inputs(
    preprocess: Preprocess, logits_of: Callable[[np.ndarray], np.ndarray], examples: Store, manifest: Manifest
) -> pd.DataFrame | None:
    """Return the metric of the task with each choice of the inputs, all others taken away; None where there is one input.

    Args:
        preprocess: The preprocess of the examples.
        logits_of: Returns the logits of stored examples.
        examples: The stored examples.
        manifest: Their manifest.

    Returns:
        A row for each choice, such as "image + text", the largest first: the metric, and as `support` the number of examples
        that have one of these inputs.
    """
    if not preprocess.input_names:
        return None
    task, metric = manifest.task, manifest.task.metric
    targets = manifest.targets(examples.rows)
    given = np.concatenate([preprocess.given(examples.array[chunk]) for chunk in _chunks(np.arange(len(examples)))])
    rows: dict[str, dict[str, float]] = {}
    for names in choices(preprocess.input_names):
        columns = [preprocess.input_names.index(name) for name in names]
        has = np.flatnonzero(given[:, columns].any(axis=1))
        if len(has):
            logits = [logits_of(preprocess.only(examples.array[chunk], names)) for chunk in _chunks(has)]
            summary = task.summary(task.counts(np.concatenate(logits), targets[has]))
            rows[" + ".join(names)] = {metric: float(summary[metric]), "support": len(has)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("inputs")


def choices(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield every choice of one or more names, all of them first."""
    for size in range(len(names), 0, -1):
        yield from itertools.combinations(names, size)


def _chunks(indices: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(indices), _CHUNK):
        yield indices[start : start + _CHUNK]
