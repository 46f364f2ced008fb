"""Tensors inside a network by name, and the input that their positions see."""

import pytest

from multicnn import models
from multicnn.blocks import chain, conv, dense, embed, global_average_pool, network
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


def test_an_unknown_stage_is_told_the_known_ones():
    block = chain(conv(2, 3), global_average_pool(), dense(2))
    built = network(block, (8, 8, 1))
    known = stages.taps(block, built, (8, 8, 1))
    with pytest.raises(ValueError, match="one of conv, global_average_pool, dense"):
        stages.chosen(known, built, "conv9")
    flat = chain(dense(2))
    with pytest.raises(ValueError, match="no one has positions"):
        stages.chosen(stages.taps(flat, network(flat, (4,)), (4,)), network(flat, (4,)), None)
