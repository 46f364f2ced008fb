"""Keras's global settings, which another project may have left in keras.json and which are to change nothing here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def channels_last() -> Iterator[None]:
    """Make every layer of the block with its channels in the last axis, which it then remembers."""
    data_format = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_image_data_format(data_format)


@contextmanager
def standard() -> Iterator[None]:
    """Give the block Keras's own settings: channels last, float32, an epsilon of 1e-7; what was set before is restored."""
    floatx, epsilon, policy = keras.config.floatx(), keras.config.epsilon(), keras.config.dtype_policy()
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_dtype_policy("float32")
    try:
        with channels_last():
            yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_epsilon(epsilon)
        keras.config.set_dtype_policy(policy)


def current_policy() -> keras.DTypePolicy | str:
    """Return Keras's current dtype policy; float32 where it is only the `floatx` of keras.json."""
    policy = keras.config.dtype_policy()
    return "float32" if policy.name == keras.config.floatx() else policy
