"""The transform that a geometric augmentation drew, laid over what belongs to the positions of an example."""

from __future__ import annotations

from typing import Protocol

import tensorflow as tf


class Transform(Protocol):
    """The movement of each example of a batch."""

    def labels(self, maps: tf.Tensor, fill: int) -> tf.Tensor:
        """Return maps of labels, moved: nearest neighbour, and `fill` for what comes in from outside.

        Args:
            maps: Integers, shape (batch, *positions).
            fill: The label of what is not in the original.
        """

    def boxes(self, boxes: tf.Tensor) -> tf.Tensor:
        """Return the boxes around the moved corners of boxes, not clipped.

        Args:
            boxes: float32, shape (batch, n, 4): x0, y0, x1, y1 as fractions of the image's sides.
        """
