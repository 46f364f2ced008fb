"""Boxes after their image was moved: cut to what is left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keras import ops

if TYPE_CHECKING:
    from multicnn.layers.types import Tensor


def moved(targets: Tensor, boxes: Tensor, least: float) -> Tensor:
    """Return targets (batch, n, 6) with other boxes, cut to the image; of class -1 where less than a share of a box is left.

    Args:
        targets: float32 (batch, n, 6), as `cells.padded` makes them.
        boxes: float32 (batch, n, 4), their sides after the move, as fractions of the image.
        least: The share of its area that a box must keep.
    """

    def area(sides: Tensor) -> Tensor:
        return ops.maximum(sides[..., 2] - sides[..., 0], 0.0) * ops.maximum(sides[..., 3] - sides[..., 1], 0.0)

    cut = ops.clip(boxes, 0.0, 1.0)
    stays = ops.logical_and(targets[..., 0] >= 0, area(cut) >= least * area(boxes))
    stays = ops.logical_and(stays, area(cut) > 0)
    labels = ops.where(stays, targets[..., 0], -1.0)
    return ops.concatenate([labels[..., None], cut, targets[..., 5:]], axis=-1)
