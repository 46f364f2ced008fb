"""Fixed summaries of images and audio, without weights: what the linear baseline sees of an example."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

import keras

from multicnn import layers
from multicnn.backends import keras_private
from multicnn.blocks.base import Block
from multicnn.blocks.builder import KerasBuilder
from multicnn.blocks.rank import Shaped, per_axis, rank_of
from multicnn.blocks.signal import Cost, Signal
from multicnn.blocks.windows import Sizes


class adaptive_average_pool(Block):
    """Means over `output_size` nearly equal windows side by side along each axis; an axis with no more steps stays.

    Of s steps, the i-th of n windows begins at step i * s // n. It needs an input of fixed size, and no padding to ignore.
    """

    output_size: Sizes

    def check(self, x: Shaped, masked: bool) -> tuple[int, ...]:
        """Return the number of positions along each axis of the output.

        Raises:
            ValueError: An axis has no known size, or the input has a time mask.
        """
        if masked or None in x.shape[1:-1]:
            raise ValueError("adaptive pooling needs an input of fixed size without padding")
        sizes = per_axis(self.output_size, rank_of(x))
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            raise ValueError(f"`output_size` must be whole numbers from 1. Received: output_size={self.output_size!r}")
        return tuple(min(size, steps or 1) for size, steps in zip(sizes, x.shape[1:-1]))

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        sizes = self.check(x, keras_private.mask_of(x) is not None)
        return builder.layer(layers.AdaptiveAveragePooling, output_size=sizes)(x)

    def cost(self, x: Signal) -> Cost:
        sizes = self.check(x, x.masked)
        steps = [size or 1 for size in x.shape[1:-1]]
        reaches = [-(-step // size) for step, size in zip(steps, sizes)]
        return Cost(x.windowed(sizes, reaches, [Fraction(step, size) for step, size in zip(steps, sizes)]))


class deviation_over(Block):
    """The standard deviation along one spatial axis (0 or 1), which stays with size 1. No padding is ignored."""

    axis: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.axis not in (0, 1):
            raise ValueError(f"`axis` must be 0 or 1. Received: axis={self.axis!r}")

    def check(self, x: Shaped, masked: bool) -> None:
        """Check an input.

        Raises:
            ValueError: It has no such axis, the axis has no known size, or there is a time mask.
        """
        if rank_of(x) <= self.axis or masked or x.shape[1 + self.axis] is None:
            raise ValueError("a deviation over one axis needs that axis, of fixed size without padding")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        self.check(x, keras_private.mask_of(x) is not None)
        return builder.layer(layers.StandardDeviation, axis=self.axis)(x)

    def cost(self, x: Signal) -> Cost:
        self.check(x, x.masked)
        sizes = [1 if axis == self.axis else size for axis, size in enumerate(x.shape[1:-1])]
        reaches = [size or 1 if axis == self.axis else 1 for axis, size in enumerate(x.shape[1:-1])]
        return Cost(x.windowed(sizes, reaches, (1, 1)))


class band_levels(Block):
    """The level in dB of up to `bands` bands of frequency in half overlapping frames: (samples, 1) to (frames, bands).

    Frames of `frame_length` samples under a Hann window; bands narrow at the bottom, as on the mel scale at 16 kHz.
    """

    frame_length: int = 512
    bands: int = 40
    at_least_one: ClassVar[tuple[str, ...]] = ("frame_length", "bands")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frame_length % 2 or self.frame_length > 2**16:
            expected = f"`frame_length` must be an even number of samples, at most {2**16:,}"
            raise ValueError(f"{expected}. Received: frame_length={self.frame_length!r}")

    def check(self, x: Shaped) -> None:
        """Check an input.

        Raises:
            ValueError: It is no waveform of one channel and known length.
        """
        if rank_of(x) != 1 or x.shape[1] is None or x.shape[2] != 1:
            raise ValueError("levels of bands need a waveform (batch, samples, 1) of fixed length")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        self.check(x)
        return builder.layer(layers.BandLevels, frame_length=self.frame_length, bands=self.bands)(x)

    def cost(self, x: Signal) -> Cost:
        self.check(x)
        _, frames, bands = layers.BandLevels(self.frame_length, self.bands).compute_output_shape(x.shape)
        per_frame = 2 * (self.frame_length // 2 + 1) * (self.frame_length + bands)
        output = x.windowed((frames,), (self.frame_length,), (self.frame_length // 2,)).with_channels(bands)
        return Cost(output, multiply_adds=frames * per_frame)
