"""Ids of many texts at once: each different piece between white space is cut into tokens once, then looked up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

_MOST = 1_000_000  # pieces remembered
_MOST_IDS = 1 << 24
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
        self.first, self.count = np.zeros(1024, np.int64), np.zeros(1024, np.int64)
        self.ids, self.filled = np.zeros((4096, *shape), np.int32), 0
        self.remember(_END, [np.zeros(shape, np.int32)])

    def __missing__(self, piece: str) -> int:
        with self.lock:
            if piece not in self:  # another thread may have been here
                self.remember(piece, self.ids_of(piece))
            return self[piece]

    def remember(self, piece: str, ids: Sequence) -> None:
        """Gives a piece the next number."""
        number, end = len(self), self.filled + len(ids)
        if number == len(self.first):
            self.first, self.count = np.resize(self.first, 2 * number), np.resize(self.count, 2 * number)
        while end > len(self.ids):
            self.ids = np.concatenate([self.ids, np.zeros_like(self.ids)])
        self.first[number], self.count[number] = self.filled, len(ids)
        if len(ids):
            self.ids[self.filled : end] = ids
        self.filled = end
        self[piece] = number

    @property
    def full(self) -> bool:
        """Whether it is time to begin anew."""
        return len(self) > _MOST or self.filled > _MOST_IDS

    def ids_of_texts(self, texts: Sequence[str], length: int) -> np.ndarray:
        """The ids of texts, int32 (texts, length, *shape): cut at the end, or followed by zeros."""
        made = np.zeros((len(texts), length, *self.ids.shape[1:]), np.int32)
        if not len(texts):
            return made
        joined = f" {_END} ".join([*texts, ""])
        if joined.count(_END) != len(texts):
            joined = f" {_END} ".join([*(text.replace(_END, "\ufffd") for text in texts), ""])
        pieces = joined.split()
        numbers = np.fromiter(map(self.__getitem__, pieces), np.int64, len(pieces))
        counts = self.count[numbers]
        places = self.first[numbers]
        if (counts != 1).any():
            behind = np.cumsum(counts)
            places = np.repeat(places - behind + counts, counts) + np.arange(behind[-1])
        ends = np.flatnonzero(places == 0)  # where the piece _END has its id
        lengths = np.diff(ends, prepend=-1) - 1
        kept = places != 0
        if lengths.max() > length:
            kept &= np.arange(len(places)) - np.repeat(ends - lengths, lengths + 1) < length
        made[np.arange(length) < np.minimum(lengths, length)[:, None]] = self.ids[places[kept]]
        return made
