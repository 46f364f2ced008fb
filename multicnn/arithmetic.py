"""What a Block costs and sees, without building it: shapes, parameters, multiply-adds, receptive field.

    >>> measure(resnet20(10), (32, 32, 3)).parameters
    269722

Output sizes follow floor((input + padding - reach) / stride) + 1 with reach = dilation (kernel - 1) + 1.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras

from multicnn import blocks
from multicnn.composition import Block
from multicnn.site import BlockError, Site

Shape = tuple[int | None, ...]


@dataclasses.dataclass(frozen=True)
class Signal:
    """A tensor's shape, and how far back one of its positions sees: `reach` input steps per axis, `stride` apart.

    `masked` says that it carries a time mask: a sequence of token ids shorter than a window is padded, not refused.
    """

    shape: Shape
    reach: tuple[int, ...]
    stride: tuple[int, ...]
    masked: bool = False


@dataclasses.dataclass(frozen=True)
class Part:
    """One leaf of the network, named as its Keras layer will be."""

    path: str
    block: Block
    output: Signal
    parameters: int
    statistics: int  # moving averages: kept with the weights, not trained
    multiply_adds: int


@dataclasses.dataclass(frozen=True)
class Measure:
    """The totals of a network; `parameters` are the trainable ones, as papers count them."""

    output: Signal | dict[str, Signal]
    parts: tuple[Part, ...]
    stages: dict[str, Signal]

    @property
    def shape(self) -> Shape:
        """The shape of the output, without the batch."""
        return self.output.shape[1:]

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def statistics(self) -> int:
        return sum(part.statistics for part in self.parts)

    @property
    def multiply_adds(self) -> int:
        return sum(part.multiply_adds for part in self.parts)


def measure(block: Block, input_shape: Shape | Mapping[str, Shape]) -> Measure:
    """Measures a Block on an input shape (without the batch; a dict of shapes for `join`).

    A step count that is not known (None) stays so, and what depends on it counts no multiply-adds.

    Raises:
        BlockError: The Block does not fit the input; the message is the path to the part that does not.
    """
    site = MeasureSite()
    if isinstance(input_shape, Mapping):
        inputs = {name: _input(shape) for name, shape in input_shape.items()}
    else:
        inputs = _input(input_shape)
    output = block.apply(inputs, site.enter(block))
    return Measure(output=output, parts=tuple(site.parts), stages=dict(site.taps))


def smallest_input(block: Block, input_shape: Shape) -> int | None:
    """The smallest size of the first axis (and of a second of the same size) that fits, None if none up to 4096 does."""
    square = len(input_shape) == 3 and input_shape[0] == input_shape[1]

    def fits(size: int) -> bool:
        try:
            measure(block, (size, size, *input_shape[2:]) if square else (size, *input_shape[1:]))
        except BlockError:
            return False
        return True

    low, high = 1, 4096
    if not fits(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return low


def _input(shape: Shape) -> Signal:
    rank = max(len(shape) - 1, 1)
    return Signal((None, *shape), (1,) * rank, (1,) * rank)


@dataclasses.dataclass
class MeasureSite(Site):
    """Counts where a BuildSite would build."""

    parts: list[Part] = dataclasses.field(default_factory=list)
    taps: dict[str, Signal] = dataclasses.field(default_factory=dict)

    def realise(self, block: Block, x: Any) -> Signal:
        part = dataclasses.replace(RULES[type(block)](block, x), path=self.path)
        if self.sharing is not None:
            first = self.shared.setdefault(self.sharing_key(), self.path)
            if first != self.path:  # the layer, and its weights, are those of the first application
                part = dataclasses.replace(part, path=first, parameters=0, statistics=0)
        self.parts.append(part)
        return part.output

    def tap(self, x: Any) -> Any:
        self.taps[self.path] = x
        return x


# One rule for each leaf: Block, Signal -> Part. -----------------------------------------------------------------------


def _part(block: Block, output: Signal, parameters: int = 0, statistics: int = 0, multiply_adds: int = 0) -> Part:
    return Part("", block, output, parameters, statistics, multiply_adds)


def _positions(shape: Shape) -> int:
    return math.prod(n or 0 for n in shape[1:-1])


def _slid(block: blocks._Windowed, x: Signal, channels: int) -> Signal:
    """The signal after a window has moved over `x`."""
    rank = blocks.rank_of(x)
    reaches, strides = block.reaches(rank), block.steps(rank)
    sizes = []
    missing = block.missing(x.shape, x.masked)
    for size, reach, stride in zip(x.shape[1:-1], reaches, strides):
        margin = reach if block.padding == "valid" else 1
        sizes.append(None if size is None else (size + missing - margin) // stride + 1)
    return Signal(
        (None, *sizes, channels),
        tuple(r + (reach - 1) * s for r, reach, s in zip(x.reach, reaches, x.stride)),
        tuple(s * stride for s, stride in zip(x.stride, strides)),
        x.masked,
    )


def _conv(block: blocks.conv, x: Signal) -> Part:
    channels = x.shape[-1]
    if block.groups < 1 or channels % block.groups or block.filters % block.groups:
        raise ValueError(f"{block.groups} groups do not divide {channels} channels and {block.filters} filters")
    output = _slid(block, x, block.filters)
    kernel = math.prod(blocks.per_axis(block.kernel_size, len(x.shape) - 2)) * channels // block.groups * block.filters
    return _part(block, output, kernel + block.filters * block.has_bias, 0, _positions(output.shape) * kernel)


def _depthwise(block: blocks.depthwise_conv, x: Signal) -> Part:
    output = _slid(block, x, x.shape[-1])
    kernel = math.prod(blocks.per_axis(block.kernel_size, len(x.shape) - 2)) * x.shape[-1]
    return _part(block, output, kernel + x.shape[-1] * block.has_bias, 0, _positions(output.shape) * kernel)


def _pool(block: blocks._pool, x: Signal) -> Part:
    return _part(block, _slid(block, x, x.shape[-1]))


def _global_pool(block: Block, x: Signal) -> Part:
    return _part(block, _whole(x, (None, x.shape[-1])))


def _whole(x: Signal, shape: Shape) -> Signal:
    """A signal that has seen all positions of `x`."""
    sizes = [1 if n is None else n for n in x.shape[1:-1]] or [1]
    return Signal(shape, tuple(r + (n - 1) * s for r, n, s in zip(x.reach, sizes, x.stride)), x.stride)


def _average_over(block: blocks.average_over, x: Signal) -> Part:
    block.check(x)
    shape = tuple(1 if axis == block.axis + 1 else n for axis, n in enumerate(x.shape))
    seen = _whole(x, shape).reach
    return _part(
        block,
        Signal(shape, tuple(s if a == block.axis else r for a, (r, s) in enumerate(zip(x.reach, seen))), x.stride),
    )


def _norm(block: blocks.norm, x: Signal) -> Part:
    if block.kind == "sub_spectral" and (blocks.rank_of(x) != 2 or x.shape[2] % block.bands):
        raise ValueError(f"{block.bands} bands do not divide the frequency axis of {x.shape}")
    values = 2 * x.shape[-1] * (block.bands if block.kind == "sub_spectral" else 1)
    return _part(block, x, values * block.affine, 0 if block.kind == "layer" else values)


def _unchanged(block: Block, x: Signal) -> Part:
    return _part(block, x)


def _flatten(block: blocks.flatten, x: Signal) -> Part:
    if None in x.shape[1:]:
        raise ValueError("flatten needs an input of fixed size; give the time axis a length, or pool globally")
    return _part(block, _whole(x, (None, math.prod(x.shape[1:]))))


def _dense(block: blocks.dense, x: Signal) -> Part:
    kernel = x.shape[-1] * block.units
    positions = math.prod(n or 0 for n in x.shape[1:-1])
    output = dataclasses.replace(x, shape=(*x.shape[:-1], block.units))
    return _part(block, output, kernel + block.units * block.has_bias, 0, positions * kernel)


def _embed(block: blocks.embed, x: Signal) -> Part:
    output = dataclasses.replace(x, shape=(*x.shape, block.dims), masked=True)
    return _part(block, output, block.vocabulary_size * block.dims)


def _pad_channels(block: blocks.pad_channels, x: Signal) -> Part:
    if x.shape[-1] > block.channels:
        raise ValueError(f"the input already has {x.shape[-1]} channels")
    return _part(block, dataclasses.replace(x, shape=(*x.shape[:-1], block.channels)))


def _merged(block: Block, xs: list[Signal]) -> Part:
    shape = {"add": keras.layers.Add, "concat": keras.layers.Concatenate}[block.how]().compute_output_shape(
        [x.shape for x in xs]
    )
    reach = tuple(max(sizes) for sizes in zip(*(x.reach for x in xs)))
    return _part(block, Signal(shape, reach, xs[0].stride, all(x.masked for x in xs)))


def _lift(block: blocks.lift, x: Signal) -> Part:
    layer = block.layer_class()(**block.config)
    shape = layer.compute_output_shape(x.shape)
    layer.build(x.shape)  # an unknown layer can only be asked
    trainable = sum(math.prod(w.shape) for w in layer.trainable_weights)
    statistics = sum(math.prod(w.shape) for w in layer.non_trainable_weights)
    return _part(block, dataclasses.replace(x, shape=tuple(shape)), trainable, statistics)


RULES: dict[type[Block], Callable[[Any, Any], Part]] = {
    blocks.conv: _conv,
    blocks.depthwise_conv: _depthwise,
    blocks.max_pool: _pool,
    blocks.average_pool: _pool,
    blocks.global_max_pool: _global_pool,
    blocks.global_average_pool: _global_pool,
    blocks.average_over: _average_over,
    blocks.norm: _norm,
    blocks.activation: _unchanged,
    blocks.drop: _unchanged,
    blocks.flatten: _flatten,
    blocks.dense: _dense,
    blocks.embed: _embed,
    blocks.pad_channels: _pad_channels,
    blocks.merged: _merged,
    blocks.lift: _lift,
}
