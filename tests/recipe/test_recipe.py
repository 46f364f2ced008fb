"""Recipes: plain data, checked and typed."""

import json

import pytest

from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.recipe import DataSource, Model, Optimizer, Recipe

RECIPES = {
    "default": Recipe(),
    "named": Recipe(
        data=DataSource(path="photos"), model=Model(name="resnet20", arguments={"width": 8}), augment={"mirror": True}
    ),
    "audio": Recipe(preprocess=AudioPreprocess(sample_rate=8000, n_mels=64), optimizer=Optimizer(schedule="cosine")),
    "block": Recipe(model=Model(name={"type": "dense", "units": 3})),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_recipes_go_through_json(recipe):
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("epochs=5", lambda r: r.epochs, 5),
        ("optimizer.learning_rate=0.1", lambda r: r.optimizer.learning_rate, 0.1),
        ("preprocess.n_mels=64", lambda r: r.preprocess.n_mels, 64),
        ("model.name=res15", lambda r: r.model.name, "res15"),
        ("model.arguments.width=3", lambda r: r.model.arguments, {"width": 3}),
        ("patience=null", lambda r: r.patience, None),
        ("data.pattern=(?P<label>a)=b", lambda r: r.data.pattern, "(?P<label>a)=b"),
        ("class_weights=true", lambda r: r.class_weights, True),
        ("loss=hinge", lambda r: r.loss, "hinge"),
        ('optimizer.schedule=["step", {"at": [0.3]}]', lambda r: r.optimizer.schedule, ("step", {"at": [0.3]})),
    ],
)
def test_settings_change_a_field(setting, field, value):
    changed = Recipe(patience=3).replaced([setting], "audio")
    assert field(changed) == value
    assert type(field(changed)) is type(value)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("epochs", "field=value"),
        ("epochs=0", "epochs"),
        ("epochs=many", "epochs"),
        ("epoch=3", "no field 'epoch'"),
        ("optimizer.rate=3", "no field 'optimizer.rate'"),
        ("runtime.precision=float8", "runtime.precision"),
        ("nothing.at.all=1", "no field 'nothing.at.all'"),
        ("preprocess.n_mel=3", "n_mel"),
        ("optimizer=adam", "optimizer"),
    ],
)
def test_settings_that_do_not_fit_are_one_clear_line(setting, words):
    with pytest.raises(ValueError, match="Received") as error:
        Recipe().replaced([setting], "audio")
    assert words in str(error.value)
    assert "\n" not in str(error.value)
