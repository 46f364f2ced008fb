"""Blocks for several inputs that reach a network as one vector, some of which may be missing.

The vector begins with a number for each input, 0 where it is missing and 1 where it is given; the values of the inputs follow,
in the order of their names in `unpacked.shapes`, ids as float32. So whatever handles a batch handles one array.
"""

from __future__ import annotations

import math
from typing import ClassVar

import keras

from multicnn import layers
from multicnn.blocks.base import Block
from multicnn.blocks.builder import Builder, KerasBuilder, Tensor
from multicnn.blocks.signal import Cost, Signal


class vector_slice(Block):
    """The values of a vector from `start` on, in a shape and dtype of their own."""

    start: int
    shape: tuple[int, ...]
    dtype: str = "float32"

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(layers.VectorSlice, start=self.start, shape=self.shape, slice_dtype=self.dtype)(x)

    def cost(self, x: Signal) -> Cost:
        rank = max(len(self.shape) - 1, 1)
        return Cost(Signal((x.shape[0], *self.shape), (1,) * rank, (1,) * rank))


class given_only(Block):
    """The leaf inside `where_given`: of a list of a tensor and of whether each example is given, the tensor or zeros."""

    def build(self, xs: list[keras.KerasTensor], builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(layers.WhereGiven)(xs)

    def cost(self, xs: list[Signal]) -> Cost:
        return Cost(xs[0])


class where_given(Block):
    """A Block on one of the inputs of `unpacked`, whose output is 0 where that input is missing."""

    block: Block
    transparent: ClassVar[bool] = True

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        values, given = x
        y = self.block.apply(values, builder.enter(self.block))
        return builder.at("given").leaf(given_only(), [y, given])


class unpacked(Block):
    """A Block on several named inputs, a `join` say, applied to one vector that holds them all.

    Each input of the Block inside is a pair: its tensor, and 1 or 0 for given or missing, as `where_given` takes it.

    Args:
        shapes: The shape of each input, without the batch.
        dtypes: The dtype of each: "float32", or "int32" of ids.
        block: The Block on them.
        tell: The Block has one more input, "given": the vector of these numbers.
    """

    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, str]
    block: Block
    tell: bool = False
    transparent: ClassVar[bool] = True

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        start, inside, xs = len(self.shapes), builder.at("inputs"), {}
        for position, (name, shape) in enumerate(self.shapes.items()):
            own = inside.at(name)
            values = own.leaf(vector_slice(start, shape, self.dtypes[name]), x)
            xs[name] = [values, own.at("given").leaf(vector_slice(position, (1,)), x)]
            start += math.prod(shape)
        if x.shape[-1] != start:
            raise ValueError(f"the inputs {list(self.shapes)} have {start:,} values. Received: shape={tuple(x.shape)}")
        if self.tell:
            xs["given"] = inside.at("given").leaf(vector_slice(0, (len(self.shapes),)), x)
        return self.block.apply(xs, builder.enter(self.block))
