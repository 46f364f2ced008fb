"""Label indices of examples as values and offsets: what 20,000 labels for millions of examples fit into."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

PADDING = -1  # no label


@dataclasses.dataclass(frozen=True, eq=False)
class Ragged:
    """Any number of label indices for each example.

    Attributes:
        values: int32 (labels of all examples,), those of one example after those of another, each once and rising.
        offsets: int64 (n + 1,): the labels of example i are values[offsets[i]:offsets[i + 1]].
    """

    values: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Iterable[int]]) -> Ragged:
        """Return the labels of examples, given for each in any order."""
        each = [sorted(set(row)) for row in rows]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in each])]).astype(np.int64)
        return cls(np.array([value for row in each for value in row], np.int32), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Number of labels of each example, int64 (n,)."""
        return np.diff(self.offsets)

    @property
    def width(self) -> int:
        """The most labels that an example has, at least 1."""
        return int(self.lengths.max(initial=1))

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of `padded()`."""
        return len(self), self.width

    def __getitem__(self, rows: np.ndarray | slice) -> Ragged:
        """Return the labels of some examples, as an array's first axis is indexed."""
        taken = np.arange(len(self))[rows]
        lengths = self.lengths[taken]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        return Ragged(self.values[np.repeat(self.offsets[taken], lengths) + within], offsets)

    def padded(self) -> np.ndarray:
        """Return int32 (n, width), the labels of each example and behind them -1."""
        matrix = np.full(self.shape, PADDING, np.int32)
        matrix[np.arange(self.width) < self.lengths[:, None]] = self.values
        return matrix

    def matrix(self, labels: int) -> sparse.csr_matrix:
        """Return a sparse float32 matrix (n, labels), 1 for each label of an example."""
        from scipy import sparse

        ones = np.ones(len(self.values), np.float32)
        return sparse.csr_matrix((ones, self.values, self.offsets), shape=(len(self), labels))


def ragged(targets: Ragged | np.ndarray) -> Ragged:
    """Return targets that may be padded, int (n, width) with -1 behind the labels, as values and offsets."""
    if isinstance(targets, Ragged):
        return targets
    given = np.asarray(targets) != PADDING
    offsets = np.concatenate([[0], np.cumsum(given.sum(axis=1))]).astype(np.int64)
    return Ragged(np.asarray(targets)[given].astype(np.int32), offsets)
