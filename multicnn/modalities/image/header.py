"""The size of an image by the head of its file, without decoding it."""

from __future__ import annotations

import os

from multicnn.modalities.image.decode import _FORMATS, _TURNED, _orientation
from multicnn.utils import regular_files


def upright_size(path: str | os.PathLike) -> tuple[int, int, bool]:
    """Return height and width in pixels as the image stands upright, and whether EXIF turns it on its side.

    Raises:
        ValueError: It cannot be read; the message is a short reason.
    """
    from PIL import Image

    try:
        with regular_files.opened(path) as file, Image.open(file, formats=_FORMATS) as image:
            turned = _orientation(image) in _TURNED
            return (image.width, image.height, True) if turned else (image.height, image.width, False)
    except OSError as error:
        raise ValueError(f"unreadable: {error.strerror or 'not an image'}") from None
    except Exception as error:  # Pillow answers damage with many kinds
        raise ValueError(f"unreadable: {' '.join(str(error).split())[:80]}") from None
