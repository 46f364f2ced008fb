"""Findings of the data checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_LONG = 60  # characters of a name


@dataclass(frozen=True)
class Finding:
    """A property of the data that a check has found.

    Attributes:
        name: Name of the property, such as "exact duplicates".
        message: One line with the numbers.
        decision: True where the user has to decide what to do about it; False where it is for information.
        groups: The rows of the manifest that have the property, rows that belong together in one group.
    """

    name: str
    message: str
    decision: bool
    groups: tuple[tuple[int, ...], ...] = ()


def about(
    name: str, rows: np.ndarray | Sequence[int], what: str, decision: bool = True, of: int | None = None
) -> list[Finding]:
    """Return the finding that some rows have a property, "12 of 90 are silent", or an empty list where none has.

    Args:
        name: Name of the finding.
        rows: The rows of the manifest with the property.
        what: The property as a predicate, such as "are silent".
        decision: True where the user has to decide what to do about it.
        of: Number of rows that were checked.
    """
    if not len(rows):
        return []
    count = f"{len(rows):,}" + (f" of {of:,}" if of is not None else "")
    return [Finding(name, f"{count} {what}", decision, tuple((int(row),) for row in rows))]


def listed(values: Iterable[object], most: int = 6) -> str:
    """Format the commonest values with their counts."""
    counts = Counter(values).most_common()
    words = [f"{value} ({count:,})" for value, count in counts[:most]]
    return ", ".join(words) + (f" and {len(counts) - most:,} more" if len(counts) > most else "")


def first_few(names: Iterable[object], most: int = 10) -> str:
    """Format the first of some names, such as those of columns, each cut to what can be read, and how many more there are."""
    words = [str(name) for name in names]
    cut = [word if len(word) <= _LONG else word[: _LONG - 3] + "..." for word in words[:most]]
    return ", ".join(cut) + (f" and {len(words) - most:,} more" if len(words) > most else "")


def spread(values: np.ndarray, unit: str = "") -> str:
    """Format the smallest, the median and the largest value."""
    low, middle, high = (f"{value:,.4g}" for value in (np.min(values), np.median(values), np.max(values)))
    return f"{low} to {high}{unit}, median {middle}{unit}"
