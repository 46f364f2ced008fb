"""Every recipe of pipelines/ says how it is run and what was measured, and trains on a built-in data set."""

import runpy
from pathlib import Path

import pytest
from support import squares
from support.three_inputs import write_table

import multicnn
from multicnn.recipe import Recipe

PIPELINES = sorted((Path(__file__).parents[1] / "pipelines").glob("*.py"))
# The recipe's own data set is not here: a built-in one of its modality, and a narrower network, to be quick.
SMALL = {
    "bccd_fcos": ["preprocess.size=[40,64]", "model.arguments.width=4", "augment.shift=2"],
    "cifar10": [
        "data.path=digits",
        "preprocess.size=[28,28]",
        "preprocess.channels=1",
        "model.arguments.width=4",
        "batch_size=64",
    ],
    "esc10_res8": [
        "data.path=spoken_digits",
        "data.test_fraction=0.2",
        "preprocess.seconds=0.7",
        "model.arguments.maps=4",
        "augment.time_mask=2",
        "augment.time_shift=2",
    ],
    "mnist_adversarial": ["data.path=digits", "preprocess.size=[28,28]", "adversarial=0.1"],
    "mnist_lenet5": ["data.path=digits", "preprocess.size=[28,28]"],
    "sentences_ensemble": [
        "data.path=docstrings",
        "model.arguments.filters=4",
        "model.embedding.vectors=cbow",
        "model.embedding.dims=8",
        'members=[{}, {"model.name": "linear", "model.arguments": {"pooled": true}}]',
    ],
    "sentences_textcnn": [
        "data.path=docstrings",
        "data.test=null",
        "model.arguments.filters=4",
        "model.embedding.dims=8",
    ],
    "sentences_textcnn_glove": [
        "data.path=docstrings",
        "data.test=null",
        "model.arguments.filters=4",
        "model.embedding.vectors=cbow",
        "model.embedding.dims=8",
    ],
    "sentences_textcnn_word2vec": [
        "data.path=docstrings",
        "data.test=null",
        "model.arguments.filters=4",
        "model.embedding.dims=8",
        "model.embedding.passes=1",
    ],
    "speakers_vgg": [
        "data.path=spoken_digits",
        "data.pattern=null",
        "data.test_fraction=0.2",
        "model.arguments.width=4",
    ],
    "speech_filters": ["data.path=spoken_digits", "data.pattern=null"],
    "speech_res8": ["data.path=spoken_digits", "data.pattern=null", "model.arguments.maps=4"],
    "three_digits": [
        "data.image_column=photo",
        "data.audio_column=voice",
        "data.text_column=words",
        "preprocess.inputs.audio.seconds=0.2",
    ],
    "trec_char_cnn": [
        "data.path=docstrings",
        "data.test=null",
        "preprocess.length=123",
        "model.arguments.filters=4",
        "model.arguments.units=8",
    ],
    "trec_dcnn": ["data.path=docstrings", "data.test=null", "model.embedding.vectors=cbow", "model.embedding.dims=8"],
    "trec_textcnn": ["data.path=docstrings", "data.test=null", "model.arguments.filters=4", "model.embedding.dims=8"],
}

# Those for which there is no built-in data set.
MADE = {"bccd_fcos": squares.write}

SLOW = {"bccd_fcos", "cifar10", "mnist_adversarial", "speech_filters", "three_digits", "trec_char_cnn"}

# How to run it, on what hardware and software it was measured, and what the result is compared with.
HEADER = ("multicnn train", "measured", " core", "tensorflow", "linear baseline", "published:")


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=pytest.mark.slow if path.stem in SLOW else ()) for path in PIPELINES],
)
def test_a_recipe_trains(path, tmp_path):
    module = runpy.run_path(str(path))
    for words in HEADER:
        assert words in module["__doc__"].lower()
    recipe = module["recipe"]
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    settings = ["epochs=1", *SMALL[path.stem]]
    if recipe.data.image_column:  # there is no such built-in set
        settings.append(f"data.path={write_table(tmp_path)}")
    if path.stem in MADE:
        settings.append(f"data.path={MADE[path.stem](tmp_path / 'made')}")
    predictor = multicnn.train(recipe, tmp_path / "run", settings=settings)
    assert predictor.metrics["model"] == ("ensemble" if recipe.members else recipe.model.name)
    folders = [f"member-{i + 1}" for i in range(len(recipe.members))] or ["."]
    assert all((tmp_path / "run" / folder / "report.html").exists() for folder in folders)
