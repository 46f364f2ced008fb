"""Notebook 4: kinds of pooling, invariance to small shifts, multiply-adds, receptive fields."""

import numpy as np
import pytest

from multicnn import blocks
from multicnn.blocks.cost import measure
from multicnn.lessons import photographs, pooling, receptive_fields
from multicnn.models import create

IMAGE = np.array([[1, 0, 1, 0], [1, -1, 1, 2], [0, -1, 1, -1], [0, 1, 1, 0]])


def test_each_pool_is_its_equation():
    shown = pooling.pools(IMAGE, coefficient=2, bias=0.5)
    windows = IMAGE.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(2, 2, 4).astype(float)
    expected = {
        "max": windows.max(-1),
        "average": windows.mean(-1),
        "min": windows.min(-1),
        "root mean square": np.sqrt((windows**2).mean(-1)),
        "weighted": 2 * windows.mean(-1) + 0.5,
    }
    assert list(shown.outputs) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(shown.outputs[name], values, atol=1e-6)


def test_a_larger_pool_changes_less_when_the_image_moves():
    changes = pooling.invariance(photographs.grey("china"), sizes=(1, 4, 8), most=2, side=96).changes
    for shift in (0, 1):
        assert changes["no pool"][shift] > changes["max pool of 4"][shift] > changes["max pool of 8"][shift]
    assert changes["no pool"][1] > 0.8
    assert changes["max pool of 8"][1] < 0.5


def test_a_pool_of_two_leaves_a_quarter_to_do():
    second = blocks.conv(64, 3)
    plain = measure(blocks.chain(blocks.conv(32, 3), second), (64, 64, 3)).multiply_adds
    pooled = measure(blocks.chain(blocks.conv(32, 3), blocks.max_pool(2), second), (64, 64, 3)).multiply_adds
    first = 64 * 64 * 9 * 3 * 32
    vgg = measure(create("vgg16", 1000), (224, 224, 3)).table()
    convs = [row for row in vgg if row.name.startswith("conv")]
    unpooled = 224 * 224 * sum(row.parameters for row in convs)  # biases, 4 thousand of 14 million, counted too
    assert 45 < unpooled / sum(row.multiply_adds for row in convs) < 50
    assert plain - first == 4 * (pooled - first) == 64 * 64 * 9 * 32 * 64


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (blocks.conv(1, 3), 3),
        (blocks.chain(blocks.conv(1, 3), blocks.conv(1, 3)), 5),
        (blocks.chain(blocks.conv(1, 3), blocks.average_pool(2), blocks.conv(1, 3)), 8),
    ],
    ids=["one", "two", "pooled"],
)
def test_receptive_fields_are_what_changes_the_output(block, expected):
    changed = receptive_fields.influence(block, (16, 16, 1))
    assert measure(block, (16, 16, 1)).output.reach == (expected, expected)
    assert [np.ptp(axis) + 1 for axis in np.nonzero(changed)] == [expected, expected]
    assert changed.sum() == expected**2


def test_receptive_fields_of_networks():
    lenet = receptive_fields.receptive_fields("lenet5")
    assert [(field.stage, field.reach[0]) for field in lenet.fields] == [("C1", 5), ("S2", 6), ("C3", 14), ("S4", 16)]
    vgg = receptive_fields.receptive_fields("vgg16")
    assert vgg.fields[-1].reach == (212, 212)  # 1 + 2 (2 + 2*2 + 3*4 + 3*8 + 3*16) + pools 1 + 2 + 4 + 8 + 16
    assert receptive_fields.receptive_fields("res8", modality="log-mel").fields[-1].words.endswith("bands")
    text = receptive_fields.receptive_fields("textcnn", (20, 300), modality="text")
    assert [field.words for field in text.fields] == ["3 tokens", "4 tokens", "5 tokens"]


@pytest.mark.parametrize("model", ["nothing", "linear"])
def test_networks_without_receptive_fields(model):
    with pytest.raises(ValueError, match="Received: "):
        receptive_fields.receptive_fields(model)
