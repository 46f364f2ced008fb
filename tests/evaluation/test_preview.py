"""The contact sheet: what stands on it is what the pipeline makes."""

import base64
import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

import multicnn
from multicnn.data.load import load_manifest
from multicnn.evaluation import preview
from multicnn.recipe import DataSource, Recipe

SETTINGS = {
    "digits": {"shift": 1, "contrast": 0.3},
    "spoken_digits": {"gain_db": 6, "time_mask": 5},
    "docstrings": {"shuffle": 2},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_page_for_each_sense(name, tmp_path):
    settings = [f"augment.{key}={value}" for key, value in SETTINGS[name].items()]
    path = multicnn.preview(name, tmp_path / "sheets" / "page.html", settings=settings, examples=5, draws=2)
    page = path.read_text()
    rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    assert len(rows) == 1 + 5
    assert re.findall(r'<th scope="col">(.*?)</th>', rows[0])[2:] == [
        "as it is", "without augmentation", "epoch 1", "epoch 2"
    ]  # fmt: skip
    cells = [re.findall(r"<td.*?</td>", row, re.DOTALL)[1:] for row in rows[1:]]
    assert sum(len(set(row[1:])) == 3 for row in cells) >= 3  # two draws may well leave a short text as it was
    for row in cells:
        assert len(row) == 4
        kinds = {"digits": "<img", "spoken_digits": "<audio", "docstrings": "<span"}
        assert all(kinds[name] in cell for cell in row)
        assert ("<img" in row[1]) == (name != "docstrings")


def test_a_recipe_of_another_program_beside_the_page_is_left_alone(tmp_path):
    (tmp_path / "recipe.json").write_text('{"name": "soup"}')
    assert multicnn.preview("digits", tmp_path / "page.html", examples=2).exists()
    assert (tmp_path / "recipe.json").read_text() == '{"name": "soup"}'


def test_pictures_are_those_of_the_pipeline(tmp_path):
    recipe = Recipe(data=DataSource(path="digits"), augment={"mirror": True})
    page = multicnn.preview(recipe, tmp_path / "page.html", examples=30, draws=1).read_text()
    pictures = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in re.findall(r"base64,([^\"]+)", page)
    ]
    plain, without, augmented = (np.stack(pictures[i::3])[:, ::20, ::20] for i in range(3))
    np.testing.assert_array_equal(plain, without)
    mirrored = (augmented == plain[:, :, ::-1]).all((1, 2))
    assert ((augmented == plain).all((1, 2)) | mirrored).all() and 5 < mirrored.sum() < 25


def test_examples_are_spread_over_the_classes(tmp_path):
    manifest = load_manifest(DataSource(path="digits"))
    labels = manifest.table["label"].iloc[preview._spread(manifest, 20)]
    assert labels.value_counts().tolist() == [2] * 10


def test_without_augmentation_no_draws_are_shown(tmp_path):
    recipe = Recipe(data=DataSource(path="digits"))  # of a path alone, what suits the data is shown
    page = multicnn.preview(recipe, tmp_path / "page.html", examples=1).read_text()
    assert "epoch 1" not in page and "No augmentation is asked for" in page
    with pytest.raises(ValueError, match="wobble"):
        multicnn.preview(
            dataclasses.replace(Recipe(data=DataSource(path="digits")), augment={"wobble": 1}), tmp_path / "x"
        )
