"""Tensors inside a network by name, and the input that their positions see."""

import pytest

from multicnn import models
from multicnn.blocks import chain, conv, dense, embed, global_average_pool, network, pad, stage
from multicnn.explanations import stages

NETWORKS = {
    "branches": (chain(embed(9, 4), models.create("textcnn", 2, filters=3)), (12,)),
    "norms": (models.create("resnet20", 3, width=2), (16, 16, 3)),
    "pools in stages": (models.create("alexnet", 3, width=1 / 16), (67, 67, 3)),
}
LAST = {
    "branches": ["concat.1.conv", "concat.2.conv", "concat.3.conv"],
    "norms": ["conv4_x"],
    "pools in stages": ["conv5"],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_each_name_is_the_tensor_of_its_shape(name):
    block, shape = NETWORKS[name]
    built = network(block, shape)
    known = stages.taps(block, built, shape)
    assert all(tuple(tap.tensor.shape[1:]) == tap.signal.shape[1:] for tap in known.values())
    assert [tap.name for tap in stages.chosen(known, built, None)] == LAST[name]
    for tap in known.values():
        assert built.get_layer(tap.layer).output is tap.tensor


def test_a_position_that_sees_padding_alone_is_shown_the_nearest_cell():
    block = chain(pad((3, 2)), stage("seen", conv(2, 2)))
    tap = stages.taps(block, network(block, (6, 5, 1)), (6, 5, 1))["seen"]
    rows, columns, _ = tap.signal.shape[1:]
    windows = [tap.window((row, column), (6, 5)) for row in range(rows) for column in range(columns)]
    assert all(0 <= start < stop <= size for one in windows for (start, stop), size in zip(one, (6, 5)))
    assert windows[0] == ((0, 1), (0, 1)) and windows[-1] == ((5, 6), (4, 5))


def test_an_unknown_stage_is_told_the_known_ones():
    block = chain(conv(2, 3), global_average_pool(), dense(2))
    built = network(block, (8, 8, 1))
    known = stages.taps(block, built, (8, 8, 1))
    with pytest.raises(ValueError, match="one of conv, global_average_pool, dense"):
        stages.chosen(known, built, "conv9")
    flat = chain(dense(2))
    with pytest.raises(ValueError, match="no one has positions"):
        stages.chosen(stages.taps(flat, network(flat, (4,)), (4,)), network(flat, (4,)), None)
