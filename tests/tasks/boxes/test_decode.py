"""Decoding and suppression against slow loops."""

import numpy as np
import pytest

from multicnn.tasks.boxes import decode, grid


def slow_iou(a, b):
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    inside = max(wide, 0) * max(high, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inside
    return inside / union


def slow_suppression(boxes, scores, classes, overlap, most):
    left, kept = sorted(range(len(scores)), key=lambda i: -scores[i]), []
    while left and len(kept) < most:
        best, *left = left
        kept.append(best)
        left = [i for i in left if classes[i] != classes[best] or slow_iou(boxes[i], boxes[best]) <= overlap]
    return kept


@pytest.mark.parametrize("most", [100, 7])
def test_suppression_is_that_of_a_slow_loop(most):
    rng = np.random.default_rng(0)
    for _ in range(10):
        low = rng.uniform(0, 20, (60, 2))
        boxes = np.c_[low, low + rng.uniform(5, 15, (60, 2))]
        scores, classes = np.round(rng.random(60), 1), rng.integers(0, 3, 60)
        kept = decode.suppressed(decode.Detections(boxes, scores, classes), 0.4, most)
        expected = slow_suppression(boxes, scores, classes, 0.4, most)
        np.testing.assert_array_equal(kept.boxes, boxes[expected])
        np.testing.assert_array_equal(kept.scores, scores[expected])


@pytest.mark.parametrize("size", [(24, 40), (20, 33)])
def test_decoding_is_that_of_a_slow_loop(size):
    strides, rng = (8, 16), np.random.default_rng(0)
    logits, expected = [], []
    for stride in strides:
        for row in range(-(-size[0] // stride)):
            for column in range(-(-size[1] // stride)):
                z = rng.normal(0, 1, 6)
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                left, up, right, down = np.exp(z[2:]) * stride
                sides = [(x - left) / size[1], (y - up) / size[0], (x + right) / size[1], (y + down) / size[0]]
                logits.append(z)
                expected.append([*(1 / (1 + np.exp(-z[:2]))), *(min(max(s, 0), 1) for s in sides)])
    outputs = decode.outputs_of(np.array(logits)[None], size, strides)
    np.testing.assert_allclose(outputs[0], expected)
    assert grid.strides_of(size, len(logits)) == strides


def test_boxes_are_found_by_class():
    output = np.zeros((4, 2 + 4))
    output[:, 2:] = [[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.49], [0.5, 0.5, 1, 1], [0, 0, 1, 1]]
    output[:, :2] = [[0.9, 0.2], [0.8, 0.01], [0.04, 0.7], [0.02, 0.03]]
    found = decode.detections_in(output)
    assert list(zip(found.scores.tolist(), found.classes.tolist())) == [(0.9, 0), (0.7, 1), (0.2, 1)]
    np.testing.assert_array_equal(found.boxes[1], [0.5, 0.5, 1, 1])


def test_strides_are_those_of_successive_halvings():
    for size in ((240, 320), (88, 120), (64, 64)):
        for strides in ((8,), (4,), (8, 16), (4, 8, 16, 32), (16, 32)):
            assert grid.strides_of(size, len(grid.grid_of(size, strides))) == strides
    with pytest.raises(ValueError, match="1,201 positions on an input of 240 x 320"):
        grid.strides_of((240, 320), 1201)


def test_a_crowd_is_measured_by_the_box():
    overlap = decode.ious(np.array([[0, 0, 2, 2.0]]), np.array([[0, 0, 10, 10.0]] * 2), np.array([True, False]))
    np.testing.assert_allclose(overlap, [[1, 0.04]])
