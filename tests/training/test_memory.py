"""A run that is out of memory says what batch would fit."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.loops import loop_of

from multicnn.blocks import dense, network
from multicnn.training.memory import OutOfMemory, largest_batch


@pytest.mark.parametrize(("room", "fits"), [(128, 100), (99, 50), (30, 25), (1, 1), (0, None)])
def test_the_batch_is_halved_until_it_fits(room, fits):
    tried = []

    def step(inputs, targets):
        assert len(inputs) == len(targets)
        tried.append(len(inputs))
        if len(inputs) > room:
            raise MemoryError

    assert largest_batch(step, np.zeros((200, 2)), np.zeros(200)) == fits
    assert tried == sorted(tried, reverse=True)
    assert all(n > room for n in tried[:-1])


@pytest.mark.parametrize(
    ("fits", "words"), [(50, "of 128 examples: 50 would fit; 3 of those"), (None, "not even one example")]
)
def test_what_is_said(fits, words):
    with pytest.raises(OutOfMemory, match=rf"{words}.*Received: batch_size=128"):
        raise OutOfMemory(128, fits)


def test_a_step_that_does_not_fit_ends_the_run(tmp_path):
    def batches(epoch, first):
        return (
            tf.data.Dataset.from_tensor_slices((np.zeros((64, 2), np.float32), np.zeros(64, np.int32)))
            .batch(32)
            .repeat()
        )

    net = network(dense(2), (2,))
    net.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    loop = loop_of(net, batches, 2, tmp_path)
    real = loop.train_step

    def small(inputs, targets):
        if len(inputs) > 20:
            raise MemoryError
        return real(inputs, targets)

    loop.train_step = small
    with pytest.raises(OutOfMemory, match="a step of 32 examples: 16 would fit; 2 of those"):
        loop.run()
