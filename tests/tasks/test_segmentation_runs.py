"""Segmentation from a folder to masks: training, metrics, prediction, the same bits after a kill."""

import json

import numpy as np
import pytest
from PIL import Image
from support import masks
from support.command_line import call
from support.lives import live

import multicnn

SETTINGS = ["model.arguments.width=8", "model.arguments.depth=2", "batch_size=4", "optimizer.learning_rate=0.003"]
SETTINGS += ["augment.mirror=true", "augment.rotation=10", "augment.crop=1.0"]


@pytest.fixture(scope="module")
def disks(tmp_path_factory):
    """Images of two sizes with a bright disk, and masks that say where; one is missing."""
    root = masks.write(tmp_path_factory.mktemp("disks"))
    (root / "mask" / "5.png").unlink()
    return root


@pytest.fixture(scope="module")
def trained(disks):
    return multicnn.train(disks, disks.parent / f"{disks.name}-run", settings=[*SETTINGS, "epochs=16"])


def test_it_learns_and_the_metrics_are_those_of_its_masks(trained, disks):
    assert trained.task.name == "segmentation" and trained.metrics["bad"] == 1
    assert trained.metrics["test"]["mean_iou"] > 0.85 and trained.metrics["linear_baseline"]["mean_iou"] > 0.3
    images = sorted(path for path in (disks / "image").iterdir() if path.stem != "5")
    counts = np.zeros((2, 2))
    for path, answer in zip(images, trained.predict(images), strict=True):
        truth = np.asarray(Image.open(disks / "mask" / path.name)) > 0
        assert answer.mask.shape == truth.shape and answer.maps.shape == (*truth.shape, 2)
        np.testing.assert_allclose(answer.maps.sum(-1), 1, atol=1e-5)
        np.add.at(counts, (truth.astype(int).ravel(), (answer.mask > 0).astype(int).ravel()), 1)
    iou = np.diag(counts) / (counts.sum(0) + counts.sum(1) - np.diag(counts))
    measured = multicnn.evaluate(trained, disks).metrics
    assert measured["pixel_accuracy"] == pytest.approx(np.trace(counts) / counts.sum())
    assert measured["mean_iou"] == pytest.approx(iou.mean()) and measured["n"] == 23


def test_it_is_saved_loaded_and_written_as_files(trained, disks, tmp_path, monkeypatch, capsys):
    model = trained.save(tmp_path / "m.keras")
    again, image = multicnn.load(model), disks / "image" / "0.png"
    (own,), (other,) = trained.predict(image), again.predict(image)
    np.testing.assert_array_equal(own.maps, other.maps)
    assert again.task == trained.task and again.evaluate(disks) == trained.evaluate(disks)
    out = tmp_path / "masks"
    code, printed, _ = call(monkeypatch, capsys, "predict", model, image, "--out", out, "--json")
    assert code == 0 and json.loads(printed)["input"] == str(image)
    np.testing.assert_array_equal(np.asarray(Image.open(out / "0_mask.png")), own.mask)
    levels = np.asarray(Image.open(out / "0_probability.png"))
    np.testing.assert_allclose(levels / 255, own.maps[..., 1], atol=0.51 / 255)


@pytest.mark.slow
def test_a_killed_run_that_is_resumed_ends_with_the_same_bits(disks, tmp_path):
    settings = [*SETTINGS, "epochs=3", "runtime.checkpoint_steps=1", "augment.elastic=1"]
    weights = [each.numpy() for each in multicnn.train(disks, tmp_path / "a", settings=settings).network.weights]
    data, run = str(disks), str(tmp_path / "b")
    for step in (1, 5, 9):  # of four an epoch
        assert live(data, run, step, settings=settings) < 0
        data, settings = "-", []
    for one, other in zip(weights, multicnn.train(resume=run).network.weights, strict=True):
        np.testing.assert_array_equal(one, other.numpy())
