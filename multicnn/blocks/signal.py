"""The stand-in for a tensor while a network is measured: its shape, and how much of the input it sees."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

Shape = tuple[int | None, ...]


@dataclasses.dataclass(frozen=True)
class Signal:
    """The shape of a tensor, and how far back one of its positions sees.

    Attributes:
        shape: The shape with the batch axis in front; None for a size that is not known.
        reach: The receptive field: input steps that one position sees along each axis; None where it is not known.
        stride: Input steps between two neighbouring positions along each axis, a fraction after a transposed convolution that
            goes below the input's own steps; None where it is not known.
        masked: True where it carries a time mask, so that a sequence shorter than a window is padded and not refused.
        start: The input step at which the window of the first position begins along each axis, below 0 where that is padding;
            None where it is not known.
    """

    shape: Shape
    reach: tuple[int, ...] | None = None
    stride: tuple[int | Fraction, ...] | None = None
    masked: bool = False
    start: tuple[int | Fraction, ...] | None = None

    @property
    def channels(self) -> int:
        """The size of the last axis, which every tensor of a network knows."""
        channels = self.shape[-1]
        if channels is None:
            raise ValueError(f"the number of channels of shape {self.shape} is not known")
        return channels

    @property
    def positions(self) -> int | None:
        """The number of positions between the batch and the channels; None if an axis has no known size."""
        sizes = [size for size in self.shape[1:-1] if size is not None]
        return math.prod(sizes) if len(sizes) == len(self.shape) - 2 else None

    @property
    def center(self) -> tuple[Fraction, ...] | None:
        """The middle of the receptive field of the first position along each axis, in input steps from the middle of the first.

        That of position i is `center + i * stride`. None where it is not known.
        """
        if self.reach is None or self.start is None:
            return None
        return tuple(start + Fraction(reach - 1, 2) for start, reach in zip(self.start, self.reach))

    def reshaped(self, *shape: int | None) -> Signal:
        """Return a signal of another shape (without the batch) whose positions see the same."""
        return dataclasses.replace(self, shape=(self.shape[0], *shape))

    def with_channels(self, channels: int) -> Signal:
        """Return a signal with the same positions and so many channels."""
        return dataclasses.replace(self, shape=(*self.shape[:-1], channels))

    def window(self, position: Sequence[int]) -> tuple[tuple[int, int], ...] | None:
        """Return the receptive field of a position: the first input step along each axis, and the one behind the last.

        Padding counts, so that it may begin below 0 and end behind the input. Of a transposed convolution, whose positions do
        not all see the same of its input, it lies right in the mean. None where it is not known.

        Args:
            position: The position along each axis.
        """
        if self.reach is None or self.stride is None or self.start is None:
            return None
        starts = [math.floor(start + at * stride) for start, at, stride in zip(self.start, position, self.stride)]
        return tuple((start, start + reach) for start, reach in zip(starts, self.reach))

    def windowed(
        self,
        sizes: Sequence[int | None],
        reaches: Sequence[int],
        steps: Sequence[int | Fraction],
        before: Sequence[int | Fraction] = (0, 0),
    ) -> Signal:
        """Return the signal after windows of `reaches` positions that stand `steps` positions apart along each axis.

        Args:
            sizes: The number of windows along each axis; None where it is not known.
            reaches: The positions of this signal that a window covers along each axis.
            steps: The positions of this signal between two windows along each axis.
            before: How many positions before the first of this signal the first window begins along each axis.
        """
        shape = (self.shape[0], *sizes, self.shape[-1])
        if self.reach is None or self.stride is None:
            return dataclasses.replace(self, shape=shape)
        reach = tuple(math.ceil(r + (n - 1) * s) for r, n, s in zip(self.reach, reaches, self.stride))
        stride = tuple(s * step for s, step in zip(self.stride, steps))
        return Signal(shape, reach, stride, self.masked, self.moved(-step for step in before).start)

    def moved(self, positions: Iterable[int | Fraction]) -> Signal:
        """Return the signal that begins so many positions later along each axis: earlier ones are cut off."""
        if self.start is None or self.stride is None:
            return self
        start = tuple(at + step * stride for at, step, stride in zip(self.start, positions, self.stride))
        return dataclasses.replace(self, start=start)

    def pooled(self, *shape: int | None) -> Signal:
        """Return a signal of a shape (without the batch), each position of which sees all positions of this one.

        An axis of unknown size counts as one position.
        """
        shape = (self.shape[0], *shape)
        if self.reach is None or self.stride is None:
            return Signal(shape)
        sizes = [1 if size is None else size for size in self.shape[1:-1]] or [1]
        reach = tuple(math.ceil(r + (n - 1) * s) for r, n, s in zip(self.reach, sizes, self.stride))
        return Signal(shape, reach, self.stride, start=self.start)

    def sequence(self, steps: int | None, channels: int) -> Signal:
        """Return a sequence whose steps see what the positions of this signal see along its first axis."""
        reach = None if self.reach is None else self.reach[:1]
        stride = None if self.stride is None else self.stride[:1]
        start = None if self.start is None else self.start[:1]
        return Signal((self.shape[0], steps, channels), reach, stride, self.masked, start)

    def pooled_sequence(self, steps: int | None) -> Signal:
        """Return a sequence of so many steps, each of which sees all positions of this signal."""
        pooled = self.pooled(steps, self.channels).sequence(steps, self.channels)
        return dataclasses.replace(pooled, masked=self.masked)

    def with_widest_reach(self, others: Sequence[Signal]) -> Signal:
        """Return this signal with the widest receptive field of this one and the others."""
        reaches = [signal.reach for signal in (self, *others) if signal.reach is not None]
        if len(reaches) <= len(others):
            return dataclasses.replace(self, reach=None, stride=None, start=None)
        starts = [signal.start for signal in (self, *others) if signal.start is not None]
        # Of windows around the same middle, the widest begins first.
        start = tuple(map(min, zip(*starts))) if len(starts) == len(reaches) else None
        return dataclasses.replace(self, reach=tuple(map(max, zip(*reaches))), start=start)


@dataclasses.dataclass(frozen=True)
class Cost:
    """The output and the cost of a leaf.

    Attributes:
        output: The signal that the leaf makes of its input.
        parameters: The number of trained numbers.
        statistics: The number of numbers saved with the weights that are not trained: moving averages, LeNet-5's output codes.
        multiply_adds: The multiplications with an addition for one example; None where they are not known.
        layers: The layers of the leaf, each as what follows the leaf's path in its name.
    """

    output: Signal
    parameters: int = 0
    statistics: int = 0
    multiply_adds: int | None = 0
    layers: tuple[str, ...] = ("",)


def times(number: int, positions: int | None) -> int | None:
    """Return a number of multiply-adds at each position times the positions; None where these are not known."""
    return None if positions is None else number * positions
