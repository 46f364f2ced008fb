"""The weights that a layer needs on an image: a dense one many for every pixel, a convolution the same few everywhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn import blocks
from multicnn.blocks.cost import measure
from multicnn.lessons.drawing import BLUE, RED, Drawing, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class WeightCounts(Drawing):
    """Parameters of a dense layer and of a convolution by the size of the image.

    Attributes:
        sizes: int (sizes,), the side of the square colour image in pixels.
        dense: int (sizes,), the parameters of a dense layer.
        conv: int (sizes,), the parameters of a convolution with as many outputs at each pixel.
        units: The neurons of the one, the filters of the other.
    """

    sizes: np.ndarray
    dense: np.ndarray
    conv: np.ndarray
    units: int

    def draw(self) -> Figure:
        """Return both counts over the side of the image."""
        figure, (axes,) = panels(1, width=6, height=3)
        axes.loglog(self.sizes, self.dense, "o-", color=RED, label=f"dense layer of {self.units} neurons")
        axes.loglog(self.sizes, self.conv, "s-", color=BLUE, label=f"convolution of {self.units} filters")
        axes.set_xticks(self.sizes, [str(size) for size in self.sizes])
        axes.minorticks_off()
        axes.set(xlabel="side of a colour image in pixels", ylabel="parameters", ylim=(300, self.dense.max() * 30))
        for size, count in zip(self.sizes[[0, -1]], self.dense[[0, -1]]):
            axes.annotate(f"{count:,}", (size, count), xytext=(0, 8), textcoords="offset points", ha="center")
        axes.annotate(
            f"{self.conv[-1]:,}", (self.sizes[-1], self.conv[-1]), (0, 8), textcoords="offset points", ha="center"
        )
        axes.grid(axis="y")
        axes.legend(loc="upper left")
        axes.margins(x=0.12)
        return figure


def weight_counts(
    sizes: Sequence[int] = (8, 32, 64, 128, 224), *, units: int = 64, kernel_size: int = 3
) -> WeightCounts:
    """Count, without building them, a dense layer and a convolution on square colour images.

    Args:
        sizes: The sides of the images in pixels.
        units: The neurons of the dense layer, the filters of the convolution.
        kernel_size: The side of the convolution's window.
    """
    dense = blocks.chain(blocks.flatten(), blocks.dense(units))
    counts = [
        np.array([measure(block, (size, size, 3)).parameters for size in sizes])
        for block in (dense, blocks.conv(units, kernel_size))
    ]
    return WeightCounts(np.array(sizes), counts[0], counts[1], units)
