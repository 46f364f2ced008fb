"""Small pictures decoded together: the very pixels, and the very reasons, of each alone."""

import io

import numpy as np
import pytest
from PIL import Image

from multicnn.modalities.image import decode_small
from multicnn.modalities.image.preprocess import ImagePreprocess

RANDOM = np.random.default_rng(0)
HEIGHT, WIDTH = 12, 19
FITTED = {
    channels: ImagePreprocess(size=(HEIGHT, WIDTH), channels=channels, mean=(0.5,) * channels, std=(0.2,) * channels)
    for channels in (1, 3)
}
PLAIN = {  # saved as, of so many channels, with these options
    "baseline": ("JPEG", 3, {}),
    "grey": ("JPEG", 1, {}),
    "coarse": ("JPEG", 3, {"quality": 30, "optimize": True}),
    "every colour": ("JPEG", 3, {"subsampling": 0, "quality": 95}),
    "restarts": ("JPEG", 3, {"restart_marker_rows": 1, "comment": "a comment"}),
    "progressive": ("JPEG", 3, {"progressive": True}),
    "png": ("PNG", 3, {}),
    "grey png": ("PNG", 1, {}),
}


def saved(kind, channels, options=(), size=(HEIGHT, WIDTH), random=RANDOM):
    pixels = random.integers(0, 256, (*size, channels), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(file, kind, **dict(options))
    return file.getvalue()


def same(ours, theirs):
    return ours == theirs if isinstance(theirs, str) else ours.dtype == theirs.dtype and np.array_equal(ours, theirs)


def alone(preprocess, data):
    try:
        return preprocess.example(preprocess.decode(data))
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_files_are_known_by_their_shape_and_decoded_as_pillow_does(name):
    kind, channels, options = PLAIN[name]
    files = [saved(kind, channels, options) for _ in range(5)]
    assert {decode_small.plain_shape(data) for data in files} == {(HEIGHT, WIDTH, channels)}
    for data, pixels in zip(files, decode_small.decoded(files, (HEIGHT, WIDTH, 3)), strict=True):
        np.testing.assert_array_equal(pixels, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


def others():
    exif = Image.Exif()
    exif[0x0112] = 6
    yield saved("JPEG", 3, {"exif": exif})
    yield saved("PNG", 3, {"exif": exif})
    yield saved("PNG", 3, {"transparency": (1, 2, 3)})
    yield saved("PNG", 4)
    yield saved("JPEG", 3)[:-1]
    yield saved("PNG", 3)[:-1]
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
    yield b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


def test_what_is_more_than_its_pixels_is_left_to_pillow():
    assert {decode_small.plain_shape(data) for data in others()} == {None}


@pytest.mark.parametrize("channels", [1, 3])
def test_many_are_what_each_is_alone(channels, tmp_path):
    files = [saved(*row) for row in PLAIN.values()]
    files += [saved("JPEG", 3, size=(HEIGHT, WIDTH + 1)), saved("JPEG", 3, {"quality": 95}, (200, 300)), *others()]
    path = tmp_path / "one.jpg"
    path.write_bytes(files[0])
    sources = [*files, path, tmp_path / "missing.png", np.full((4, 5), 7, np.uint8), np.zeros((2, 2), np.int64)]
    answers = FITTED[channels].examples_of(sources)
    for ours, source in zip(answers, sources, strict=True):
        assert same(ours, alone(FITTED[channels], source))
    assert sum(isinstance(answer, str) for answer in answers) == 6


def test_damaged_ones_have_the_reason_that_each_has_alone():
    random, preprocess, files = np.random.default_rng(1), FITTED[3], []
    for i in range(120):
        kind, channels, options = list(PLAIN.values())[i % len(PLAIN)]
        data = bytearray(saved(kind, channels, options, random=random))
        if i % 3 == 0:
            data = data[: random.integers(len(data))]
        elif i % 3 == 1:
            data[random.integers(len(data))] ^= 1 << random.integers(8)
        files.append(bytes(data))
    for few in np.array_split(np.array(files, object), 40):
        for data, ours in zip(few, preprocess.examples_of(few.tolist()), strict=True):
            assert same(ours, alone(preprocess, data)), (data, ours)
