"""Pixels that are gathered and scaled at once, beside the equation in numpy, one rounding after the other."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from multicnn.modalities.image import normalize
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.utils.lazy_jit import LazyJit

RANDOM = np.random.default_rng(0)
STORED = (RANDOM.permutation(9 * 256) % 256).astype(np.uint8).reshape(9, 16, 16, 1)


@pytest.fixture(params=["numpy", "compiled"])
def scaled(request, monkeypatch):
    few = {"numpy": 10**9, "compiled": 0}[request.param]
    monkeypatch.setattr(normalize, "compiled", LazyJit(normalize.value_by_value, few))
    return normalize.scaled


def by_hand(stored, places, scale, offset):
    """In float64 each product and sum of two float32 would be exact or nearly so: rounded to float32 after each of both."""
    lines = stored[places].reshape(len(places), stored.shape[1], -1)
    product = (lines.astype(np.float64) * scale.astype(np.float64)).astype(np.float32)
    return (
        (product.astype(np.float64) + offset.astype(np.float64))
        .astype(np.float32)
        .reshape(len(places), *stored.shape[1:])
    )


def test_all_256_values_are_scaled_as_the_equation_says(scaled):
    for _ in range(50):
        scale, offset = RANDOM.uniform(0.001, 0.1, 16).astype(np.float32), RANDOM.normal(0, 2, 16).astype(np.float32)
        places = RANDOM.integers(0, 9, 7)
        np.testing.assert_array_equal(scaled(scale, offset, STORED, places), by_hand(STORED, places, scale, offset))


@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_finish_to_the_bit(channels, scaled):
    for _ in range(30):
        mean, std = RANDOM.uniform(0, 1, channels), RANDOM.uniform(0.01, 0.5, channels)
        preprocess = ImagePreprocess(size=(8, 32), channels=channels, mean=tuple(mean), std=tuple(std))
        stored = RANDOM.integers(0, 256, (12, 8, 32, channels), dtype=np.uint8)
        places = RANDOM.permutation(12)[:5]
        scale, offset = preprocess.finish_of().args
        ours = scaled(scale, offset, stored, places)
        assert ours.tobytes() == preprocess.finish(stored[places]).numpy().tobytes()


@pytest.mark.parametrize(
    "keep", [lambda made: made, lambda made: made[2:], lambda made: made.reshape(-1)[5:].view(np.uint32)]
)
@pytest.mark.parametrize("as_tensor", [False, True])
def test_what_is_in_use_is_not_written_over(as_tensor, keep, scaled):
    ones = np.ones(16, np.float32)
    if as_tensor:

        @tf.function
        def make(places):
            return tf.numpy_function(lambda p: scaled(ones, 0 * ones, STORED, p), [places], tf.float32, stateful=False)
    else:

        def make(places):
            return scaled(ones, 0 * ones, STORED, places)

    locked = [(i, keep(np.asarray(make(np.array([i, 8 - i, 4]))))) for i in range(9)]
    for _ in range(20):  # whose results nobody keeps
        make(np.arange(9))
    for i, values in locked:
        np.testing.assert_array_equal(values, keep(STORED[[i, 8 - i, 4]].astype(np.float32)))


def test_threads_have_memory_each_of_its_own(scaled):
    ones, wrong = np.ones(16, np.float32), []

    def work(number):
        for _ in range(50):
            result = scaled(ones, number * ones, STORED, np.arange(9))
            if not np.array_equal(result, STORED.astype(np.float32) + number):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
