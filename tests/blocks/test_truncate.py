"""The front of a network, up to a part of it."""

import pytest

from multicnn.blocks import chain, conv, dense, drop, embed, global_average_pool, max_pool, repeat, stage
from multicnn.blocks.truncate import cut
from multicnn.models import create

NET = chain(
    stage("one", conv(4, 3, norm="batch", activation="relu"), max_pool(2)),
    repeat(3, conv(5, 3, activation="relu")),
    stage("two", conv(6, 3), repeat(2, conv(6, 1))),
    conv(7, 1),
    global_average_pool(),
    drop(0.5),
    dense(10),
)


@pytest.mark.parametrize(
    ("path", "blocks"),
    [
        ("one", 1),
        ("one.conv", chain(stage("one", NET.blocks[0].block.blocks[0]))),
        ("2", chain(NET.blocks[0], repeat(2, conv(5, 3, activation="relu")))),
        ("two", 3),
        ("two.1", chain(*NET.blocks[:2], stage("two", conv(6, 3), repeat(1, conv(6, 1))))),
        ("conv", 4),
        ("global_average_pool", 5),
        ("dense", 7),
    ],
)
def test_a_network_is_cut_after_a_part(path, blocks):
    assert cut(NET, path) == (chain(*NET.blocks[:blocks]) if isinstance(blocks, int) else blocks)


@pytest.mark.parametrize("path", ["three", "one.", "two.3", "", "one.conv.norm"])
def test_what_is_no_part_in_series(path):
    with pytest.raises(ValueError, match=f"Received: path='{path}'"):
        cut(NET, path)


def test_a_text_network_is_cut_where_its_branches_meet():
    net = chain(embed(9, 4), create("textcnn", 2, filters=3))
    assert cut(net, "concat") == chain(*net.blocks[:2])
    assert cut(net, "embed") == chain(net.blocks[0])
