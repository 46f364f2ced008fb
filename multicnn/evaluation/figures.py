"""Learning curves and confusion matrices as PNG files.

Drawn on matplotlib's Figure directly: no window, no pyplot, no change to the backend or the settings of the caller.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRAINING, VALIDATION, INK, FAINT = "#0072b2", "#d55e00", "#222222", "#dddddd"  # Okabe-Ito: safe for colour blindness
COUNTED_CLASSES = 30  # up to here a cell is wide enough for its count
NAMED_CLASSES = 100  # up to here every class has its name at the axes
NAME_LENGTH = 24  # characters


def learning_curves(
    history: pandas.DataFrame | str | Path, path: str | Path, metric: str = "accuracy", best: str = "max"
) -> Path:
    """Draw loss and metric by epoch, training beside validation, the best validation epoch marked.

    Args:
        history: One row per epoch with columns `epoch` and any of `loss`, `accuracy`, `val_loss`, `val_accuracy`;
            or the CSV file that holds it. Other columns are left out.
        path: The PNG file to write.
        metric: The column drawn beside the loss.
        best: "max" or "min", the direction of the metric.

    Returns:
        `path`.

    Raises:
        ValueError: No epoch, or neither loss nor accuracy among the columns.
    """
    import pandas as pd
    from matplotlib.figure import Figure

    table = history if isinstance(history, pd.DataFrame) else pd.read_csv(history)
    drawn = [name for name in ("loss", metric) if {name, f"val_{name}"} & set(table.columns)]
    if not drawn or "epoch" not in table.columns or table.empty:
        raise ValueError(
            "history must have a row per epoch and columns epoch and loss or accuracy. "
            f"Received: columns={list(table.columns)}, rows={len(table)}"
        )
    figure = Figure(figsize=(4.6 * len(drawn), 3.2), dpi=120, facecolor="white", layout="constrained")
    for name, axes in zip(drawn, np.ravel(figure.subplots(1, len(drawn))), strict=True):
        _curve(axes, table, name, "min" if name == "loss" else best)
    return saved(figure, path)


def _curve(axes: Axes, table: pandas.DataFrame, name: str, direction: str) -> None:
    from matplotlib.ticker import MaxNLocator

    plain(axes)
    marker = "o" if len(table) <= 12 else None
    for column, colour, legend in ((name, TRAINING, "training"), (f"val_{name}", VALIDATION, "validation")):
        if column in table:
            axes.plot(table["epoch"], table[column], color=colour, label=legend, marker=marker, markersize=3.5, lw=1.6)
    if f"val_{name}" in table and table[f"val_{name}"].notna().any():
        values = table[f"val_{name}"].to_numpy(dtype=np.float64)
        best = int(np.nanargmin(values) if direction == "min" else np.nanargmax(values))
        epoch, value = float(table["epoch"].iloc[best]), float(values[best])
        label = f"best, {value:.4g} at epoch {epoch:g}"
        axes.plot(epoch, value, "o", markersize=9, markerfacecolor="none", mec=VALIDATION, ls="none", label=label)
    axes.set_title(name, loc="left", fontsize=11, color=INK)
    axes.set_xlabel("epoch", fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    axes.set_xlim(table["epoch"].min() - 0.5, table["epoch"].max() + 0.5)
    axes.grid(axis="y", color=FAINT, lw=0.6)
    axes.legend(frameon=False, fontsize=8)


def rate_curve(
    rates: np.ndarray, losses: np.ndarray, smoothed: np.ndarray, suggestion: float, path: str | Path
) -> Path:
    """Draw a learning-rate range test: the loss over the rate, its smoothed course, and the rate where it falls fastest.

    Args:
        rates: float (steps,), the learning rate of each step.
        losses: float (steps,), the loss of each step.
        smoothed: float (steps,), the smoothed losses.
        suggestion: The learning rate to mark.
        path: The PNG file to write.

    Returns:
        `path`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.4), dpi=120, facecolor="white", layout="constrained")
    axes = figure.subplots()
    plain(axes)
    axes.plot(rates, losses, color=TRAINING, lw=0.8, alpha=0.35, label="loss of each step")
    axes.plot(rates, smoothed, color=TRAINING, lw=1.8, label="smoothed")
    axes.axvline(suggestion, color=VALIDATION, lw=1.4, ls="--", label=f"falls fastest, {suggestion:.1e}")
    axes.set_xscale("log")
    low, high = float(np.min(smoothed)), float(np.max(smoothed[: max(len(smoothed) // 2, 1)]))
    axes.set_ylim(low - 0.1 * (high - low), high + 0.6 * (high - low))  # where it breaks down it would hide the rest
    axes.set_xlabel("learning rate", fontsize=9)
    axes.set_ylabel("loss", fontsize=9)
    axes.grid(axis="y", color=FAINT, lw=0.6)
    axes.legend(frameon=False, fontsize=8)
    return saved(figure, path)


def confusion_matrix(matrix: np.ndarray, labels: Sequence[str], path: str | Path) -> Path:
    """Draw a confusion matrix: a row per true class, coloured by the share of that class given each label.

    Args:
        matrix: (classes, classes) counts, entry [i, j] the examples of class i that were given class j.
        labels: The name of each class; every name is shown up to 100 classes, then some.
        path: The PNG file to write.

    Returns:
        `path`.

    Raises:
        ValueError: The matrix is not square with one row per label.
    """
    from matplotlib.figure import Figure

    matrix = np.asarray(matrix)
    n = len(labels)
    if matrix.shape != (n, n) or not n:
        raise ValueError(f"matrix must be ({n}, {n}), a row per label. Received: matrix.shape={matrix.shape}")
    names = [name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…" for name in map(str, labels)]
    font = float(np.interp(n, [10, 30, 100], [9, 7.5, 6]))
    cell = float(np.interp(n, [2, 10, 30, 100], [0.75, 0.5, 0.32, 0.125]))  # inches
    side = cell * min(n, 110)
    margin = 1.0 + max(map(len, names)) * font * 0.0085
    figure = Figure(figsize=(side + margin + 0.7, side + margin), dpi=120, facecolor="white", layout="constrained")
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    _shares(figure, axes, shares, shrink=min(1.0, 4.0 / side))
    _class_names(axes, names, font)
    if n <= COUNTED_CLASSES:
        _counts(axes, matrix, shares, font)
    return saved(figure, path)


def _shares(figure: Figure, axes: Axes, shares: np.ndarray, shrink: float) -> None:
    from matplotlib.colors import PowerNorm
    from matplotlib.ticker import PercentFormatter

    # The square root lifts the rare confusions, which are what the reader looks for, off the white.
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1), interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, shrink=shrink, pad=0.02, aspect=24, ticks=[0, 0.01, 0.05, 0.2, 0.5, 1])
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    bar.ax.tick_params(labelsize=7.5, colors=INK, length=2)
    bar.ax.minorticks_off()
    bar.set_label("share of the true class", fontsize=8, color=INK)
    bar.outline.set_visible(False)


def _class_names(axes: Axes, names: list[str], font: float) -> None:
    plain(axes)
    step = -(-len(names) // NAMED_CLASSES)
    ticks = np.arange(0, len(names), step)
    shown = [names[tick] for tick in ticks]
    upright = len(names) > 2 and len(names) * max(map(len, shown)) > 60
    axes.set_xticks(ticks, shown, rotation=90 if upright else 0, parse_math=False, fontsize=font)
    axes.set_yticks(ticks, shown, parse_math=False, fontsize=font)  # a dollar sign in a name is not mathematics
    axes.set_xlabel("predicted", fontsize=10)
    axes.set_ylabel("true", fontsize=10)
    if len(names) <= NAMED_CLASSES:
        axes.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.grid(which="minor", color="white" if len(names) <= COUNTED_CLASSES else "#eeeeee", lw=0.5)
        axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _counts(axes: Axes, matrix: np.ndarray, shares: np.ndarray, font: float) -> None:
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            digits = len(str(count))
            size = font * min(1.0, 3.6 / digits) if len(matrix) > 10 else font
            colour = "white" if shares[row, column] > 0.3 else INK
            axes.text(column, row, str(count), ha="center", va="center", fontsize=size, color=colour)


def plain(axes: Axes) -> None:
    """Leave of the axes what carries information."""
    axes.set_facecolor("white")
    axes.tick_params(colors=INK, labelsize=8, length=2.5)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color("#888888")


def saved(figure: Figure, path: str | Path) -> Path:
    """Write a figure as a PNG file and return its path."""
    path = Path(path)
    with warnings.catch_warnings():
        # A name in a script the font lacks is drawn as boxes; the tables of the report spell it out.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(path, format="png", bbox_inches="tight", pad_inches=0.12)
    return path
