"""An image in tiles gives what the whole image gives."""

import keras
import numpy as np
import pytest

from multicnn.blocks import chain, conv, dense, global_average_pool, network
from multicnn.modalities.image import any_size, tiles
from multicnn.models import create


@pytest.fixture(scope="module")
def unet():
    keras.utils.set_random_seed(0)
    block = create("unet", 2, width=4, depth=2)
    return block, network(block, (32, 32, 1))


def _finish(pixels):
    return pixels.astype(np.float32) / 255 - 0.5


def test_tiles_equal_the_whole_image(unet, monkeypatch):
    run, grid = any_size.of_any_size(*unet)
    image = np.random.default_rng(0).integers(0, 256, (150, 133, 1), dtype=np.uint8)
    whole = tiles.on_image(run, image, grid, _finish)
    assert whole.shape == (150, 133, 2)
    monkeypatch.setattr(tiles, "_PIXELS", 1000)
    np.testing.assert_allclose(tiles.on_image(run, image, grid, _finish, side=32), whole, atol=1e-5)
    narrow = tiles.Grid(grid.stride, grid.margin - grid.stride)  # what is left out of the margin is missed
    assert np.abs(tiles.on_image(run, image, narrow, _finish, side=32) - whole).max() > 1e-5


def test_the_margin_is_half_of_what_the_network_sees_in_whole_strides():
    grid = tiles.grid_of(create("unet", 2, width=2), 1)  # one position of four 3x3, pooled four times, sees 188 pixels
    assert grid.stride == 16 and grid.margin % 16 == 0 and 94 <= grid.margin <= 112
    layers = chain(conv(2, 3), global_average_pool(), dense(2))
    assert tiles.grid_of(layers, 1).margin is None


def test_a_large_image_is_refused_where_the_network_sees_all_of_it(unet, monkeypatch):
    run, grid = any_size.of_any_size(*unet)
    monkeypatch.setattr(tiles, "_PIXELS", 1000)
    with pytest.raises(ValueError, match="an image of 40 x 60 pixels, of which the network sees all"):
        tiles.on_image(run, np.zeros((60, 40, 1), np.uint8), tiles.Grid(grid.stride, None), _finish)
