"""Decoding of image files to upright uint8 pixels."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from multicnn.modalities import content, formats
from multicnn.modalities.image import jpeg
from multicnn.utils import limits

if TYPE_CHECKING:
    from PIL import Image

# What Pillow may open: the formats that only hold pixels (PostScript, for one, would start an interpreter).
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000")
_DEFLATE = 1032  # the most that a byte of a PNG's data can become
_PILLOW = threading.Lock()  # its limit is a global of its
Pixelwise = Callable[[np.ndarray], np.ndarray]
_STRIP = 1 << 24  # values of an image that are calculated with at a time
_TURNED = (5, 6, 7, 8)  # EXIF orientations in which height and width change places


def from_bytes(data: bytes, size: tuple[int, int] | None = None) -> np.ndarray:
    """Return uint8 (h, w, 1 or 3), upright, of the content of an image file; of an animation the first frame.

    Args:
        data: The file.
        size: (height, width) that will be made of it: of a JPEG at least twice as large an eighth, a quarter or a half of
            its resolution is decoded, as little as is not under `size`. None decodes all.

    Raises:
        ValueError: Not an image, damaged, truncated, or over a limit of `utils.limits`; the message is a short reason.
    """
    from PIL import Image

    shape = jpeg.plain_shape(data) if size is None else None
    if shape:
        check_size(*shape[:2])
        jpeg.check_scans(data, *shape[:2])
        if (pixels := jpeg.decode(data, shape[2])) is not None:
            return pixels
    modality, kind = content.recognise(data)
    formats.check(kind, "image")
    if modality not in ("image", None):
        raise ValueError(f"not an image: starts like {kind}")
    try:
        with _opened(data) as image:
            _check_header(data, image)
            if image.format in ("JPEG", "MPO"):  # MPO is a JPEG with more of them behind it
                orientation = _orientation(image)
                if size:
                    image.draft(None, size if orientation in _TURNED else size[::-1])
                channels = {"L": 1, "RGB": 3}.get(image.mode)
                if channels and (pixels := jpeg.decode(data, channels, (image.height, image.width))) is not None:
                    return _upright(pixels, orientation)
            image.load()  # before the orientation of a PNG is read, which would pass over damage
            return _upright(_to_pixels(image), _orientation(image))
    except MemoryError:
        raise
    except _Refused as error:
        raise ValueError(str(error)) from None
    except Image.DecompressionBombError:
        most = limits.current().image_pixels
        raise ValueError(f"too large: more pixels than the limit of {most:,} (MULTICNN_LIMITS=image_pixels)") from None
    except (
        Exception
    ) as error:  # Pillow answers damage with many kinds of exception, SyntaxError and struct.error among them
        raise ValueError(_reason(error, data, modality, kind)) from error


def from_pillow(image: Image.Image) -> np.ndarray:
    """Return uint8 (h, w, 1 or 3), upright, of an image that Pillow has opened or made; of an animation the frame it is at.

    Raises:
        ValueError: Damaged, truncated, or of more than 100 megapixels; the message is a short reason.
    """
    check_size(image.height, image.width)
    try:
        image.load()
        return _upright(_to_pixels(image), _orientation(image))
    except MemoryError:
        raise
    except _Refused as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # of many kinds, as in `from_bytes`
        raise ValueError(f"damaged image: {' '.join(str(error).split())}") from error


def from_array(array: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 1 or 3) of a uint8 array of shape (h, w) or (h, w, c), c of 1, 3 or 4 (alpha, blended with white).

    Raises:
        ValueError: Another dtype or shape, or no pixels.
    """
    if array.dtype != np.uint8:
        raise ValueError(f"pixels must be uint8, not {array.dtype}")
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4):
        raise ValueError(f"pixels must have the shape (h, w) or (h, w, 1, 3 or 4), not {array.shape}")
    if not array.size:
        raise ValueError("no pixels")
    check_size(*array.shape[:2])
    return _pixelwise(_over_white, array) if array.shape[-1] == 4 else np.ascontiguousarray(array)


def in_channels(pixels: np.ndarray, channels: int | None) -> np.ndarray:
    """Return uint8 pixels (h, w, 1 or 3) with so many channels, 1 or 3; None leaves them as they are."""
    if channels is None or pixels.shape[-1] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=-1)
    return _pixelwise(_luma, pixels)


def check_size(height: int, width: int) -> None:
    """Raise ValueError where an image is over the limits of its pixels and sides, before anything of it is allocated."""
    for name, amount in (("image_pixels", height * width), ("image_side", max(height, width))):
        limits.check(name, amount, f"large: {width} x {height} pixels")


class _Refused(Exception):
    """An image that Pillow can open and that is turned down here."""


def _opened(data: bytes) -> Image.Image:
    """Open an image with our limit of its pixels where that was raised above Pillow's own."""
    from PIL import Image

    most = Image.MAX_IMAGE_PIXELS
    if most is None or limits.current().image_pixels <= 2 * most:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    with _PILLOW:
        try:
            Image.MAX_IMAGE_PIXELS = None
            return Image.open(io.BytesIO(data), formats=_FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = most


def _check_header(data: bytes, image: Image.Image) -> None:
    """Refuse an image whose header declares too much, or more than its bytes can hold."""
    width, height = image.size
    try:
        check_size(height, width)
        if image.format in ("JPEG", "MPO"):
            jpeg.check_scans(data, height, width)
    except ValueError as error:
        raise _Refused(str(error)) from None
    if image.format == "PNG" and width * height > 8 * _DEFLATE * len(data):  # a pixel has a bit at least
        raise _Refused(f"truncated PNG: {len(data):,} bytes cannot hold {width} x {height} pixels")


def _reason(error: Exception, data: bytes, modality: str | None, kind: str) -> str:
    from PIL import UnidentifiedImageError

    if modality is None:
        return f"not an image: starts like {kind}"
    message = " ".join(str(error).split())
    cut = any(word in message.lower() for word in ("truncat", "eof", "expected to read", "broken data stream"))
    if cut or (kind == "WebP" and int.from_bytes(data[4:8], "little") + 8 > len(data)):
        return f"truncated {kind}"
    if isinstance(error, UnidentifiedImageError) or not message:
        return f"damaged {kind}: the header cannot be read"
    return f"damaged {kind}: {message}"


def _to_pixels(image: Image.Image) -> np.ndarray:
    """uint8 (h, w, 1 or 3) of a loaded PIL image of any mode."""
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return (np.asarray(image) >> 8).astype(np.uint8)[..., None]
    if image.mode in ("I", "F"):
        raise _Refused("32-bit pixels, of no known range")
    grey = image.mode in ("1", "L", "LA", "La")
    if not image.has_transparency_data:
        mode = "L" if grey else "RGB"
        pixels = _array(image if image.mode == mode else image.convert(mode))
        return pixels[..., None] if grey else pixels
    mode = "LA" if grey else "RGBA"
    return _array(image if image.mode == mode else image.convert(mode), _over_white)


def _array(image: Image.Image, function: Pixelwise | None = None) -> np.ndarray:
    """Return a copy of the pixels, (h, w) or (h, w, channels), or what a function of single pixels makes of them."""

    def strip(top: int, bottom: int) -> np.ndarray:
        whole = top == 0 and bottom == image.height
        pixels = np.array(image if whole else image.crop((0, top, image.width, bottom)))
        return pixels if function is None else function(pixels)

    return _in_strips(strip, image.height, image.width * len(image.getbands()))


def _in_strips(strip: Callable[[int, int], np.ndarray], height: int, line: int) -> np.ndarray:
    """Return an image of the strips that a function gives of rows; a small one of one, so that no step holds a large one twice."""
    rows = max(_STRIP // max(line, 1), 1)
    if height <= rows:
        return strip(0, height)
    first = strip(0, rows)
    pixels = np.empty((height, *first.shape[1:]), first.dtype)
    pixels[:rows] = first
    for top in range(rows, height, rows):
        pixels[top : top + rows] = strip(top, min(top + rows, height))
    return pixels


def _pixelwise(function: Pixelwise, pixels: np.ndarray) -> np.ndarray:
    """Return what a function of single pixels makes of an image: it calculates in 32 bits."""
    return _in_strips(lambda top, bottom: function(pixels[top:bottom]), len(pixels), pixels[0].size)


def _luma(pixels: np.ndarray) -> np.ndarray:
    """Return grey pixels (h, w, 1) of colours: ITU-R 601, in the integers that Pillow uses."""
    luma = pixels.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32)
    return ((luma + 0x8000) >> 16).astype(np.uint8)[..., None]


def _over_white(pixels: np.ndarray) -> np.ndarray:
    alpha = pixels[..., -1:].astype(np.uint32)
    return ((pixels[..., :-1] * alpha + (255 - alpha) * 255 + 127) // 255).astype(np.uint8)


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(0x0112, 1)
    except Exception:  # a good image may carry damaged EXIF
        return 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undoes an EXIF orientation (JEITA CP-3451, tag 274)."""
    if orientation in _TURNED:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
