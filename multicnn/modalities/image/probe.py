"""Checks of images: sizes, modes, shapes, blank ones, and a perceptual hash for near duplicates."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np

from multicnn.modalities import content
from multicnn.modalities.base import Examples, Probe
from multicnn.modalities.finding import Finding, about, listed, spread
from multicnn.modalities.image import decode, resize
from multicnn.modalities.image.blank import DARK, OF_ARRAYS
from multicnn.modalities.near_duplicates import alike_vectors
from multicnn.modalities.outliers import outliers

_SIDE, _COARSE, _THUMB = 32, 8, 16
_BLANK = 2.0  # standard deviation of the grey levels, of 255
_DARK_ADVICE = (
    f"are nearly black, with no value above {DARK - 1} of 255: 16-bit images that use few of their values? Save them with their "
    "values spread over the whole range"
)
_ARRAY = "array of"  # in place of the mode, before the channels
_NARROW = 4.0  # times as long as wide
_TINY = 8  # pixels
_SAME_BITS = 0.8  # cosine of the signs: at most 6 of 63 bits differ
_SAME_THUMB = 0.99  # correlation of what is left at 16 x 16


class _Raw(NamedTuple):
    pixels: np.ndarray
    mode: str


class ImageProbe(Probe):
    """Measurements of each image, in place of a preprocess."""

    stored_dtype = np.dtype(
        [
            ("height", "i4"),
            ("width", "i4"),
            ("mode", "U16"),
            ("deviation", "f4"),
            ("brightness", "f4"),
            ("lightest", "f4"),
            ("bits", "i1", (_COARSE**2 - 1,)),
            ("thumb", "u1", (_THUMB, _THUMB)),
        ]
    )

    def decode(self, source: Any) -> _Raw:
        """Return the pixels and the mode of the file.

        Raises:
            ValueError: It is not a readable image.
        """
        if isinstance(source, np.ndarray):
            pixels = decode.from_array(source)
            return _Raw(pixels, f"{_ARRAY} {pixels.shape[-1]}")
        data = content.read(source) if isinstance(source, str) else source
        return _Raw(decode.from_bytes(data), _mode(data))

    def example(self, raw: _Raw) -> np.ndarray:
        """Return the record of one image: `stored_dtype`, shape ()."""
        from scipy.fft import dctn

        small = _grey(raw.pixels, _SIDE).astype(np.float64)
        coarse = dctn(small)[:_COARSE, :_COARSE].reshape(-1)[1:]
        record = np.zeros((), self.stored_dtype)
        record["height"], record["width"] = raw.pixels.shape[:2]
        record["mode"], record["deviation"] = raw.mode, small.std()
        record["brightness"], record["lightest"] = small.mean(), raw.pixels.max()
        record["bits"] = np.where(coarse > np.median(coarse), 1, -1)
        record["thumb"] = _grey(raw.pixels, _THUMB)
        return record

    def findings(self, examples: Examples, rows: np.ndarray, records: np.ndarray) -> list[Finding]:
        """Return the findings about the measurements of these rows."""
        height, width = records["height"], records["width"]
        blank, dark = records["deviation"] < _BLANK, records["lightest"] < DARK
        long = np.maximum(height, width) / np.minimum(height, width)
        arrays = len(records) and np.char.startswith(records["mode"], _ARRAY).all()
        sizes = list(zip(width.tolist(), height.tolist()))
        same = f"all {sizes[0][0]} x {sizes[0][1]}" if len(set(sizes)) == 1 else ""
        message = (
            same
            or f"width {spread(width)}, height {spread(height)}; commonest {listed((f'{w} x {h}' for w, h in sizes), 3)}"
        )
        return [
            Finding("sizes", message, False),
            Finding("modes", listed(records["mode"].tolist()), False),
            *about("blank images", rows[blank], "are of one colour", of=len(rows)),
            *about("dark images", rows[dark & ~blank], OF_ARRAYS if arrays else _DARK_ADVICE, of=len(rows)),
            *outliers(height * width, rows, "outlier sizes", "have far more or fewer pixels than the others", 16.0),
            *outliers(
                records["brightness"],
                rows,
                "outlier brightness",
                "are far lighter or darker than the others, by their mean of 255 levels",
                60.0,
                logarithmic=False,
            ),
            *about("narrow images", rows[long > _NARROW], f"are over {_NARROW:g} times as long as wide", of=len(rows)),
            *about("tiny images", rows[np.minimum(height, width) < _TINY], f"have a side under {_TINY} pixels", False),
        ]

    def alike(self, examples: Examples, rows: np.ndarray, records: np.ndarray) -> np.ndarray:
        """Return pairs of indices into `rows` of images that are nearly the same: resized, compressed again, a little brighter."""
        telling = records["deviation"] >= _BLANK
        pairs = alike_vectors(records["bits"] * telling[:, None], _SAME_BITS)
        thumbs = records["thumb"].reshape(len(records), -1).astype(np.float32)
        thumbs -= thumbs.mean(axis=1, keepdims=True)
        thumbs /= np.maximum(np.linalg.norm(thumbs, axis=1, keepdims=True), 1e-6)
        return pairs[np.einsum("ij,ij->i", thumbs[pairs[:, 0]], thumbs[pairs[:, 1]]) >= _SAME_THUMB]


def _grey(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return pixels as a small square in grey: uint8, shape (side, side)."""
    return resize.resized(decode.in_channels(pixels, 1), (side, side))[..., 0]


def _mode(data: bytes) -> str:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return str(image.mode)
