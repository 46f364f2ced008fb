"""The targets that a source has, where it has others than labels, or several kinds of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np


class Offer(NamedTuple):
    """The cells of one kind of target, one for each row of a manifest.

    Attributes:
        cells: What the source says of each target.
        reasons: Why it cannot be used, or "".
    """

    cells: Sequence[str]
    reasons: Sequence[str]


class StoredTargets(Protocol):
    """The stored targets of the rows of a manifest."""

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Return the targets of rows, (len(rows), ...)."""


def joined(first: Offer, second: Offer) -> Offer:
    """Return the rows of two offers one behind another."""
    return Offer([*first.cells, *second.cells], [*first.reasons, *second.reasons])
