"""A network that was trained on crops, on images of any size."""

from __future__ import annotations

import weakref

import keras

from multicnn.backends import engine
from multicnn.blocks import Block, network
from multicnn.modalities.image.tiles import Grid, Run, grid_of

_COPIES: weakref.WeakKeyDictionary[keras.Model, tuple[keras.Model, Run, Grid]] = weakref.WeakKeyDictionary()


def of_any_size(block: Block, trained: keras.Model) -> tuple[Run, Grid]:
    """Return a network with the weights that another of the same Block has now, as a function of inputs of any size; and its grid.

    Raises:
        ValueError: A layer of it has one input size only.
    """
    if (made := _COPIES.get(trained)) is None:
        channels = trained.input_shape[-1]
        try:
            copy = network(block, (None, None, channels), dtype="float32")
        except Exception as error:  # Keras raises anything for what it cannot make
            reason = str(error).splitlines()[0][:200]
            raise ValueError(f"`model.name` must take images of any size ({reason}). Received: {block!r}") from error
        made = copy, engine.inference(copy), grid_of(block, channels)
        _COPIES[trained] = made
    copy, run, grid = made
    copy.set_weights(trained.get_weights())
    return run, grid
