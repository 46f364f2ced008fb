"""Matrices of numbers, drawn as cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from multicnn.lessons.drawing import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Cell = tuple[int, int]


def written(value: float) -> str:
    """Return a number as short as a cell needs it: 2, -1, .25."""
    if float(value).is_integer():
        return f"{int(value)}"
    text = f"{value:.2f}".rstrip("0")
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def cells(
    axes: Axes,
    matrix: np.ndarray,
    *,
    left: float = 0.0,
    top: float = 0.0,
    tints: Mapping[str, Collection[Cell]] | None = None,
    hidden: Collection[Cell] = (),
    size: float = 11.0,
) -> None:
    """Draw a matrix as square cells of side 1, its first row on top, at y = -top.

    Args:
        axes: Where to draw.
        matrix: float (rows, columns).
        left: The x of its left side.
        top: How far below 0 its first row begins.
        tints: For each colour the cells (row, column) that are filled with it; the others are white.
        hidden: The cells whose numbers are not written.
        size: The size of the numbers in points.
    """
    from matplotlib.patches import Rectangle

    colours = {cell: colour for colour, chosen in (tints or {}).items() for cell in chosen}
    for (row, column), value in np.ndenumerate(matrix):
        corner = (left + column, -top - row - 1)
        fill = colours.get((row, column), "white")
        axes.add_patch(Rectangle(corner, 1, 1, facecolor=fill, edgecolor="#777777", lw=0.8))
        if (row, column) not in hidden:
            axes.text(corner[0] + 0.5, corner[1] + 0.5, written(value), ha="center", va="center", fontsize=size)


def frame(axes: Axes, rows: int, columns: int, *, left: float = 0.0, top: float = 0.0, colour: str = INK) -> None:
    """Draw a thick border around cells."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((left, -top - rows), columns, rows, fill=False, edgecolor=colour, lw=2.6, zorder=5))


def blank(axes: Axes, width: float, height: float) -> None:
    """Leave only what was drawn, on a field of this width and height, a cell everywhere of the same size."""
    axes.set(xlim=(-0.1, width + 0.1), ylim=(-height - 0.1, 0.1), aspect="equal", anchor="NW")
    axes.axis("off")
