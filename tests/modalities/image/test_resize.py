"""Smaller pictures, beside Pillow's own steps and the equation in floating point."""

import numpy as np
from PIL import Image

from multicnn.modalities.image import resize

RANDOM = np.random.default_rng(0)
SIZES = [
    ((375, 500), (224, 224)),
    ((500, 375), (224, 224)),
    ((64, 64), (64, 32)),
    ((64, 64), (32, 64)),
    ((40, 10), (20, 20)),
]
SIZES += [((300, 400), (1, 1)), ((7, 2), (6, 2)), ((1, 90), (1, 89))]
SIZES += [tuple(map(tuple, RANDOM.integers(1, 120, (2, 2)).tolist())) for _ in range(60)]


def pixels_of(size):
    pixels = RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8)
    pixels[: size[0] // 2] = np.where(pixels[: size[0] // 2] > 127, 255, 0)  # to the ends of what a byte holds
    return pixels


def test_a_smaller_image_is_what_pillow_makes_of_its_width_and_then_its_height():
    for size, to in SIZES:
        pixels = pixels_of(size)
        if size[0] <= to[0] and size[1] <= to[1]:
            continue
        theirs = Image.fromarray(pixels).resize((to[1], size[0]), Image.Resampling.BILINEAR)
        theirs = np.asarray(theirs.resize((to[1], to[0]), Image.Resampling.BILINEAR))
        ours = resize.resized(pixels, to)
        assert ours.flags.c_contiguous
        np.testing.assert_array_equal(ours, theirs, err_msg=f"{size} to {to}")


def matrix(length, to):
    """Triangles as wide as the distance between two of `to` points, or of `length` if these are closer."""
    reach = max(length / to, 1.0)
    middles = (np.arange(to)[:, None] + 0.5) * length / to - 0.5
    weights = np.maximum(1 - np.abs(np.arange(length) - middles) / reach, 0)
    return weights / weights.sum(axis=1, keepdims=True)


def test_an_image_is_the_sum_of_triangles():
    for (height, width), (to_height, to_width) in SIZES:
        pixels = pixels_of((height, width))
        sides = matrix(height, to_height), matrix(width, to_width)
        exact = np.einsum("yh,xw,hwc->yxc", *sides, pixels / 1.0, optimize=True)
        # It is rounded twice.
        assert np.abs(resize.resized(pixels, (to_height, to_width)) - exact).max() < 1.01


def test_one_that_needs_no_step_is_as_it_was():
    pixels = pixels_of((8, 9))
    np.testing.assert_array_equal(resize.resized(pixels, (8, 9)), pixels)
