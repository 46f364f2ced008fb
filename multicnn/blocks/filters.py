"""The fixed filters of image processing, by name or by their own numbers."""

from __future__ import annotations

from dataclasses import KW_ONLY
from math import prod
from typing import ClassVar

import keras

from multicnn import layers
from multicnn.blocks.base import Block
from multicnn.blocks.builder import KerasBuilder
from multicnn.blocks.rank import Shaped, rank_of
from multicnn.blocks.signal import Cost, Signal, times
from multicnn.blocks.windows import around
from multicnn.layers.kernels import Kernel, kernel_shape

_OF_FORMAT_1 = {"edge4": "negative_edge4", "edge8": "negative_edge8"}


class fixed_filter(Block):
    """A linear filter of image processing on each channel; nothing to train, the border repeated. It cross-correlates.

    By name: "identity"; "edge4" and "edge8", the Laplacian over 4 and 8 neighbours with -4 and -8 in the middle, and their
    negatives "negative_edge4" and "negative_edge8"; "sharpen" (the image less its "edge4"), "box_blur", "gaussian_blur",
    "sobel_x" and "sobel_y". On a sequence: the same over its two neighbours ("sobel_y" is the difference along time). Or by
    its own numbers, rows of an image's or those of a sequence's: `fixed_filter(kernel=((0, 1, 0), (1, -4, 1), (0, 1, 0)))`.

    In the serial form of format 1, which has no `format`, "edge4" and "edge8" are the negatives.
    """

    name: str | None = None
    _: KW_ONLY
    kernel: Kernel | None = None
    json_format: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.name is None) == (self.kernel is None):
            received = f"name={self.name!r}, kernel={self.kernel!r}"
            raise ValueError(f"fixed_filter takes a `name` or a `kernel`. Received: {received}")
        if self.name is not None and self.name not in layers.FILTERS:
            raise ValueError(f"`name` must be one of {sorted(layers.FILTERS)}. Received: name={self.name!r}")
        if self.kernel is not None:
            kernel_shape(self.kernel, "kernel")

    @classmethod
    def upgraded(cls, fields: dict[str, object], version: int) -> dict[str, object]:
        """Return the fields with the names of today: of format 1, "edge4" is "negative_edge4"."""
        name = fields.get("name")
        return fields | {"name": _OF_FORMAT_1.get(name, name)} if version == 1 and isinstance(name, str) else fields

    def kernel_on(self, x: Shaped) -> Kernel:
        """Return the numbers of the kernel for a tensor.

        Raises:
            ValueError: It has another number of axes.
        """
        rank = rank_of(x)
        if self.kernel is None:
            assert self.name is not None
            return layers.filter_kernel(self.name, rank)
        if (axes := len(kernel_shape(self.kernel, "kernel"))) != rank:
            raise ValueError(f"a kernel of {axes} axes does not filter {rank}")
        return self.kernel

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        kernel = self.kernel_on(x)
        padding = around(kernel_shape(kernel, "kernel"))
        x = builder.layer(layers.BorderPadding, "pad", padding=padding, mode="edge")(x)
        return builder.layer(layers.FixedFilter, kernel=kernel)(x)

    def cost(self, x: Signal) -> Cost:
        sizes = kernel_shape(self.kernel_on(x), "kernel")
        before = [margin for margin, _ in around(sizes)]
        output = x.windowed(x.shape[1:-1], sizes, (1,) * len(sizes), before)
        return Cost(output, multiply_adds=times(prod(sizes) * x.channels, x.positions))
