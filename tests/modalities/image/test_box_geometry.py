"""Images with boxes: upside down, and the size that is learned for them."""

import numpy as np
import tensorflow as tf

from multicnn.modalities.image import augment_geometry
from multicnn.modalities.image.preprocess import ImagePreprocess

SEEDS = tf.stack([tf.zeros(40, tf.int64), tf.range(40, dtype=tf.int64)], axis=1)


def test_half_of_the_images_are_turned_upside_down_and_their_boxes_with_them():
    x = np.random.default_rng(0).normal(size=(40, 6, 8, 1)).astype(np.float32)
    moved = augment_geometry.augment(x, SEEDS, flip=True).numpy()
    turned = np.array([np.array_equal(one, other[::-1]) for one, other in zip(moved, x)])
    assert 8 < turned.sum() < 32 and np.array_equal(moved[~turned], x[~turned])
    boxes = np.tile(np.array([[[0.1, 0.2, 0.5, 0.4]]], np.float32), (40, 1, 1))
    of_boxes = augment_geometry.transform((6, 8, 1), SEEDS, flip=True).boxes(boxes).numpy()
    np.testing.assert_allclose(of_boxes[turned, 0], np.tile([0.1, 0.6, 0.5, 0.8], (turned.sum(), 1)), atol=1e-6)
    np.testing.assert_allclose(of_boxes[~turned], boxes[~turned], atol=1e-6)


def test_the_learned_size_keeps_its_aspect_for_boxes():
    raws = [np.full((480, 640, 1), 100, np.uint8)] * 3
    assert ImagePreprocess().for_targets("boxes").fit(raws).size == (240, 320)
    assert ImagePreprocess().for_targets("boxes").fit([raws[0][:90, :100]]).size == (90, 100)
    assert ImagePreprocess().fit(raws).size == (224, 224)
