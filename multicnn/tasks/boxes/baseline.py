"""The mean box of each class, which is had without looking at the images."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from multicnn.tasks.boxes.decode import Detections


def mean_boxes(targets: Iterable[np.ndarray], classes: int) -> Detections:
    """Return one box for each class that there is, the most frequent first, its share of the objects as its score.

    Args:
        targets: Batches of (n, boxes, 6), as `cells.padded` makes them.
        classes: The number of classes.
    """
    sums, counts = np.zeros((classes, 4)), np.zeros(classes)
    for batch in targets:
        real = batch[(batch[..., 0] >= 0) & (batch[..., 5] == 0)].astype(np.float64)
        np.add.at(sums, real[:, 0].astype(np.int64), real[:, 1:5])
        np.add.at(counts, real[:, 0].astype(np.int64), 1)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    return Detections(sums[order] / counts[order][:, None], counts[order] / max(counts.sum(), 1), order)
