"""Examples that are read by index when they are asked for, and not kept."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol, TypeAlias

import numpy as np

Example: TypeAlias = str | bytes | np.ndarray | tuple[np.ndarray, int]  # as the `decode` of a modality takes it


class Indexed(Protocol):
    """Examples by their position: an array, or what reads them."""

    def __len__(self) -> int:
        """Return the number of examples."""

    def __getitem__(self, index: int, /) -> Example:
        """Return the example at a position."""


class Joined:
    """Examples of several sources, one behind another.

    Args:
        sources: The sources.
    """

    def __init__(self, sources: Sequence[Indexed]):
        self._sources = tuple(sources)
        self._stops = list(accumulate(map(len, self._sources)))

    def __len__(self) -> int:
        return self._stops[-1] if self._stops else 0

    def __getitem__(self, index: int, /) -> Example:
        source = bisect.bisect_right(self._stops, index)
        return self._sources[source][int(index) - (self._stops[source - 1] if source else 0)]


def joined(first: np.ndarray | Indexed, second: np.ndarray | Indexed) -> np.ndarray | Indexed:
    """Return the examples of two sources: arrays as one array, others without reading any."""
    if not (isinstance(first, np.ndarray) and isinstance(second, np.ndarray)):
        return Joined([first, second])
    if first.dtype == second.dtype and first.shape[1:] == second.shape[1:]:
        return np.concatenate([first, second])
    ragged = np.empty(len(first) + len(second), dtype=object)
    for i, example in enumerate([*first, *second]):
        ragged[i] = example
    return ragged
