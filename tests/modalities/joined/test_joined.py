"""Examples of several inputs: nothing of a missing one, the same bits everywhere, and random changes by seed alone."""

import json

import numpy as np
import pytest
import tensorflow as tf
from support import three_inputs

from multicnn.blocks import chain, dense, embed, flatten, global_max_pool, join, network
from multicnn.modalities import JoinedPreprocess, lookup
from multicnn.modalities.augmentation import augmentation
from multicnn.modalities.joined.augment_inputs import augment
from multicnn.models import create
from multicnn.recipe import Recipe, preprocess_from_dict, preprocess_to_dict

SMALL = {
    "image": lookup("image")(),
    "audio": lookup("audio")(sample_rate=4000, n_mels=8, n_fft=128),
    "text": lookup("text")(),
}
EACH = {"image": "linear", "audio": "linear", "text": "linear"}


def row(label, random):
    return {
        "image": three_inputs.picture(label, random),
        "audio": (three_inputs.tone(label, random), 4000),
        "text": f"the {three_inputs.WORDS[label]} one",
    }


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    return [row(i % 3, random) for i in range(12)]


@pytest.fixture(scope="module")
def fitted(rows):
    empty = JoinedPreprocess(inputs=SMALL)
    return empty.fit(empty.decode(each) for each in rows)


@pytest.fixture(scope="module")
def built(fitted):
    stem = fitted.stem(Recipe().replaced(["model.embedding.dims=4"]), [], str)
    return network(stem.block(create("late_fusion", 3, **EACH), 3), fitted.input_shape, dtype="float32")


def test_each_input_is_fitted_and_prepared_as_alone(fitted, rows):
    for name, part in SMALL.items():
        alone = part.fit(part.decode(each[name]) for each in rows)
        assert fitted.inputs[name] == alone
        stored = np.stack([alone.example(alone.decode(each[name])) for each in rows])
        joined = np.stack([fitted.example(fitted.decode(each)) for each in rows])
        np.testing.assert_array_equal(fitted.stored_of(name, joined), stored)
        start = 3 + sum(
            int(np.prod(fitted.inputs[other].input_shape)) for other in list(SMALL)[: list(SMALL).index(name)]
        )
        finished = alone.finish(stored).numpy().reshape(12, -1)
        np.testing.assert_array_equal(fitted.finish(joined).numpy()[:, start : start + finished.shape[1]], finished)


def test_a_missing_input_adds_exactly_nothing(fitted, built, rows):
    def logits(cells):
        return built(fitted.finish(fitted.example(fitted.decode(cells))[np.newaxis])).numpy()[0]

    each = {name: logits({name: cell}) for name, cell in rows[0].items()}
    for missing in rows[0]:
        others = [name for name in rows[0] if name != missing]
        given = {name: rows[0][name] for name in others}
        # what is added exactly is a sum of two float32
        np.testing.assert_array_equal(logits(given), each[others[0]] + each[others[1]])
        np.testing.assert_array_equal(logits({**given, missing: None}), logits(given))
    whole = fitted.finish(fitted.example(fitted.decode(rows[0]))[np.newaxis]).numpy()
    without = whole.copy()
    without[0, 0] = 0  # the image is marked as missing, and its values are no numbers
    without[0, 3 : 3 + 81] = np.nan
    np.testing.assert_array_equal(built(without).numpy()[0], each["audio"] + each["text"])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(built(tf.constant(whole * [[0] + [1] * (whole.shape[1] - 1)], tf.float32)))
    slopes = dict(zip([w.path for w in built.trainable_variables], tape.gradient(loss, built.trainable_variables)))
    assert all(not np.any(slope) for path, slope in slopes.items() if path.startswith("image"))


def test_what_stands_for_a_missing_cell(fitted, rows):
    alone = fitted.example(fitted.decode({"text": "red"}))
    for empty in (None, "", "  ", float("nan")):
        np.testing.assert_array_equal(fitted.example(fitted.decode({"image": empty, "text": "red"})), alone)
    for nothing in ({}, {"image": None, "text": ""}, "{}"):
        with pytest.raises(ValueError, match=r"^no input$"):
            fitted.decode(nothing)
    with pytest.raises(ValueError, match="no input 'smell': they are image, audio, text"):
        fitted.decode({"smell": 1, "text": "red"})
    with pytest.raises(ValueError, match="no row of inputs"):
        fitted.decode("red")


def test_a_bad_input_leaves_the_others(fitted):
    raw = fitted.decode({"image": b"\x89PNG\r\n\x1a\nno", "text": "red"})
    assert list(raw.decoded) == ["text"] and list(raw.problems) == ["image"]
    with pytest.raises(ValueError, match=r"^image: "):
        fitted.decode({"image": b"\x89PNG\r\n\x1a\nno"})


def test_an_input_that_no_example_has_is_left_out(rows):
    empty = JoinedPreprocess(inputs=SMALL)
    two = empty.fit(empty.decode({"image": each["image"], "text": each["text"]}) for each in rows)
    assert two.input_names == ("image", "text")
    stem = two.stem(Recipe(), [], str)
    assert network(stem.block(create("late_fusion", 3, **EACH), 3), two.input_shape).output_shape == (None, 3)
    with pytest.raises(ValueError, match="at least one training example"):
        empty.fit([])


def test_it_goes_through_json(fitted):
    data = json.loads(json.dumps(preprocess_to_dict(fitted)))
    assert preprocess_from_dict(data) == fitted
    recipe = Recipe(preprocess=JoinedPreprocess())
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    with pytest.raises(ValueError, match=r"named by their modality. Received: inputs="):
        JoinedPreprocess(inputs={"audio": lookup("image")()})


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_inputs_are_dropped_by_seed_and_one_stays(share):
    random = np.random.default_rng(0)
    given = random.random((4000, 3)) < 0.7
    given[~given.any(axis=1), 0] = True
    batch = np.concatenate([given, np.arange(8000).reshape(4000, 2)], axis=1).astype(np.float32)
    seeds = np.stack([np.full(4000, 7), np.arange(4000)], axis=1)
    kept = augment(batch, seeds, 3, drop_inputs=share).numpy()
    np.testing.assert_array_equal(kept[:, 3:], batch[:, 3:])
    kept = kept[:, :3] > 0
    assert kept.any(axis=1).all() and not (kept & ~given).any()
    dropped = 1 - kept.sum() / given.sum()
    # one of g given inputs stays where all would go: of 3 with a share of .9 a third of what is left of that case
    expected = np.mean([share - share**g / g for g in given.sum(axis=1)] * given.sum(axis=1)) / given.sum(axis=1).mean()
    assert abs(dropped - expected) < 0.02
    order = random.permutation(4000)
    again = augment(batch[order], seeds[order], 3, drop_inputs=share).numpy()[:, :3] > 0
    np.testing.assert_array_equal(again, kept[order])


def test_the_changes_of_each_input_are_those_that_it_has_alone(fitted, rows):
    settings = {
        "image_shift": 2,
        "audio_time_mask": 3,
        "text_word_dropout": 0.5,
        "image_brightness": 0.3,
        "audio_gain_db": 6.0,
    }
    random_changes = augmentation(fitted, settings)
    seeds = np.stack([np.full(12, 5), np.arange(12)], axis=1)
    stored = np.stack([random_changes.stored.example(random_changes.stored.decode(each)) for each in rows])
    changed = random_changes.after(random_changes.stored.finish(random_changes.before(stored, seeds)), seeds).numpy()
    start = 3
    for name, part in fitted.inputs.items():
        own = {key.removeprefix(f"{name}_"): value for key, value in settings.items() if key.startswith(f"{name}_")}
        alone = augmentation(part, own)
        batch = np.stack([alone.stored.example(alone.stored.decode(each[name])) for each in rows])
        batch = alone.stored.finish(batch if alone.before is None else alone.before(batch, seeds))
        expected = alone.after(batch, seeds).numpy().reshape(12, -1)
        np.testing.assert_allclose(changed[:, start : start + expected.shape[1]], expected, atol=1e-5)
        start += expected.shape[1]
    with pytest.raises(ValueError, match=r"augment.shift=2"):
        augmentation(fitted, {"shift": 2})


def test_join_passes_the_dtype_of_each_input_on():
    net = join({"words": chain(embed(5, 3), global_max_pool(), dense(2)), "pixels": chain(flatten(), dense(2))}, "add")
    built = network(chain(net, dense(2)), {"words": (4,), "pixels": (3, 3, 1)})
    assert {each.name: each.dtype for each in built.inputs} == {"words": "int32", "pixels": "float32"}


def test_a_model_that_cannot_be_joined_is_refused_in_a_line(fitted):
    stem = fitted.stem(Recipe(), [], str)
    with pytest.raises(ValueError, match=r"must begin with join of the inputs .* Received: chain"):
        stem.block(create("linear", 3), 3)
    with pytest.raises(ValueError, match="must have a Block for the input 'text'"):
        stem.block(join({"image": dense(3), "audio": dense(3)}, "add"), 3)
