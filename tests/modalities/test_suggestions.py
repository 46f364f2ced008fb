"""What is chosen where nothing is asked for."""

import numpy as np
import pytest

from multicnn.modalities import AudioPreprocess, ImagePreprocess, TextPreprocess
from multicnn.modalities.suggestions import TABLE
from multicnn.recipe import Recipe

IMAGES = [(np.zeros((28, 28, 1), np.uint8), "a")]
CLIPS = [(np.zeros(16000, np.float32), "a")]
SIZES = (1, 20, 200, 500, 501, 5_000, 50_000, 10**6)


@pytest.mark.parametrize(
    ("preprocess", "looked_at"),
    [(ImagePreprocess(), IMAGES), (AudioPreprocess(), CLIPS), (TextPreprocess(), [("a text", "a")])],
)
def test_every_number_of_examples_has_a_recipe_of_enough_steps_and_not_too_many(preprocess, looked_at):
    epochs = []
    for examples in SIZES:
        settings, of_model = preprocess.suggested(looked_at, examples)
        both = settings | of_model
        made = Recipe(preprocess=preprocess).replaced([f"{name}={_json(value)}" for name, value in both.items()])
        steps = made.epochs * -(-examples // made.batch_size)
        epochs.append(made.epochs)
        assert made.epochs >= 3 and (steps >= 290 or made.epochs >= 30)
        assert steps <= 13_000 or made.epochs <= 5
    assert epochs[0] > 4 * epochs[-1]


def test_the_rows_of_the_table_rise_and_the_last_has_no_end():
    for rows in TABLE.values():
        most = [row.most for row in rows]
        assert most == sorted(set(most)) and most[-1] == float("inf")


@pytest.mark.parametrize(
    ("shape", "shift", "of_model"),
    [
        ((8, 8, 1), 1, {}),
        ((28, 28, 1), 2, {}),
        ((32, 40, 3), 3, {}),
        ((300, 200, 3), 5, {"preprocess.size": [96, 64]}),
        ((5, 6, 1), 1, {"model.name": "mlp"}),
        ((1, 1, 1), None, {"model.name": "mlp"}),
    ],
)
def test_images_are_shifted_a_little(shape, shift, of_model):
    settings, found = ImagePreprocess().suggested([(np.zeros(shape, np.uint8), "a")], 1000)
    assert settings.get("augment.shift") == shift
    assert not any(name.startswith("augment.") and name != "augment.shift" for name in settings)
    assert {name: value for name, value in found.items() if not name.startswith("optimizer.")} == of_model


def test_a_size_that_was_given_stays():
    settings, of_model = ImagePreprocess(size=(240, 240)).suggested(IMAGES, 1000)
    assert settings["augment.shift"] == 20 and "preprocess.size" not in of_model


@pytest.mark.parametrize(
    ("fields", "augment"),
    [
        ({}, {"time_shift": 10, "time_mask": 10, "frequency_mask": 5}),
        ({"seconds": 2.0, "n_mels": 64}, {"time_shift": 20, "time_mask": 20, "frequency_mask": 8}),
        ({"features": "mfcc"}, {"time_shift": 10, "time_mask": 10}),
        ({"features": "waveform"}, {}),
    ],
)
def test_clips_are_shifted_and_masked_by_their_usual_length(fields, augment):
    clips = [*CLIPS * 4, (np.zeros(160_000, np.float32), "a")]
    settings, _ = AudioPreprocess(**fields).suggested(clips, 1000)
    assert {name: value for name, value in settings.items() if name.startswith("augment.")} == {
        f"augment.{name}": value for name, value in augment.items()
    }


def test_the_level_of_a_clip_does_not_matter_where_features_are_in_decibels():
    for features, top_db in (("log_mel", 80), ("cqt", 80), ("pcen", None), ("waveform", None)):
        assert AudioPreprocess(features=features).suggested(CLIPS, 1000)[0].get("preprocess.top_db") == top_db


def test_an_own_batch_size_decides_the_epochs():
    epochs = [ImagePreprocess().suggested(IMAGES, 2000, size)[0]["epochs"] for size in (8, 32, 128)]
    assert epochs == sorted(epochs) and epochs[0] < epochs[-1]
    assert ImagePreprocess().suggested(IMAGES, 2000, 128)[0]["batch_size"] == 128


def _json(value):
    import json

    return json.dumps(value)
