"""Positions as a list, biases that begin elsewhere than at 0, and FCOS's head."""

import keras
import numpy as np
import pytest

from multicnn.blocks import (
    chain,
    concat_positions,
    conv,
    conv_transpose,
    dense,
    depthwise_conv,
    fcos_head,
    flatten_positions,
    max_pool,
    network,
)
from multicnn.blocks.cost import measure
from multicnn.models import create


def test_positions_are_counted_line_by_line_and_level_after_level():
    block = concat_positions(flatten_positions(), chain(max_pool(2), flatten_positions()))
    x = np.arange(2 * 4 * 6 * 3, dtype="float32").reshape(2, 4, 6, 3)
    y = keras.ops.convert_to_numpy(network(block, (4, 6, 3))(x))
    np.testing.assert_array_equal(y[:, : 4 * 6], x.reshape(2, 24, 3))
    np.testing.assert_array_equal(y[:, 24:], x[:, 1::2, 1::2].reshape(2, 6, 3))


@pytest.mark.parametrize(
    "block",
    [
        conv(3, 3, bias_initializer=("constant", {"value": -2.0})),
        depthwise_conv(3, bias_initializer=("constant", {"value": -2.0})),
        conv_transpose(3, 3, strides=2, bias_initializer=("constant", {"value": -2.0})),
        dense(3, bias_initializer=("constant", {"value": -2.0})),
    ],
    ids=lambda block: type(block).__name__,
)
def test_a_bias_begins_where_it_is_told(block):
    model = network(block, (8, 8, 3))
    answer = keras.ops.convert_to_numpy(model(np.zeros((1, 8, 8, 3), "float32")))
    np.testing.assert_array_equal(answer, np.full_like(answer, -2))


def test_every_class_begins_with_the_prior():
    logits = keras.ops.convert_to_numpy(network(fcos_head(5, prior=0.02), (6, 8, 4))(np.zeros((1, 6, 8, 4), "float32")))
    assert logits.shape == (1, 48, 9)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits[..., :5])), 0.02, rtol=1e-5)
    np.testing.assert_array_equal(logits[..., 5:], 0)
    with pytest.raises(ValueError, match=r"`prior` must be between 0 and 1\. Received: prior=1"):
        fcos_head(5, prior=1)


@pytest.mark.parametrize(
    ("arguments", "positions"),
    [
        ({}, 8 * 10),
        ({"levels": 3, "context": 1}, 8 * 10 + 4 * 5 + 2 * 3),
        ({"context": 0, "depth": 2}, 8 * 10),
        ({"backbone": "resnet18", "until": "conv4_x"}, 4 * 5),
        ({"backbone": "vgg_small", "until": "conv1", "levels": 2}, 32 * 40 + 16 * 20),
    ],
)
def test_boxes_are_found_at_any_stage_and_at_several_strides(arguments, positions):
    assert measure(create("fcos", 2, **arguments), (64, 80, 3)).shape == (positions, 2 + 4)


@pytest.mark.parametrize("arguments", [{"backbone": "resnet18"}, {"until": "conv4_x"}])
def test_a_backbone_needs_its_stage(arguments):
    with pytest.raises(ValueError, match="`backbone` needs its stage `until`"):
        create("fcos", 2, **arguments)
