"""The poolings, against NumPy written from the equation."""

import math

import numpy as np
import pytest
from support.oracles import IMAGE, WAVEFORM, array, built, close, example, slid

from multicnn.blocks import (
    average_pool,
    chain,
    conv,
    cropped,
    dynamic_k_max_pool,
    embed,
    fold,
    k_max_pool,
    max_pool,
    min_pool,
    network,
    per_axis,
    rms_pool,
    row_conv,
    take_channels,
    unpool,
    weighted_average_pool,
    weighted_pool,
)
from multicnn.blocks.cost import measure


def rms(window, axis):
    return np.sqrt(np.mean(np.square(window), axis=axis))


POOLS = {
    "max": (max_pool, np.max, -np.inf),
    "min": (min_pool, np.min, np.inf),
    "average": (average_pool, np.mean, 0.0),
    "root mean square": (rms_pool, rms, 0.0),
}
CASES = {
    "2": {"pool_size": 2},
    "3 by 2": {"pool_size": 3, "strides": 2},
    "3 by 1": {"pool_size": 3, "strides": 1},
    "4 by 3": {"pool_size": (4, 3)},
    "1 by 2": {"pool_size": 1, "strides": 2},
}


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE], ids=str)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize(("pool", "reduce", "fill"), POOLS.values(), ids=POOLS)
def test_pools(pool, reduce, fill, case, shape, padding):
    model, x, rank = network(pool(padding=padding, **case), shape), example(shape), len(shape) - 1
    size, strides = per_axis(case["pool_size"], rank), per_axis(case.get("strides", case["pool_size"]), rank)
    axes = tuple(range(1, rank + 1))
    close(model, x, slid(x, size, strides, (1,) * rank, padding, fill, lambda window: reduce(window, axis=axes)))


@pytest.mark.parametrize("size", range(5, 12))
def test_a_pair_as_padding_rounds_sizes_up(size):
    block = max_pool(3, strides=2, padding=((0, 1),))
    x = -np.arange(1.0, size + 1)[None, :, None]
    expected = [x[0, i : i + 3].max() for i in range(0, 2 * math.ceil((size - 3) / 2) + 1, 2)]
    assert array(network(block, (size, 1))(x)).ravel().tolist() == expected
    assert measure(block, (size, 1)).shape[0] == len(expected)


def test_weighted_pool_is_lenets_subsampling():
    # A coefficient times the sum of four, plus a bias (LeCun et al. 1998, section II.B); ours multiplies the mean.
    model, x = built(weighted_pool(2), (8, 6, 3)), example((8, 6, 3))
    coefficient, bias = model.get_weights()
    sums = x[:, ::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, ::2] + x[:, 1::2, 1::2]
    close(model, x, coefficient / 4 * sums + bias)
    assert measure(weighted_pool(2), (28, 28, 6)).parameters == 12, "S2 has 12 trainable parameters"


# Weights in the window ------------------------------------------------------------------------------------------------


def gaussian(size, sigma=None):
    return np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * (sigma or size / 4) ** 2))


def triangle(size):
    return np.array({1: [1], 2: [1, 1], 3: [1, 2, 1], 4: [1, 3, 3, 1]}[size], float)


WEIGHTS = {
    "gaussian": ("gaussian", gaussian),
    "gaussian of a deviation": (("gaussian", {"sigma": 1.5}), lambda size: gaussian(size, 1.5)),
    "gaussian of none": (("gaussian", {"sigma": 1e-200}), lambda size: 1.0 * (gaussian(size) == gaussian(size).max())),
    "triangular": ("triangular", triangle),
}


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE], ids=str)
@pytest.mark.parametrize("case", [CASES["3 by 2"], CASES["4 by 3"]], ids=str)
@pytest.mark.parametrize(("weights", "along"), WEIGHTS.values(), ids=WEIGHTS)
def test_weighted_means(weights, along, case, shape, padding):
    rank, x = len(shape) - 1, example(shape)
    size, strides = per_axis(case["pool_size"], rank), per_axis(case.get("strides", case["pool_size"]), rank)
    window = along(size[0]) if rank == 1 else np.outer(along(size[0]), along(size[1]))
    model = network(weighted_average_pool(padding=padding, weights=weights, **case), shape)
    close(model, x, slid(x, size, strides, (1,) * rank, padding, 0.0, weighted_by(window / window.sum())))


def weighted_by(window):
    """Of a window (*pool_size) for all channels, or (*pool_size, channels)."""
    return lambda values: sum(window[at] * values[(slice(None), *at)] for at in np.ndindex(*values.shape[1:-1]))


@pytest.mark.parametrize("weights", [((1, 2, 3), (0, 5, 1)), ((1e38, 3e38, 2e38), (0, 0, 1e30))], ids=["own", "huge"])
@pytest.mark.parametrize("strides", [None, 1, (2, 3)], ids=str)
def test_a_weighted_mean_of_own_numbers(weights, strides):
    x, window = example(IMAGE), np.array(weights) / np.sum(np.array(weights, float))
    model = network(weighted_average_pool((2, 3), strides=strides, weights=weights, padding=((0, 1), 1)), IMAGE)
    padded = np.pad(x, [(0, 0), (0, 1), (1, 1), (0, 0)])
    expected = slid(padded, (2, 3), per_axis(strides or (2, 3), 2), (1, 1), "valid", 0.0, weighted_by(window))
    close(model, x, expected)
    assert not model.weights


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE], ids=str)
def test_a_learned_window_is_a_softmax_that_begins_as_the_mean(shape, per_channel):
    rank, x = len(shape) - 1, example(shape)
    block = weighted_average_pool(3, strides=2, weights="learned", per_channel=per_channel)
    model = network(block, shape)
    close(model, x, array(network(average_pool(3, strides=2), shape)(x)))
    model = built(block, shape)
    (logits,) = model.get_weights()
    assert logits.size == measure(block, shape).parameters == 3**rank * (4 if per_channel else 1)
    window = np.exp(logits) / np.exp(logits).sum(axis=tuple(range(rank)))
    close(model, x, slid(x, (3,) * rank, (2,) * rank, (1,) * rank, "valid", 0.0, weighted_by(window)))


# k-max ----------------------------------------------------------------------------------------------------------------


def k_largest(x, k):
    """The k largest of each column of x (steps, channels), in their order, then zeros."""
    out = np.zeros((k, x.shape[1]))
    for channel, column in enumerate(x.T):
        kept = sorted(sorted(range(len(column)), key=lambda i: -column[i])[:k])
        out[: len(kept), channel] = column[kept]
    return out


@pytest.mark.parametrize("k", [1, 4, 13, 20])
@pytest.mark.parametrize("shape", [WAVEFORM, (4, 3, 2)], ids=str)
def test_k_max_pool(shape, k):
    x = example(shape)
    rows = x.reshape(len(x), -1, shape[-1])
    close(network(k_max_pool(k), shape), x, np.stack([k_largest(row, k) for row in rows]))


def test_k_max_pool_of_a_text_sees_its_words_only():
    model = built(chain(embed(20, 3), k_max_pool(4)), (9,))
    vectors = model.get_weights()[0]
    vectors -= vectors.max() + 1  # below zero, so that padding would win every maximum
    model.set_weights([vectors])
    ids = np.array([[4, 9, 2, 7, 11, 3, 0, 0, 0], [5, 6, 0, 0, 0, 0, 0, 0, 0]])
    expected = np.stack([k_largest(vectors[row[row > 0]], 4) for row in ids])
    np.testing.assert_allclose(array(model(ids)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("k_top", "layer", "layers", "sentence", "k"),
    [(3, 1, 3, 18, 12), (3, 2, 3, 18, 6), (3, 3, 3, 18, 3), (5, 2, 3, 7, 5), (4, 1, 2, 7, 4), (4, 1, 2, 9, 5)],
)
def test_the_k_of_the_equation(k_top, layer, layers, sentence, k):
    # The first three are the paper's own example: a sentence of 18 words, three layers, k_top = 3.
    assert dynamic_k_max_pool(k_top, layer, layers).k(sentence) == k
    assert max(k_top, math.ceil((layers - layer) / layers * sentence)) == k


@pytest.mark.parametrize("padding", [0, 1, 30])
def test_dynamic_k_max_pool_follows_each_sentence(padding):
    block = chain(
        conv(3, 5, padding=4), dynamic_k_max_pool(2, 1, 2), conv(3, 3, padding=2), dynamic_k_max_pool(2, 2, 2)
    )
    lengths = [9, 4, 1]
    ids = np.zeros((3, 9 + padding), int)
    for row, length in enumerate(lengths):
        ids[row, :length] = np.arange(1, length + 1)
    model = built(chain(embed(20, 4), block), (None,))
    together = array(model(ids))
    table, *_ = model.get_weights()
    for row, length in enumerate(lengths):
        alone = network(block, (length, 4))
        alone.set_weights(model.get_weights()[1:])
        expected = array(alone(table[ids[row, :length]][None]))[0]
        if length == 1:  # a shorter sentence than k_top: its words, then zeros
            assert together[row].shape == expected.shape
        np.testing.assert_allclose(together[row], expected, rtol=1e-4, atol=1e-5)


def test_fold_sums_neighbouring_rows():
    x = example((5, 12))
    r = x.reshape(3, 5, 4, 3)  # 4 rows of 3 maps
    close(network(fold(3), (5, 12)), x, np.concatenate([r[:, :, 0] + r[:, :, 1], r[:, :, 2] + r[:, :, 3]], -1))
    r = x.reshape(3, 5, 3, 4)  # 3 rows of 4 maps
    close(network(fold(4), (5, 12)), x, np.concatenate([r[:, :, 0] + r[:, :, 1], r[:, :, 2]], -1))


def test_row_conv_is_the_wide_convolution_of_each_row():
    x = example((5, 12))
    model = built(row_conv(2, 3, below=3), (5, 12))  # 4 rows of 3 maps, then of 2
    kernel, bias = model.get_weights()  # (3, 3, 4 * 2)
    rows, kernels = x.reshape(3, 5, 4, 3), kernel.reshape(3, 3, 4, 2)
    expected = np.zeros((3, 7, 4, 2))
    for example_, row, out, map_ in np.ndindex(3, 4, 2, 3):
        # Keras correlates: its kernel is that of a convolution, turned round.
        expected[example_, :, row, out] += np.convolve(rows[example_, :, row, map_], kernels[::-1, map_, row, out])
    close(model, x, expected.reshape(3, 7, 8) + bias)


# There and back -------------------------------------------------------------------------------------------------------


def switched(x, values, size, stride):
    out = np.zeros_like(x)
    for index in np.ndindex(*values.shape):
        batch, *position, channel = index
        cut = tuple(slice(p * stride, p * stride + size) for p in position)
        window = x[(batch, *cut, channel)]
        place = np.unravel_index(window.argmax(), window.shape)
        out[(batch, *(p * stride + o for p, o in zip(position, place)), channel)] += values[index]
    return out


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (3, 3), (2, 3)])
@pytest.mark.parametrize("shape", [WAVEFORM, IMAGE], ids=str)
def test_unpool_puts_values_back_where_the_maxima_were(shape, size, stride):
    x = example(shape)
    inner = conv(4, 1)
    model = built(unpool(inner, size, strides=stride), shape)
    pooled = array(network(max_pool(size, strides=stride), shape)(x))
    values = pooled @ model.get_weights()[0].reshape(4, 4) + model.get_weights()[1]
    close(model, x, switched(x, values, size, stride))


def test_unpool_of_a_short_text_stays_inside_it():
    model = built(chain(embed(9, 3), unpool(chain(), 4)), (None,))
    for ids in ([[3, 1]], [[3, 1, 0, 0, 0, 0, 0, 0, 0]], [[2, 3, 4, 5, 1, 0]]):
        out, vectors = array(model(np.array(ids))), model.get_weights()[0]
        words = [i for i in ids[0] if i]
        window = vectors[words[:4]]
        assert out.shape == (1, len(ids[0]), 3)
        np.testing.assert_allclose(out.sum(axis=(0, 1)), window.max(axis=0), rtol=1e-5)


@pytest.mark.parametrize("shape", [(9, 3), (8, 3), (9, 8, 3)], ids=str)
def test_cropped_gives_the_size_of_the_input(shape):
    block = cropped(max_pool(2, strides=1, padding=((0, 3), 2)[: len(shape) - 1]))
    x = example(shape)
    model = network(block, shape)
    assert model.output_shape[1:] == measure(block, shape).shape == shape
    whole = array(network(block.inner, shape)(x))
    close(model, x, whole[tuple(slice(0, n) for n in x.shape)])


def test_take_channels():
    x = example(IMAGE)
    close(network(take_channels(3, 0), IMAGE), x, x[..., [3, 0]])


BAD = {
    "weights": (lambda: weighted_average_pool(2, weights="hann"), "'triangular'.*Received: weights='hann'"),
    "weights below 0": (lambda: weighted_average_pool(2, weights=(1, -1)), r"below 0.*Received: weights=\(1, -1\)"),
    "weights of 0": (lambda: weighted_average_pool(2, weights=(0, 0)), r"all be 0. Received: weights=\(0, 0\)"),
    "ragged weights": (lambda: weighted_average_pool(2, weights=((1, 2), (1,))), "Received: weights="),
    "weights of another size": (
        lambda: network(weighted_average_pool(2, weights=(1, 2, 1)), WAVEFORM),
        r"weights` of the shape \(3,\) do not fill a window of \(2,\)",
    ),
    "a huge window": (lambda: measure(weighted_average_pool(2**31 - 1), (9, 2)), "more than 1,048,576 positions"),
    "sigma": (lambda: weighted_average_pool(2, weights=("gaussian", {"sigma": 0})), "`sigma` must be a number above 0"),
    "no sigma": (lambda: weighted_average_pool(2, weights=("learned", {"sigma": 1})), "`weights` must be one of"),
    "per_channel": (lambda: weighted_average_pool(2, per_channel=True), "`per_channel` is for learned weights"),
    "k": (lambda: k_max_pool(0), "Received: k=0"),
    "k_top": (lambda: dynamic_k_max_pool(0, 1, 2), "Received: k_top=0"),
    "layer": (lambda: dynamic_k_max_pool(3, 3, 2), "1 to 2. Received: layer=3"),
    "rank": (lambda: network(dynamic_k_max_pool(3, 1, 2), IMAGE), "needs \\(batch, time, channels\\)"),
    "maps": (lambda: fold(0), "Received: maps=0"),
    "maps that do not divide": (lambda: measure(fold(4), (5, 6)), "6 channels are no rows of 4 maps"),
    "maps below": (lambda: row_conv(3, 5, below=0), "Received: below=0"),
    "maps below that do not divide": (
        lambda: measure(row_conv(2, 5, below=4), (5, 6)),
        "6 channels are no rows of 4 maps",
    ),
    "channels": (lambda: network(take_channels(4), IMAGE), "no channel 4 among 4"),
    "no channels": (lambda: take_channels(), "Received: channels="),
    "cropped too small": (lambda: network(cropped(max_pool(2)), WAVEFORM), "cannot cut 6 steps to 13"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
