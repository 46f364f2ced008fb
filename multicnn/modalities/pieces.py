"""Ids of many texts at once: each different piece between white space is cut into tokens once, then looked up."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence

import numpy as np

_MOST = 1_000_000  # pieces remembered
_MOST_IDS = 1 << 24
_TEXTS = 16  # cut at once; their pieces still lie in the processor's nearest cache when they are looked up
_END = "\0"  # stands behind each text, where many are cut as one


class Pieces(dict):
    """From a piece of text to its number, and from there to the ids of its tokens.

    Args:
        ids_of: The ids of a piece, each an int or a tuple of ints.
        shape: Of one id: () or (n,).
    """

    def __init__(self, ids_of: Callable[[str], Sequence], shape: tuple[int, ...] = ()):
        super().__init__()
        self.ids_of, self.lock = ids_of, threading.Lock()
        self.new_counts, self.new_ids = [], []  # of pieces that are not in the arrays yet: lists grow faster
        self.first, self.count, self.known = np.zeros(1024, np.int64), np.zeros(1024, np.int64), 0
        self.ids, self.filled = np.zeros((4096, *shape), np.int32), 0
        self._remember(_END, [np.zeros(shape, np.int32)])

    def __missing__(self, piece: str) -> int:
        with self.lock:
            if piece not in self:  # another thread may have been here
                self._remember(piece, self.ids_of(piece))
            return self[piece]

    def _remember(self, piece: str, ids: Sequence) -> None:
        """Gives a piece the next number."""
        self.new_counts.append(len(ids))
        self.new_ids += ids
        self[piece] = len(self)

    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where the ids of each piece begin, how many there are, and the ids of all pieces behind one another."""
        with self.lock:
            if self.new_counts:
                counts, known, filled = np.array(self.new_counts), self.known, self.filled
                self.known, self.filled = known + len(counts), filled + len(self.new_ids)
                self.first, self.count = (_with_room(array, self.known) for array in (self.first, self.count))
                self.ids = _with_room(self.ids, self.filled)
                self.count[known : self.known] = counts
                self.first[known : self.known] = filled + np.cumsum(counts) - counts
                if self.new_ids:
                    self.ids[filled : self.filled] = self.new_ids
                self.new_counts, self.new_ids = [], []
            return self.first, self.count, self.ids

    @property
    def full(self) -> bool:
        """Whether it is time to begin anew."""
        return len(self) > _MOST or self.filled > _MOST_IDS

    def ids_of_texts(self, texts: Sequence[str], length: int) -> np.ndarray:
        """The ids of texts, int32 (texts, length, *shape): cut at the end, or followed by zeros."""
        made = np.zeros((len(texts), length, *self.ids.shape[1:]), np.int32)
        if not len(texts):
            return made
        cut = itertools.chain.from_iterable(_cut(texts[i : i + _TEXTS]) for i in range(0, len(texts), _TEXTS))
        numbers = np.fromiter(map(self.__getitem__, cut), np.int64)
        first, count, ids = self._arrays()
        counts, places = count[numbers], first[numbers]
        if (counts != 1).any():
            behind = np.cumsum(counts)
            places = np.repeat(places - behind + counts, counts) + np.arange(behind[-1])
        ends = np.flatnonzero(places == 0)  # where the piece _END has its id
        lengths = np.diff(ends, prepend=-1) - 1
        kept = places != 0
        if lengths.max() > length:
            kept &= np.arange(len(places)) - np.repeat(ends - lengths, lengths + 1) < length
        made[np.arange(length) < np.minimum(lengths, length)[:, None]] = ids[places[kept]]
        return made


def _cut(texts: Sequence[str]) -> list[str]:
    """The pieces of texts, with the piece _END behind each text."""
    joined = f" {_END} ".join([*texts, ""])
    if joined.count(_END) != len(texts):
        joined = f" {_END} ".join([*(text.replace(_END, "\ufffd") for text in texts), ""])
    return joined.split()


def _with_room(array: np.ndarray, size: int) -> np.ndarray:
    """The array, or a longer copy that holds so many rows; it doubles, so that growing costs little."""
    return array if size <= len(array) else np.resize(array, (max(size, 2 * len(array)), *array.shape[1:]))
