"""The variance of drawn kernels, against Glorot & Bengio 2010, equation 12, by the fans that there are."""

import keras
import numpy as np
import pytest

from multicnn.blocks import chain, conv, conv_transpose, dense, depthwise_conv, network, row_conv, separable_conv

CHANNELS = 48
# Block, input, (inputs that an output sees, outputs that an input reaches), Keras's variance
CASES = {
    "conv": (conv(32, 5), (20, 20, CHANNELS), (25 * CHANNELS, 25 * 32), 2 / 25 / (CHANNELS + 32)),
    "conv in groups": (conv(96, 5, groups=6), (20, 20, CHANNELS), (25 * 8, 25 * 16), 2 / 25 / (8 + 96)),
    "conv of a sequence in groups": (conv(384, 9, groups=24), (20, 384), (9 * 16, 9 * 16), 2 / 9 / (16 + 384)),
    "by channel": (depthwise_conv(5), (20, 20, 300), (25, 25), 2 / 25 / 301),
    "by channel, of a sequence": (depthwise_conv(20), (40, 300), (20, 20), 2 / 20 / 301),
    "in rows": (row_conv(6, 9, below=4), (20, 400), (9 * 4, 9 * 6), 2 / 9 / (4 + 600)),
    "dense": (dense(200), (100,), (100, 200), 2 / 300),
    "transposed": (conv_transpose(32, 5), (20, 20, CHANNELS), (25 * CHANNELS, 25 * 32), 2 / 25 / (CHANNELS + 32)),
}


def initialized(block, initializer):
    name = "depthwise_initializer" if isinstance(block, depthwise_conv) else "kernel_initializer"
    return block.replaced(**{name: initializer})


def drawn(block, shape):
    keras.utils.set_random_seed(0)
    return np.concatenate([w.ravel() for w in network(block, shape).get_weights() if w.ndim > 1])


@pytest.mark.parametrize(("block", "shape", "fans", "of_keras"), CASES.values(), ids=CASES)
def test_the_variance_of_a_drawn_kernel(block, shape, fans, of_keras):
    kernel = drawn(initialized(block, "glorot_true_fans"), shape)
    check_variance(kernel, 2 / sum(fans))
    limit = np.sqrt(6 / sum(fans))
    assert 0.99 * limit < np.abs(kernel).max() <= 1.0001 * limit
    check_variance(drawn(initialized(block, "glorot_uniform"), shape), of_keras)


@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal"])
def test_the_variance_of_a_normal_kernel(distribution):
    block, shape, fans, _ = CASES["by channel"]
    kernel = drawn(initialized(block, ("glorot_true_fans", {"distribution": distribution})), shape)
    check_variance(kernel, 2 / sum(fans))
    assert np.abs(kernel).max() > np.sqrt(6 / sum(fans)), "beyond the uniform one"


def check_variance(kernel, variance):
    assert len(kernel) >= 5000 and kernel.var() == pytest.approx(variance, rel=0.05)
    assert abs(kernel.mean()) < 4 * np.sqrt(variance / len(kernel))


def test_a_seed_of_its_own_and_none():
    block = conv(8, 3, groups=2, kernel_initializer=("glorot_true_fans", {"seed": 3}))
    np.testing.assert_array_equal(*(network(block, (9, 4)).get_weights()[0] for _ in range(2)))
    two = network(chain(*[conv(8, 3, groups=2, kernel_initializer="glorot_true_fans")] * 2), (9, 8)).get_weights()
    assert (two[0] != two[2]).any()


def test_variance_is_carried_through_layers_by_channel():
    # What the equation is for: a signal of variance 1 stays one through layers without an activation.
    block = chain(*[separable_conv(64, 5, norm=None)] * 3)
    ends = {}
    for initializer in ("glorot_true_fans", "glorot_uniform"):
        keras.utils.set_random_seed(0)
        deep = block.replaced(kernel_initializer=initializer, depthwise_initializer=initializer)
        x = np.random.default_rng(0).normal(size=(4, 200, 64)).astype("float32")
        ends[initializer] = keras.ops.convert_to_numpy(network(deep, (200, 64))(x)).var()
    assert 0.5 < ends["glorot_true_fans"] < 2 and ends["glorot_uniform"] < 1e-3


def test_an_unknown_parameter_is_refused():
    block = conv(4, 3, kernel_initializer=("glorot_true_fans", {"scale": 2.0}))
    with pytest.raises(ValueError, match="scale"):
        network(block, (9, 4))
