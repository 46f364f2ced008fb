"""Average precision against COCO's own code, and against the definition."""

import contextlib
import io

import numpy as np
import pytest

from multicnn.tasks.boxes import precision
from multicnn.tasks.boxes.decode import Detections

CLASSES = 3


def scenes(seed, images=12, crowds=False):
    """Return for each image what is found, and the objects, (boxes, 6), in pixels of an image of 100 x 100."""
    rng = np.random.default_rng(seed)
    for _ in range(images):
        n = rng.integers(0, 7)
        low = rng.uniform(0, 60, (n, 2))
        high = low + rng.uniform(5, 40, (n, 2))
        flags = np.where(rng.random(n) < 0.25, 2, 0) * crowds
        objects = np.c_[rng.integers(0, CLASSES, n), low, high, flags].astype(np.float64)
        near = objects[rng.integers(0, n, 2 * n)] if n else objects
        boxes = np.r_[near[:, 1:5] + rng.normal(0, 3, (len(near), 4)), np.array([[5, 5, 20, 20]])]
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        classes = np.r_[near[:, 0], 1].astype(np.int64)
        scores = np.round(rng.random(len(boxes)), 2)  # with ties
        order = np.argsort(-scores, kind="stable")
        yield Detections(boxes[order], scores[order], classes[order]), objects


def counted(scenes):
    counts = precision.BoxCounts.none(CLASSES)
    for found, objects in scenes:
        counts += precision.count(found, objects, CLASSES)
    return counts


@pytest.mark.parametrize("seed", range(4))
def test_average_precision_is_cocos(seed):
    coco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    made = list(scenes(seed, crowds=True))
    annotations, results = [], []
    for image, (found, objects) in enumerate(made, start=1):
        for label, x0, y0, x1, y1, flag in objects:
            box = [x0, y0, x1 - x0, y1 - y0]
            annotation = {"bbox": box, "area": box[2] * box[3], "iscrowd": int(flag == 2), "category_id": int(label)}
            annotations.append(annotation | {"image_id": image, "id": len(annotations) + 1})
        for (x0, y0, x1, y1), score, label in zip(*found):
            box = [x0, y0, x1 - x0, y1 - y0]
            results.append({"image_id": image, "category_id": int(label), "bbox": box, "score": float(score)})
    truth = coco.COCO()
    truth.dataset = {
        "images": [{"id": i + 1} for i in range(len(made))],
        "annotations": annotations,
        "categories": [{"id": c} for c in range(CLASSES)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        of_coco = evaluation.COCOeval(truth, truth.loadRes(results), "bbox")
        of_coco.evaluate()
        of_coco.accumulate()
    table = of_coco.eval["precision"][:, :, :, 0, 2].mean(axis=1).T  # (classes, thresholds)
    np.testing.assert_allclose(counted(made).average_precisions(), table, atol=1e-12)


def slow_average_precision(scored, objects):
    """The definition, recall by recall; `scored` is (score, right) of all boxes, in the order of the images."""
    scored = sorted(scored, key=lambda pair: -pair[0])
    points, right = [], 0
    for i, (_, hit) in enumerate(scored, start=1):
        right += hit
        points.append((right / objects, right / i))
    best = [max([p for r, p in points if r >= wanted / 100 - 1e-12], default=0) for wanted in range(101)]
    return sum(best) / 101


def test_average_precision_is_that_of_the_definition():
    rng = np.random.default_rng(0)
    for _ in range(20):
        hits, objects = rng.random(15) < 0.5, 23  # whose shares are no hundredths
        scored = [(-i, bool(hit)) for i, hit in enumerate(hits)]
        assert precision.average_precision(hits, objects) == pytest.approx(slow_average_precision(scored, objects))


def test_counts_add_up_in_any_parts():
    made = list(scenes(1))
    whole, parts = counted(made), counted(made[:5]) + counted(made[5:])
    np.testing.assert_array_equal(whole.average_precisions(), parts.average_precisions())
    assert (whole.n, whole.overlap, whole.located) == (parts.n, pytest.approx(parts.overlap), parts.located)


@pytest.mark.parametrize(
    ("flag", "hits"),
    [(0, [1, 0, 0]), (1, [-1, -1, 0]), (2, [-1, -1, 0])],
    ids=["an object is found once", "a difficult one is ignored", "a crowd is ignored"],
)
def test_what_is_difficult_or_a_crowd_neither_helps_nor_harms(flag, hits):
    objects = np.array([[0, 0, 0, 10, 10, flag]], float)
    found = Detections(
        np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60.0]]), np.array([0.9, 0.8, 0.7]), np.zeros(3, int)
    )
    counts = precision.count(found, objects, 1)
    assert counts.hits[:, 0].tolist() == hits and counts.objects.tolist() == [int(flag == 0)]


def test_an_image_without_objects_counts():
    empty = np.full((1, 6), -1.0)
    found = Detections(np.array([[0, 0, 1, 1.0]]), np.array([0.99]), np.array([0]))
    right = precision.count(
        Detections(np.array([[0, 0, 1, 1.0]]), np.array([0.5]), np.array([0])), np.array([[0, 0, 0, 1, 1, 0]]), 1
    )
    assert right.average_precisions()[0, 0] == 1
    assert (right + precision.count(found, empty, 1)).average_precisions()[0, 0] == pytest.approx(0.5)
