"""What a library call does to the random state of its process: nothing."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from multicnn.backends import random_state


def drawn():
    layer = keras.layers.Dense(3)
    layer.build((None, 2))
    numbers = [random.random(), np.random.rand(), float(tf.random.uniform(())), float(keras.random.uniform(()))]
    return [*numbers, float(np.array(layer.kernel).sum())]


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_drawn_afterwards_is_what_would_have_been(fails):
    keras.utils.set_random_seed(5)
    drawn()
    expected = drawn()
    keras.utils.set_random_seed(5)
    drawn()
    try:
        with random_state.preserved():
            keras.utils.set_random_seed(9)
            drawn()
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    assert drawn() == expected


def test_determinism_is_as_it_was_in_tensorflow_2_21():
    from tensorflow.python.framework import config

    before = config.is_op_determinism_enabled()
    try:
        for enabled in (False, True):
            (tf.config.experimental.enable_op_determinism if enabled else config.disable_op_determinism)()
            with random_state.preserved():
                tf.config.experimental.enable_op_determinism()
            assert config.is_op_determinism_enabled() is enabled
    finally:
        if not before:
            config.disable_op_determinism()
