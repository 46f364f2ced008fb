"""What a check of the data finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Finding:
    """One kind of thing that was found.

    Attributes:
        name: what it is, such as "exact duplicates".
        says: a line with the numbers.
        decision: whether somebody has to decide what to do about it; a finding without is a piece of knowledge.
        groups: the rows of the manifest it is about, those that belong together in one group.
    """

    name: str
    says: str
    decision: bool
    groups: tuple[tuple[int, ...], ...] = ()


def about(
    name: str, rows: np.ndarray | Sequence[int], what: str, decision: bool = True, of: int | None = None
) -> list[Finding]:
    """The finding that some rows are "what", or nothing where there are none."""
    if not len(rows):
        return []
    said = f"{len(rows):,}" + (f" of {of:,}" if of is not None else "")
    return [Finding(name, f"{said} {what}", decision, tuple((int(row),) for row in rows))]


def listed(values: Iterable, most: int = 6) -> str:
    """The commonest values with their counts, as words."""
    counts = Counter(values).most_common()
    words = [f"{value} ({count:,})" for value, count in counts[:most]]
    return ", ".join(words) + (f" and {len(counts) - most:,} more" if len(counts) > most else "")


def spread(values: np.ndarray, unit: str = "") -> str:
    """The smallest, the median and the largest value, as words."""
    low, middle, high = (f"{value:,.4g}" for value in (np.min(values), np.median(values), np.max(values)))
    return f"{low} to {high}{unit}, median {middle}{unit}"
