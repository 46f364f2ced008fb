"""Embed one raw example in a page: an image, an audio player, or the text itself."""

from __future__ import annotations

import base64
import io
import math
from typing import Literal, NamedTuple

import numpy as np

IMAGE_SIDE = 160  # pixels
AUDIO_SECONDS = 10.0
TEXT_LENGTH = 600  # characters


class Media(NamedTuple):
    """One example as a page shows it.

    Attributes:
        kind: How to show it.
        content: The text, or a data URI with a PNG or FLAC file.
    """

    kind: Literal["text", "audio", "image"]
    content: str


def embed(raw: str | np.ndarray | tuple[np.ndarray, int]) -> Media:
    """Return what shows or plays one raw example without another file.

    Args:
        raw: A text; an image, uint8 of shape (height, width[, 1 or 3]); or a clip, (waveform, rate): float of shape
            (samples,) in [-1, 1] and Hz. Large images are reduced to 160 pixels, small ones enlarged; clips are cut at
            10 s, texts at 600 characters.

    Raises:
        TypeError: `raw` is anything else.
    """
    if isinstance(raw, str):
        return Media("text", raw if len(raw) <= TEXT_LENGTH else raw[: TEXT_LENGTH - 1] + "…")
    if isinstance(raw, tuple):
        return Media("audio", data_uri(_flac(np.asarray(raw[0]), int(raw[1])), "audio/flac"))
    if isinstance(raw, np.ndarray) and raw.dtype == np.uint8 and raw.ndim in (2, 3):
        return Media("image", data_uri(_png(raw), "image/png"))
    raise TypeError(f"raw must be a str, a uint8 image or (waveform, rate). Received: raw of {type(raw).__name__}")


def data_uri(content: bytes, kind: str) -> str:
    """Return a file's content as the source of an HTML element.

    Args:
        content: The bytes of the file.
        kind: Its media type, such as "image/png".
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    scale = IMAGE_SIDE / max(image.size)
    if scale >= 2:  # whole multiples keep the pixels of an 8x8 digit square
        image = image.resize(
            (image.width * math.floor(scale), image.height * math.floor(scale)), Image.Resampling.NEAREST
        )
    elif scale < 1:
        image.thumbnail((IMAGE_SIDE, IMAGE_SIDE))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _flac(waveform: np.ndarray, rate: int) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(waveform[: int(AUDIO_SECONDS * rate)], -1.0, 1.0), rate, format="FLAC")
    return file.getvalue()
