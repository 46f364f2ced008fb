"""Moved, turned, cropped and partly erased images: after `finish`, where 0 is the mean pixel."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import pydantic
import tensorflow as tf

from multicnn.modalities.image.movement import GRID, Movement, displacement
from multicnn.modalities.randomness import around, epochs_of, factor, integers, uniform
from multicnn.utils.constrained import CountFromZero, Degrees, FromZero, PositiveShare, ShareBelowOne

_CROP_RATIO = 4 / 3  # Szegedy et al. 2015, section 6
_ERASE_RATIO = 10 / 3  # Zhong et al. 2020, section 4.1


def augment(
    batch: tf.Tensor,
    seeds: tf.Tensor,
    size: tuple[int, int] | None = None,
    *,
    mirror: bool | Literal["alternating"] = False,
    flip: bool = False,
    shift: CountFromZero = 0,
    rotation: Degrees = 0.0,
    scale: Annotated[FromZero, pydantic.Field(le=10)] = 0.0,
    shear: Annotated[FromZero, pydantic.Field(le=80)] = 0.0,
    crop: PositiveShare = 1.0,
    elastic: FromZero = 0.0,
    erase: ShareBelowOne = 0.0,
) -> tf.Tensor:
    """Randomly move finished images and erase a part of them, each by its own seed.

    All that moves is one resampling: bilinear, or of whole pixels where only mirror and shift are asked for. What comes in
    from outside is 0, the mean pixel.

    Args:
        batch: float32, shape (batch, height, width, channels), of `finish`.
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal changes.
        size: (height, width) of what is taken from anywhere in each image, before it is moved; None takes it all.
        mirror: Left and right change places in half of the images, drawn anew in each epoch; "alternating": in every other epoch
            of an image, of which the first is drawn (Jordan 2024), so that no two epochs in a row show the same.
        flip: Top and bottom change places in half of the images, as what a microscope or a satellite sees may.
        shift: Largest shift in pixels, in both directions of both axes (He et al. 2015, section 4.2: pad and crop).
        rotation: Largest turn in degrees, either way.
        scale: Largest enlargement or reduction about the centre: .2 is a factor of 1/1.2 to 1.2.
        shear: Largest slant in degrees, either way.
        crop: Smallest share of the area that is cut out and enlarged to the whole, its aspect ratio changed by up to 4/3
            (Szegedy et al. 2015: .08); 1 cuts nothing.
        elastic: Standard deviation in pixels of the vectors of a 3x3 grid, between which all is moved smoothly (Ronneberger et
            al. 2015, section 3.1: 10).
        erase: Largest share of the area that is set to 0, in a rectangle (Zhong et al. 2020).

    Returns:
        float32, the shape of `batch`, or (batch, *size, channels).
    """
    batch = tf.convert_to_tensor(batch)
    _check(batch, shift, rotation, scale, shear, crop, erase)
    if size or mirror or flip or shift or rotation or scale or shear or crop < 1 or elastic:
        movement = transform(
            tuple(batch.shape[1:]),
            seeds,
            size,
            mirror=mirror,
            flip=flip,
            shift=shift,
            rotation=rotation,
            scale=scale,
            shear=shear,
            crop=crop,
            elastic=elastic,
        )
        batch = movement.images(batch)
    if erase:
        batch = tf.where(rectangles(batch, seeds, erase, "erase"), tf.zeros((), batch.dtype), batch)
    return batch


def rectangles(batch: tf.Tensor, seeds: tf.Tensor, largest: float, purpose: str) -> tf.Tensor:
    """A random rectangle in each image, of up to this share of its area: bool, shape (batch, height, width, 1)."""
    area, top, left = tf.unstack(uniform(seeds, 3, purpose)[..., tf.newaxis], axis=1)
    area, ratio = largest * area, factor(seeds, f"{purpose} ratio", _ERASE_RATIO)[:, tf.newaxis]
    inside = []
    for axis, share, start in ((1, tf.sqrt(area * ratio), top), (2, tf.sqrt(area / ratio), left)):
        share = tf.minimum(share, 1.0)
        length = tf.cast(tf.shape(batch)[axis], tf.float32)
        middles = tf.range(length) + 0.5
        first = start * (1 - share) * length
        inside.append((middles >= first) & (middles < first + share * length))
    return (inside[0][:, :, tf.newaxis] & inside[1][:, tf.newaxis])[..., tf.newaxis]


def _check(
    batch: tf.Tensor, shift: int, rotation: float, scale: float, shear: float, crop: float, erase: float
) -> None:
    sides = [side for side in batch.shape[1:3] if side is not None]
    if shift < 0 or (shift and sides and shift >= min(sides)):
        raise ValueError(f"shift must be 0 or more pixels and under the sides {sides}. Received: shift={shift}")
    for name, value, most in (("rotation", rotation, 180), ("scale", scale, 10), ("shear", shear, 80)):
        if not 0 <= value <= most:
            raise ValueError(f"{name} must be 0 to {most}. Received: {name}={value}")
    if not 0 < crop <= 1:
        raise ValueError(f"crop must be above 0 and at most 1. Received: crop={crop}")
    if not 0 <= erase < 1:
        raise ValueError(f"erase must be 0 or more and under 1. Received: erase={erase}")


class _Moves(NamedTuple):
    """The settings of `augment`."""

    mirror: float | Literal["alternating"] = False
    flip: float = False
    shift: float = 0
    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    crop: float = 1.0
    elastic: float = 0.0
    erase: float = 0.0


def transform(
    shape: tuple[int, ...],
    seeds: tf.Tensor,
    size: tuple[int, int] | None = None,
    **settings: float | Literal["alternating"],
) -> Movement:
    """Return the movement that `augment` makes of images of a shape (height, width, channels); arguments as there."""
    moves = _Moves(**settings)  # type: ignore[arg-type]
    shift, crop, elastic = int(moves.shift), moves.crop, moves.elastic
    inner = size or (shape[0], shape[1])
    # Not constants: what is folded before it runs is rounded otherwise.
    height, width = (side + 0 * tf.cast(tf.shape(seeds)[0], tf.float32) for side in inner)
    high, wide, down, right = _cropped(seeds, crop)
    down, right = down * height, right * width
    if shift:
        shifts = tf.cast(integers(uniform(seeds, 2, "shift"), -shift, shift), tf.float32)
        down, right = down + shifts[:, 0], right + shifts[:, 1]
    sign = tf.where(_mirrored(seeds, moves.mirror), -1.0, 1.0)
    angle, zoom = around(seeds, "rotation", math.radians(moves.rotation)), factor(seeds, "scale", 1 + moves.scale)
    slant = tf.tan(around(seeds, "shear", math.radians(moves.shear)))
    # An output pixel p is the input pixel centre + A (p - centre) + shift, where A = crop, mirror, zoom, turn, slant.
    cosine, sine = tf.cos(angle) * zoom, tf.sin(angle) * zoom
    across, along = sign * wide * cosine, sign * wide * (cosine * slant - sine)
    rising, upright = high * sine, high * (sine * slant + cosine)
    if moves.flip:
        turned = tf.where(around(seeds, "flip", 1.0) < 0, -1.0, 1.0)
        rising, upright = turned * rising, turned * upright
    x, y = (width - 1) / 2, (height - 1) / 2
    rows = [across, along, x - across * x - along * y + right, rising, upright, y - rising * x - upright * y + down]
    if size:
        starts = uniform(seeds, 2, "start")
        rows[2] += tf.floor(starts[:, 1] * (max(shape[1] - size[1], 0) + 1))
        rows[5] += tf.floor(starts[:, 0] * (max(shape[0] - size[0], 0) + 1))
    bent = displacement(uniform(seeds, 2 * GRID**2, "elastic"), elastic, inner) if elastic else None
    smooth = bool(moves.rotation or moves.scale or moves.shear or crop < 1 or elastic)
    return Movement(tuple(rows), (shape[0], shape[1]), inner, smooth, bent)


def _mirrored(seeds: tf.Tensor, mirror: float | Literal["alternating"]) -> tf.Tensor:
    """Return which images are mirrored: bool, shape (batch,)."""
    if mirror != "alternating":
        return around(seeds, "mirror", float(mirror)) < 0
    epoch, row = epochs_of(seeds), tf.cast(seeds[:, 1], tf.int64)
    first = uniform(tf.stack([tf.zeros_like(row), row], axis=1), 1, "mirror")[:, 0] < 0.5  # the same in each epoch
    return tf.not_equal(first, tf.equal(epoch % 2, 1))


def _cropped(seeds: tf.Tensor, smallest: float) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Height and width of what is cut out and the place of its centre, as shares of the image's sides."""
    if smallest == 1:
        zero = around(seeds, "crop", 0)
        return zero + 1, zero + 1, zero, zero
    area, down, right = tf.unstack(uniform(seeds, 3, "crop"), axis=1)
    area, ratio = smallest + (1 - smallest) * area, factor(seeds, "crop ratio", _CROP_RATIO)
    high, wide = tf.minimum(tf.sqrt(area / ratio), 1.0), tf.minimum(tf.sqrt(area * ratio), 1.0)
    return high, wide, (down - 0.5) * (1 - high), (right - 0.5) * (1 - wide)
