"""Logits at the positions of one or several stages as one list, and FCOS's head, which detects objects there."""

from __future__ import annotations

import math

import keras

from multicnn.blocks.base import Block
from multicnn.blocks.builder import Builder, KerasBuilder, Tensor
from multicnn.blocks.combinators import _merge, chain, concat, repeat
from multicnn.blocks.convolution import conv
from multicnn.blocks.rank import rank_of
from multicnn.blocks.signal import Cost, Signal


class flatten_positions(Block):
    """The positions of an image in one row, line by line: (batch, height, width, channels) to (batch, positions, channels).

    What has one axis, (batch, time, channels), stays as it is.
    """

    def apply(self, x: Tensor, builder: Builder) -> Tensor:
        return x if rank_of(x) == 1 else builder.leaf(self, x)

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(keras.layers.Reshape, target_shape=(-1, x.shape[-1]))(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(x.sequence(x.positions, x.channels))


class concat_positions(_merge, init=False):
    """The Blocks' outputs on the same input, (batch, positions, channels) each, one behind another along the positions."""


def fcos_head(classes: int, *, filters: int = 64, depth: int = 1, prior: float = 0.01) -> Block:
    """FCOS's head (Tian et al. 2019, figure 2) without its centre-ness: (batch, positions, classes + 4) of a stage's output.

    At each position a logit for each class, and the logarithms of the distances to the left, upper, right and lower side of
    the object's box, in strides of the stage. The heads of several strides are put behind one another by
    `concat_positions`, the finest first. The paper shares one head among the strides, and has four convolutions in each tower.

    Args:
        classes: The number of classes.
        filters: The filters of the convolutions of the towers.
        depth: The number of convolutions in each of the two towers.
        prior: The probability that every class begins with (Lin et al. 2017, section 3.3), so that the many positions
            without an object do not drown the others at first.
    """
    if not 0 < prior < 1:
        raise ValueError(f"`prior` must be between 0 and 1. Received: prior={prior!r}")
    small = ("random_normal", {"stddev": 0.01})
    bias = ("constant", {"value": -math.log((1 - prior) / prior)})
    tower = repeat(depth, conv(filters, 3, norm="batch", activation="relu", kernel_initializer="he_normal"))
    scores = conv(classes, 3, kernel_initializer=small, bias_initializer=bias)
    distances = conv(4, 3, kernel_initializer=small)
    return chain(concat(chain(tower, scores), chain(tower, distances)), flatten_positions())
