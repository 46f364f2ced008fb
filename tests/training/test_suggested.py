"""What is chosen for data that come without a recipe, under what was asked for."""

import numpy as np
import pytest

from multicnn.recipe import DataSource, Recipe
from multicnn.recipe.renames import changed
from multicnn.training.setup import settled

X = np.random.default_rng(0).integers(0, 255, (60, 28, 28), dtype=np.uint8)
Y = np.array(["dark", "light"] * 30)


@pytest.fixture
def table(tmp_path):
    """Return a small table of texts."""
    path = tmp_path / "t.csv"
    path.write_text("text,label\n" + "".join(f"words number {i},{'ab'[i % 2]}\n" for i in range(60)))
    return path


def chosen(*settings, data=(X, Y), started=None, **fields):
    recipe, manifest = settled(data, settings, fields, started=started)
    return recipe, [manifest.chosen] if manifest.chosen else []


def test_data_get_what_suits_them_and_a_line_names_it():
    recipe, lines = chosen()
    plain = Recipe()
    assert recipe.epochs > plain.epochs and recipe.batch_size < plain.batch_size and recipe.augment == {"shift": 2}
    assert len(lines) == 1 and "vgg_small" in lines[0] and f"epochs {recipe.epochs}" in lines[0]
    assert "change with --set" in lines[0] and "shift 2" in lines[0]


def test_a_recipe_means_what_it_says(table):
    asked = Recipe(data=DataSource(path=str(table)))
    assert chosen(data=asked) == (asked, [])
    again, lines = chosen(data=table)
    assert again != asked and lines
    assert chosen(data=Recipe.from_dict(again.to_dict())) == (again, [])  # recipe.json, run again


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        (["epochs=3"], {}),
        ([], {"epochs": 3}),
        (["augment.mirror=true"], {}),
        (["augment={}"], {}),
        (["optimizer.schedule=constant"], {}),
        (["optimizer.name=rprop"], {}),
        (["model=linear"], {}),
        ([], {"model": "linear"}),
        (["loss=hinge"], {}),
        (["cutmix=1"], {}),
        (["preprocess.size=[20,20]"], {}),
        (["batch_size=7"], {}),
        ([], {"members": [{"seed": 1}, {"model": "linear"}]}),
    ],
)
def test_what_is_asked_for_stands_and_the_rest_is_chosen(settings, fields):
    recipe, lines = chosen(*settings, **fields)
    asked = Recipe(**changed(vars(Recipe()), fields)).replaced(settings, "image").to_dict()
    for name in [each.partition("=")[0] for each in settings] + list(fields):
        name = {"model": "model.name"}.get(name, name)
        if name != "augment.mirror":
            assert value(recipe.to_dict(), name) == value(asked, name)
    assert recipe.label_smoothing == (0.0 if "loss=hinge" in settings else 0.1) and len(lines) == 1
    if "augment.mirror=true" in settings:
        assert recipe.augment == {"mirror": True, "shift": 2}


def value(data, name):
    for part in name.split("."):
        data = data[part]
    return data


def test_another_network_has_the_usual_rate_of_its_optimizer():
    assert chosen()[0].optimizer.learning_rate is not None
    assert chosen(model="resnet20")[0].optimizer.learning_rate is None


def test_several_labels_are_not_mixed(tmp_path):
    lines = ["text,label", *(f"{word} text {i},{word}|b" for i in range(20) for word in ("a", "c"))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    recipe, _ = chosen("data.label_separator=|", data=tmp_path / "t.csv")
    assert recipe.mixup == 0 and recipe.epochs != Recipe().epochs


def test_pretrained_weights_have_a_recipe_of_their_own(tmp_path):
    recipe, lines = chosen("start.path=weights.npz", "start.finetune=off")
    assert recipe.augment == {} and recipe.label_smoothing == 0 and not lines
    np.savez(tmp_path / "weights.npz", **{"conv/kernel": np.zeros((3, 3))})
    recipe, lines = chosen(f"start.path={tmp_path / 'weights.npz'}", "model=lenet5")
    plain, _ = chosen("model=lenet5")
    assert recipe.start.finetune == "gradual" and recipe.augment == plain.augment != {}
    assert recipe.optimizer != plain.optimizer and "fine-tuning" in lines[0]


def test_a_run_that_was_started_without_goes_on_without(table):
    new, _ = chosen(data=table)
    old = Recipe(data=DataSource(path=str(table)))
    assert chosen(data=table, started=new)[0] == new
    assert chosen(data=table, started=old) == (old, [])


def test_data_named_again_resume_the_recorded_recipe(table, tmp_path):
    started, _ = chosen("epochs=2", data=table)
    assert chosen(data=table, started=started)[0] == started
    again, _ = chosen("batch_size=3", data=table, started=started)
    assert (again.epochs, again.batch_size) == (2, 3)  # what differs by a setting is refused by its name
    moved = table.rename(tmp_path / "moved.csv")
    assert chosen(data=moved, started=started)[0].replaced([f"data.path={table}"]) == started
    source = DataSource(path=str(moved), text_column="text")
    assert chosen(data=source, started=started)[0].data == source
