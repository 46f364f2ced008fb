"""Adagrad as published, and the recipes of before, which mean Keras's."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from multicnn.recipe import Optimizer, Recipe
from multicnn.training import run_folder
from multicnn.training.optimizers.factory import make

SIZES = np.array([1e-18, 1e-9, 1e-4, 1.0, 1e4, 1e18])
BY_KERAS = {**Optimizer(name="adagrad").__dict__, "arguments": {}}  # as it was saved


def moves(optimizer, gradients):
    """The steps that a weight at 0 takes."""
    weight = keras.Variable(np.zeros(np.shape(gradients)[1:]), dtype="float32")
    optimizer.build([weight])
    ends = [np.zeros(weight.shape)]
    for gradient in gradients:
        optimizer.apply([ops.convert_to_tensor(np.asarray(gradient, "float32"))])
        ends.append(ops.convert_to_numpy(weight).copy())
    return np.diff(ends, axis=0)


def test_the_first_step_is_the_rate_whatever_the_gradient():
    gradients = np.concatenate([SIZES, -SIZES, [0.0]])
    (step,) = moves(make(Optimizer(name="adagrad", learning_rate=0.3), 1, 1), [gradients])
    np.testing.assert_allclose(step, -0.3 * np.sign(gradients), rtol=1e-6)


def test_scaling_the_loss_changes_nothing_and_a_late_gradient_begins_with_the_rate():
    gradients = np.random.default_rng(0).normal(size=(20, 5))
    gradients[:10, 0] = 0
    ours = moves(make(Optimizer(name="adagrad"), 1, 1), gradients)
    np.testing.assert_allclose(ours, moves(make(Optimizer(name="adagrad"), 1, 1), 1024 * gradients), atol=1e-8)
    np.testing.assert_allclose(np.abs(ours[10, 0]), 0.01, rtol=1e-6)
    sums = np.cumsum(gradients**2, axis=0)
    np.testing.assert_allclose(ours, -0.01 * gradients / np.sqrt(np.where(sums > 0, sums, 1)), atol=1e-8)


def test_kerass_has_a_name_of_its_own():
    gradients = np.random.default_rng(0).normal(size=(5, 50)) * np.logspace(-6, 3, 50)
    theirs = moves(make(Optimizer(name="keras_adagrad"), 1, 1), gradients)
    np.testing.assert_array_equal(theirs, moves(keras.optimizers.Adagrad(0.01), gradients))
    sums = 0.1 + 1e-7 + np.cumsum(gradients**2, axis=0)
    np.testing.assert_allclose(theirs, -0.01 * gradients / np.sqrt(sums), atol=1e-7)


def test_a_word_that_occurs_twice_moves_by_the_rate():
    table = keras.layers.Embedding(5, 2)
    model = keras.Sequential([keras.Input((3,), dtype="int32"), table])
    optimizer = make(Optimizer(name="adagrad", learning_rate=0.1), 1, 1)
    model.compile(optimizer, "mse", run_eagerly=keras.backend.backend() == "tensorflow")
    before = table.get_weights()[0]
    model.train_on_batch(np.array([[1, 1, 3]]), np.full((1, 3, 2), 9.0))
    change = table.get_weights()[0] - before
    np.testing.assert_allclose(change, 0.1 * np.isin(np.arange(5), [1, 3])[:, None] * np.ones((5, 2)), rtol=1e-4)


@pytest.mark.parametrize("name", ["adagrad", "Adagrad"])
def test_a_recipe_saved_before_means_kerass(name):
    saved = Recipe().to_dict() | {"optimizer": BY_KERAS | {"name": name, "arguments": {"clipnorm": 1.0}}}
    recipe = Recipe.from_dict(json.loads(json.dumps(saved)))
    assert recipe.optimizer == Optimizer(name="keras_adagrad", arguments={"clipnorm": 1.0})
    again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    assert again == recipe and Recipe(**recipe.to_dict()) == recipe
    assert recipe.replaced(["epochs=3"]).optimizer == recipe.optimizer
    assert recipe.replaced(["optimizer.name=adam"]).optimizer.arguments == {"clipnorm": 1.0}


MADE_NOW = {
    "in Python": lambda: Recipe(optimizer=Optimizer(name="adagrad")),
    "by hand": lambda: Recipe.from_dict({"optimizer": {"name": "adagrad"}}),
    "by --set": lambda: Recipe().replaced(["optimizer.name=adagrad"]),
    "of a member": lambda: Recipe(members=({"optimizer.name": "adagrad"},)).member(0),
    "saved": lambda: Recipe.from_dict(json.loads(json.dumps(Recipe(optimizer=Optimizer(name="adagrad")).to_dict()))),
}


@pytest.mark.parametrize("recipe", MADE_NOW.values(), ids=MADE_NOW)
def test_a_recipe_of_today_means_the_published_one(recipe):
    assert recipe().optimizer == Optimizer(name="adagrad")


def test_a_run_started_before_resumes_with_kerass_and_refuses_the_other_by_name(tmp_path):
    saved = Recipe().to_dict() | {"optimizer": BY_KERAS}
    (tmp_path / "recipe.json").write_text(json.dumps(saved))
    started = run_folder.saved_recipe(tmp_path)
    assert type(make(started.optimizer, 1, 1)) is keras.optimizers.Adagrad
    run_folder.check_recipe(saved, started.to_dict(), tmp_path)  # as its checkpoints are compared with it
    with pytest.raises(ValueError, match=r"optimizer\.name was 'keras_adagrad', now 'adagrad'"):
        run_folder.check_saved(tmp_path, Recipe(optimizer=Optimizer(name="adagrad")))


def test_only_adagrad_has_a_format():
    assert "format" not in Recipe().to_dict()["optimizer"]
    assert (
        "format"
        not in Recipe(optimizer=Optimizer(name="adagrad")).replaced(["optimizer.name=adam"]).to_dict()["optimizer"]
    )
    with pytest.raises(ValueError, match=r"Received: optimizer\.format=3"):
        Recipe.from_dict({"optimizer": {"name": "adagrad", "format": 3}})
