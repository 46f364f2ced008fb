"""Threefry against the known answers of its authors, and the numbers made of it."""

import numpy as np
import pytest
import tensorflow as tf

from multicnn.modalities.randomness import integers, threefry, uniform


# Random123, tests/kat_vectors, "threefry2x32 20": counter, key, answer.
@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers(counter, key, answer):
    words = threefry(*(tuple(tf.constant(word, tf.uint32) for word in pair) for pair in (key, counter)))
    assert tuple(int(word) for word in words) == answer


def test_uniform_is_uniform_and_independent():
    seeds = np.stack([np.zeros(100), np.arange(100)], 1).astype(np.int32)
    numbers = uniform(seeds, 1000).numpy()
    assert numbers.shape == (100, 1000) and numbers.min() >= 0 and numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.005 and abs(numbers.var() - 1 / 12) < 0.002
    assert np.histogram(numbers, 10, (0, 1))[0].min() > 9_500
    for one, other in ((numbers[:-1], numbers[1:]), (numbers[:, :-1], numbers[:, 1:])):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.02


def test_each_row_is_a_function_of_its_seed():
    seeds = np.array([[1, 2], [-3, 4], [1, 2]])
    numbers = uniform(seeds, 5).numpy()
    np.testing.assert_array_equal(numbers[0], numbers[2])
    assert (numbers[0] != numbers[1]).all()
    np.testing.assert_array_equal(uniform(seeds[1:2].astype(np.int32), 5)[0], numbers[1])
    np.testing.assert_array_equal(uniform(seeds, 3), numbers[:, :3])
    np.testing.assert_array_equal(tf.function(uniform)(seeds, 5), numbers)
    assert (uniform(seeds, 5, "mixup").numpy() != numbers).all()


def test_integers_reach_both_ends():
    seeds = np.stack([np.arange(500), np.arange(500)], 1)
    numbers = uniform(seeds, 1)[:, 0]
    assert set(integers(numbers, -2, 2).numpy()) == {-2, -1, 0, 1, 2}
    high = np.arange(500) % 3
    drawn = integers(numbers, 0, high).numpy()
    assert (drawn >= 0).all() and (drawn <= high).all() and (drawn == high).any()
