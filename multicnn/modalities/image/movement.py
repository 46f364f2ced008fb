"""Images that are moved, and the masks and boxes that move with them: one draw, laid over each."""

from __future__ import annotations

import dataclasses

import tensorflow as tf

GRID = 3  # vectors along each side that an elastic deformation is drawn from (Ronneberger et al. 2015, section 3.1)


@dataclasses.dataclass(frozen=True, eq=False)
class Movement:
    """Which input position each position of the output is taken from.

    Attributes:
        rows: Six numbers a to f for each example, float32 (batch,) each: output pixel (x, y) is input pixel
            (a x + b y + c, d x + e y + f).
        shape: (height, width) of the input.
        size: (height, width) of the output.
        smooth: True where pixels are interpolated, False where whole pixels move.
        displacement: float32 (batch, height, width, 2), what is added to x and y of an input pixel; None adds nothing.
    """

    rows: tuple[tf.Tensor, ...]
    shape: tuple[int, int]
    size: tuple[int, int]
    smooth: bool
    displacement: tf.Tensor | None = None

    def images(self, batch: tf.Tensor) -> tf.Tensor:
        """Return images, float32 (batch, *size, channels), moved: 0 for what comes in from outside."""
        if self.displacement is not None:
            return self._bilinear(batch)
        return self._projected(batch, "BILINEAR" if self.smooth else "NEAREST", 0.0)

    def labels(self, maps: tf.Tensor, fill: int) -> tf.Tensor:
        """Return maps of labels, int32 (batch, *size), moved: nearest neighbour, and `fill` for what comes in from outside."""
        planes = tf.cast(maps, tf.int32)[..., tf.newaxis]
        if self.displacement is None:
            return self._projected(planes, "NEAREST", float(fill))[..., 0]
        x, y = self._positions()
        return _gathered(planes, tf.cast(tf.round(x), tf.int32), tf.cast(tf.round(y), tf.int32), fill)[..., 0]

    def boxes(self, boxes: tf.Tensor) -> tf.Tensor:
        """Return the boxes around the moved corners of boxes (batch, n, 4), x0 y0 x1 y1 as fractions, not clipped.

        An elastic deformation moves them as if it were not there.
        """
        a, b, c, d, e, f = (each[:, tf.newaxis] for each in self.rows)
        (height, width), (high, wide) = self.shape, self.size
        left, top, right, bottom = tf.unstack(boxes, axis=-1)
        corners = []
        for x, y in ((left, top), (right, top), (left, bottom), (right, bottom)):
            u, v = x * width - 0.5 - c, y * height - 0.5 - f
            scale = a * e - b * d
            corners.append(((e * u - b * v) / scale, (a * v - d * u) / scale))
        xs, ys = (tf.stack(each, axis=-1) + 0.5 for each in zip(*corners, strict=True))
        sides = (tf.reduce_min(xs, -1) / wide, tf.reduce_min(ys, -1) / high)
        return tf.stack([*sides, tf.reduce_max(xs, -1) / wide, tf.reduce_max(ys, -1) / high], axis=-1)

    def _projected(self, batch: tf.Tensor, interpolation: str, fill: float) -> tf.Tensor:
        zero = tf.zeros_like(self.rows[0])
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=batch,
            transforms=tf.stack([*self.rows, zero, zero], axis=1),
            output_shape=tf.constant(self.size),
            fill_value=fill,
            interpolation=interpolation,
            fill_mode="CONSTANT",
        )
        return tf.ensure_shape(moved, (batch.shape[0], *self.size, batch.shape[-1]))

    def _positions(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return x and y of the input position of each position of the output, float32 (batch, *size)."""
        assert self.displacement is not None
        down, right = (tf.range(side, dtype=tf.float32) for side in self.size)
        y, x = down[tf.newaxis, :, tf.newaxis], right[tf.newaxis, tf.newaxis]
        a, b, c, d, e, f = (each[:, tf.newaxis, tf.newaxis] for each in self.rows)
        moved = self.displacement
        return a * x + b * y + c + moved[..., 0], d * x + e * y + f + moved[..., 1]

    def _bilinear(self, batch: tf.Tensor) -> tf.Tensor:
        x, y = self._positions()
        left, top = tf.floor(x), tf.floor(y)
        right, down = (x - left)[..., tf.newaxis], (y - top)[..., tf.newaxis]
        column, row = tf.cast(left, tf.int32), tf.cast(top, tf.int32)
        upper = (1 - right) * _gathered(batch, column, row, 0) + right * _gathered(batch, column + 1, row, 0)
        lower = (1 - right) * _gathered(batch, column, row + 1, 0) + right * _gathered(batch, column + 1, row + 1, 0)
        return tf.ensure_shape((1 - down) * upper + down * lower, (batch.shape[0], *self.size, batch.shape[-1]))


def displacement(numbers: tf.Tensor, deviation: float, size: tuple[int, int]) -> tf.Tensor:
    """Return smooth displacements, float32 (batch, *size, 2), in pixels.

    Args:
        numbers: Uniform numbers in [0, 1), shape (batch, GRID * GRID * 2).
        deviation: Standard deviation of the vectors of the coarse grid in pixels; bicubic interpolation lies between them.
        size: (height, width).
    """
    normal = tf.math.ndtri(tf.clip_by_value(numbers, 1e-6, 1 - 1e-6))
    vectors = deviation * tf.reshape(normal, (-1, GRID, GRID, 2))
    return tf.image.resize(vectors, size, method="bicubic")


def _gathered(batch: tf.Tensor, x: tf.Tensor, y: tf.Tensor, fill: int) -> tf.Tensor:
    """Return the pixels at integer positions (batch, *size), and `fill` outside: (batch, *size, channels)."""
    height, width = tf.shape(batch)[1], tf.shape(batch)[2]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    column, row = tf.clip_by_value(x, 0, width - 1), tf.clip_by_value(y, 0, height - 1)
    values = tf.gather_nd(batch, tf.stack([row, column], axis=-1), batch_dims=1)
    return tf.where(inside[..., tf.newaxis], values, tf.cast(fill, batch.dtype))
