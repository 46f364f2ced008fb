"""Images of which nothing is left: of one colour, or so dark that no value is above a sixteenth of full scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SMALL = 1 << 14  # values
_FLAT, DARK = 8, 16  # of 255; 12 bits stored in 16 reach 15
_WHAT = "are of one colour or nearly black as the network sees them"
REMARK = "of one colour or nearly black as the network sees it"
OF_ARRAYS = f"{_WHAT}: numbers are read from 0 to 255, or floats from 0 to 1; divide others by their full scale"
REPORT = (
    f"{_WHAT}: 16-bit images that use few of their values, or a transparency "
    "that hides everything? Save such images with their values spread over the whole range, and without alpha"
)


def blank(examples: Sequence[np.ndarray]) -> np.ndarray:
    """Return True for each blank one of some uint8 images: bool, shape (images,)."""
    values = [example.reshape(-1) for example in examples]
    if values and len(values[0]) <= _SMALL:  # numpy takes longer to be called than to look at one of these
        stacked = np.stack(values)
        most, least = stacked.max(axis=1).astype(np.int64), stacked.min(axis=1).astype(np.int64)
    else:
        most = np.array([value.max() for value in values], dtype=np.int64)
        least = np.array([value.min() for value in values], dtype=np.int64)
    return (most - least <= _FLAT) | (most < DARK)
