"""Masks and boxes move as the images do."""

import numpy as np
import pytest
import tensorflow as tf

from multicnn.modalities.image.augment_geometry import augment, transform

MOVES = [
    {"mirror": True, "shift": 5},
    {"rotation": 25.0, "scale": 0.3, "shear": 10.0},
    {"crop": 0.4, "mirror": True},
    {"elastic": 4.0},
]
SEEDS = tf.constant([[7, i] for i in range(6)], tf.int64)


def _scenes(shape):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.repeat(((np.abs(y - 20) < 9) & (np.abs(x - 26) < 12))[None], 6, axis=0)


@pytest.mark.parametrize(("moves", "size"), [*((each, (32, 32)) for each in MOVES), (MOVES[1], None)], ids=str)
def test_a_mask_moves_with_its_image_by_the_same_draw(moves, size):
    inside = _scenes((40, 56))
    images = augment(inside[..., None].astype(np.float32), SEEDS, size, **moves).numpy()[..., 0]
    movement = transform((40, 56, 1), SEEDS, size, **moves)
    masks = movement.labels(tf.constant(inside, tf.int32), -1).numpy()
    assert masks.shape == images.shape == (6, *(size or (40, 56)))
    clear = (np.abs(images - 0.5) > 0.1) & (masks >= 0)  # a nearest neighbour, unless it lies between two
    assert clear.mean() > 0.8
    assert ((images > 0.5) == (masks == 1))[clear].mean() > 0.995
    assert len({one.tobytes() for one in masks}) > 1


def test_what_comes_in_from_outside_has_the_fill_value():
    ones = tf.ones((6, 20, 20), tf.int32)
    outside = transform((20, 20, 1), SEEDS, shift=8).labels(ones, -1).numpy()
    images = augment(np.ones((6, 20, 20, 1), np.float32), SEEDS, shift=8).numpy()[..., 0]
    assert np.array_equal(outside == -1, images == 0) and (outside == -1).any()


@pytest.mark.parametrize("moves", MOVES[:3], ids=str)
def test_a_box_moves_with_its_pixels(moves):
    inside = _scenes((40, 56))
    box = np.array([15, 12, 38, 29]) / [56, 40, 56, 40]
    movement = transform((40, 56, 1), SEEDS, (40, 56), **moves)
    moved = movement.boxes(tf.constant(np.tile(box, (6, 1, 1)), tf.float32)).numpy()[:, 0] * [56, 40, 56, 40]
    for mask, (x0, y0, x1, y1) in zip(movement.labels(tf.constant(inside, tf.int32), 0).numpy(), moved):
        rows, columns = np.nonzero(mask)
        assert columns.min() >= x0 - 1 and columns.max() + 1 <= x1 + 1
        assert rows.min() >= y0 - 1 and rows.max() + 1 <= y1 + 1
        if "rotation" not in moves:  # a turned box is larger than what is in it
            clipped = np.clip([x0, y0, x1, y1], 0, [56, 40, 56, 40])
            found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            np.testing.assert_allclose(clipped, found, atol=1.6)
