"""Views of what is inside a network of images: parts of them as pixels."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from multicnn.modalities.shown import Shown
from multicnn.modalities.views import Views, Window, cut


class ImageViews(Views, Protocol):
    """The views of a preprocess of pixels; kernels and values around 0 are shown as any matrix is."""

    @property
    def mean(self) -> tuple[float, ...] | None:
        """Of each channel."""

    @property
    def std(self) -> tuple[float, ...] | None:
        """Of each channel."""

    @property
    def input_range(self) -> tuple[np.ndarray, np.ndarray]:
        """The network's input of black and of white, float32 (channels,)."""
        mean, std = np.array(self.mean), np.array(self.std)
        return (-mean / std).astype(np.float32), ((1 - mean) / std).astype(np.float32)

    def excerpt(self, raw: np.ndarray, window: Window) -> list[Shown]:
        """Return the pixels of a part of an image, of the size that the network sees."""
        return [Shown("image", cut(self.example(raw), window))]

    def where(self, window: Window) -> str:
        """Return the pixels of a part, such as "x 3 to 16, y 0 to 13"."""
        (top, bottom), (left, right) = window[:2]
        return f"x {left} to {right - 1}, y {top} to {bottom - 1}"
