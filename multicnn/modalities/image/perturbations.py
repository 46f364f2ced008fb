"""Perturbations of images: attacks on its pixels, and changes that a camera, a scanner or an editor makes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.modalities.image import decode
from multicnn.modalities.perturbations import Attack, InputBall, Perturbations, Sweep

if TYPE_CHECKING:
    import tensorflow as tf

    from multicnn.modalities.image.preprocess import ImagePreprocess

_FULL = 255.0


def _described(level: float) -> str:
    return f"{level:.3g} ({_radius(level):.0f} of 255)"


def _radius(level: float) -> float:
    """Return the largest whole number of grey levels in a share of full scale; .2 of 255 is 51, whatever rounding says."""
    return float(np.floor(level * _FULL + 1e-6))


class PixelSpace:
    """Images as numbers from 0 to 255; no pixel changes by more than the radius.

    Args:
        images: uint8 (height, width, channels) each, all of one size.
    """

    def __init__(self, images: Sequence[np.ndarray]):
        self.points = np.stack(images).astype(np.float32)

    def radii(self, level: float) -> np.ndarray:
        """Return the largest whole number of grey levels in a share of full scale."""
        return np.full((len(self.points), 1, 1, 1), _radius(level), np.float32)

    def noise(self, radii: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return random signs times the radius."""
        return self.within(radii * rng.choice(np.array([-1, 1], np.float32), self.points.shape), radii)

    def start(self, radii: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return uniform numbers."""
        return self.within(radii * rng.uniform(-1, 1, self.points.shape).astype(np.float32), radii)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the signs."""
        return np.sign(gradient)

    def within(self, changes: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Clip to the radius and to 0 to 255."""
        return np.clip(self.points + np.clip(changes, -radii, radii), 0, _FULL) - self.points

    def raws(self, changes: np.ndarray, radii: np.ndarray) -> list[np.ndarray]:
        """Return uint8 images; the radius is a whole number, so rounding stays inside."""
        return list(np.rint(self.points + self.within(changes, radii)).astype(np.uint8))


class ImagePerturbations(Perturbations):
    """Perturbations of images, each of the network's own size.

    Args:
        preprocess: The fitted preprocess.
    """

    def __init__(self, preprocess: ImagePreprocess):
        super().__init__(preprocess)
        self._preprocess = preprocess

    @property
    def attack(self) -> Attack:
        """Attacks on each pixel, as large as a share of full scale."""
        levels = (2 / 255, 8 / 255, 0.1, 0.2)
        return Attack("of full scale", levels, "random signs", ("pgd", "fgsm", "noise"), _described)

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """Rotation, shift, scale, contrast, JPEG, blur, and tiles in another order."""
        return (
            Sweep("rotation", "degrees", (5, 15, 30, 60, 90), rotated),
            Sweep("shift", "of the side", (0.05, 0.1, 0.2), shifted),
            Sweep("scale", "times", (0.5, 0.75, 1.25, 1.5), scaled),
            Sweep("contrast", "times", (0.75, 0.5, 0.25, 0.1), contrasted),
            Sweep("jpeg", "quality", (90, 50, 20, 5), compressed),
            Sweep("blur", "px", (0.5, 1, 2, 4), blurred),
            Sweep("shuffled tiles", "a side", (2, 3, 4), shuffled_tiles),
        )

    def excerpt(self, raw: np.ndarray) -> np.ndarray:
        """Return the image at the network's size: read from a file, that size stays as it is."""
        return self._preprocess.example(raw)

    def file(self, raw: np.ndarray) -> tuple[str, bytes]:
        """Return a PNG."""
        return ".png", _encoded(raw, "PNG")

    def space(self, raws: Sequence[np.ndarray]) -> PixelSpace:
        """Return the images as numbers."""
        return PixelSpace(raws)

    def network_input(self, points: tf.Tensor) -> tf.Tensor:
        """Center and scale pixels, whole numbers or not."""
        return self._preprocess.finish(points)

    def check_trained(self, level: float) -> None:
        """Raise ValueError where a level is no share of full scale."""
        if not 0 < level <= 1:
            raise ValueError(f"`adversarial` must be a share of full scale, up to 1. Received: adversarial={level!r}")

    def input_ball(self, level: float) -> InputBall:
        """Return the ball of a share of full scale, in the units of the centered and scaled pixels."""
        mean, std = (np.array(each, np.float64) for each in (self._preprocess.mean, self._preprocess.std))
        return InputBall(*(each.astype(np.float32) for each in (level / std, -mean / std, (1 - mean) / std)))


def rotated(pixels: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image turned about its middle, to the left or to the right, in its own size; its border is continued."""
    from scipy import ndimage

    angle = degrees * rng.choice([-1, 1])
    turned = ndimage.rotate(pixels.astype(np.float32), angle, axes=(1, 0), reshape=False, order=1, mode="nearest")
    return _pixels(turned)


def shifted(pixels: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image moved by a share of its sides, in one of four diagonal directions; its border is continued."""
    from scipy import ndimage

    rows, columns = (round(share * side) * rng.choice([-1, 1]) for side in pixels.shape[:2])
    return ndimage.shift(pixels, (rows, columns, 0), order=0, mode="nearest")


def scaled(pixels: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image enlarged about its middle, in its own size; its border is continued."""
    from scipy import ndimage

    middle = (np.array(pixels.shape[:2]) - 1) / 2
    matrix, offset = np.diag([1 / factor, 1 / factor, 1]), [*(middle - middle / factor), 0]
    if factor < 1:  # else fine lines fall between the pixels that are read
        pixels = blurred(pixels, 0.5 * np.sqrt(1 / factor**2 - 1), rng)
    return _pixels(ndimage.affine_transform(pixels.astype(np.float32), matrix, offset, order=1, mode="nearest"))


def contrasted(pixels: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image with the differences from its mean multiplied."""
    mean = pixels.mean()
    return _pixels(mean + factor * (pixels - mean))


def compressed(pixels: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image as JPEG of a quality has it."""
    return decode.in_channels(decode.from_bytes(_encoded(pixels, "JPEG", quality=int(quality))), pixels.shape[-1])


def blurred(pixels: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image under a Gaussian blur, its standard deviation in pixels."""
    from scipy import ndimage

    return _pixels(ndimage.gaussian_filter(pixels.astype(np.float32), (sigma, sigma, 0), mode="nearest"))


def shuffled_tiles(pixels: np.ndarray, count: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image whose count x count tiles have changed their positions: all that is there, but not where it was.

    A rest that no tile covers stays, right and below.
    """
    side = min(int(count), *pixels.shape[:2])
    height, width = pixels.shape[0] // side, pixels.shape[1] // side
    corners = [(height * row, width * column) for row in range(side) for column in range(side)]
    order = rng.permutation(len(corners))
    while len(corners) > 1 and (order == np.arange(len(corners))).all():
        order = rng.permutation(len(corners))
    changed = pixels.copy()
    for (row, column), (other_row, other_column) in zip(corners, (corners[i] for i in order)):
        tile = pixels[other_row : other_row + height, other_column : other_column + width]
        changed[row : row + height, column : column + width] = tile
    return changed


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _encoded(pixels: np.ndarray, kind: str, **options: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, kind, **options)
    return file.getvalue()
