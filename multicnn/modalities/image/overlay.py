"""A map over an image of any size: brought to its pixels, and laid over it in color."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol

import numpy as np

from multicnn.modalities.base import Shown
from multicnn.modalities.maps import Mapped, tinted

_SMALL = 160  # pixels


class ImageMaps(Mapped, Protocol):
    """The members of `ImagePreprocess` by which a decision is explained as a map over the network's input."""

    default_method: ClassVar[str] = "grad-cam"  # points best (docs/explain.md)

    def mapped(self, raw: np.ndarray, cells: np.ndarray) -> list[Shown]:
        """Return the image, and in gray under the map, both at its own size."""
        under = tinted(raw.mean(axis=-1) / 255, at_size(cells, (raw.shape[0], raw.shape[1])))
        # What is too small to be seen is enlarged where it is shown.
        kind: Literal["image", "figure"] = "image" if 2 * max(raw.shape) <= _SMALL else "figure"
        return [Shown(kind, raw if raw.shape[-1] == 3 else raw.repeat(3, axis=-1)), Shown(kind, under)]

    def peak(self, raw: np.ndarray, cells: np.ndarray) -> dict[str, float]:
        """Return the pixel of the image at which a map is largest."""
        y, x = np.unravel_index(int(np.argmax(cells)), cells.shape)
        height, width = (side / size for side, size in zip(raw.shape, cells.shape))
        return {"x": float((x + 0.5) * width - 0.5), "y": float((y + 0.5) * height - 0.5)}


def at_size(cells: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a map at the size of an image, between the middles of its cells on straight lines.

    Args:
        cells: float (height, width).
        size: The (height, width) of the image in pixels.
    """
    for axis, pixels in enumerate(size):
        count = cells.shape[axis]
        at = (np.arange(pixels) + 0.5) * count / pixels - 0.5
        weights = np.stack([np.interp(at, np.arange(count), row) for row in np.eye(count)])
        cells = np.moveaxis(np.moveaxis(cells, axis, -1) @ weights, -1, axis)
    return cells
