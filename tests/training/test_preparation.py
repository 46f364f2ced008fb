"""What is prepared serves anybody's own Keras loop, and is what `train` would learn from."""

import keras
import numpy as np
import pytest
from PIL import Image

import multicnn
from multicnn.data import pipeline

PLAIN = {  # networks of plain Keras on what is prepared
    "digits": lambda prepared: [keras.layers.Flatten()],
    "spoken_digits": lambda prepared: [keras.layers.Flatten()],
    "docstrings": lambda prepared: [
        keras.layers.Embedding(prepared.preprocess.vocabulary_size, 16),
        keras.layers.GlobalAveragePooling1D(),
    ],
}
AUGMENT = {"digits": {"shift": 1}, "spoken_digits": {"gain_db": 3, "time_mask": 4}, "docstrings": {"word_dropout": 0.1}}


@pytest.fixture(scope="module", params=PLAIN)
def prepared(request):
    return request.param, multicnn.prepare(request.param, augment=AUGMENT[request.param], batch_size=16, seed=3)


def batches_of(data):
    return [(x.numpy(), y.numpy()) for x, y in data]


def same(ours, theirs):
    for (x, y), (a, b) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(x, a)
        np.testing.assert_array_equal(y, b)


def test_plain_keras_fits_on_it(prepared):
    name, prepared = prepared
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input(prepared.input_shape), *PLAIN[name](prepared), keras.layers.Dense(len(prepared.labels))]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
    train, val = prepared.dataset("train"), prepared.dataset("val")
    history = model.fit(train, validation_data=val, epochs=6, shuffle=False, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_accuracy"][-1] > 1.5 / len(prepared.labels)


def test_each_iteration_is_the_next_epoch_of_a_training(prepared):
    _, prepared = prepared
    data, again = prepared.dataset("train"), prepared.dataset("train")
    first, second = batches_of(data), batches_of(data)
    same(first, batches_of(again))
    same(second, batches_of(again))
    same(second, batches_of(pipeline.batches(prepared.batches_of("train"), epoch=1)))
    assert any(x.shape != a.shape or (x != a).any() for (x, _), (a, _) in zip(first, second, strict=True))
    rows = prepared.manifest.rows("train")
    assert sorted(np.concatenate([y for _, y in first])) == sorted(prepared.manifest.targets(rows))


@pytest.mark.parametrize("split", ["val", "test"])
def test_what_measures_comes_in_order_and_unchanged(split, prepared):
    _, prepared = prepared
    rows = prepared.manifest.rows(split)
    made = batches_of(prepared.dataset(split))
    same(made, batches_of(prepared.dataset(split)))
    np.testing.assert_array_equal(np.concatenate([y for _, y in made]), prepared.manifest.targets(rows))
    preprocess = prepared.preprocess
    for x, row in zip(made[0][0][:5], rows):
        raw = preprocess.decode(prepared.manifest.raw_source(row))
        np.testing.assert_array_equal(x, preprocess.finish(preprocess.example(raw)[None])[0])


def test_it_is_fitted_on_the_training_split_whatever_is_asked_for(tmp_path):
    for split, level in (("train", 51), ("test", 204)):
        for i, label in enumerate("ab" * 20):
            path = tmp_path / split / label / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((4, 4), level + i, np.uint8)).save(path)
    prepared = multicnn.prepare(tmp_path)
    assert prepared.preprocess.mean[0] == pytest.approx((51 + 19.5) / 255, abs=0.01)
    assert repr(prepared).startswith("<Prepared: image (4, 4, 1), 2 classes, ")
    ours, theirs = (batches_of(data) for data in (multicnn.dataset(tmp_path, "test"), prepared.dataset("test")))
    same(ours, theirs)
    assert ours[0][0].min() > prepared.dataset("val").as_numpy_iterator().next()[0].max()


def test_mixed_targets_are_distributions():
    _, y = next(iter(multicnn.dataset("digits", "train", mixup=0.4)))
    assert y.dtype == "float32" and y.shape == (32, 10)
    np.testing.assert_allclose(y.numpy().sum(axis=1), 1, rtol=1e-6)
    assert multicnn.dataset("digits", "val", mixup=0.4).element_spec[1].dtype == "int32"


@pytest.mark.parametrize("split", ["validation", ""])
def test_an_unknown_split_lists_those_that_there_are(split):
    with pytest.raises(ValueError, match=r"`split` must be one of \['train', 'val', 'test'\]. Received: split="):
        multicnn.dataset("digits", split)
