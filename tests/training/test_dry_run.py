"""Runs that only try a recipe out."""

import tempfile

import numpy as np
import pytest
from support.reporters import Recorder

from multicnn import api
from multicnn.blocks import chain, conv, dense, global_average_pool
from multicnn.blocks.cost import measure
from multicnn.data.load import load_manifest
from multicnn.recipe import DataSource, Model, Optimizer, Recipe
from multicnn.training import rate_finder
from multicnn.utils.reporter import Reporter

NET = chain(conv(4, 3, norm="batch", activation="relu"), global_average_pool(), dense(10))


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where folders for temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("batch", [32, 5000])
def test_a_dry_run_says_what_a_run_would_be_and_leaves_nothing(batch, temporary):
    recipe = Recipe(model=Model(name=NET.to_dict()), batch_size=batch, epochs=7)
    tried = api.dry_run("digits", model=NET.to_dict(), batch_size=batch, epochs=7)
    n = tried.examples["train"]
    assert sum(tried.examples.values()) == 1797
    assert tried.batch == (min(batch, n), 8, 8, 1)
    assert tried.steps == -(-n // batch)
    counted = measure(NET, (8, 8, 1))
    assert tried.parameters == counted.parameters == tried.stages.parameters
    assert tried.weights_bytes == 4 * (counted.parameters + counted.statistics)
    # Adam has two numbers for each weight, its step (int64) and its rate.
    assert tried.optimizer_bytes == pytest.approx(8 * counted.parameters, abs=32)
    assert tried.peak_bytes > tried.weights_bytes + tried.optimizer_bytes
    assert tried.first_step_seconds > tried.step_seconds > 0
    assert tried.expected_seconds == pytest.approx(tried.step_seconds * tried.steps * recipe.epochs)
    assert tried.to_dict()["batch"] == list(tried.batch)
    assert not list(temporary.glob("multicnn-*"))


def test_bad_files_stay_listed(temporary, tmp_path_factory):
    from PIL import Image

    data = tmp_path_factory.mktemp("data")
    for label in "ab":
        (data / label).mkdir()
        for i in range(12):
            pixels = np.random.default_rng([ord(label), i]).integers(0, 255, (8, 8), np.uint8)
            Image.fromarray(pixels).save(data / label / f"{i}.png")
    (data / "a" / "bad.png").write_bytes(b"bad")
    reporter = Recorder()
    net = chain(conv(4, 3), global_average_pool(), dense(2)).to_dict()
    api.dry_run(data, reporter=reporter, model=net, batch_size=4)
    (folder,) = temporary.glob("multicnn-*")
    assert [path.name for path in folder.iterdir()] == ["bad_files.csv"]
    assert "a/bad.png" in (folder / "bad_files.csv").read_text()
    assert any(str(folder / "bad_files.csv") in line for line in reporter.lines)


def test_the_rate_is_found_whatever_the_recipe_says_of_it(temporary):
    manifest = load_manifest(DataSource(path="digits"))
    settings = {"learning_rate": 5.0, "schedule": "cosine", "warmup_epochs": 2}
    found = [
        rate_finder.find_rate(
            Recipe(model=Model(name=NET.to_dict()), batch_size=256, optimizer=Optimizer(name="nesterov", **more)),
            manifest,
            Reporter(),
            steps=25,
        )
        for more in ({}, settings)
    ]
    np.testing.assert_array_equal(found[0].losses, found[1].losses)
    assert found[0].suggestion == found[1].suggestion
    assert 1e-6 < found[0].suggestion < found[0].limit < 10
    assert not list(temporary.glob("multicnn-*"))


def test_rprop_has_no_rate_to_find():
    with pytest.raises(ValueError, match="rprop finds its step sizes itself"):
        rate_finder.find_rate(Recipe(optimizer=Optimizer(name="rprop")), None, Reporter())
