"""Features of a trained network, and a linear predictor on top of them."""

import dataclasses

import keras
import numpy as np
import pytest
from PIL import Image

import multicnn
from multicnn import api
from multicnn.blocks import chain, conv, dense, drop, embed, global_average_pool, max_pool, network, repeat, stage
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.models import create
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe
from multicnn.tasks import Classification
from multicnn.training import linear_probe

NET = chain(
    stage("one", conv(4, 3, norm="batch", activation="relu"), max_pool(2)),
    repeat(3, conv(5, 3, activation="relu")),
    stage("two", conv(6, 3), repeat(2, conv(6, 1))),
    conv(7, 1),
    global_average_pool(),
    drop(0.5),
    dense(10),
)
PREPROCESS = ImagePreprocess(size=(8, 8), channels=1, mean=(0.3,), std=(0.3,))


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    model = network(NET, (8, 8, 1))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight + rng.normal(0, 0.05, weight.shape))
    return Predictor(PREPROCESS, NET, model, Classification(tuple("0123456789")))


@pytest.mark.parametrize("name", ["one", "2", "two.1", "conv", "global_average_pool", None])
def test_features_are_what_the_layer_puts_out(name, predictor, tmp_path):
    found, _ = api.features(predictor, "digits", tmp_path / "x.npz", stage=name)
    last = {"2": "2.conv.activation", "two.1": "two.1.conv", None: "drop"}.get(name, name)
    output = predictor.network.get_layer(last).output
    stored = np.stack(
        [PREPROCESS.example(PREPROCESS.decode(found.manifest.raw_source(row))) for row in found.rows[:20]]
    )
    expected = np.array(keras.Model(predictor.network.input, output)(PREPROCESS.finish(stored)))
    expected = expected.mean(axis=(1, 2)) if expected.ndim == 4 else expected
    np.testing.assert_allclose(found.values[:20], expected, rtol=1e-4, atol=1e-5)
    with np.load(tmp_path / "x.npz") as kept:
        np.testing.assert_array_equal(kept["features"], found.values)
        table = found.manifest.table.iloc[found.rows]
        for key, column in {"labels": "label", "splits": "split", "ids": "id"}.items():
            assert kept[key].tolist() == table[column].tolist()


def test_an_unknown_stage_lists_the_known(predictor):
    with pytest.raises(ValueError, match=r"such as one, .*two, .*dense. Received: stage='three'"):
        api.features(predictor, "digits", stage="three")
    with pytest.raises(ValueError, match="Received: head='svm'"):
        api.features(predictor, "digits", head="svm")


def test_a_linear_head_is_a_classifier_like_any_other(predictor, tmp_path):
    found, made = api.features(predictor, "digits", tmp_path / "x.npz", stage="conv", head="linear")
    assert made.metrics["test"]["accuracy"] > 0.3  # of features that no training has made
    loaded = multicnn.load(tmp_path / "x.keras")
    assert loaded.labels == found.manifest.labels
    assert Recipe.from_dict(loaded.recipe).model.name == loaded.block.to_dict() and loaded.metrics["features"] == "conv"
    again = multicnn.evaluate(loaded, "digits")
    assert again.metrics["accuracy"] == pytest.approx(made.metrics["test"]["accuracy"], abs=1e-6)
    assert again.metrics["loss"] == pytest.approx(made.metrics["test"]["loss"], rel=1e-3)


def test_the_head_remembers_how_its_data_were_divided(predictor, tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(100) % 2
    x = rng.normal(100 + 40 * y[:, None, None], 40, (100, 8, 8)).clip(0, 255).astype(np.uint8)
    np.savez(tmp_path / "two.npz", x=x, y=y)
    for data in (tmp_path / "two.npz", (x, y)):
        settings = ["data.test_fraction=0.3"]
        _, made = api.features(predictor, data, tmp_path / "x.npz", head="linear", settings=settings)
        again = multicnn.evaluate(tmp_path / "x.keras", data, split="test").metrics
        assert again["n"] == made.metrics["test"]["n"] < 60
        assert again["accuracy"] == pytest.approx(made.metrics["test"]["accuracy"], abs=1e-6)


def test_a_file_of_the_linear_baseline_alone_has_no_features(predictor, tmp_path):
    alone = dataclasses.replace(predictor, metrics={"saved": {"choice": "baseline"}})
    model = str(alone.save(tmp_path / "model.keras"))
    told = "holds the linear baseline alone: train again with --plain. Received: {}='.*model.keras'"
    with pytest.raises(ValueError, match=told.format("model")):
        api.features(model, "digits")
    with pytest.raises(ValueError, match=told.format("start.path")):
        multicnn.train("digits", tmp_path / "run", settings=[f"start.path={model}"])
    assert not (tmp_path / "run").exists()


def test_all_bad_files_are_told(predictor, tmp_path, caplog):
    for i in range(12):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8), 20 * i, np.uint8)).save(tmp_path / "ab"[i % 2] / f"{i}.png")
    (tmp_path / "a" / "empty.png").touch()
    (tmp_path / "b" / "cut.png").write_bytes((tmp_path / "b" / "1.png").read_bytes()[:50])
    api.features(predictor, tmp_path)
    assert caplog.messages == ["2 examples are bad, the first 'a/empty.png': empty file"]


def test_two_classes_have_two_logits(tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = np.clip(rng.normal(100 + 40 * y[:, None, None], 40, (60, 8, 8)), 0, 255).astype(np.uint8)
    np.savez(tmp_path / "two.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    net = chain(conv(3, 3), global_average_pool(), dense(2))
    keras.utils.set_random_seed(0)
    predictor = Predictor(PREPROCESS, net, network(net, (8, 8, 1)), Classification(("0", "1")))
    found, made = api.features(predictor, tmp_path / "two.npz", head="linear")
    train, targets = found.of("train")
    scaler = StandardScaler().fit(train)
    theirs = LogisticRegression(C=1 / (0.01 * len(train)), max_iter=2000).fit(scaler.transform(train), targets)
    rows = found.manifest.rows("test")
    ours = [list(p.probabilities.values()) for p in made.predict([found.manifest.raw_source(row) for row in rows])]
    np.testing.assert_allclose(ours, theirs.predict_proba(scaler.transform(found.of("test")[0])), atol=1e-4)


def test_features_of_a_sentence_do_not_see_its_padding():
    preprocess = TextPreprocess(length=8, vocabulary=("joy", "film", "zigzag"))
    net = chain(embed(preprocess.vocabulary_size, 4), create("textcnn", 2, filters=3))
    made, _ = linear_probe.feature_extractor(
        Predictor(preprocess, net, network(net, (8,)), Classification(("no", "yes"))), "embed"
    )
    vectors = made.network.get_layer("embed").get_weights()[0]
    ids = np.array([preprocess.example("joy film"), preprocess.example("joy film zigzag")])
    expected = [vectors[ids[0, :2]].mean(axis=0), vectors[ids[1, :3]].mean(axis=0)]
    np.testing.assert_allclose(made.logits(ids), expected, rtol=1e-5)
