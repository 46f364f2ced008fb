"""Values that mean nothing: refused in one line before a folder is made, so that the corrected call is not blocked."""

import json

import pytest

import multicnn
from multicnn import Recipe

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 2 * 10**9}, {"type": "dense", "units": 10}]
CASES = {
    # The recipe alone.
    "epochs=true": "not true or false",
    "batch_size=999999999999999999999999": "batch_size.*less than or equal to",
    "seed=4294967296": "seed.*4294967295",
    "seed=-1": "seed",
    "model=": "model.name",
    "model={}": "`model` must be given by its fields",
    "mixup=Infinity": "mixup.*finite",
    "cutmix=1e308": "cutmix",
    "label_smoothing=true": "label_smoothing",
    "patience=0": "patience",
    "optimizer.learning_rate=Infinity": "learning_rate.*finite",
    "optimizer.learning_rate=-1": "learning_rate",
    "optimizer.warmup_epochs=1e9": "warmup_epochs",
    "optimizer.weight_decay=NaN": "weight_decay.*finite",
    "learning_rate=0.1": r"no field 'learning_rate'; the nearest: optimizer\.learning_rate",
    "data.bad_limit=2": "bad_limit",
    "runtime.checkpoint_seconds=NaN": "checkpoint_seconds",
    'augment={"rotation": NaN}': "augment.*finite",
    "model.arguments.width=NaN": "arguments.*finite",
    'members=[{"seed": 1}, {"seed": NaN}]': "members.1.*finite",
    'members=[{"seed": 1}, {"epoch": 2}]': "no field 'epoch'",
    # What a recipe names.
    'initializer=["random_normal", {"stddev": "x"}]': "initializer.*stddev",
    'initializer=["random_normal", {"stddev": -1}]': "initializer.*stddev",
    'initializer=["variance_scaling", {"scale": NaN}]': "initializer.*finite",
    'regularizer=["l2", {"l2": -1}]': "regularizer.*non-negative",
    'loss=["focal", {"gamma": NaN}]': "loss.*finite",
    'loss=["focal", {"gamma": -5}]': "loss.gamma",
    'loss=["hinge", {"margin": 0}]': "loss.margin",
    'optimizer.arguments={"beta_1": 7}': "beta_1",
    'optimizer.arguments={"clipnorm": -1}': "clipnorm",
    'optimizer.schedule=["cosine", {"alpha": 2}]': "alpha",
    "devices=200": "devices",
    'model={"type": "dense", "units": 99999999999}': "units.*at most",
    'model={"type": "dense", "units": true}': "units",
    # The data decide what they can mean.
    "augment.shift=-5": "shift",
    "augment.shift=1000000": "shift.*under the sides",
    "augment.erase=5": "erase",
    "augment.brightness=-0.1": "brightness",
    "preprocess.mean=[]": "mean",
    "preprocess.mean=[0.5, 0.5]": "mean",
    "preprocess.std=[NaN]": "std",
    "preprocess.size=[1000000, 1000000]": "size.*pixels",
    "preprocess.size=[0, 8]": "size",
    "preprocess.siz=3": r"no field 'preprocess.siz'; the nearest: preprocess\.size",
    "preprocess.n_mels=3": "another modality has the field 'preprocess.n_mels'",
    "model=" + json.dumps({"type": "chain", "blocks": LAYERS}): "must fit into memory.* GB",
}


@pytest.mark.parametrize(("setting", "words"), CASES.items(), ids=str)
def test_a_value_that_means_nothing_is_refused_before_a_folder_is_made(setting, words, tmp_path):
    out = tmp_path / "new" / "run"
    recipe = Recipe(data={"path": "digits"}, model={"name": "linear"}, epochs=1)
    with pytest.raises(ValueError, match=words) as error:
        multicnn.train(recipe, out, settings=[setting])
    assert "Received: " in str(error.value) and "\n" not in str(error.value)
    assert not out.parent.exists()


@pytest.mark.parametrize(
    ("modality", "setting"),
    [
        ("audio", "seconds=NaN"),
        ("audio", "seconds=1e9"),
        ("audio", "sample_rate=true"),
        ("audio", "n_mels=1000000000"),
        ("audio", "fmin=-1"),
        ("audio", "std=0"),
        ("text", "length=0"),
        ("text", "length=1000000000"),
        ("text", "buckets=true"),
        ("text", "ngrams=[0, 3]"),
        ("text", "ngrams=[3, 1000000]"),
    ],
)
def test_the_preprocessing_of_each_modality_has_limits(modality, setting):
    with pytest.raises(ValueError, match=rf"{setting.partition('=')[0]}.*Received: "):
        Recipe().replaced([f"preprocess.{setting}"], modality)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Recipe(learning_rate=1),
        lambda: Recipe.from_dict({"learning_rate": 1}),
        lambda: multicnn.train("digits", learning_rate=1),
        lambda: Recipe().replaced(["learning_rate=1"]),
    ],
    ids=["class", "JSON", "keyword", "setting"],
)
def test_an_unknown_field_lists_the_nearest(make):
    with pytest.raises(ValueError, match=r"no field 'learning_rate'; the nearest: optimizer\.learning_rate") as error:
        make()
    assert type(error.value) is ValueError and "\n" not in str(error.value)
