"""FCOS's targets and losses (Tian et al. 2019), as pure functions of logits and targets: the same on every backend.

Logits are (batch, positions, classes + 4), as `blocks.fcos_head` gives them; targets (batch, boxes, 6), as
`cells.padded` does, in fractions of the image; the grid is that of `grid.grid_of`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from keras import ops

from multicnn.tasks.boxes.grid import Layout, grid_of, ranges_of

if TYPE_CHECKING:
    from multicnn.layers.types import Tensor

_RADIUS = 1.5  # strides around the centre of an object whose positions are responsible for it
_LARGEST = 8.0  # of the logarithm of a distance: e^8 strides are more than any image


class Assigned(NamedTuple):
    """The answers that are wanted of each position.

    Attributes:
        classes: float32 (batch, positions, classes), 1 for the class of the position's object.
        boxes: float32 (batch, positions, 4), the sides of that object in pixels of the input; of a position without one, anything.
        positive: float32 (batch, positions), 1 where there is an object.
        counted: float32 (batch, positions), 0 in a difficult object or a crowd, where nothing is asked.
    """

    classes: Tensor
    boxes: Tensor
    positive: Tensor
    counted: Tensor


def assigned(targets: Tensor, classes: int, layout: Layout) -> Assigned:
    """Return what each position is to answer: of the objects around whose centre it is, the one of the smallest box.

    A position is responsible for a box that it is inside of, within 1.5 strides of its centre along both axes ("centre
    sampling"), and whose sides are as far away as its level is for. The position nearest to the centre always is, so that no
    object is too small.

    Args:
        targets: float32 (batch, boxes, 6).
        classes: The number of classes.
        layout: The size of the input, and the strides of the positions.
    """
    grid = grid_of(*layout)
    x, y, stride = (ops.convert_to_tensor(column[None, :, None]) for column in grid.T)
    size, strides = layout
    limits = ranges_of(strides)
    low, high = np.array([limits[float(each)] for each in grid[:, 2]], np.float32).T[:, None, :, None]
    boxes = ops.cast(targets[..., 1:5], "float32") * np.array([size[1], size[0]] * 2, np.float32)
    x0, y0, x1, y1 = (boxes[:, None, :, side] for side in range(4))
    nearest = ops.minimum(ops.minimum(x - x0, x1 - x), ops.minimum(y - y0, y1 - y))
    farthest = ops.maximum(ops.maximum(x - x0, x1 - x), ops.maximum(y - y0, y1 - y))
    off = ops.maximum(ops.abs(x - (x0 + x1) / 2), ops.abs(y - (y0 + y1) / 2))
    around = ops.logical_or(ops.logical_and(nearest > 0, off < _RADIUS * stride), off <= stride / 2)
    labels, flags = targets[:, None, :, 0], targets[:, None, :, 5]
    asked = ops.logical_and(labels >= 0, flags == 0)
    mine = ops.logical_and(ops.logical_and(around, asked), ops.logical_and(farthest > low, farthest <= high))
    area = ops.where(mine, (x1 - x0) * (y1 - y0), np.float32(np.inf))
    chosen = ops.one_hot(ops.argmin(area, axis=-1), targets.shape[1], dtype="float32")
    positive = ops.cast(ops.any(mine, axis=-1), "float32")
    label = ops.einsum("npm,nm->np", chosen, ops.cast(targets[..., 0], "float32"))
    one_hot = ops.one_hot(ops.cast(ops.maximum(label, 0), "int32"), classes, dtype="float32")
    unasked = ops.any(ops.logical_and(ops.logical_and(labels >= 0, flags > 0), nearest > 0), axis=-1)
    return Assigned(
        one_hot * positive[..., None],
        ops.einsum("npm,nms->nps", chosen, boxes),
        positive,
        ops.maximum(positive, 1 - ops.cast(unasked, "float32")),
    )


def predicted_boxes(logits: Tensor, layout: Layout) -> Tensor:
    """Return the sides x0, y0, x1, y1 that each position predicts, float32 (batch, positions, 4) in pixels of the input."""
    x, y, stride = (column[None, :, None] for column in grid_of(*layout).T)
    distances = ops.exp(ops.clip(logits[..., -4:], -_LARGEST, _LARGEST)) * stride
    before, after = distances[..., :2], distances[..., 2:]
    centres = np.concatenate([x, y], axis=-1)
    return ops.concatenate([centres - before, centres + after], axis=-1)


def focal(logits: Tensor, targets: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    """Return the focal loss of each target, alpha_t |t - p|^gamma (-t log p - (1 - t) log(1 - p)), as `logits`.

    Of targets 0 and 1 it is that of Lin et al. 2017, equation 5; of those between, Li et al. 2020, equation 5.
    """
    # Where it is exactly 0, a power below 1 has no gradient.
    wrong = ops.maximum(ops.abs(targets - ops.sigmoid(logits)), 1e-7)
    weights = ops.where(targets > 0, alpha, 1 - alpha)
    return weights * wrong**gamma * (ops.softplus(logits) - targets * logits)


def overlaps(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Return the intersection over union of boxes (..., 4), and its generalised form (Rezatofighi et al. 2019), below it.

    The generalised one is less by the share of the smallest box around both that neither covers, and tells a box that
    misses its object where to go.
    """

    def area(low: Tensor, high: Tensor) -> Tensor:
        return ops.prod(ops.maximum(high - low, 0.0), axis=-1)

    inside = area(ops.maximum(one[..., :2], other[..., :2]), ops.minimum(one[..., 2:], other[..., 2:]))
    around = area(ops.minimum(one[..., :2], other[..., :2]), ops.maximum(one[..., 2:], other[..., 2:]))
    union = area(one[..., :2], one[..., 2:]) + area(other[..., :2], other[..., 2:]) - inside
    iou = inside / ops.maximum(union, 1e-6)
    return iou, iou - (around - union) / ops.maximum(around, 1e-6)


def detection_losses(
    logits: Tensor,
    targets: Tensor,
    layout: Layout,
    gamma: float = 2.0,
    alpha: float = 0.25,
    box_weight: float = 1.0,
    quality: bool = False,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Return the loss of each image: focal loss of the classes and IoU loss of the boxes, over its positions with an object.

    Args:
        logits: float32 (batch, positions, classes + 4).
        targets: float32 (batch, boxes, 6).
        layout: The size of the input, and the strides of the positions.
        gamma: How little the surely right positions weigh.
        alpha: What a yes counts; a no counts 1 - alpha.
        box_weight: What the IoU loss counts beside the focal loss.
        quality: Ask for the IoU of the predicted box as the probability of its class, in place of 1 (Li et al. 2020), so that
            of several boxes of an object the best one has the highest score.
        class_weights: float (classes,), what a yes of each class counts.

    Returns:
        float32 (batch,).
    """
    classes = logits.shape[-1] - 4
    wanted = assigned(targets, classes, layout)
    count = ops.maximum(ops.sum(wanted.positive, axis=-1), 1.0)
    iou, generalised = overlaps(predicted_boxes(logits, layout), wanted.boxes)
    asked = wanted.classes * ops.stop_gradient(iou)[..., None] if quality else wanted.classes
    each = focal(logits[..., :classes], asked, gamma, alpha)
    if class_weights is not None:
        each = each * (1 + wanted.classes * (ops.cast(class_weights, each.dtype) - 1))
    of_classes = ops.sum(ops.sum(each, axis=-1) * wanted.counted, axis=-1)
    of_boxes = ops.sum((1 - generalised) * wanted.positive, axis=-1)
    return (of_classes + box_weight * of_boxes) / count


def best_overlap(logits: Tensor, targets: Tensor, layout: Layout) -> Tensor:
    """Return the IoU of each image's best-scored box with the object that it covers best, float32 (batch,); 0 without any."""
    classes = logits.shape[-1] - 4
    best = ops.argmax(ops.max(logits[..., :classes], axis=-1), axis=-1)
    picked = ops.one_hot(best, logits.shape[1], dtype="float32")
    box = ops.einsum("np,nps->ns", picked, predicted_boxes(logits, layout))
    size, _ = layout
    limits = np.array([size[1], size[0]] * 2, np.float32)
    box = ops.clip(box, 0.0, limits)
    iou, _ = overlaps(box[:, None], ops.cast(targets[..., 1:5], "float32") * limits)
    return ops.max(ops.where(targets[..., 0] >= 0, iou, 0.0), axis=-1)
