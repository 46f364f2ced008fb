"""Average precision of boxes, as COCO measures it: counts that add up over images, and what follows from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from multicnn.tasks.boxes.decode import Detections, ious
from multicnn.tasks.boxes.records import split_records

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of IoU
_RECALLS = np.linspace(0, 1, 101)
_IGNORED = -1  # a box on a difficult object or in a crowd: neither right nor wrong


@dataclasses.dataclass(frozen=True, eq=False)
class BoxCounts:
    """The boxes boxes found in images, each right or wrong at each threshold, and how many objects there are.

    Attributes:
        scores: float64 (boxes,).
        classes: int64 (boxes,).
        hits: int8 (boxes, thresholds): 1 on an object, 0 on none, -1 where it does not count.
        objects: int64 (classes,), objects that count.
        n: Images.
        loss: Sum of their losses.
        overlap: Sum over images of the IoU of the best-scored box with the object that it covers best.
        located: Images where that is above one half.
        with_objects: Images with an object.
    """

    scores: np.ndarray
    classes: np.ndarray
    hits: np.ndarray
    objects: np.ndarray
    n: int = 0
    loss: float = 0.0
    overlap: float = 0.0
    located: int = 0
    with_objects: int = 0

    def __add__(self, other: BoxCounts) -> BoxCounts:
        return BoxCounts(
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.classes, other.classes]),
            np.concatenate([self.hits, other.hits]),
            self.objects + other.objects,
            self.n + other.n,
            self.loss + other.loss,
            self.overlap + other.overlap,
            self.located + other.located,
            self.with_objects + other.with_objects,
        )

    @classmethod
    def none(cls, classes: int) -> BoxCounts:
        """Return the counts of no image."""
        hits = np.zeros((0, len(THRESHOLDS)), np.int8)
        return cls(np.zeros(0), np.zeros(0, np.int64), hits, np.zeros(classes, np.int64))

    def average_precisions(self) -> np.ndarray:
        """Return float64 (classes, thresholds): average precision over 101 recalls; NaN for a class without objects."""
        table = np.full((len(self.objects), len(THRESHOLDS)), np.nan)
        for c in np.flatnonzero(self.objects):
            own = self.classes == c
            order = np.argsort(-self.scores[own], kind="stable")
            hits = self.hits[own][order]
            for t in range(len(THRESHOLDS)):
                counted = hits[:, t][hits[:, t] != _IGNORED]
                table[c, t] = average_precision(counted == 1, int(self.objects[c]))
        return table


def count(detections: Detections, objects: np.ndarray, classes: int) -> BoxCounts:
    """Return the counts of one image, without its loss.

    Args:
        detections: The boxes that were found, the best first, in the unit of the objects.
        objects: (boxes, 6) as `cells.targets_of` gives them; rows of class -1 are none.
        classes: The number of classes.
    """
    objects = objects[objects[:, 0] >= 0].astype(np.float64)
    hits = np.zeros((len(detections.scores), len(THRESHOLDS)), np.int8)
    for c in np.unique(detections.classes):
        own, there = detections.classes == c, objects[objects[:, 0] == c]
        hits[own] = matched(detections.boxes[own], there[:, 1:5], there[:, 5] > 0, there[:, 5] == 2)
    counting = objects[objects[:, 5] == 0]
    overlap = ious(detections.boxes[:1], counting[:, 1:5]).max(initial=0.0)
    return BoxCounts(
        scores=np.asarray(detections.scores, np.float64),
        classes=np.asarray(detections.classes, np.int64),
        hits=hits,
        objects=np.bincount(counting[:, 0].astype(np.int64), minlength=classes),
        n=1,
        overlap=float(overlap) if len(counting) else float(not len(detections.scores)),
        located=int(overlap > 0.5),
        with_objects=int(len(counting) > 0),
    )


def of_records(records: np.ndarray, classes: int) -> BoxCounts:
    """Return the counts of the images of some records."""
    counts = []
    for boxes, objects, loss in zip(*split_records(np.asarray(records))):
        real = boxes[boxes[:, 5] >= 0].astype(np.float64)
        detections = Detections(real[:, :4], real[:, 4], real[:, 5].astype(np.int64))
        counts.append(dataclasses.replace(count(detections, objects, classes), loss=float(loss)))
    return sum_of(counts, classes)


def sum_of(counts: Sequence[BoxCounts], classes: int) -> BoxCounts:
    """Return the sum of counts, put together at once."""
    if not counts:
        return BoxCounts.none(classes)
    return BoxCounts(
        np.concatenate([each.scores for each in counts]),
        np.concatenate([each.classes for each in counts]),
        np.concatenate([each.hits for each in counts]),
        objects=np.sum([each.objects for each in counts], axis=0),
        n=len(counts),
        loss=sum(each.loss for each in counts),
        overlap=sum(each.overlap for each in counts),
        located=sum(each.located for each in counts),
        with_objects=sum(each.with_objects for each in counts),
    )


def matched(boxes: np.ndarray, objects: np.ndarray, ignored: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """Return int8 (boxes, thresholds), which boxes of a class are on an object of it.

    TrueBox after box takes the object that it overlaps most of those that are not taken yet; only where none counts, one that
    is ignored. Of a crowd, and of a difficult object, any number of boxes are ignored.

    Args:
        boxes: (n, 4), the best first.
        objects: (m, 4).
        ignored: bool (m,), those that do not count.
        crowd: bool (m,), those of them that are many objects.
    """
    hits = np.zeros((len(boxes), len(THRESHOLDS)), np.int8)
    if not len(objects):
        return hits
    overlap, least = ious(boxes, objects, crowd), np.minimum(THRESHOLDS, 1 - 1e-10)[:, None]
    free = np.ones((len(THRESHOLDS), len(objects)), bool)
    each = np.arange(len(THRESHOLDS))
    for box, own in enumerate(overlap):
        near = free & (own >= least)
        best = np.where(near & ~ignored, own, -1.0)
        # Of equal overlaps the last, as in COCO's own code.
        choice = len(objects) - 1 - best[:, ::-1].argmax(axis=1)
        right = best[each, choice] >= 0
        hits[box] = np.where(right, 1, np.where((near & ignored).any(axis=1), _IGNORED, 0))
        free[each[right], choice[right]] = False
    return hits


def average_precision(hits: np.ndarray, objects: int) -> float:
    """Return the mean over the recalls 0, .01 ... 1 of the best precision that is had at that recall or a higher one.

    Args:
        hits: bool (boxes,), the best-scored first.
        objects: The number of objects that there are, above 0.
    """
    right = np.cumsum(hits)
    recall, precision = right / objects, right / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    index = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.append(best, 0.0)[np.minimum(index, len(hits))].mean())
