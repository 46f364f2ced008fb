"""Networks of maxima over time, taken apart: contributions sum to the logits, windows are what gradients say they are."""

import keras
import numpy as np
import pytest

from multicnn import models
from multicnn.blocks import (
    activation,
    add,
    average_pool,
    chain,
    concat,
    conv,
    dense,
    depthwise_conv,
    drop,
    embed,
    flatten,
    global_average_pool,
    global_max_pool,
    max_pool,
    network,
    norm,
    one_hot,
    stage,
)
from multicnn.explanations.max_over_time import MaxOverTime
from multicnn.modalities.text.stem import embedding_block

TAIL = (global_max_pool(), drop(0.5), dense(3))
KINDS = {
    "textcnn": chain(embed(30, 6), models.create("textcnn", 3, filters=5)),
    "multichannel": chain(embedding_block("multichannel", 30, 6), models.create("textcnn", 3, filters=5)),
    "one_hot": chain(one_hot(30), models.create("textcnn", 3, filters=4)),
    "same": chain(embed(30, 6), conv(7, 5, activation="tanh"), *TAIL),
    "wide": chain(embed(30, 6), conv(7, 4, padding=3, activation="tanh"), *TAIL),
    "dilated": chain(embed(30, 6), conv(7, 3, padding="valid", dilation_rate=2), *TAIL),
    "deep": chain(
        embed(30, 6),
        stage("conv1", conv(7, 3, norm="batch", activation="tanh")),
        conv(6, 4, strides=2, padding=(2,), activation="tanh"),
        average_pool(2),
        depthwise_conv(3, padding="valid"),
        norm("layer"),
        *TAIL,
    ),
    "two depths": chain(
        embed(30, 6),
        concat(
            chain(conv(4, 2, padding="valid"), activation("tanh"), global_max_pool()),
            chain(conv(4, 2), conv(5, 3, padding="valid"), global_max_pool(), drop(0.1)),
        ),
        dense(3, use_bias=False),
    ),
}
OTHERS = {
    "average": chain(embed(30, 6), conv(7, 3), global_average_pool(), dense(3)),
    "two dense layers": chain(embed(30, 6), conv(7, 3), global_max_pool(), dense(4, activation="relu"), dense(3)),
    "shortcut": chain(embed(30, 6), add(conv(6, 3), chain()), global_max_pool(), dense(3)),
    "no convolution": chain(embed(30, 6), global_max_pool(), dense(3)),
    "flattened": chain(embed(30, 6), conv(7, 3), max_pool(2), flatten(), dense(3)),
}


def texts(length=12):
    ids = np.random.default_rng(0).integers(1, 30, (6, length)).astype(np.int32)
    ids[0, 1:], ids[1, 4:], ids[2, 7:] = 0, 0, 0
    return ids


def built(block):
    keras.utils.set_random_seed(0)
    model = network(block, (12,))
    rng = np.random.default_rng(1)
    model.set_weights([w + rng.uniform(0.01, 0.3, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("name", KINDS)
def test_contributions_and_bias_are_the_logits(name):
    model, ids = built(KINDS[name]), texts()
    found = MaxOverTime.of(model)
    starts, values = found.firings(ids)
    assert starts.shape == values.shape == (6, len(found.filters)) == (6, len(found.reach))
    np.testing.assert_allclose(values @ found.weights + found.bias, model(ids), atol=1e-5)
    assert len(set(found.filters)) == len(found.filters)


@pytest.mark.parametrize("name", KINDS)
def test_a_window_is_all_that_its_filter_saw(name):
    found, length = MaxOverTime.of(built(KINDS[name])), 12
    ids = texts()[3:]  # those without padding
    starts, values = found.firings(ids)
    other = np.random.default_rng(2).integers(2, 30, ids.shape).astype(np.int32)
    places = np.arange(length)
    for unit in range(0, len(found.filters), 2):
        first, last = starts[:, unit, None], starts[:, unit, None] + found.reach[unit] - 1
        outside = found.firings(np.where((places < first) | (places > last), other, ids))[1][:, unit]
        assert (outside >= values[:, unit] - 1e-5).all(), "what stands around the window took something away"
        for end in (first, last):
            inside, fired = (end >= 0) & (end < length), values[:, unit] != 0
            changed = found.firings(np.where(places == end, 1 + ids % 29, ids))[1][:, unit]
            assert (np.abs(changed - values[:, unit]) > 1e-7)[inside[:, 0] & fired].all(), "the window is too wide"


def test_padding_never_fires():
    found, ids = MaxOverTime.of(built(KINDS["same"])), texts()
    starts, _ = found.firings(ids)
    assert (starts[0] + 2 <= 0).all() and (starts[1] + 2 <= 3).all()  # the middle of the window, of one and four tokens


@pytest.mark.parametrize("name", OTHERS)
def test_another_network_is_not_taken_apart(name):
    assert MaxOverTime.of(built(OTHERS[name])) is None
