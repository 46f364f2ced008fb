"""What each leaf computes, against NumPy written from the equation."""

import keras
import numpy as np
import pytest
from support.oracles import IMAGE, WAVEFORM, array, built, close, convolved, example, slid

from multicnn import blocks
from multicnn.blocks import (
    activation,
    average_over,
    average_pool,
    chain,
    conv,
    dense,
    depthwise_conv,
    drop,
    embed,
    flatten,
    global_average_pool,
    global_max_pool,
    lift,
    max_pool,
    network,
    norm,
    pad_channels,
    per_axis,
)

WINDOWS = {
    "plain": {},
    "even": {"kernel_size": 4},
    "wide": {"kernel_size": (5, 2)},
    "one": {"kernel_size": 1},
    "strided": {"strides": 2},
    "strided, even": {"kernel_size": 4, "strides": (3, 2)},
    "strided past the window": {"kernel_size": 1, "strides": 2},
    "dilated": {"dilation_rate": 2},
    "dilated along time": {"dilation_rate": (3, 1)},
}


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE, (12, 7, 4)], ids=str)
@pytest.mark.parametrize("case", WINDOWS.values(), ids=WINDOWS)
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_conv(case, shape, padding, groups):
    settings = {"kernel_size": 3, "strides": 1, "dilation_rate": 1, **case}
    model, x = built(conv(12, padding=padding, groups=groups, **settings), shape), example(shape)
    rank = len(shape) - 1
    strides, dilation = per_axis(settings["strides"], rank), per_axis(settings["dilation_rate"], rank)
    close(model, x, convolved(x, *model.get_weights(), strides, dilation, groups, padding))


@pytest.mark.parametrize("shape", [(13, 12), (9, 8, 12)], ids=str)
def test_many_narrow_groups(shape):
    model, x, ones = built(conv(18, 3, groups=6, dilation_rate=2), shape), example(shape), (1,) * (len(shape) - 1)
    close(model, x, convolved(x, *model.get_weights(), ones, per_axis(2, len(ones)), 6, "same"))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE], ids=str)
@pytest.mark.parametrize("case", WINDOWS.values(), ids=WINDOWS)
def test_depthwise_conv(case, shape, padding):
    settings = {"kernel_size": 3, "strides": 1, "dilation_rate": 1, **case}
    model, x = built(depthwise_conv(padding=padding, **settings), shape), example(shape)
    rank, (kernel, bias) = len(shape) - 1, model.get_weights()
    strides, dilation = per_axis(settings["strides"], rank), per_axis(settings["dilation_rate"], rank)
    as_grouped = np.swapaxes(kernel, -1, -2)
    close(model, x, convolved(x, as_grouped, bias, strides, dilation, shape[-1], padding))


POOLS = {
    "2": {"pool_size": 2},
    "3 by 2": {"pool_size": 3, "strides": 2},
    "3 by 1": {"pool_size": 3, "strides": 1},
    "4 by 3": {"pool_size": (4, 3)},
    "1 by 2": {"pool_size": 1, "strides": 2},
}


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE], ids=str)
@pytest.mark.parametrize("case", POOLS.values(), ids=POOLS)
@pytest.mark.parametrize(
    ("pool", "reduce", "fill"), [(max_pool, np.max, -np.inf), (average_pool, np.mean, 0.0)], ids=["max", "average"]
)
def test_pools(pool, reduce, fill, case, shape, padding):
    model, x, rank = network(pool(padding=padding, **case), shape), example(shape), len(shape) - 1
    size, strides = per_axis(case["pool_size"], rank), per_axis(case.get("strides", case["pool_size"]), rank)
    axes = tuple(range(1, rank + 1))
    close(model, x, slid(x, size, strides, (1,) * rank, padding, fill, lambda window: reduce(window, axis=axes)))


def test_same_padding_is_symmetric_whatever_the_size():
    # Keras's own "same" with stride 2 would start at position 1 of an even input; ours, and PyTorch's, at position 0.
    for size in (8, 9):
        model = network(conv(1, 1, strides=2, use_bias=False, kernel_initializer="ones"), (size, 1))
        assert array(model(np.arange(float(size)).reshape(1, size, 1))).ravel().tolist() == [*range(0, size, 2)]
        impulse = np.zeros((1, size, 1))
        impulse[0, 1] = 1.0
        strided = network(conv(1, 3, strides=2, use_bias=False, kernel_initializer="ones"), (size, 1))
        assert array(strided(impulse)).ravel()[:3].tolist() == [1.0, 1.0, 0.0]


# The rest -------------------------------------------------------------------------------------------------------------


def test_global_pools_and_flatten():
    for shape in (WAVEFORM, IMAGE):
        x = example(shape)
        axes = tuple(range(1, x.ndim - 1))
        close(network(global_max_pool(), shape), x, x.max(axes))
        close(network(global_average_pool(), shape), x, x.mean(axes))
        close(network(flatten(), shape), x, x.reshape(len(x), -1))


@pytest.mark.parametrize("axis", [0, 1])
def test_average_over(axis):
    x = example(IMAGE)
    close(network(average_over(axis), IMAGE), x, x.mean(axis=1 + axis, keepdims=True))


@pytest.mark.parametrize(("missing", "before"), [(1, 0), (2, 1), (5, 2)])
@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE], ids=str)
def test_pad_channels(shape, missing, before):
    x = example(shape)
    zeros = [np.zeros((*x.shape[:-1], n)) for n in (before, missing - before)]
    close(network(pad_channels(4 + missing), shape), x, np.concatenate([zeros[0], x, zeros[1]], axis=-1))


def normalised(x, gamma, beta, mean, variance, epsilon=1e-5):
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE, (4,)], ids=str)
def test_batch_norm(shape):
    model, x = network(norm(), shape), example(shape, batch=6)
    gamma, beta, mean, variance = (np.random.default_rng(i).uniform(0.5, 2.0, 4) for i in range(4))
    model.set_weights([gamma, beta, mean, variance])
    close(model, x, normalised(x, gamma, beta, mean, variance))

    axes = tuple(range(x.ndim - 1))
    np.testing.assert_allclose(
        array(model(x, training=True)), normalised(x, gamma, beta, x.mean(axes), x.var(axes)), atol=1e-4
    )
    np.testing.assert_allclose(model.get_weights()[2], 0.9 * mean + 0.1 * x.mean(axes), atol=1e-5)
    np.testing.assert_allclose(model.get_weights()[3], 0.9 * variance + 0.1 * x.var(axes), atol=1e-5)


def test_batch_norm_without_scale_and_shift():
    model, x = network(norm("batch", affine=False), WAVEFORM), example(WAVEFORM)
    assert len(model.trainable_weights) == 0
    close(model, x, normalised(x, 1.0, 0.0, 0.0, 1.0))


def test_layer_norm():
    model, x = network(norm("layer"), WAVEFORM), example(WAVEFORM)
    close(model, x, normalised(x, 1.0, 0.0, x.mean(-1, keepdims=True), x.var(-1, keepdims=True)))


def test_sub_spectral_norm_is_a_batch_norm_for_each_band():
    bands, x = 4, example(IMAGE, batch=5)
    model = network(norm("sub_spectral", bands=bands), IMAGE)
    weights = [np.random.default_rng(i).uniform(0.5, 2.0, bands * 4) for i in range(4)]
    model.set_weights(weights)

    def by_band(weights):
        parts = []
        for band, part in enumerate(np.split(x, bands, axis=2)):
            gamma, beta, mean, variance = (w.reshape(bands, 4)[band] for w in weights)
            parts.append(normalised(part, gamma, beta, mean, variance))
        return np.concatenate(parts, axis=2)

    close(model, x, by_band(weights))
    split = np.stack(np.split(x, bands, axis=2))  # (bands, batch, time, width, channels)
    statistics = [split.mean((1, 2, 3)).ravel(), split.var((1, 2, 3)).ravel()]
    np.testing.assert_allclose(array(model(x, training=True)), by_band([*weights[:2], *statistics]), atol=1e-4)


def test_dense_embed_activation_drop_and_lift():
    x = example((5,))
    model = built(dense(3, activation="tanh"), (5,))
    kernel, bias = model.get_weights()
    close(model, x, np.tanh(x @ kernel + bias))

    ids = np.array([[3, 1, 2, 0, 0], [4, 4, 0, 0, 0]], "int32")
    model = built(embed(5, 3), (5,))
    close(model, ids, model.get_weights()[0][ids] * (ids != 0)[..., None])

    x = example(WAVEFORM)
    close(network(activation("relu"), WAVEFORM), x, np.maximum(x, 0))
    close(network(lift("LeakyReLU", negative_slope=0.1), WAVEFORM), x, np.where(x > 0, x, 0.1 * x))
    for spatial in (False, True):
        model = network(drop(0.5, spatial=spatial), WAVEFORM)
        close(model, x, x)
        kept = array(model(np.ones_like(x), training=True))
        assert set(np.unique(kept)) == {0.0, 2.0}
        assert spatial == bool((kept == kept[:, :1]).all())


def test_conv_then_norm_then_activation():
    x = example(WAVEFORM)
    model = built(conv(6, 3, norm="batch", activation="relu"), WAVEFORM)
    kernel, *statistics = model.get_weights()
    statistics[3] = np.abs(statistics[3])
    model.set_weights([kernel, *statistics])
    after = convolved(x, kernel, 0.0, (1,), (1,), 1, "same")
    close(model, x, np.maximum(normalised(after, *statistics), 0))


@pytest.mark.parametrize(
    ("block", "biased"),
    [
        (conv(2, 3), True),
        (conv(2, 3, norm="batch"), False),
        (conv(2, 3, norm="batch", use_bias=True), True),
        (dense(2, use_bias=False), False),
    ],
    ids=repr,
)
def test_a_bias_stands_where_no_norm_follows(block, biased):
    first = next(layer for layer in network(block, WAVEFORM).layers if hasattr(layer, "kernel"))
    assert (first.bias is not None) == biased


def test_rank_comes_from_the_tensor():
    net = chain(conv(4, 3), max_pool(2), depthwise_conv(3), drop(0.1, spatial=True), global_max_pool(), dense(2))
    assert [network(net, shape).output_shape for shape in (WAVEFORM, IMAGE)] == [(None, 2), (None, 2)]
    assert isinstance(network(conv(4, 3), IMAGE).get_layer("conv"), keras.layers.Conv2D)
    assert isinstance(network(conv(4, 3), WAVEFORM).get_layer("conv"), keras.layers.Conv1D)


def test_initialisers_regularisers_and_constraints_by_name():
    block = dense(
        400,
        kernel_initializer=("random_normal", {"stddev": 0.5}),
        kernel_regularizer=("l2", {"l2": 0.01}),
        kernel_constraint=("max_norm", {"max_value": 2.0}),
    )
    layer = network(block, (400,)).get_layer("dense")
    assert np.std(layer.kernel.numpy()) == pytest.approx(0.5, rel=0.02)
    assert float(layer.kernel_regularizer.l2) == pytest.approx(0.01)
    assert layer.kernel_constraint.max_value == 2.0
    assert isinstance(
        network(conv(2, 3, kernel_regularizer="l2"), WAVEFORM).get_layer("conv").kernel_regularizer,
        keras.regularizers.L2,
    )


def test_the_vocabulary_is_what_the_module_says():
    kinds = {kind for kind, block in blocks.Block.kinds.items() if block.__module__.startswith("multicnn.")}
    assert kinds <= set(blocks.__all__)
