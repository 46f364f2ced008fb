"""95 % intervals of shares of right answers: on few examples a number alone says less than it seems to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

Metrics: TypeAlias = Mapping[str, Any]  # of a task, by their names
_Z = 1.959963984540054  # the normal quantile of 97.5 %
_SHARE = "accuracy"  # the metric that is a share of the examples in every task that has it
_OF_EXAMPLES = (_SHARE, "top5_accuracy", "recall")  # the metrics that are shares of a number of examples
BOUNDS = (f"{_SHARE}_low", f"{_SHARE}_high")
_SUFFIXES = ("_low", "_high")  # of the names of the bounds of a metric, beside it


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share of n examples (Wilson 1927).

    Args:
        share: The share of right answers, from 0 to 1.
        n: Number of examples, from 1.
    """
    middle = share + _Z**2 / (2 * n)
    spread = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    below, above = (middle - spread) / (1 + _Z**2 / n), (middle + spread) / (1 + _Z**2 / n)
    return 0.0 if share == 0 else below, 1.0 if share == 1 else above  # exactly, whatever rounding says


def with_interval(measured: Metrics) -> dict[str, Any]:
    """Return metrics of `n` examples with `accuracy_low` and `accuracy_high` if an accuracy is among them."""
    if _SHARE not in measured or not measured.get("n"):
        return dict(measured)
    return {**measured, **dict(zip(BOUNDS, wilson(measured[_SHARE], measured["n"])))}


def of_mean(total: float, total_squared: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a mean of n numbers, by the quantile of Student's t; the mean twice where n is 1.

    Args:
        total: The sum of the numbers.
        total_squared: The sum of their squares.
        n: Number of numbers, from 1.
    """
    mean = total / n
    if n == 1:
        return mean, mean
    from scipy.special import stdtrit

    variance = max(total_squared - n * mean**2, 0.0) / (n - 1)
    spread = float(stdtrit(n - 1, 0.975)) * math.sqrt(variance / n)
    return mean - spread, mean + spread


def bounds_in(measured: Metrics) -> set[str]:
    """Return the names among some metrics that are the bounds of another, such as `mae_low`."""
    return {f"{name}{suffix}" for name in measured for suffix in _SUFFIXES} & set(measured)


def with_own_interval(metric: str, measured: Metrics) -> str:
    """Return " (1.71 to 2.14)" for a metric whose bounds stand beside it or that is a share of the `n` examples, else ""."""
    low, high = (measured.get(f"{metric}{suffix}") for suffix in _SUFFIXES)
    if metric == _SHARE or low is None or high is None:
        return interval_in_words(metric, measured[metric], measured.get("n"))
    return f" ({low:.4g} to {high:.4g})"


def interval_in_words(metric: str, value: float | None, n: int | None) -> str:
    """Return " (0.9715 to 0.9957)" for a metric that is a share of n examples, else ""."""
    if metric not in _OF_EXAMPLES or not n or value is None or not 0 <= value <= 1:
        return ""
    low, high = wilson(value, n)
    return f" ({low:.4f} to {high:.4f})"


def percent(share: float, n: int) -> str:
    """Return a share of n examples with its interval: "98.9 % (95 % interval 97.2 to 99.6 %)"."""
    low, high = wilson(share, n)
    return f"{100 * share:.1f} % (95 % interval {100 * low:.1f} to {100 * high:.1f} %)"
