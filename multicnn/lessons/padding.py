"""Padding beyond the border of an image: zeros, the border, both mirrors, or the other side."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from multicnn.lessons.drawing import RED, Drawing, image, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Our names, which are PyTorch's and SciPy's too in part, to those of `numpy.pad`.
_NUMPY: dict[str, Literal["constant", "edge", "reflect", "symmetric", "wrap"]] = {
    "zeros": "constant",
    "edge": "edge",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "circular": "wrap",
}
MODES = tuple(_NUMPY)


def padded(values: np.ndarray, amounts: int | Sequence[int], mode: str = "zeros") -> np.ndarray:
    """Return an array with steps added at both ends of its first axes.

    Args:
        values: An array of any type and rank.
        amounts: The steps at either end, one number for each axis; a plain number is for the first two, or the only one.
        mode: "zeros", "edge" (the border repeated), "reflect" (mirrored without it), "symmetric" (mirrored with it) or
            "circular" (the other side).

    Raises:
        ValueError: The mode is unknown, or an amount is below 0.
    """
    if mode not in _NUMPY:
        raise ValueError(f"`padding_mode` must be one of {list(MODES)}. Received: padding_mode={mode!r}")
    each = (amounts,) * min(values.ndim, 2) if isinstance(amounts, int) else tuple(amounts)
    if min(each) < 0:
        raise ValueError(f"`padding` must be 0 or more. Received: padding={min(each)}")
    widths = [(amount, amount) for amount in each] + [(0, 0)] * (values.ndim - len(each))
    return np.pad(values, widths, mode=_NUMPY[mode])


def padded_text(text: str = "ABC", amount: int = 2) -> dict[str, str]:
    """Return what each mode makes of the letters of a text; zeros are written as 0."""
    letters = np.array([ord(letter) for letter in text])
    return {mode: "".join(chr(code) if code else "0" for code in padded(letters, amount, mode)) for mode in MODES}


@dataclasses.dataclass(frozen=True)
class Padded(Drawing):
    """An image, padded in every mode.

    Attributes:
        images: For each mode, uint8 (height, width, 3).
        amount: The pixels added at each side.
    """

    kind = "jpeg"

    images: dict[str, np.ndarray]
    amount: int

    def draw(self) -> Figure:
        """Return the images side by side; a frame shows where the image ends."""
        from matplotlib.patches import Rectangle

        figure, axes = panels(3, rows=2, width=9, height=2.5)
        for one, (mode, pixels) in zip(axes, self.images.items()):
            image(one, pixels, mode)
            height, width = (size - 2 * self.amount for size in pixels.shape[:2])
            corner = (self.amount - 0.5, self.amount - 0.5)
            one.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=RED, lw=1.6))
        axes[-1].axis("off")
        text = "\n".join(f"{mode:>9}  {letters}" for mode, letters in padded_text().items())
        axes[-1].text(0.5, 0.5, text, ha="center", va="center", family="monospace", transform=axes[-1].transAxes)
        return figure


def padded_image(pixels: np.ndarray, amount: int) -> Padded:
    """Pad an image in every mode.

    Args:
        pixels: uint8 (height, width, 3).
        amount: The pixels added at each side.

    Raises:
        ValueError: The amount is below 0, or larger than the image.
    """
    if not 0 <= amount <= min(pixels.shape[:2]):
        raise ValueError(f"`padding` must be from 0 to {min(pixels.shape[:2])}. Received: padding={amount}")
    return Padded({mode: padded(pixels, amount, mode) for mode in MODES}, amount)
