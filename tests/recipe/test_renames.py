"""Fields under the names that they once had mean the same, wherever they are given."""

import dataclasses
import json

import pytest

from multicnn.recipe import DataSource, Embedding, Model, Recipe, Runtime
from multicnn.training.setup import recipe_for

NETWORK = {"type": "dense", "units": 3}
# The field as it was called, a value, and the recipe of today that is meant.
FIELDS = {
    "model": ("resnet20", Recipe(model=Model(name="resnet20"))),
    "model of code": ("model", "own.py:net", Recipe(model=Model(name="own.py:net"))),
    "model as a block": ("model", NETWORK, Recipe(model=Model(name=NETWORK))),
    "no model": ("model", None, Recipe()),
    "arguments": ({"width": 8}, Recipe(model=Model(arguments={"width": 8}))),
    "initializer": (
        ["random_normal", {"stddev": 0.1}],
        Recipe(model=Model(initializer=("random_normal", {"stddev": 0.1}))),
    ),
    "regularizer": ("l2", Recipe(model=Model(regularizer="l2"))),
    "embedding": ({"dropout": 0.3}, Recipe(model=Model(embedding=Embedding(dropout=0.3)))),
    "embedding_dims": (8, Recipe(model=Model(embedding=Embedding(dims=8)))),
    "precision": ("float32", Recipe(runtime=Runtime(precision="float32"))),
    "jit_compile": (True, Recipe(runtime=Runtime(jit_compile=True))),
    "devices": (2, Recipe(runtime=Runtime(devices=2))),
    "checkpoint_seconds": (5.5, Recipe(runtime=Runtime(checkpoint_seconds=5.5))),
    "checkpoint_steps": (3, Recipe(runtime=Runtime(checkpoint_steps=3))),
    "tensorboard": (True, Recipe(runtime=Runtime(tensorboard=True))),
    "bad_limit": (0.5, Recipe(data=DataSource(bad_limit=0.5))),
}
FIELDS = {case: each if len(each) == 3 else (case, *each) for case, each in FIELDS.items()}
ROUTES = {
    "keyword": lambda name, value: Recipe(**{name: value}),
    "replace": lambda name, value: dataclasses.replace(Recipe(), **{name: value}),
    "field of train": lambda name, value: recipe_for(Recipe(), {name: value}),
    "file": lambda name, value: Recipe.from_dict(json.loads(json.dumps({name: value}))),
    "setting": lambda name, value: Recipe().replaced([f"{name}={json.dumps(value)}"]),
    # which is trained without a baseline
    "member": lambda name, value: dataclasses.replace(Recipe(members=({name: value}, {})).member(0), baseline="blend"),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("case", FIELDS)
def test_a_name_of_before_means_the_field_of_today(case, route):
    name, value, expected = FIELDS[case]
    assert ROUTES[route](name, value) == expected


def test_the_recipe_of_an_old_run_is_read_whole():
    old = {
        "data": {"path": "texts.csv", "sense": "text"},
        "preprocess": {"sense": "text", "length": 9},
        "model": "textcnn",
        "arguments": {"filters": 4},
        "initializer": None,
        "regularizer": ["l2", {"l2": 0.1}],
        "embedding": {"kind": "rand", "vectors": None, "format": None, "length": None, "dropout": 0.2, "ngrams": 2},
        "embedding_dims": 50,
        "precision": "float32",
        "jit_compile": False,
        "devices": 1,
        "checkpoint_seconds": 60,
        "checkpoint_steps": None,
        "tensorboard": False,
        "bad_limit": 0.2,
        "members": [{}, {"model": "linear", "arguments": {"pooled": True}, "precision": "auto"}],
    }
    before, recipe = json.loads(json.dumps(old)), Recipe.from_dict(old)
    assert old == before
    assert (recipe.data.modality, recipe.preprocess.length, recipe.data.bad_limit) == ("text", 9, 0.2)
    assert recipe.model == Model(
        name="textcnn",
        arguments={"filters": 4},
        regularizer=("l2", {"l2": 0.1}),
        embedding=Embedding(kind="rand", dims=50, dropout=0.2, ngrams=2),
    )
    assert recipe.runtime == Runtime(precision="float32", jit_compile=False)
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    second = recipe.member(1)
    assert (second.model.name, second.model.arguments, second.runtime.precision) == ("linear", {"pooled": True}, "auto")
    assert second.model.embedding == recipe.model.embedding


def test_members_are_the_same_under_either_name():
    changes = {"model": "linear", "arguments.width": 8, "precision": "float32"}
    today = {"model.name": "linear", "model.arguments.width": 8, "runtime.precision": "float32"}
    assert Recipe(members=({}, changes)) == Recipe(members=({}, today))


WHOLE = Recipe(
    model=Model(name="textcnn", arguments={"width": 8}, embedding=Embedding(dims=50, dropout=0.1)),
    runtime=Runtime(devices=2),
)


def test_a_field_of_before_wins_over_its_group_and_leaves_the_rest():
    changed = dataclasses.replace(WHOLE, precision="float32", arguments={"width": 4}, embedding_dims=8)
    assert changed.runtime == Runtime(devices=2, precision="float32")
    assert changed.model == Model(name="textcnn", arguments={"width": 4}, embedding=Embedding(dims=8, dropout=0.1))
    assert recipe_for(WHOLE, {"model": "dcnn"}).model == dataclasses.replace(WHOLE.model, name="dcnn")
    assert WHOLE.replaced(["model=dcnn"]).model == dataclasses.replace(WHOLE.model, name="dcnn")


def test_an_embedding_of_before_had_no_size():
    expected = Embedding(kind="one_hot", dims=50)
    for changed in (
        dataclasses.replace(WHOLE, embedding={"kind": "one_hot"}),
        WHOLE.replaced(['embedding={"kind": "one_hot"}']),
        dataclasses.replace(WHOLE, members=({"embedding": {"kind": "one_hot"}}, {})).member(0),
    ):
        assert changed.model.embedding == expected
    assert WHOLE.replaced(['model.embedding={"kind": "one_hot"}']).model.embedding == Embedding(kind="one_hot")


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ({"precision": "float8"}, "`runtime.precision`: .*Received: runtime.precision='float8'"),
        ({"embedding": {"kind": "glove"}}, "Received: model.embedding.kind='glove'"),
        ({"embedding": {"size": 3}}, "a recipe has no field 'model.embedding.size'"),
        ({"bad_limit": 2}, "Received: data.bad_limit=2"),
        ({"model": 7, "arguments": {}}, "`model`: .*Received: model=7"),
        ({"model": {"nam": "x"}}, "a recipe has no field 'model.nam'"),
    ],
)
def test_what_does_not_fit_is_named_as_today(old, message):
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict(old)
