"""Memory that is used again: never while anything still refers to it."""

import gc

import numpy as np
import pytest
import tensorflow as tf

from multicnn.utils.buffers import BufferPool


def address(array: np.ndarray) -> int:
    return array.ctypes.data


def test_memory_is_used_again_once_nothing_refers_to_it():
    pool = BufferPool(most=1 << 20)
    array = pool.empty((10, 100))
    assert (array.shape, array.dtype, address(array) % 64) == ((10, 100), np.float32, 0)
    first = address(array)
    del array
    gc.collect()
    smaller = pool.empty((5, 100))
    assert address(smaller) == first
    assert address(pool.empty((5, 100))) != first


REFERENCES = {
    "a view": lambda array: array[3:, 7:],
    "a reshaped view": lambda array: array.reshape(-1)[::3],
    "a tensor": lambda array: tf.numpy_function(lambda: array, [], tf.float32),
    "a view of a tensor": lambda array: tf.numpy_function(lambda: array, [], tf.float32).numpy()[2:],
    "a memoryview": lambda array: memoryview(array),
}


@pytest.mark.parametrize("refer", REFERENCES.values(), ids=REFERENCES)
def test_memory_that_something_refers_to_stays_as_it_is(refer):
    pool = BufferPool(most=1 << 24)
    array = pool.empty((40, 1000))
    array[...] = 7.0
    reference = refer(array)
    expected = np.array(reference)
    del array
    gc.collect()
    for _ in range(4):
        pool.empty((40, 1000))[...] = 3.0
    np.testing.assert_array_equal(np.array(reference), expected)
