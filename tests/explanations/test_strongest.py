"""The strongest inputs of filters: the value is that of the part alone, and the projection stays inside it."""

import keras
import numpy as np
import pytest

from multicnn.blocks import (
    average_pool,
    chain,
    concat,
    conv,
    dense,
    embed,
    flatten,
    global_max_pool,
    max_pool,
    network,
    stage,
)
from multicnn.explanations import stages
from multicnn.explanations.projection import Projector
from multicnn.explanations.strongest import StrongestInputs

SEEN = {  # networks up to the stage, without padding, and the side of an input
    "pools": (chain(conv(4, 3, padding="valid"), max_pool(2), conv(5, 2, padding="valid"), average_pool(2)), 16),
    "dilated": (
        chain(conv(4, 3, padding="valid", dilation_rate=2), conv(5, 3, padding="valid", activation="relu")),
        14,
    ),
}


def built(block, shape, seed=0):
    keras.utils.set_random_seed(seed)
    return network(block, shape)


def found(block, model, inputs, filters, top, stage_name=None):
    taps = stages.chosen(stages.taps(block, model, inputs.shape[1:]), model, stage_name)
    collected = StrongestInputs(model, taps, inputs.shape[1:-1] or inputs.shape[1:], top)
    for start in range(0, len(inputs), 7):
        rows = np.arange(start, min(start + 7, len(inputs)))
        collected.add(rows, inputs[rows])
    return taps, collected.filters(filters)


@pytest.mark.parametrize("name", SEEN)
def test_the_part_alone_gives_the_value(name):
    inner, side = SEEN[name]
    block = chain(stage("top", inner), flatten(), dense(2))
    model = built(block, (side, side, 2))
    inputs = np.random.default_rng(0).normal(size=(20, side, side, 2)).astype(np.float32)
    taps, responses = found(block, model, inputs, filters=3, top=4, stage_name="top")
    maps = keras.Model(model.inputs, taps[0].tensor).predict_on_batch(inputs)
    weights = keras.Model(model.inputs, taps[0].tensor).get_weights()
    assert len(responses) == 3
    for each in responses:
        peaks = np.sort(maps[..., each.filter].max(axis=(1, 2)))[::-1]
        np.testing.assert_allclose([one.value for one in each.strongest], peaks[:4], rtol=1e-6)
        one = each.strongest[0]
        (top, bottom), (left, right) = one.window
        part = inputs[one.row, top:bottom, left:right]
        alone = network(stage("top", inner), part.shape)
        alone.set_weights(weights)
        values = alone.predict_on_batch(part[np.newaxis])
        assert values.shape[1:3] == (1, 1)  # no row or column more than one position sees
        np.testing.assert_allclose(values[0, 0, 0, each.filter], one.value, rtol=1e-5, atol=1e-6)


def test_the_projection_is_zero_outside_the_part():
    inner, side = SEEN["pools"]
    block = chain(stage("top", inner), flatten(), dense(2))
    model = built(block, (side, side, 2))
    inputs = np.random.default_rng(0).normal(size=(20, side, side, 2)).astype(np.float32)
    taps, (responses, *_) = found(block, model, inputs, filters=1, top=3, stage_name="top")
    projected = Projector(model, taps).project(responses, inputs[[one.row for one in responses.strongest]])
    assert projected.shape == (3, side, side, 2)
    for one, values in zip(responses.strongest, projected):
        inside = tuple(slice(*edge) for edge in one.window)
        assert np.abs(values[inside]).max() > 0
        values[inside] = 0
        assert not values.any()


def test_branches_of_a_text_are_searched_together_and_the_planted_word_is_found():
    block = chain(
        embed(9, 4), concat(*(chain(conv(2, w, padding="valid"), global_max_pool()) for w in (2, 3))), dense(2)
    )
    model = built(block, (10,))
    table = np.zeros((9, 4), np.float32)
    table[7] = (0, 0, 5, 0)
    model.get_layer("embed").set_weights([table])
    for branch in ("concat.1.conv", "concat.2.conv"):
        kernel, bias = model.get_layer(branch).get_weights()
        kernel[:] = 0
        kernel[-1, 2] = 1, -1  # the first filter looks for the word at its last step, the other never sees it
        model.get_layer(branch).set_weights([kernel, bias])
    ids = np.random.default_rng(0).integers(1, 7, size=(20, 10)).astype(np.int32)
    places = np.random.default_rng(1).integers(3, 9, size=5)
    ids[np.arange(5), places] = 7
    taps, responses = found(block, model, ids, filters=8, top=5)
    assert [(each.stage, each.filter) for each in responses] == [("concat.1.conv", 0), ("concat.2.conv", 0)]
    for each, width in zip(responses, (2, 3)):
        assert sorted(one.row for one in each.strongest) == list(range(5))
        for one in each.strongest:
            assert one.window == ((places[one.row] - width + 1, places[one.row] + 1),)
        projected = Projector(model, taps).project(each, ids[[one.row for one in each.strongest]])
        assert [int(values.argmax()) for values in projected] == [places[one.row] for one in each.strongest]
        assert (np.count_nonzero(projected, axis=1) == 1).all()


def test_a_filter_that_is_the_same_everywhere_is_left_out():
    block = chain(stage("top", conv(3, 1, activation="relu")), flatten(), dense(2))
    model = built(block, (4, 4, 1))
    kernel = np.array([[[[0.0, 1.0, -1.0]]]], np.float32)
    model.get_layer("top.conv").set_weights([kernel, np.array([2.0, 0.0, -9.0], np.float32)])
    inputs = np.random.default_rng(0).random((9, 4, 4, 1)).astype(np.float32)
    _, responses = found(block, model, inputs, filters=3, top=2, stage_name="top")
    assert [each.filter for each in responses] == [1]
