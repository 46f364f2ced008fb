"""A gallery: sections of cells, each with images, players or texts and a caption, as a page or as one image."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from multicnn.evaluation import page
from multicnn.evaluation.figures import INK, saved
from multicnn.modalities import Shown
from multicnn.utils.outputs import check_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 10
_TEXT_COLUMNS = 3
_SIDE, _LINE = 1.05, 0.4  # inches of an image and of a text
_SUFFIXES = (".html", ".png")


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell.

    Attributes:
        shown: What it shows, one below the other.
        caption: A few words below.
    """

    shown: Sequence[Shown]
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Section:
    """Cells side by side, with a title.

    Attributes:
        title: The title.
        cells: The cells.
        note: A sentence below the title.
    """

    title: str
    cells: Sequence[Cell]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Gallery:
    """Sections of cells.

    Attributes:
        title: The title.
        lead: A sentence or two below it.
        sections: The sections.
        columns: The names of the columns of a table above them, if there is one.
        rows: The cells of its rows, numbers or texts.
    """

    title: str
    lead: str
    sections: Sequence[Section]
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = field(default=())


def check_gallery(path: str | os.PathLike[str] | None) -> None:
    """Raise ValueError unless a gallery can be written to a path, an .html or .png file; None is none."""
    check_file(path)
    if path is not None and Path(path).suffix.lower() not in _SUFFIXES:
        raise ValueError(f"`out` must end in .html or .png. Received: out={str(path)!r}")


def write_gallery(path: str | os.PathLike[str], gallery: Gallery) -> Path:
    """Write a gallery as an HTML page that needs no other file, or as a PNG image, without what is only heard.

    Args:
        path: The file, which ends in .html or .png.
        gallery: The gallery.

    Returns:
        `path`.
    """
    target = Path(path)
    if target.suffix.lower() == ".html":
        return page.write(target, "gallery", title=gallery.title, lead=gallery.lead, gallery=gallery)
    target.parent.mkdir(parents=True, exist_ok=True)
    return saved(_figure(gallery), target)


def _figure(gallery: Gallery) -> Figure:
    """Return the sections below each other, their cells in lines."""
    from matplotlib.figure import Figure

    lines = [line for section in gallery.sections for line in _lines(section)]
    columns = max((len(cells) for _, cells in lines), default=1)
    heights = [max(map(len, map(_drawn, cells)), default=1) for _, cells in lines]
    texts = any(shown.kind == "text" for _, cells in lines for cell in cells for shown in cell.shown)
    wide, side = (3.2, _LINE) if texts else (_SIDE, _SIDE)
    figure = Figure(figsize=(wide * columns + 0.1, sum(heights) * side + 0.34 * len(lines) + 0.1), dpi=100)
    figure.set_facecolor("white")
    boxes = figure.subfigures(len(lines), 1, squeeze=False, height_ratios=[h * side + 0.34 for h in heights])
    for (title, cells), height, box in zip(lines, heights, boxes[:, 0]):
        box.suptitle(title, x=0.01, ha="left", fontsize=9, color=INK)
        top = 1 - 0.26 / (height * side + 0.34)
        grid = box.subplots(height, columns, squeeze=False)
        box.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=top, wspace=0.06, hspace=0.06)
        for axes in grid.ravel():
            axes.axis("off")
        for column, cell in enumerate(cells):
            for row, shown in enumerate(_drawn(cell)):
                _draw(grid[row, column], shown)
    return figure


def _lines(section: Section) -> Iterator[tuple[str, Sequence[Cell]]]:
    """Yield the cells of a section by lines, the first with its title."""
    is_text = any(shown.kind == "text" for cell in section.cells for shown in cell.shown)
    columns = _TEXT_COLUMNS if is_text else _COLUMNS
    for start in range(0, len(section.cells), columns):
        yield section.title if start == 0 else "", section.cells[start : start + columns]


def _drawn(cell: Cell) -> list[Shown]:
    return [shown for shown in cell.shown if shown.kind != "audio"]


def _draw(axes: Axes, shown: Shown) -> None:
    if isinstance(shown.content, str):
        axes.text(0, 1, shown.content, fontsize=7, va="top", wrap=True, parse_math=False, color=INK)
        return
    content = np.asarray(shown.content)
    if shown.kind == "plot":
        axes.plot(content.reshape(len(content), -1), lw=0.8)
        return
    plane = content[..., 0] if content.ndim == 3 and content.shape[2] == 1 else content
    axes.imshow(plane, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
