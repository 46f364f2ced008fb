"""From what a caller says to a recipe, a manifest and a folder."""

import pytest

from multicnn.recipe import DataSource, Recipe
from multicnn.training import setup


@pytest.mark.parametrize(
    ("data", "fields", "said"),
    [
        ("digits", {"epoch": 1}, "a recipe has no field 'epoch'"),
        (Recipe(), {"epoch": 1}, "a recipe has no field 'epoch'"),
        ("digits", {"epochs": "x"}, "`epochs`: .*Received: epochs='x'"),
        (Recipe(), {"epochs": 0}, "`epochs`: .*Received: epochs=0"),
    ],
)
def test_wrong_fields_are_one_line(data, fields, said):
    with pytest.raises(ValueError, match=said) as error:
        setup.recipe_for(data, fields)
    assert type(error.value) is ValueError and "\n" not in str(error.value)


def test_settings_and_fields_change_the_recipe():
    recipe, manifest = setup.settled("digits", ["optimizer.learning_rate=0.5", "augment.mirror=true"], {"epochs": 3})
    assert (recipe.epochs, recipe.optimizer.learning_rate, recipe.augment) == (3, 0.5, {"mirror": True, "shift": 1})
    assert manifest.modality == "image"


def test_no_run_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = Recipe(data=DataSource(path="tfds:mnist"))
    assert setup.new_folder(None, recipe).match("runs/mnist-*")
    assert setup.new_folder(tmp_path / "new", recipe) == tmp_path / "new"
    (tmp_path / "file").touch()
    for taken in (tmp_path, tmp_path / "file"):
        with pytest.raises(ValueError, match="`out` must be a new or empty folder"):
            setup.new_folder(taken, recipe)


def test_one_setting_alone_is_no_list_of_them():
    with pytest.raises(ValueError, match="`settings` must be a list"):
        setup.settled("digits", "epochs=3", {})
