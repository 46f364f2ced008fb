"""Plain JPEGs are known by their header, decoded as Pillow does, and refused for the same reasons."""

import io

import numpy as np
import pytest
from PIL import Image

from multicnn.modalities.image import jpeg

RANDOM = np.random.default_rng(0)
HEIGHT, WIDTH = 12, 19
PLAIN = {  # saved as, of so many channels, with these options
    "baseline": ("JPEG", 3, {}),
    "grey": ("JPEG", 1, {}),
    "coarse": ("JPEG", 3, {"quality": 30, "optimize": True}),
    "every colour": ("JPEG", 3, {"subsampling": 0, "quality": 95}),
    "restarts": ("JPEG", 3, {"restart_marker_rows": 1, "comment": "a comment"}),
    "progressive": ("JPEG", 3, {"progressive": True}),
}


def saved(kind, channels, options=(), size=(HEIGHT, WIDTH), random=RANDOM):
    pixels = random.integers(0, 256, (*size, channels), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(file, kind, **dict(options))
    return file.getvalue()


@pytest.mark.parametrize("name", PLAIN)
def test_plain_files_are_known_by_their_shape_and_decoded_as_pillow_does(name):
    kind, channels, options = PLAIN[name]
    files = [saved(kind, channels, options) for _ in range(5)]
    assert {jpeg.plain_shape(data) for data in files} == {(HEIGHT, WIDTH, channels)}
    for data in files:
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        np.testing.assert_array_equal(jpeg.decode(data, channels), pixels.reshape(HEIGHT, WIDTH, channels))


def others():
    exif = Image.Exif()
    exif[0x0112] = 6
    yield saved("JPEG", 3, {"exif": exif})
    yield saved("PNG", 3)
    yield saved("PNG", 4)
    yield saved("JPEG", 3)[:-1]
    yield saved("WEBP", 3)
    yield saved("GIF", 1)
    file = io.BytesIO()
    Image.new("CMYK", (WIDTH, HEIGHT)).save(file, "JPEG")
    yield file.getvalue()
    file = io.BytesIO()
    Image.new("I;16", (WIDTH, HEIGHT)).save(file, "PNG")
    yield file.getvalue()
    yield b""
    yield b"\xff\xd8\xff"


def test_what_is_more_than_its_pixels_is_left_to_pillow():
    assert {jpeg.plain_shape(data) for data in others()} == {None}


def test_what_is_damaged_is_none_or_what_pillow_makes_of_it():
    random = np.random.default_rng(1)
    for i in range(120):
        kind, channels, options = list(PLAIN.values())[i % len(PLAIN)]
        data = bytearray(saved(kind, channels, options, random=random))
        if i % 2:
            data = data[: random.integers(len(data))]
        else:
            data[random.integers(len(data))] ^= 1 << random.integers(8)
        data, mode = bytes(data), "L" if channels == 1 else "RGB"
        if (shape := jpeg.plain_shape(data)) is None or (pixels := jpeg.decode(data, shape[2])) is None:
            continue
        with Image.open(io.BytesIO(data)) as image:
            np.testing.assert_array_equal(pixels, np.asarray(image.convert(mode)).reshape(pixels.shape))
