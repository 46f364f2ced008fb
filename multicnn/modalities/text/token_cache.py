"""Ids of many texts at once: each different piece between white space is cut into tokens once, then looked up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from multicnn.modalities.text import tokenizers

_MOST = 1_000_000  # pieces remembered
_MOST_IDS = 1 << 24


class TokenCache(dict):
    """From a piece of text to its number, and from there to the ids of its tokens.

    Args:
        ids_of: A function of pieces of text that returns the number of ids of each, and the ids of all, concatenated.
        shape: The shape of one id: () or (n,).
    """

    def __init__(self, ids_of: Callable[[Sequence[str]], tuple[np.ndarray, np.ndarray]], shape: tuple[int, ...] = ()):
        super().__init__({tokenizers.END: 0})
        self.ids_of, self.lock = ids_of, threading.Lock()
        self.new: list[str] = []  # have their numbers, but their ids are not in the arrays yet: many are cut at once
        self.first, self.count, self.known = np.zeros(1024, np.int64), np.ones(1024, np.int64), 1
        self.stored, self.filled = np.zeros((4096, *shape), np.int32), 1

    def __missing__(self, piece: str) -> int:
        with self.lock:
            if piece not in self:  # another thread may have been here
                self.new.append(piece)
                self[piece] = len(self)
            return self[piece]

    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the first id of each piece, the number of its ids, and the ids of all pieces, concatenated."""
        with self.lock:
            if self.new:
                counts, ids = self.ids_of(self.new)
                known, filled = self.known, self.filled
                self.known, self.filled, self.new = known + len(counts), filled + len(ids), []
                self.first, self.count = (_with_room(array, self.known) for array in (self.first, self.count))
                self.stored = _with_room(self.stored, self.filled)
                self.count[known : self.known] = counts
                self.first[known : self.known] = filled + np.cumsum(counts) - counts
                self.stored[filled : self.filled] = ids
            return self.first, self.count, self.stored

    @property
    def full(self) -> bool:
        """True where the cache is so large that a new one should replace it."""
        return len(self) > _MOST or self.filled > _MOST_IDS

    def ids(self, pieces: Iterable[str]) -> np.ndarray:
        """Return the ids of the tokens of pieces, behind one another, int32 (tokens, *shape); that of END is 0."""
        numbers = np.fromiter(map(self.__getitem__, pieces), np.int64)
        first, count, ids = self._arrays()
        counts, indices = count[numbers], first[numbers]
        if (counts != 1).any():
            behind = np.cumsum(counts)
            indices = np.repeat(indices - behind + counts, counts) + np.arange(behind[-1])
        return ids[indices]


def rows(ids: np.ndarray, length: int) -> np.ndarray:
    """Return texts as rows, int32 (texts, length, *shape), cut at the end or followed by zeros.

    Args:
        ids: int32 (tokens, *shape), those of all texts behind one another, with a 0 behind each text.
        length: The number of tokens of a row.
    """
    real = ids.reshape(len(ids), int(np.prod(ids.shape[1:])))[:, 0] != 0
    ends = np.flatnonzero(~real)
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.max(initial=0) > length:
        real &= np.arange(len(ids)) - np.repeat(ends - lengths, lengths + 1) < length
    made = np.zeros((len(ends), length, *ids.shape[1:]), np.int32)
    made[np.arange(length) < np.minimum(lengths, length)[:, None]] = ids[real]
    return made


def _with_room(array: np.ndarray, size: int) -> np.ndarray:
    """The array, or a longer copy that holds so many rows; it doubles, so that growing costs little."""
    return array if size <= len(array) else np.resize(array, (max(size, 2 * len(array)), *array.shape[1:]))
