"""Small images with masks: a bright disc on noise, and where it is."""

import numpy as np
from PIL import Image


def disc(seed, size):
    """Return uint8 pixels (h, w) and a mask of 0 and 1."""
    rng, (height, width) = np.random.default_rng(seed), size
    y, x = np.mgrid[:height, :width]
    row, column, radius = rng.uniform(8, height - 8), rng.uniform(8, width - 8), rng.uniform(5, 9)
    inside = (y - row) ** 2 + (x - column) ** 2 < radius**2
    pixels = np.clip(rng.normal(80, 25, size) + 90 * inside, 0, 255).astype(np.uint8)
    return pixels, inside.astype(np.uint8)


def write(root, count=24, sizes=((40, 48), (32, 36)), level=1, images="image", masks="mask"):
    """Write `count` pairs of files, a quarter of them of the second size."""
    for folder in (images, masks):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for i in range(count):
        pixels, mask = disc(i, sizes[i % 4 == 3])
        Image.fromarray(pixels).save(root / images / f"{i}.png")
        Image.fromarray(mask * level).save(root / masks / f"{i}.png")
    return root
