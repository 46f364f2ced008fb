"""Initializers that need more of a layer than the shape of its kernel."""

from __future__ import annotations

from math import prod

import keras

from multicnn.blocks.rank import TRUE_FANS, Named, keras_object


def kernel_initializer(value: Named, shape: tuple[int, ...], fans: tuple[int, int]) -> keras.initializers.Initializer:
    """Return a fresh initializer for the kernel of a convolution.

    Keras takes the fans from the shape, (*window, inputs, outputs), as if each output saw all inputs. In groups, rows or by
    channel it does not: "glorot_uniform" then draws too small a kernel, of 3x3 by channel on 256 channels with 1 / 128 of
    the variance. "glorot_true_fans" has the variance of Glorot & Bengio 2010, equation 12, by the fans that there are.

    Args:
        value: A name, or (name, parameters).
        shape: The shape of the kernel as Keras has it.
        fans: The number of inputs that each output sees, and of outputs that each input reaches.
    """
    made = keras_object(keras.initializers, value)
    if (value[0] if isinstance(value, tuple) else value) != TRUE_FANS:
        return made
    window = prod(shape[:-2])
    config = made.get_config() | {"scale": window * sum(shape[-2:]) / sum(fans)}
    return type(made).from_config(config)
