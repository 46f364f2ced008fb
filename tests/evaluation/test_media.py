"""One example embedded in a page."""

import base64
import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from multicnn.evaluation.media import embed
from multicnn.modalities import Shown


def content_of(media, kind):
    head, _, content = media.content.partition(",")
    assert head == f"data:{kind};base64"
    return io.BytesIO(base64.b64decode(content))


@pytest.mark.parametrize(
    ("shape", "size"),
    [((8, 8), (160, 160)), ((28, 28, 1), (140, 140)), ((100, 90, 3), (90, 100)), ((480, 640, 3), (160, 120))],
)
def test_an_image(shape, size):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    media = embed(Shown("image", pixels))
    image = Image.open(content_of(media, "image/png"))
    assert media.kind == "image" and image.size == size
    if max(shape) < 160:
        shown = np.asarray(image).reshape(*image.size[::-1], -1)
        step = size[0] // shape[1]
        np.testing.assert_array_equal(shown[::step, ::step], pixels.reshape(*shape[:2], -1))


def test_a_figure_keeps_its_size():
    pixels = np.random.default_rng(0).integers(0, 256, (30, 500, 3), dtype=np.uint8)
    media = embed(Shown("figure", pixels))
    np.testing.assert_array_equal(np.asarray(Image.open(content_of(media, "image/png"))), pixels)


def test_a_clip():
    wave = np.sin(np.arange(12 * 8000, dtype=np.float32))
    media = embed(Shown("audio", wave, 8000))
    decoded, rate = soundfile.read(content_of(media, "audio/flac"))
    assert (media.kind, rate, len(decoded)) == ("audio", 8000, 80_000)
    np.testing.assert_allclose(decoded, wave[:80_000], atol=1e-4)


def test_a_text_and_nothing_known():
    assert embed(Shown("text", "a < b")) == ("text", "a < b")
    assert len(embed(Shown("text", "x" * 5000)).content) == 600
    with pytest.raises(ValueError, match=r"kind must be .* Received: shown.kind='smell'"):
        embed(Shown("smell", "x"))


def test_curves():
    first, second = embed(Shown("plot", np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]))).content
    assert first == "0.0,80.0 80.0,0.0 160.0,40.0"
    assert second == "0.0,0.0 80.0,80.0 160.0,40.0"
