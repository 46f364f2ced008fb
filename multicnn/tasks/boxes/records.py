"""The record of an image: the boxes that were found in it, its objects, and its loss, in one small array."""

from __future__ import annotations

import numpy as np

from multicnn.tasks.boxes import cells, decode


def records_of(outputs: np.ndarray, targets: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Return float32 (n, 100 + most + 1, 6): rows (x0, y0, x1, y1, score, class) of boxes, class -1 where there are no more.

    Below them the rows of the targets, and a last one that begins with the loss.

    Args:
        outputs: (n, positions, classes + 4), as `decode.outputs_of` makes them.
        targets: (n, most, 6), as `cells.padded` makes them.
        losses: (n,).
    """
    records = empty_records(targets.shape[1], len(outputs))
    for record, output, target, loss in zip(records, outputs, targets, losses):
        boxes, scores, classes = decode.detections_in(output)
        record[: len(scores)] = np.c_[boxes, scores, classes]
        record[decode.MOST : -1] = target
        record[-1, 0] = loss
    return records


def empty_records(most: int, n: int = 0) -> np.ndarray:
    """Return the records of n images in which nothing is."""
    records = np.zeros((n, decode.MOST + most + 1, cells.COLUMNS), np.float32)
    records[:, : decode.MOST, 5] = -1
    records[:, decode.MOST : -1, 0] = -1
    return records


def split_records(records: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of the boxes (n, 100, 6), those of the objects (n, most, 6), and the losses (n,) of records."""
    return records[:, : decode.MOST], records[:, decode.MOST : -1], records[:, -1, 0]
