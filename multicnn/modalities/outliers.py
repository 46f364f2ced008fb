"""Examples far from all others in something that is measured of each, such as size, brightness or duration."""

from __future__ import annotations

import numpy as np

from multicnn.modalities.finding import Finding, about

_SHARE = 0.02  # more than this are no outliers: the data are like that
_SPREADS = 8.0  # times the median distance from the median


def outliers(
    values: np.ndarray, rows: np.ndarray, name: str, what: str, least: float, logarithmic: bool = True
) -> list[Finding]:
    """Return the finding that some of these rows are outliers, with the range of the others, or an empty list.

    Args:
        values: float (n,), the measurement of each row.
        rows: The row of the manifest of each.
        name: The name of the finding.
        what: What the outliers are, as a predicate without its range: "are much larger or smaller than the others".
        least: The distance from the median below which nothing is an outlier: a factor, or a difference.
        logarithmic: Compare by factors; False compares by differences.
    """
    scale = np.log(np.maximum(values.astype(np.float64), 1e-9)) if logarithmic else values.astype(np.float64)
    distance = np.abs(scale - np.median(scale))
    bound = max(_SPREADS * float(np.median(distance)), np.log(least) if logarithmic else least)
    far = distance > bound
    if not 0 < far.sum() <= max(_SHARE * len(values), 1):
        return []
    usual = values[~far]
    return about(name, rows[far], f"{what} ({usual.min():,.4g} to {usual.max():,.4g})", False, of=len(rows))
