"""Masks as targets, their losses and their metrics."""

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score, jaccard_score

from multicnn.tasks import LossSettings, Segmentation, task_from_dict, task_to_dict
from multicnn.tasks.masks import image_of, read

CELLS = [[0, 1, 2], [2, 2, 0]]
PALETTE = [0, 0, 0, 255, 0, 0, 0, 128, 0]


def _file(folder, pixels, mode=None, name="mask.png"):
    image = Image.fromarray(np.array(pixels, np.uint8), mode)
    if mode == "P":
        image.putpalette(PALETTE)
    image.save(folder / name)
    return str(folder / name)


def _as_colours(values):
    return np.array(PALETTE).reshape(-1, 3)[np.array(values)]


@pytest.mark.parametrize("kind", ["index", "palette", "colours", "binary"])
def test_masks_of_every_kind_give_the_same_classes(kind, tmp_path):
    values = [[0, 1, 1], [1, 1, 0]] if kind == "binary" else CELLS
    given = {"index": values, "palette": values, "colours": _as_colours(values), "binary": np.array(values) * 255}[kind]
    path = _file(tmp_path, given, "P" if kind == "palette" else None)
    task = Segmentation().fitted([path])
    # Of colours the classes are sorted by their value: black, green, red.
    expected = np.array([0, 2, 1])[values] if kind == "colours" else np.array(values)
    assert task.target(path, np.array([2, 3]), (2, 4, 1)).tolist() == np.c_[expected, [-1, -1]].tolist()
    names = {"binary": ("0", "255"), "colours": ("#000000", "#008000", "#ff0000")}
    assert task.labels == names.get(kind, ("0", "1", "2"))
    assert np.array_equal(read((tmp_path / "mask.png").read_bytes()), np.array(task.values)[expected])
    assert task_from_dict(task_to_dict(task)) == task


@pytest.mark.parametrize(
    ("values", "geometry", "reason"),
    [
        ([[0, 1], [7, 1]], (2, 2), "mask has the unknown value 7"),
        ([[0, 1, 1]], (2, 2), "mask of 3 x 1 pixels for an image of 2 x 2"),
        ([[0, 1, 1]], (3, 1), "mask of 3 x 1 pixels for an image of 1 x 3, which fits the image as it is stored"),
    ],
)
def test_a_mask_that_does_not_fit_has_its_reason(values, geometry, reason, tmp_path):
    task = Segmentation(labels=("a", "b"), values=(0, 1), pixels=(1, 1))
    with pytest.raises(ValueError, match=reason):
        task.target(_file(tmp_path, values), np.array(geometry), (4, 4, 1))


def test_a_missing_mask_is_bad_and_an_edited_one_is_other_content(tmp_path):
    task = Segmentation()
    for cell, reason in (("", "no mask"), (str(tmp_path / "none.png"), "missing mask")):
        with pytest.raises(ValueError, match=reason):
            task.read(cell)
    before = task.content(_file(tmp_path, CELLS))
    assert task.content(_file(tmp_path, [[0, 1, 2], [2, 2, 2]])) != before


def test_the_value_that_is_ignored_is_asked_for_and_never_counted(tmp_path):
    path = _file(tmp_path, [[0, 1], [255, 1]])
    with pytest.raises(ValueError, match='"ignore": 255'):
        Segmentation().fitted([path])
    task = Segmentation(ignore=255).fitted([path])
    assert task.labels == ("0", "1") and task.pixels == (1, 2)
    target = task.target(path, np.array([2, 2]), (2, 2, 1))
    records = task.records(np.zeros((1, 2, 2, 2), np.float32), target[None])
    assert task.counts(records, target).pixels == 3
    assert Segmentation(ignore=-1).fitted([path]).labels == ("0", "1", "255")


def test_metrics_are_those_of_scikit_learn_over_all_pixels():
    rng, task = np.random.default_rng(0), Segmentation(("a", "b", "c"), (0, 1, 2), pixels=(1, 1, 1))
    logits, targets = rng.normal(size=(5, 6, 7, 3)).astype(np.float32), rng.integers(-2, 3, (5, 6, 7))
    targets[:, 5] = -1
    records = task.records([one[:5] for one in logits], targets)  # the logits end where the originals do
    metrics = task.summary(task.counts(records[:2], None) + task.counts(records[2:], None))
    truth, predicted = targets[targets >= 0], logits.argmax(-1)[targets >= 0]
    assert metrics["mean_iou"] == pytest.approx(jaccard_score(truth, predicted, average="macro"))
    assert metrics["mean_dice"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert metrics["pixel_accuracy"] == pytest.approx((truth == predicted).mean())
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    own = np.take_along_axis(shares, np.maximum(targets, 0)[..., None], -1)[..., 0][targets >= 0]
    assert metrics["loss"] == pytest.approx(-np.log(own).mean(), rel=1e-5)


@pytest.mark.parametrize("weights", [None, np.array([0.5, 2.0], np.float32)])
def test_losses_are_those_of_the_equations(weights):
    rng, task = np.random.default_rng(1), Segmentation(("a", "b"), (0, 1), pixels=(4, 1))
    logits, targets = rng.normal(size=(3, 4, 5, 2)).astype(np.float32), rng.integers(-1, 2, (3, 4, 5)).astype(np.int32)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    entropy, dice = [], []
    for share, target in zip(shares, targets):
        counted = target >= 0
        each = -np.log(share[counted, target[counted]]) * (1 if weights is None else weights[target[counted]])
        entropy.append(each.mean())
        both = [(2 * share[counted, c][target[counted] == c].sum() + 1) for c in (0, 1)]
        sizes = [share[counted, c].sum() + (target == c).sum() + 1 for c in (0, 1)]
        dice.append(1 - np.divide(both, sizes).mean())
    for name, expected in {
        "cross_entropy": entropy,
        "dice": dice,
        "cross_entropy+dice": np.add(entropy, dice),
    }.items():
        given = task.losses(logits, targets, LossSettings(name, class_weights=weights))
        np.testing.assert_allclose(np.asarray(given), expected, rtol=1e-5)


def test_class_weights_let_each_class_count_the_same():
    task = Segmentation(("a", "b"), (0, 1), pixels=(900, 100))
    assert (task.class_weights(np.zeros((0, 0))) * [900, 100]).tolist() == pytest.approx([500, 500])


def test_a_mask_is_written_as_it_was_read():
    for values in ([[0, 255]], [[0, 40000]], [[0, 0xFF8000]]):
        pixels = image_of(np.array(values))
        assert pixels.shape[:2] == (1, 2) and pixels.dtype == (np.uint16 if values[0][1] == 40000 else np.uint8)
