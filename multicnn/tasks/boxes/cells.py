"""The canonical cell of an example's objects: JSON of [label, x0, y0, x1, y1, flags ...] in pixels, x1 and y1 exclusive."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

FLAGS = ("difficult", "crowd")
COLUMNS = 6  # of a target: class, x0, y0, x1, y1, flag


class TrueBox(NamedTuple):
    """An object and the box around it.

    Attributes:
        label: The class.
        x0, y0, x1, y1: The left, upper, right and lower side; x1 and y1 exclusive.
        flag: "difficult" (Pascal VOC) and "crowd" (COCO) objects are neither trained on nor counted; "" for any other.
    """

    label: str
    x0: float
    y0: float
    x1: float
    y1: float
    flag: str = ""

    @property
    def proper(self) -> bool:
        """True where the box holds something."""
        return self.x0 < self.x1 and self.y0 < self.y1

    def clipped(self, width: float, height: float) -> TrueBox:
        """Return the part of the box that is inside an image; one that holds nothing where none is."""
        x0, x1 = (min(max(x, 0.0), width) for x in (self.x0, self.x1))
        y0, y1 = (min(max(y, 0.0), height) for y in (self.y0, self.y1))
        return self._replace(x0=x0, y0=y0, x1=x1, y1=y1)


def cell_of(boxes: Iterable[TrueBox]) -> str:
    """Return the canonical cell of boxes, in their order."""
    rows = [[box.label, *map(_plain, box[1:5]), *([box.flag] if box.flag else [])] for box in boxes]
    return json.dumps(rows, ensure_ascii=False)


def boxes_of(cell: str) -> list[TrueBox]:
    """Return the boxes of a cell; "" and "[]" have none.

    Raises:
        ValueError: It is none, or a box holds nothing; the message is a short reason.
    """
    if not cell.strip():
        return []
    try:
        rows = json.loads(cell)
    except (ValueError, RecursionError):
        raise ValueError("objects must be a list of [label, x0, y0, x1, y1] in JSON") from None
    if not isinstance(rows, list):
        raise ValueError("objects must be a list of [label, x0, y0, x1, y1] in JSON")
    return [_box(row) for row in rows]


def numbers_of(values: Sequence[object]) -> tuple[float, float, float, float]:
    """Return four finite numbers.

    Raises:
        ValueError: They are not.
    """
    try:
        x0, y0, x1, y1 = (float(value) for value in values)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"a box must be four numbers x0 y0 x1 y1, not {str(list(values))[:60]}") from None
    if not all(map(math.isfinite, (x0, y0, x1, y1))):
        raise ValueError(f"a box must be four finite numbers, not {str(list(values))[:60]}")
    return x0, y0, x1, y1


def targets_of(boxes: Sequence[TrueBox], classes: dict[str, int], size: tuple[float, float]) -> np.ndarray:
    """Return float32 (boxes, 6): class, the sides as fractions of the image, and 0, or 1 for difficult and 2 for crowd.

    Args:
        boxes: The boxes, in pixels.
        classes: The index of each label.
        size: Height and width of the image in pixels.
    """
    height, width = size
    rows = np.zeros((len(boxes), COLUMNS), np.float32)
    for row, box in zip(rows, boxes):
        inside = box.clipped(width, height)
        sides = inside.x0 / width, inside.y0 / height, inside.x1 / width, inside.y1 / height
        row[:] = (classes[box.label], *sides, FLAGS.index(box.flag) + 1 if box.flag else 0)
    return rows


def padded(rows: Sequence[np.ndarray], most: int | None = None) -> np.ndarray:
    """Return the targets of examples as one array, float32 (examples, boxes, 6), class -1 where an example has no more.

    Args:
        rows: Those of each example, (boxes, 6).
        most: The number of boxes to pad to; None takes the largest there is, and one at least.
    """
    most = max([1, *map(len, rows)]) if most is None else most
    targets = np.zeros((len(rows), most, COLUMNS), np.float32)
    targets[..., 0] = -1
    for target, own in zip(targets, rows):
        target[: len(own)] = own
    return targets


def _box(row: object) -> TrueBox:
    if not isinstance(row, list) or len(row) not in (5, 6) or not isinstance(row[0], str):
        raise ValueError(f"an object must be [label, x0, y0, x1, y1], not {str(row)[:60]}")
    box = TrueBox(row[0].strip(), *numbers_of(row[1:5]))
    if len(row) == 6:
        if row[5] not in FLAGS:
            raise ValueError(f"the flag of an object must be one of {', '.join(FLAGS)}, not {str(row[5])[:60]!r}")
        box = box._replace(flag=row[5])
    if not box.label:
        raise ValueError("an object without a label")
    if not box.proper:
        raise ValueError(f"a box that holds nothing: {str(row[1:5])[:60]}")
    return box


def _plain(number: float) -> float | int:
    return int(number) if number == int(number) else round(number, 4)
