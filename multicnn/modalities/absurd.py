"""Values that no real file has: one damaged or forged file is not to decide what is learned from all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LONG = 60.0  # times the median: of durations, and of words in a text
LOUD = 1e6  # times the median: of the mean squares of waveforms
_SHARE = 100  # one example in so many may be absurd, and one of fewer; more are what the data are like


def believable(values: Sequence[float] | np.ndarray, factor: float) -> np.ndarray:
    """Return False for each value that is over so many times the median, if hardly any is: bool, shape (values,)."""
    values = np.asarray(values, np.float64)
    absurd = values > factor * np.median(values)
    return ~absurd if absurd.sum() <= max(len(values) // _SHARE, 1) else np.ones(len(values), bool)
