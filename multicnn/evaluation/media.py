"""Embed one example in a page: an image, an audio player, a plot, or the text itself."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from multicnn.modalities import Shown

if TYPE_CHECKING:
    from PIL import Image

IMAGE_SIDE = 160  # pixels
AUDIO_SECONDS = 10.0
TEXT_LENGTH = 600  # characters
PLOT_SIZE = (160, 80)  # pixels, as in the template


class Media(NamedTuple):
    """One example as a page shows it.

    Attributes:
        kind: The kind of element that shows it.
        content: The text, a data URI with a PNG or FLAC file, or the points of each curve of an SVG.
    """

    kind: Literal["text", "audio", "image", "figure", "plot"]
    content: str | list[str]


def embed(shown: Shown) -> Media:
    """Return the element that shows or plays one example without another file.

    Args:
        shown: The example, as `Preprocess.shown` gives it. Large images are reduced to 160 pixels, small ones enlarged;
            clips are cut at 10 s, texts at 600 characters.

    Raises:
        ValueError: `shown.kind` is none that a page can show.
    """
    kind, content, rate = shown
    if kind == "text":
        text = str(content)
        return Media(kind, text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 1] + "…")
    if kind == "audio":
        return Media(kind, data_uri(_flac(np.asarray(content), rate or 0), "audio/flac"))
    if kind == "image":
        return Media(kind, data_uri(_thumbnail(np.asarray(content)), "image/png"))
    if kind == "figure":
        from PIL import Image

        return Media(kind, data_uri(_png(Image.fromarray(np.asarray(content))), "image/png"))
    if kind == "plot":
        return Media(kind, _points(np.asarray(content, np.float64)))
    raise ValueError(f"shown.kind must be text, audio, image, figure or plot. Received: shown.kind={kind!r}")


def data_uri(content: bytes, kind: str) -> str:
    """Return a file's content as the source of an HTML element.

    Args:
        content: The bytes of the file.
        kind: Its media type, such as "image/png".
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _points(curves: np.ndarray) -> list[str]:
    """Return the points of each curve (steps[, curves]) in a box of `PLOT_SIZE`, from the smallest to the largest value."""
    curves = curves.reshape(len(curves), -1)
    low, high = float(curves.min(initial=np.inf)), float(curves.max(initial=-np.inf))
    across = np.linspace(0, PLOT_SIZE[0], len(curves))
    down = PLOT_SIZE[1] * (1 - (curves - low) / max(high - low, 1e-9))
    return [" ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, ys)) for ys in down.T]


def _thumbnail(pixels: np.ndarray) -> bytes:
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    scale = IMAGE_SIDE / max(image.size)
    if scale >= 2:  # whole multiples keep the pixels of an 8x8 digit square
        size = (image.width * math.floor(scale), image.height * math.floor(scale))
        image = image.resize(size, Image.Resampling.NEAREST)
    elif scale < 1:
        image.thumbnail((IMAGE_SIDE, IMAGE_SIDE))
    return _png(image)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _flac(waveform: np.ndarray, rate: int) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(waveform[: int(AUDIO_SECONDS * rate)], -1.0, 1.0), rate, format="FLAC")
    return file.getvalue()
