"""Targets and losses of boxes against a loop over positions and objects."""

import numpy as np
import pytest
from keras import ops

from multicnn.tasks.boxes import cells, grid, losses

SIZE, CLASSES = (48, 64), 3


def slow_assignment(objects, strides):
    """Return for each position (class, box) or None, and whether it is asked at all: section 3 of the paper, in plain Python."""
    answers, asked = [], []
    for x, y, stride in grid.grid_of(SIZE, strides).tolist():
        best, ignored = None, False
        for label, *sides, flag in objects.tolist():
            x0, y0, x1, y1 = (side * extent for side, extent in zip(sides, [SIZE[1], SIZE[0]] * 2))
            left, up, right, down = x - x0, y - y0, x1 - x, y1 - y
            inside = min(left, up, right, down) > 0
            if flag:
                ignored |= inside
                continue
            off = max(abs(x - (x0 + x1) / 2), abs(y - (y0 + y1) / 2))
            reach, low, high = max(left, up, right, down), 4 * stride, 8 * stride
            low, high = (-1 if stride == min(strides) else low), (np.inf if stride == max(strides) else high)
            if ((inside and off < 1.5 * stride) or off <= stride / 2) and low < reach <= high:
                area = (x1 - x0) * (y1 - y0)
                if best is None or area < best[0]:
                    best = area, int(label), (x0, y0, x1, y1)
        answers.append(best and best[1:])
        asked.append(best is not None or not ignored)
    return answers, asked


def examples(seed, n=8):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.8, (n, 2))
    high = np.minimum(low + rng.uniform(0.02, 0.7, (n, 2)), 1)
    return np.c_[rng.integers(0, CLASSES, n), low, high, rng.choice([0, 0, 0, 1, 2], n)].astype(np.float32)


@pytest.mark.parametrize("strides", [(8,), (4, 8), (4, 8, 16)])
def test_each_position_answers_for_the_smallest_box_around_whose_centre_it_is(strides):
    made = [examples(seed, 3 + seed) for seed in range(6)]
    found = losses.assigned(ops.convert_to_tensor(cells.padded(made)), CLASSES, (SIZE, strides))
    of_classes, boxes, positive, counted = (ops.convert_to_numpy(each) for each in found)
    for i, objects in enumerate(made):
        answers, asked = slow_assignment(objects, strides)
        assert positive[i].tolist() == [float(answer is not None) for answer in answers]
        assert counted[i].tolist() == [float(each) for each in asked]
        for p, answer in enumerate(answers):
            if answer is not None:
                assert of_classes[i, p].argmax() == answer[0] and of_classes[i, p].sum() == 1
                np.testing.assert_allclose(boxes[i, p], answer[1], rtol=1e-5)
            else:
                assert not of_classes[i, p].any()


def slow_loss(logits, objects, strides):
    """The loss of one image, position by position, from the equations."""
    answers, asked = slow_assignment(objects, strides)
    total = 0.0
    for z, (x, y, stride), answer, counts in zip(logits, grid.grid_of(SIZE, strides).tolist(), answers, asked):
        for c in range(CLASSES):
            p = 1 / (1 + np.exp(-z[c]))
            right = answer is not None and answer[0] == c
            p_t, alpha = (p, 0.25) if right else (1 - p, 0.75)
            total -= counts * alpha * (1 - p_t) ** 2 * np.log(p_t)
        if answer is not None:
            left, up, right, down = np.exp(z[CLASSES:]) * stride
            a, b = (x - left, y - up, x + right, y + down), answer[1]
            area = lambda box: max(box[2] - box[0], 0) * max(box[3] - box[1], 0)  # noqa: E731
            both = area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))
            union = area(a) + area(b) - both
            hull = area((min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])))
            total += 1 - both / union + (hull - union) / hull
    return total / max(1, sum(answer is not None for answer in answers))


def test_the_loss_is_that_of_the_equations():
    strides, made = (8, 16), [examples(0, 5), examples(1, 2), np.zeros((0, 6), np.float32)]
    positions = len(grid.grid_of(SIZE, strides))
    logits = np.random.default_rng(0).normal(0, 1, (3, positions, CLASSES + 4)).astype(np.float32)
    found = losses.detection_losses(
        ops.convert_to_tensor(logits), ops.convert_to_tensor(cells.padded(made)), (SIZE, strides)
    )
    expected = [slow_loss(z.astype(float), objects, strides) for z, objects in zip(logits, made)]
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=2e-5)


def test_no_object_is_too_small_to_be_learned():
    objects = np.array([[0, 0.51, 0.51, 0.511, 0.512, 0]], np.float32)
    found = losses.assigned(ops.convert_to_tensor(cells.padded([objects])), 1, (SIZE, (16,)))
    assert ops.convert_to_numpy(found.positive).sum() >= 1


def test_the_best_overlap_is_that_of_the_best_scored_box():
    strides, positions = (16,), 12
    logits = np.full((2, positions, 1 + 4), -5, np.float32)
    logits[:, 5, 0] = 3
    logits[:, 5, 1:] = 0  # a box of 32 x 32 around (24, 24)
    objects = [np.array([[0, 8 / 64, 8 / 48, 40 / 64, 24 / 48, 0]], np.float32), np.zeros((0, 6), np.float32)]
    found = losses.best_overlap(
        ops.convert_to_tensor(logits), ops.convert_to_tensor(cells.padded(objects)), (SIZE, strides)
    )
    np.testing.assert_allclose(ops.convert_to_numpy(found), [0.5, 0], atol=1e-6)
