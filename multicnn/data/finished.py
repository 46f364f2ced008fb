"""Stored examples as the array of the network's inputs, of which only what is asked for is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

    from multicnn.data.manifest import Manifest
    from multicnn.data.store import Store
    from multicnn.modalities import Preprocess

_TOGETHER = 16  # examples of a batch of pairs


class FinishedRows:
    """The stored examples of some rows, read and finished when they are indexed.

    Args:
        rows: int64 (n,), rows of the manifest.
        examples: The store of its examples.
        finish: Makes the network's input of stored examples; None leaves them as they are stored.

    Attributes:
        shape: Shape of them all: (n, ...).
        ndim: Number of axes.
    """

    def __init__(self, rows: np.ndarray, examples: Store, finish: Callable[[np.ndarray], tf.Tensor] | None):
        self._rows, self._examples, self._finish = rows, examples, finish
        self.shape = (len(rows), *self[:1].shape[1:])
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, positions: Any) -> np.ndarray:
        batch = self._examples.gather(self._rows[positions])
        return batch if self._finish is None else self._finish(batch).numpy()


def pairs(
    manifest: Manifest, examples: Store, stored: Preprocess, rows: np.ndarray
) -> Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]:
    """Return a function that yields the network's inputs and the targets of rows of the manifest, in small batches."""
    inputs = FinishedRows(rows, examples, stored.finish)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(rows), _TOGETHER):
            positions = slice(start, start + _TOGETHER)
            yield inputs[positions], manifest.targets(rows[positions])

    return batches
