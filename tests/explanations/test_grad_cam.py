"""Grad-CAM: its sum, the layers that it takes by default, and where its values are placed."""

import numpy as np
import pytest

from multicnn.blocks import (
    add,
    chain,
    concat,
    conv,
    conv_transpose,
    dense,
    drop,
    flatten,
    global_average_pool,
    global_max_pool,
    max_pool,
    network,
    stage,
)  # fmt: skip
from multicnn.blocks.cost import measure
from multicnn.explanations.grad_cam import class_activation, default_layers, placed, signals
from multicnn.explanations.rebuilt import Rebuilt


def test_class_activation_is_the_sum_of_channels_times_their_mean_gradient():
    rng = np.random.default_rng(0)
    values, gradients = rng.normal(size=(2, 2, 3, 4, 5))
    weights = np.einsum("nijk->nk", gradients) / 12
    np.testing.assert_allclose(class_activation(values, gradients), np.einsum("nijk,nk->nij", values, weights))


@pytest.mark.parametrize(
    "block, shape, expected",
    [
        (chain(stage("a", conv(2, 3)), stage("b", conv(2, 3, activation="relu"), max_pool(2)), flatten(), dense(2)),
         (8, 8, 1), ["b.2.conv.activation"]),
        (chain(concat(*(chain(conv(2, w, padding="valid"), global_max_pool()) for w in (2, 3))), drop(0.5), dense(2)),
         (8, 3), ["1.1.conv", "1.2.conv"]),
        (chain(conv(2, 3), conv(2, 8, padding="valid"), flatten(), dense(2)), (8, 8, 1), ["1.conv"]),
        (chain(conv(2, 3), global_average_pool(), dense(2)), (8, 8, 1), ["1.conv"]),
        (chain(flatten(), dense(2)), (8, 8, 1), []),
    ],
)  # fmt: skip
def test_default_layers_are_the_last_with_positions(block, shape, expected):
    assert len(default_layers(network(block, shape))) == len(expected)


@pytest.mark.parametrize(
    "block, size",
    [
        (conv(1, 3), 9),
        (conv(1, 4), 9),
        (conv(1, 3, strides=2, padding="valid"), 11),
        (conv(1, 3, strides=2), 11),
        (conv(1, 5, padding=(1, 3)), 10),
        (conv(1, 3, dilation_rate=2, padding="valid"), 11),
        (chain(conv(1, 5, padding="valid"), max_pool(2), conv(1, 3)), 16),
        (chain(conv(1, 3, strides=2), add(conv(1, 3), conv(1, 1)), max_pool(3, strides=2)), 19),
        (chain(conv(1, 2, strides=2, padding="valid"), conv_transpose(1, 2, strides=2)), 8),
        (chain(conv(1, 3, strides=2), conv_transpose(1, 4, strides=2)), 12),
    ],
)
def test_centers_are_where_an_impulse_goes(block, size):
    """The middle of the inputs that an inner output depends on."""
    net = network(block, (size, 1))
    net.set_weights([np.ones_like(w) if w.ndim > 1 else 0 * w for w in net.get_weights()])
    signal, rebuilt = measure(block, (size, 1)).output, Rebuilt(net)
    x = (
        np.random.default_rng(0).uniform(1, 2, (60, size, 1)).astype("float32")
    )  # each step of a window is once the largest
    for i in (signal.shape[1] // 2, signal.shape[1] // 2 + 1):
        reached = np.flatnonzero(rebuilt.run(x, lambda y, _, i=i: y[:, i, 0]).gradients["input"].any(axis=(0, 2)))
        assert abs(reached[[0, -1]].mean() - float(signal.center[0] + i * signal.stride[0])) <= 0.5


def test_values_are_laid_at_the_centers():
    """Straight lines between, level outside, the same along an axis that the layer lacks."""
    block = conv(1, 3, strides=4, padding="valid")
    signal = signals(block, (12, 1))["conv"]
    found = placed(np.array([[1.0, 5.0, 3.0]], np.float32), signal, (12, 2))
    assert found.shape == (1, 12, 2)
    np.testing.assert_allclose(found[0, :, 0], [1, 1, 2, 3, 4, 5, 4.5, 4, 3.5, 3, 3, 3])
    np.testing.assert_array_equal(found[..., 0], found[..., 1])
    spread = placed(np.array([[1.0, 3.0]], np.float32), None, (4,))
    np.testing.assert_allclose(spread[0], [1, 1.5, 2.5, 3])
