"""One example as a piece of HTML: a picture, a player or the text itself."""

from __future__ import annotations

import base64
import html
import io
import math

import numpy as np

IMAGE_SIDE = 160  # pixels
AUDIO_SECONDS = 10.0
TEXT_LENGTH = 600  # characters


def preview(raw: str | np.ndarray | tuple[np.ndarray, int], name: str) -> str:
    """HTML that shows or plays one raw example, needing no other file.

    Args:
        raw: a text; a picture, uint8 (height, width[, 1 or 3]); or a sound, (waveform, rate): float (samples,) in
            [-1, 1] and Hz. Large pictures are reduced to 160 pixels, small ones enlarged; sounds are cut at 10 s.
        name: what the example is called, for readers who do not see or hear it.

    Raises:
        TypeError: anything else.
    """
    if isinstance(raw, str):
        shown = raw if len(raw) <= TEXT_LENGTH else raw[: TEXT_LENGTH - 1] + "…"
        return f'<span class="text" dir="auto">{html.escape(shown)}</span>'
    if isinstance(raw, tuple):
        waveform, rate = raw
        source = _embedded(_flac(np.asarray(waveform), int(rate)), "audio/flac")
        return f'<audio controls preload="none" aria-label="{html.escape(name)}" src="{source}"></audio>'
    if isinstance(raw, np.ndarray) and raw.dtype == np.uint8 and raw.ndim in (2, 3):
        source = _embedded(_png(raw), "image/png")
        return f'<img class="thumb" alt="{html.escape(name)}" src="{source}">'
    raise TypeError(f"raw must be a str, a uint8 picture or (waveform, rate). Received: raw of {type(raw).__name__}")


def _embedded(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    picture = Image.fromarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
    scale = IMAGE_SIDE / max(picture.size)
    if scale >= 2:  # whole multiples keep the pixels of an 8x8 digit square
        size = tuple(side * math.floor(scale) for side in picture.size)
        picture = picture.resize(size, Image.Resampling.NEAREST)
    elif scale < 1:
        picture.thumbnail((IMAGE_SIDE, IMAGE_SIDE))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _flac(waveform: np.ndarray, rate: int) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(waveform[: int(AUDIO_SECONDS * rate)], -1.0, 1.0), rate, format="FLAC")
    return file.getvalue()
