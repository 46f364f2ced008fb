"""scikit-learn's handwritten digits: 1,797 grey images of 8x8 pixels, ten classes."""

from __future__ import annotations

import numpy as np

from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.splits import assign


def load() -> Manifest:
    """Return the digits as uint8 arrays (8, 8), labels "0" to "9", split by content within each class.

    The pixels, 0 to 16 in scikit-learn, are scaled to 0 to 255.
    Source: the test set of E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998 (CC BY 4.0).
    """
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    images = np.rint(pixels.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    manifest = Manifest.of(
        "image",
        ids=[f"digit_{i:04d}" for i in range(len(images))],
        sources=range(len(images)),
        labels=[str(digit) for digit in digits],
        hashes=[content_hash(image) for image in images],
        arrays=images,
    )
    return assign(manifest, validation_fraction=0.1, test_fraction=0.2)
