"""The learning-rate range test."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.loops import loop_of

from multicnn.blocks import chain, dense, global_average_pool, network
from multicnn.training.rate_finder import curve, sweep


def test_a_curve_is_read_where_it_falls_fastest():
    rates = np.geomspace(1e-6, 10, 150)
    decades = np.log10(rates)
    losses = 2.3 - 2 / (1 + np.exp(-4 * (decades + 3))) + 10 ** (3 * decades)
    found = curve(rates, losses + np.random.default_rng(0).normal(0, 0.05, 150))
    assert found.suggestion == pytest.approx(1e-3, rel=0.6)
    assert found.limit == pytest.approx(rates[losses.argmin()], rel=0.9)


@pytest.mark.parametrize("losses", [np.ones(5), np.ones(30), np.linspace(1, 2, 30)])
def test_a_curve_that_does_not_fall_says_so(losses):
    with pytest.raises(ValueError, match="Received"):
        curve(np.geomspace(1e-6, 1, len(losses)), losses)


def test_the_rate_rises_over_epochs_until_the_loss_is_lost(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 40).astype("int32")
    x = (rng.normal(0, 1, (40, 1, 2)) + 1.5 * y[:, None, None]).astype("float32")  # the classes overlap
    keras.utils.set_random_seed(0)
    net = network(chain(global_average_pool(), dense(2)), (1, 2))
    net.set_weights([np.array([[1.0, -1.0], [0.0, 0.0]]), np.zeros(2)])  # the wrong way round
    net.compile(keras.optimizers.SGD(1.0), jit_compile=False)

    def batches(epoch, first):
        return tf.data.Dataset.from_tensor_slices((x, y)).batch(10).repeat().skip(4 * epoch + first)

    loop = loop_of(net, batches, 4, tmp_path)
    found = sweep(loop, lowest=1e-4, highest=1e4, steps=80)
    np.testing.assert_allclose(np.diff(np.log(found.rates)), np.log(1e8) / 79)
    assert 10 < len(found.rates) < 80  # it diverged before the end
    assert 1e-3 < found.suggestion < found.limit < 100
    assert not list(tmp_path.iterdir())
    assert found.losses[0] > 1.2 * found.smoothed.min()
