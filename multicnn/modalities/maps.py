"""The map of an explanation, by modality: its cells, how an input without anything in it looks, and how the map is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from multicnn.modalities.marks import Source

if TYPE_CHECKING:
    from multicnn.modalities.base import Shown

# The colors of what speaks for a class and against it, as on the pages of texts.
FOR, AGAINST = (33, 113, 181), (217, 95, 14)


class Mapped(Protocol):
    """The members of `Preprocess` by which a decision is explained as a map over the network's input."""

    default_method: ClassVar[str] = "occlusion"
    """The method of `multicnn explain` where none is named."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the network's input, without the batch."""

    @property
    def map_shape(self) -> tuple[int, ...]:
        """Shape of a map: a cell for each position of the input, by default all axes but that of the channels."""
        return self.input_shape[:-1] or self.input_shape

    @property
    def occlusion_box(self) -> tuple[int, ...]:
        """Cells along each axis that occlusion covers at once."""
        return tuple(max(1, round(size / 5)) for size in self.map_shape)

    def real_cells(self, raw: Source) -> np.ndarray:
        """Return where the network's input of a decoded example is no padding: bool, of `map_shape`."""
        return np.ones(self.map_shape, bool)

    def nothing(self, finished: np.ndarray) -> np.ndarray:
        """Return inputs (n, *input_shape) without anything in them: what covers an occluded cell, and where a path begins."""
        return np.zeros_like(finished)

    def mapped(self, raw: Source, cells: np.ndarray) -> list[Shown]:
        """Return a decoded example under a map, and whatever of it can be played.

        Args:
            raw: The example, or the one of its `windows` that is explained.
            cells: float32 of `map_shape`, in [-1, 1]; below zero speaks against the class.
        """
        return []

    def peak(self, raw: Source, cells: np.ndarray) -> dict[str, float]:
        """Return where a map is largest, in units of the original by name: pixels, seconds, Hz, or tokens."""
        index = np.unravel_index(int(np.argmax(cells)), cells.shape)
        return {f"axis {axis}": float(at) for axis, at in enumerate(index)}


def tinted(gray: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return a light gray image tinted by a map of the same size: uint8 (height, width, 3).

    Args:
        gray: The image, float (height, width) in [0, 1].
        cells: The map, float (height, width) in [-1, 1].
    """
    base = 255 * (0.45 + 0.55 * gray[..., None].repeat(3, axis=-1))
    strength = 0.85 * np.abs(cells)[..., None]
    color = np.where(cells[..., None] > 0, np.array(FOR), np.array(AGAINST))
    return np.rint((1 - strength) * base + strength * color).astype(np.uint8)
