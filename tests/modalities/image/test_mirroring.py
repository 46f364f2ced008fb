"""Mirror images: asked of a linear model whether they keep their class."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from multicnn.modalities.image import mirroring

RNG = np.random.default_rng(0)


def blobs(classes, count=24):
    """Return noisy images with a bright spot at the (row, column) of their class."""
    images, labels = [], []
    for label, (row, column) in classes.items():
        for _ in range(count):
            image = RNG.integers(0, 80, (24, 24, 1))
            image[row - 3 : row + 3, column - 3 : column + 3] += 150
            images.append(mirroring.small(image.astype(np.uint8)))
            labels.append(label)
    return images, labels


UP_AND_DOWN = {"up": (5, 12), "down": (18, 12), "middle": (12, 12)}


@pytest.mark.parametrize(
    ("classes", "safe"),
    [
        (UP_AND_DOWN, True),
        ({"left": (12, 5), "right": (12, 18)}, False),
        # One pair among many classes: the mean hardly falls.
        ({**{str(i): (3 + 3 * i, 12) for i in range(6)}, "left": (12, 4), "right": (12, 20)}, False),
    ],
)
def test_left_and_right_are_not_exchanged(classes, safe):
    assert mirroring.keeps_classes(*blobs(classes)) is safe


def test_who_knows_too_little_says_no():
    images, labels = blobs(UP_AND_DOWN, 8)
    assert not mirroring.keeps_classes(images, labels)  # too few
    images, labels = blobs(UP_AND_DOWN)
    assert not mirroring.keeps_classes(images, RNG.permutation(labels).tolist())  # nothing to be learned
    assert not mirroring.keeps_classes(images, [str(i) for i in range(len(images))])  # no classes
    assert not mirroring.keeps_classes(images, ["one"] * len(images))


def test_digits_are_not_mirrored():
    images, labels = load_digits(return_X_y=True)
    pixels = (images[:150].reshape(-1, 8, 8, 1) * 15).astype(np.uint8)
    assert not mirroring.keeps_classes([mirroring.small(each) for each in pixels], labels[:150].astype(str).tolist())
