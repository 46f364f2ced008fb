"""From logits to boxes: scores and sides at each position, then suppression. Plain NumPy functions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from multicnn.tasks.boxes.grid import grid_of

LOWEST = 0.05  # score of a box that is looked at (Tian et al. 2019, section 4)
CANDIDATES = 1000  # boxes of an image that suppression sees
OVERLAP = 0.6  # IoU with a better box of its class above which a box goes
MOST = 100  # boxes of an image


class Detections(NamedTuple):
    """Boxes of an image, the best first.

    Attributes:
        boxes: float64 (n, 4), the sides x0, y0, x1, y1 as fractions of the image.
        scores: float64 (n,), the probability of the class.
        classes: int64 (n,).
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray

    def taken(self, index: np.ndarray) -> Detections:
        """Return some of the boxes."""
        return Detections(self.boxes[index], self.scores[index], self.classes[index])


def outputs_of(logits: np.ndarray, size: tuple[int, int], strides: tuple[int, ...]) -> np.ndarray:
    """Return probabilities and boxes of logits, float64 (..., positions, classes + 4), the sides as fractions of the image.

    Args:
        logits: float (..., positions, classes + 4).
        size: Height and width of the network's input.
        strides: The strides of the positions.
    """
    logits = np.asarray(logits, np.float64)
    grid = grid_of(size, strides).astype(np.float64)
    distances = np.exp(np.clip(logits[..., -4:], -8, 8)) * grid[:, 2:]
    extent = np.array([size[1], size[0]], np.float64)
    low, high = (grid[:, :2] - distances[..., :2]) / extent, (grid[:, :2] + distances[..., 2:]) / extent
    scores = 0.5 + 0.5 * np.tanh(logits[..., :-4] / 2)  # in this form it overflows nowhere
    return np.concatenate([scores, np.clip(low, 0, 1), np.clip(high, 0, 1)], axis=-1)


def detections_in(output: np.ndarray, lowest: float = LOWEST) -> Detections:
    """Return the boxes of one image's output, (positions, classes + 4), after suppression.

    Args:
        output: One of `outputs_of`.
        lowest: The least score of a box.
    """
    positions, classes = np.nonzero(output[:, :-4] >= lowest)
    scores = output[positions, classes]
    best = np.argsort(-scores, kind="stable")[:CANDIDATES]
    candidates = Detections(output[positions[best], -4:], scores[best], classes[best])
    return suppressed(candidates)


def suppressed(detections: Detections, overlap: float = OVERLAP, most: int = MOST) -> Detections:
    """Return the boxes that overlap with no better one of their class, and of those the best.

    Args:
        detections: The boxes; of equal scores the first is better.
        overlap: The IoU above which the worse box goes.
        most: The largest number of boxes that stay.
    """
    detections = detections.taken(np.argsort(-detections.scores, kind="stable"))
    n = len(detections.scores)
    alive, kept = np.ones(n, bool), []
    for i in range(n):
        if not alive[i]:
            continue
        kept.append(i)
        if len(kept) == most:
            break
        rest = np.flatnonzero(alive[i + 1 :] & (detections.classes[i + 1 :] == detections.classes[i])) + i + 1
        alive[rest] = ious(detections.boxes[i : i + 1], detections.boxes[rest])[0] <= overlap
    return detections.taken(np.array(kept, np.int64))


def ious(one: np.ndarray, other: np.ndarray, crowd: np.ndarray | None = None) -> np.ndarray:
    """Return the intersection over union of each two boxes, float64 (n, m).

    Args:
        one: (n, 4), sides x0, y0, x1, y1.
        other: (m, 4).
        crowd: bool (m,), boxes around many objects, where what counts is how much of the one box is inside, as in COCO.
    """
    sides = np.minimum(one[:, None, 2:], other[None, :, 2:]) - np.maximum(one[:, None, :2], other[None, :, :2])
    inside = np.clip(sides, 0, None).prod(axis=-1)
    first, second = (np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=-1) for boxes in (one, other))
    union = first[:, None] + second[None] - inside
    if crowd is not None:
        union = np.where(crowd[None], first[:, None], union)
    return np.divide(inside, union, out=np.zeros_like(inside), where=union > 0)
