"""The base of all figures: one look, no window, and an image in a notebook."""

from __future__ import annotations

import base64
import functools
import io
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from multicnn.utils.files import atomic_file
from multicnn.utils.outputs import check_file

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which stay apart for colour blindness and in grey print.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, "#222222")
INK, FAINT, TINT = "#222222", "#dddddd", "#fde3c0"
DPI = 80
SUFFIXES = (".png", ".svg", ".jpg", ".jpeg", ".webp", ".pdf")
STYLE = {
    "font.size": 10.5,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.8,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "multicnn",  # the same file each time
}


class Drawing(ABC):
    """Numbers that can be drawn: a test reads the fields, a notebook shows the figure."""

    kind: ClassVar[Literal["png", "jpeg"]] = "png"  # "jpeg" for photographs

    @abstractmethod
    def draw(self) -> Figure:
        """Return a figure of the numbers, on the current settings of matplotlib; `figure` sets them."""

    def figure(self) -> Figure:
        """Return a matplotlib figure of the numbers, in the look of the lessons; no window and no pyplot."""
        from matplotlib import style

        with style.context(["default", STYLE]):  # whatever the caller has set
            return self.draw()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the figure to a file.

        Raises:
            ValueError: The name ends in no kind of image that can be written, or no file can be written there.
        """
        target = Path(path)
        check_image(target)
        content = self.encoded(target.suffix.lower().removeprefix("."))
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(target) as temporary:
            temporary.write_bytes(content)
        return target

    def encoded(self, kind: str) -> bytes:
        """Return the figure as the content of a file of a kind: "png", "svg", "jpeg" ..."""
        from matplotlib import style

        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}}.get(kind)
        written = io.BytesIO()
        with style.context(["default", STYLE]):
            save = functools.partial(self.draw().savefig, written, format=kind, dpi=DPI, metadata=metadata)
            save = functools.partial(save, bbox_inches="tight", pad_inches=0.08)
            if kind in ("jpg", "jpeg", "webp"):
                save(pil_kwargs={"quality": 80})
            else:
                save()
        return written.getvalue()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        content = self.encoded(self.kind)
        content = _few_colours(content) if self.kind == "png" else content
        return {
            f"image/{self.kind}": base64.b64encode(content).decode(),
            "text/plain": f"<{type(self).__name__}>",
        }


def _few_colours(png: bytes) -> bytes:
    """Return a PNG with a palette, of a third of the size: notebooks are kept in version control."""
    from PIL import Image

    written = io.BytesIO()
    with Image.open(io.BytesIO(png)) as opened:
        few = opened.convert("RGB").quantize(160, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(written, "png", optimize=True)
    return written.getvalue()


def check_image(path: Path) -> None:
    """Raise ValueError unless a figure can be written to a path.

    Raises:
        ValueError: It ends in no kind of image, or no file can be written there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"`out` must end in one of {', '.join(SUFFIXES)}. Received: out={str(path)!r}")
    check_file(path)


def panels(columns: int, *, width: float = 9.0, height: float = 3.0, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure and its axes, row by row.

    Args:
        columns: The number of axes side by side.
        width: The width of the figure in inches.
        height: The height of one row in inches.
        rows: The number of rows.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height * rows))
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.ravel())


def image(
    axes: Axes,
    values: np.ndarray,
    title: str = "",
    *,
    cmap: str | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    aspect: Literal["equal", "auto"] = "equal",
) -> None:
    """Draw an image, or a plane of numbers in grey, without ticks."""
    axes.imshow(values, cmap=cmap, vmin=vmin, vmax=vmax, aspect=aspect)
    axes.set_title(title)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def lines(axes: Axes, x: np.ndarray, curves: Mapping[str, np.ndarray]) -> None:
    """Draw named curves with a mark at each of the common x values, each in a colour of its own, with a legend."""
    for (name, values), colour in zip(curves.items(), COLOURS * 3):
        axes.plot(x, values, "o-", label=name, color=colour, markersize=5)
    axes.grid(axis="y")
    axes.legend()
