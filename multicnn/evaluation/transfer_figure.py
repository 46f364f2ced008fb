"""Transfer curves as a PNG file: accuracy over training examples, and over training time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from multicnn.evaluation.figures import FAINT, TRAINING, VALIDATION, plain, saved

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

_TICKS = 7  # with more points the axis names only some


def draw(panels: Mapping[str, pandas.DataFrame], path: str | Path) -> Path:
    """Draw accuracies from given weights beside those from scratch, in a panel for each table.

    Args:
        panels: Tables by what their index counts, such as "training examples", with the columns `transfer`, `transfer_std`,
            `scratch`, `scratch_std`; a deviation that is not known draws no band.
        path: The PNG file to write.

    Returns:
        `path`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(panels), 3.6), dpi=120, facecolor="white", layout="constrained")
    for (unit, table), axes in zip(panels.items(), figure.subplots(1, len(panels), squeeze=False)[0]):
        _curves(axes, table, unit)
        axes.set_ylabel("test accuracy" if unit == "training examples" else "accuracy while training", fontsize=9)
    return saved(figure, path)


def _curves(axes: Axes, table: pandas.DataFrame, unit: str) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    plain(axes)
    for column, colour, legend in (
        ("transfer", VALIDATION, "from given weights"),
        ("scratch", TRAINING, "from scratch"),
    ):
        mean, spread = table[column], table[f"{column}_std"].fillna(0)
        axes.plot(table.index, mean, color=colour, label=legend, marker="o", markersize=4, lw=1.8)
        axes.fill_between(table.index, mean - spread, mean + spread, color=colour, alpha=0.18, lw=0)
    axes.set_xscale("log")
    if len(table) <= _TICKS:
        axes.xaxis.set_major_locator(FixedLocator(table.index.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel(unit, fontsize=9)
    axes.grid(axis="y", color=FAINT, lw=0.6)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
