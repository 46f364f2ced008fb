"""The exponential moving average of the weights."""

import keras
import numpy as np
import pytest
from keras import ops

from multicnn.training.ema import average, averaged

# Outside a compiled step, Keras's loss scaling leaks tracers on JAX.
tensorflow_only = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="not outside a step")


def model(scaled=False, **arguments):
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    optimizer = keras.optimizers.SGD(0.5, **arguments)
    made.compile(keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer)
    made.optimizer.build(made.trainable_variables)
    return made


def train(made, steps):
    """Steps with gradients of 1; returns the weights after each."""
    seen = []
    for _ in range(steps):
        made.optimizer.apply([ops.ones(v.shape) * made.optimizer.scale_loss(1.0) for v in made.trainable_variables])
        seen.append(made.get_weights())
    return seen


@pytest.mark.parametrize("scaled", [False, pytest.param(True, marks=tensorflow_only)])
def test_inside_are_the_averaged_weights_and_afterwards_the_trained_ones(scaled):
    made = model(scaled, use_ema=True, ema_momentum=0.8)
    seen = train(made, 4)
    mean = seen[0]
    for weights in seen[1:]:
        mean = [0.8 * one + 0.2 * other for one, other in zip(mean, weights)]
    with pytest.raises(KeyError), averaged(made):
        for ours, theirs in zip(made.get_weights(), mean):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        raise KeyError  # whatever happens inside
    for ours, theirs in zip(made.get_weights(), seen[-1]):
        np.testing.assert_array_equal(ours, theirs)
    average(made)
    np.testing.assert_allclose(made.get_weights()[0], mean[0], rtol=1e-5)


@pytest.mark.parametrize(("arguments", "steps"), [({}, 2), ({"use_ema": True}, 0)])
def test_where_there_is_no_average_nothing_changes(arguments, steps):
    made = model(**arguments)
    train(made, steps)
    before = made.get_weights()
    with averaged(made):
        np.testing.assert_array_equal(made.get_weights()[0], before[0])
    average(made)
    np.testing.assert_array_equal(made.get_weights()[0], before[0])
