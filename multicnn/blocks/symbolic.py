"""The cost of a leaf that does not know it: it is built once, on a symbolic input."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from typing import TYPE_CHECKING

import keras

from multicnn.backends import keras_private
from multicnn.blocks.builder import KerasBuilder
from multicnn.blocks.signal import Cost, Signal

if TYPE_CHECKING:
    from multicnn.blocks.base import Block


def cost_of_build(block: Block, x: Signal | list[Signal]) -> Cost:
    """Return the shape and the weights that a leaf builds; its multiply-adds and its receptive field are not known."""
    state = random.getstate()  # from which Keras draws the seeds of weights: measuring changes no network
    try:
        inputs = [_symbolic(signal, block) for signal in (x if isinstance(x, list) else [x])]
        output = KerasBuilder(path=block.label).realise(block, inputs if isinstance(x, list) else inputs[0])
    finally:
        random.setstate(state)
    made = keras_private.operations_between(inputs, output)
    layers = [layer for layer in made if getattr(layer, "weights", None)]
    return Cost(
        Signal(tuple(output.shape), masked=keras_private.mask_of(output) is not None),
        parameters=_numbers(weight for layer in layers for weight in layer.trainable_weights),
        statistics=_numbers(weight for layer in layers for weight in layer.non_trainable_weights),
        multiply_adds=None,
        layers=tuple(layer.name.removeprefix(block.label) for layer in layers),
    )


def _symbolic(signal: Signal, block: Block) -> keras.KerasTensor:
    x = keras.Input(signal.shape[1:], dtype=block.input_dtype)
    return keras.layers.Masking()(x) if signal.masked else x


def _numbers(weights: Iterable[keras.Variable]) -> int:
    return sum(math.prod(weight.shape) for weight in weights)
