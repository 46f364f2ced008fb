"""One rule for each leaf: what it makes of a signal, and what it costs.

Output sizes follow floor((input + padding - reach) / stride) + 1 with reach = dilation (kernel - 1) + 1; those of a transposed
convolution (input - 1) stride - 2 padding + reach + output padding.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from multicnn import blocks
from multicnn.blocks.base import Block
from multicnn.blocks.cost.signal import Part, Shape, Signal
from multicnn.blocks.windows import margins


def _part(block: Block, output: Signal, parameters: int = 0, statistics: int = 0, multiply_adds: int = 0) -> Part:
    return Part("", block, output, parameters, statistics, multiply_adds)


def _positions(shape: Shape) -> int:
    return math.prod(n or 0 for n in shape[1:-1])


def _reshaped(x: Signal, shape: Shape) -> Signal:
    return dataclasses.replace(x, shape=tuple(shape))


def _slid(block: Any, x: Signal, channels: int) -> Signal:
    """The signal after a window has moved over `x`."""
    rank = blocks.rank_of(x)
    reaches, strides = block.reaches(rank), block.steps(rank)
    missing, sizes = block.missing(x.shape, x.masked), []
    for size, reach, stride, sides in zip(x.shape[1:-1], reaches, strides, block.around(rank)):
        sizes.append(None if size is None else (size + missing + sum(sides) - reach) // stride + 1)
    return Signal(
        (None, *sizes, channels),
        tuple(_seen(r + (reach - 1) * s) for r, reach, s in zip(x.reach, reaches, x.stride)),
        tuple(s * stride for s, stride in zip(x.stride, strides)),
        x.masked,
    )


def _seen(steps: float) -> int:
    return math.ceil(steps)


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


def _conv_transpose(block: blocks.conv_transpose, x: Signal) -> Part:
    block.check(x.shape)
    rank, sizes, reaches, strides = blocks.rank_of(x), [], [], []
    for n, r, s, reach, step, cut in zip(
        x.shape[1:-1], x.reach, x.stride, block.reaches(rank), block.steps(rank), block.cut(rank)
    ):
        sizes.append(None if n is None else (n - 1) * step + reach - sum(cut))
        reaches.append(_seen(r + (-(-reach // step) - 1) * s))
        strides.append(s // step if s % step == 0 else s / step)
    kernel = math.prod(blocks.per_axis(block.kernel_size, rank)) * x.shape[-1] * block.filters
    output = Signal((None, *sizes, block.filters), tuple(reaches), tuple(strides), x.masked)
    return _part(block, output, kernel + block.filters * block.has_bias, 0, _positions(x.shape) * kernel)


def _fixed_filter(block: blocks.fixed_filter, x: Signal) -> Part:
    rank = blocks.rank_of(x)
    output = dataclasses.replace(x, reach=tuple(_seen(r + 2 * s) for r, s in zip(x.reach, x.stride)))
    return _part(block, output, 0, 0, _positions(x.shape) * 3**rank * x.shape[-1])


def _pool(block: Any, x: Signal) -> Part:
    return _part(block, _slid(block, x, x.shape[-1]))


def _global_pool(block: Block, x: Signal) -> Part:
    return _part(block, _whole(x, (None, x.shape[-1])))


def _whole(x: Signal, shape: Shape) -> Signal:
    """A signal that has seen all positions of `x`."""
    sizes = [1 if n is None else n for n in x.shape[1:-1]] or [1]
    return Signal(shape, tuple(_seen(r + (n - 1) * s) for r, n, s in zip(x.reach, sizes, x.stride)), x.stride)


def _average_over(block: blocks.average_over, x: Signal) -> Part:
    block.check(x)
    shape = tuple(1 if axis == block.axis + 1 else n for axis, n in enumerate(x.shape))
    seen = _whole(x, shape).reach
    reach = tuple(s if axis == block.axis else r for axis, (r, s) in enumerate(zip(x.reach, seen)))
    return _part(block, Signal(shape, reach, x.stride))


def _k_max_pool(block: blocks.k_max_pool, x: Signal) -> Part:
    seen = _whole(x, (None, block.k, x.shape[-1]))
    return _part(block, Signal(seen.shape, seen.reach[:1], seen.stride[:1], x.masked))


def _dynamic_k_max_pool(block: blocks.dynamic_k_max_pool, xs: list[Signal]) -> Part:
    x, sentence = xs
    block.check(x.shape)
    k = None if sentence.shape[1] is None else block.k(sentence.shape[1])
    return _part(block, dataclasses.replace(_whole(x, (None, k, x.shape[-1])), masked=x.masked))


def _switched(block: blocks.switched, xs: list[Signal]) -> Part:
    values, x = xs
    return _part(block, dataclasses.replace(x, reach=tuple(max(r) for r in zip(values.reach, x.reach))))


def _cut_to(block: blocks.cut_to, xs: list[Signal]) -> Part:
    block.check([x.shape for x in xs])
    x, like = xs
    return _part(block, dataclasses.replace(x, shape=(*like.shape[:-1], x.shape[-1]), masked=like.masked))


def _pad(block: blocks.pad, x: Signal) -> Part:
    sides = margins(block.amount, blocks.rank_of(x))
    sizes = (None if n is None else n + sum(pair) for n, pair in zip(x.shape[1:-1], sides))
    return _part(block, _reshaped(x, (None, *sizes, x.shape[-1])))


def _norm(block: blocks.norm, x: Signal) -> Part:
    if block.kind == "local_response":
        return _part(block, x)
    if block.kind == "sub_spectral" and (blocks.rank_of(x) != 2 or x.shape[2] % block.bands):
        raise ValueError(f"{block.bands} bands do not divide the frequency axis of {x.shape}")
    values = 2 * x.shape[-1] * (block.bands if block.kind == "sub_spectral" else 1)
    return _part(block, x, values * block.affine, 0 if block.kind == "layer" else values)


def _activation(block: blocks.activation, x: Signal) -> Part:
    return _part(block, x, x.shape[-1] if block.name == "prelu" else 0)


def _scale(block: blocks.scale, x: Signal) -> Part:
    return _part(block, x, 2 * x.shape[-1])


def _unchanged(block: Block, x: Signal) -> Part:
    return _part(block, x)


def _bands_to_channels(block: blocks.bands_to_channels, x: Signal) -> Part:
    block.check(x)
    return _part(block, Signal((None, x.shape[1], x.shape[2] * x.shape[3]), x.reach[:1], x.stride[:1]))


def _flatten(block: blocks.flatten, x: Signal) -> Part:
    if None in x.shape[1:]:
        raise ValueError("flatten needs an input of fixed size; give the time axis a length, or pool globally")
    return _part(block, _whole(x, (None, math.prod(x.shape[1:]))))


def _dense(block: blocks.dense, x: Signal) -> Part:
    kernel = x.shape[-1] * block.units
    positions = math.prod(n or 0 for n in x.shape[1:-1])
    output = _reshaped(x, (*x.shape[:-1], block.units))
    return _part(block, output, kernel + block.units * block.has_bias, 0, positions * kernel)


def _rbf(block: blocks.rbf, x: Signal) -> Part:
    codes = x.shape[-1] * block.units
    return _part(block, _reshaped(x, (*x.shape[:-1], block.units)), 0, codes, codes)


def _embed(block: blocks.embed, x: Signal) -> Part:
    output = dataclasses.replace(x, shape=(*x.shape[:2], block.dims), masked=True)
    table = block.vocabulary_size * block.dims
    return _part(block, output, table * block.trainable, table * (not block.trainable))


def _ngram_bag(block: blocks.ngram_bag, x: Signal) -> Part:
    tokens = _whole(dataclasses.replace(x, shape=(*x.shape[:2], 1)), (x.shape[0], block.dims))
    return _part(block, tokens, block.buckets * block.dims)


def _one_hot(block: blocks.one_hot, x: Signal) -> Part:
    return _part(block, dataclasses.replace(x, shape=(*x.shape, block.vocabulary_size - 2), masked=True))


def _pad_channels(block: blocks.pad_channels, x: Signal) -> Part:
    if x.shape[-1] > block.channels:
        raise ValueError(f"the input already has {x.shape[-1]} channels")
    return _part(block, _reshaped(x, (*x.shape[:-1], block.channels)))


def _take_channels(block: blocks.take_channels, x: Signal) -> Part:
    block.check(x)
    return _part(block, _reshaped(x, (*x.shape[:-1], len(block.channels))))


def _fold(block: blocks.fold, x: Signal) -> Part:
    return _part(block, _reshaped(x, (*x.shape[:-1], block.folded(x))))


def _merged(block: Block, xs: list[Signal]) -> Part:
    shape = block.layer_class().compute_output_shape([x.shape for x in xs])
    reach = tuple(max(sizes) for sizes in zip(*(x.reach for x in xs)))
    return _part(block, Signal(shape, reach, xs[0].stride, all(x.masked for x in xs)))


def _lift(block: blocks.lift, x: Signal) -> Part:
    layer = block.layer_class()(**block.config)
    shape = layer.compute_output_shape(x.shape)
    layer.build(x.shape)  # an unknown layer can only be asked
    trainable = sum(math.prod(w.shape) for w in layer.trainable_weights)
    statistics = sum(math.prod(w.shape) for w in layer.non_trainable_weights)
    return _part(block, _reshaped(x, shape), trainable, statistics)


RULES: dict[type[Block], Callable[[Any, Any], Part]] = {
    blocks.activation: _activation,
    blocks.average_over: _average_over,
    blocks.average_pool: _pool,
    blocks.bands_to_channels: _bands_to_channels,
    blocks.conv: _conv,
    blocks.conv_transpose: _conv_transpose,
    blocks.cut_to: _cut_to,
    blocks.dense: _dense,
    blocks.depthwise_conv: _depthwise,
    blocks.drop: _unchanged,
    blocks.dynamic_k_max_pool: _dynamic_k_max_pool,
    blocks.embed: _embed,
    blocks.fixed_filter: _fixed_filter,
    blocks.flatten: _flatten,
    blocks.fold: _fold,
    blocks.global_average_pool: _global_pool,
    blocks.global_max_pool: _global_pool,
    blocks.k_max_pool: _k_max_pool,
    blocks.lift: _lift,
    blocks.max_pool: _pool,
    blocks.merged: _merged,
    blocks.min_pool: _pool,
    blocks.ngram_bag: _ngram_bag,
    blocks.norm: _norm,
    blocks.one_hot: _one_hot,
    blocks.pad: _pad,
    blocks.pad_channels: _pad_channels,
    blocks.rbf: _rbf,
    blocks.rms_pool: _pool,
    blocks.scale: _scale,
    blocks.switched: _switched,
    blocks.take_channels: _take_channels,
}
