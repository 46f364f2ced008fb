"""JPEG files decoded by libjpeg-turbo, plain ones past Pillow, which takes longer to open a small one than it takes to decode."""

from __future__ import annotations

import struct

import numpy as np
import simplejpeg

from multicnn.utils import limits

_START, _END, _SCAN = b"\xff\xd8", b"\xff\xd9", b"\xff\xda"
_MOST_SCANS = 50  # of an image with as many pixels as are allowed
_FRAME = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive
_PLAIN = (*_FRAME, 0xC4, 0xDB, 0xDD, 0xE0, 0xEE, 0xFE)  # tables, JFIF, Adobe, comments: nothing that turns an image


def plain_shape(data: bytes) -> tuple[int, int, int] | None:
    """Return (height, width, 1 or 3) of a whole JPEG that is no more than its pixels; None of all else, as a turned photo."""
    at = 2 if data.startswith(_START) and data.endswith(_END) else len(data)
    while at + 10 <= len(data) and data[at] == 0xFF and data[at + 1] in _PLAIN:
        marker, length, depth, height, width, channels = struct.unpack_from(">xBHBHHB", data, at)
        if marker in _FRAME:
            return (height, width, channels) if depth == 8 and channels in (1, 3) else None
        at += 2 + length
    return None


def check_scans(data: bytes, height: int, width: int) -> None:
    """Raise ValueError where a progressive JPEG has so many scans, each of which may pass over all pixels, that it would hang."""
    scans = data.count(_SCAN)
    limits.check(
        "image_pixels", scans * height * width // _MOST_SCANS, f"large: {scans:,} scans of {width} x {height} pixels"
    )


def decode(data: bytes, channels: int, least: tuple[int, int] | None = None) -> np.ndarray | None:
    """Return uint8 pixels (height, width, channels), those of Pillow too; None of a file that is not as it should be.

    Args:
        data: The file.
        channels: 1 or 3, as the file has them.
        least: (height, width) of an eighth, a quarter or a half of its resolution, at which it is then decoded.
    """
    scale = {} if least is None else {"min_height": least[0], "min_width": least[1]}
    try:  # strict: whatever is not as it should be is refused
        return simplejpeg.decode_jpeg(data, "GRAY" if channels == 1 else "RGB", **scale)
    except ValueError:
        return None
