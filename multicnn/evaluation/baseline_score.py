"""What a linear model makes of the examples of a run: the number that its network has to beat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from multicnn.data.manifest import Manifest
from multicnn.data.store import Store
from multicnn.evaluation import baseline


def linear_score(manifest: Manifest, examples: Store, stored: Any, split: str = "test") -> dict[str, Any]:
    """What a linear model makes of the same examples: trained on the training split, scored on another.

    Args:
        manifest: With its splits.
        examples: Holds the good examples.
        stored: What the store was made with.
        split: "test" or "val".
    """
    arguments: list[Any] = []
    for rows in (manifest.rows("train"), manifest.rows(split)):
        if manifest.modality == "text":
            arguments.append([manifest.raw_source(row) for row in rows])
        else:
            arguments.append(_OfRows(rows, examples, stored.finish if manifest.modality == "audio" else None))
        arguments.append(manifest.targets(rows))
    return baseline.linear_baseline(manifest.modality, *arguments)


class _OfRows:
    """The stored examples of some rows as an array of which only what is asked for is in memory; sounds finished, as spectra."""

    def __init__(self, rows: np.ndarray, examples: Store, finish: Callable[[np.ndarray], tf.Tensor] | None):
        self._rows, self._examples, self._finish = rows, examples, finish
        self.shape = (len(rows), *self[:1].shape[1:])
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, places: Any) -> np.ndarray:
        found = self._examples.gather(self._rows[places])
        return found if self._finish is None else self._finish(found).numpy()
