"""Weights from elsewhere, loaded into a network wherever they fit."""

import dataclasses

import keras
import numpy as np
import pytest

from multicnn.blocks import add, chain, conv, dense, drop, embed, global_average_pool, network, norm, stage
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.models import create
from multicnn.models.weights import SOURCES
from multicnn.predictor import Predictor
from multicnn.recipe import Model, Recipe, Start
from multicnn.tasks import Classification
from multicnn.training import weight_files
from multicnn.training.pretrained import PretrainedWeights

GREY = ImagePreprocess(size=(8, 8), channels=1, mean=(0.4,), std=(0.2,))
COLOUR = ImagePreprocess(size=(8, 8), channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.2, 0.3))


def net(classes):
    body = stage("body", conv(4, 3, norm="batch", activation="relu"), conv(5, 3))
    return chain(body, global_average_pool(), dense(classes))


def randomised(model):
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    return model


def saved(path, preprocess, labels, block=None, **recipe):
    """The path of an artefact with random weights."""
    block = block or net(len(labels))
    model = randomised(network(block, preprocess.input_shape))
    recipe = Recipe(model=block.to_dict(), **recipe).to_dict()
    Predictor(preprocess, block, model, Classification(labels), recipe).save(path / "x.keras")
    return path / "x.keras", model


def pretrained(path, model=None, **fields):
    return PretrainedWeights(Recipe(model=Model(name=model), start=Start(path=str(path), **fields)))


def assert_same(ours, theirs):
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(one, other)


BODY = ["body.conv", "body.conv.norm", "body.conv_2"]


@pytest.mark.parametrize(("labels", "new"), [("ab", []), ("cd", ["dense"]), ("abc", ["dense"])])
def test_the_head_of_other_classes_is_new(labels, new, tmp_path):
    path, theirs = saved(tmp_path, GREY, "ab")
    ours = network(net(len(labels)), GREY.input_shape)
    head = [np.array(w) for w in ours.get_layer("dense").weights]
    loaded = pretrained(path).load_into(ours, GREY, labels)
    assert (loaded.taken, loaded.new) == (BODY + ["dense"] * (not new), new)
    for name in loaded.taken:
        assert_same(ours.get_layer(name), theirs.get_layer(name))
    if new:
        for one, other in zip(head, ours.get_layer("dense").weights, strict=True):
            np.testing.assert_array_equal(one, other)
    assert loaded.numbers == sum(w.numpy().size for name in loaded.taken for w in ours.get_layer(name).weights)


def test_every_head_of_other_classes_is_new(tmp_path):
    """One beside the other."""

    def two(classes):
        ways = [chain(stage(name, conv(4, 3)), global_average_pool(), drop(0.1), dense(classes)) for name in "ab"]
        return chain(norm("batch"), add(*ways))

    path, _ = saved(tmp_path, GREY, "abc", two(3))
    loaded = pretrained(path).load_into(network(two(3), GREY.input_shape), GREY, "abd")
    assert [name.split(".")[-1] for name in loaded.taken] == ["norm", "conv", "conv"]
    assert [name.split(".")[-1] for name in loaded.new] == ["dense", "dense"]


def test_no_file_says_what_code_is_run(tmp_path):
    path = tmp_path / "x.keras"
    recipe = Recipe(model=Model(name="subprocess:run")).to_dict()
    Predictor(GREY, net(2), network(net(2), GREY.input_shape), Classification(("a", "b")), recipe).save(path)
    with pytest.raises(ValueError, match=r"no file may say what code is run. Received: start.path="):
        pretrained(path).completed(Recipe(start=Start(path=str(path))), "image")
    named = Recipe(model=Model(name="lenet5"), start=Start(path=str(path)))
    assert pretrained(path).completed(named, "image").model.name == "lenet5"


@pytest.mark.parametrize(("there", "here"), [(3, 1), (1, 3)])
def test_grey_pictures_give_the_same_features_with_other_channels(there, here, tmp_path):
    """So do log-mels, which have one channel."""
    kinds = {1: GREY, 3: COLOUR}
    path, theirs = saved(tmp_path, kinds[there], "ab")
    ours = network(net(2), kinds[here].input_shape)
    loaded = pretrained(path).load_into(ours, AudioPreprocess(), "ab")
    assert loaded.new == []
    assert loaded.remarks[0].startswith("body.conv: its ")
    x = np.random.default_rng(1).normal(size=(2, 8, 8, 1)).astype(np.float32)
    logits = [model(np.repeat(x, model.input_shape[-1], axis=-1)) for model in (ours, theirs)]
    np.testing.assert_allclose(*logits, rtol=1e-4)


def test_words_that_both_vocabularies_have_keep_their_vectors(tmp_path):
    then = TextPreprocess(length=6, vocabulary=("a", "b", "c"))
    now = TextPreprocess(length=6, vocabulary=("c", "new", "a"))
    text = chain(embed(5, 4), create("textcnn", 2, filters=3))
    path, theirs = saved(tmp_path, then, "xy", text)
    ours = network(text, (6,))
    before, table = np.array(ours.get_layer("embed").embeddings), np.array(theirs.get_layer("embed").embeddings)
    pretrained(path).load_into(ours, now, "xy")
    expected = np.stack([table[0], table[1], table[4], before[3], table[2]])
    np.testing.assert_array_equal(ours.get_layer("embed").embeddings, expected)


def test_an_artefact_gives_model_and_preprocessing_where_the_recipe_says_nothing(tmp_path):
    path, _ = saved(tmp_path, COLOUR, "ab", arguments={})
    recipe = Recipe(start=Start(path=str(path)))
    given = PretrainedWeights(recipe)
    full = given.completed(recipe, "image")
    assert (full.model.name, full.preprocess) == (net(2).to_dict(), COLOUR)
    own = dataclasses.replace(recipe, model=Model(name="lenet5"), preprocess=ImagePreprocess(size=(9, 9)))
    full = given.completed(own, "image")
    assert (full.model.name, full.preprocess) == ("lenet5", dataclasses.replace(COLOUR, size=(9, 9)))
    assert given.completed(recipe, "audio").preprocess is None
    grey = dataclasses.replace(recipe, preprocess=ImagePreprocess(channels=1))
    assert given.completed(grey, "image").preprocess == ImagePreprocess(channels=1, size=(8, 8))


def test_the_vocabulary_is_learned_anew(tmp_path):
    then = TextPreprocess(length=6, vocabulary=("a", "b", "c"), lowercase=False)
    path, _ = saved(tmp_path, then, "xy", chain(embed(5, 4), create("textcnn", 2, filters=3)))
    recipe = Recipe(start=Start(path=str(path)))
    full = PretrainedWeights(recipe).completed(recipe, "text")
    assert full.preprocess == dataclasses.replace(then, vocabulary=())
    assert full.model.embedding.dims == 4


@pytest.mark.parametrize("given", [False, True])
def test_arrays_by_our_own_names_or_by_given_ones(given, tmp_path):
    theirs = randomised(network(net(2), (8, 8, 1)))
    names = {layer.name: f"L{i}" if given else layer.name for i, layer in enumerate(theirs.layers) if layer.weights}
    arrays = {f"{names[layer.name]}/{w.name}": np.array(w) for layer in theirs.layers for w in layer.weights}
    np.savez(tmp_path / "x.npz", **arrays)
    ours = network(net(2), (8, 8, 1))
    loaded = pretrained(tmp_path / "x.npz", names=names if given else None).load_into(ours, GREY, "ab")
    assert loaded.new == []
    assert_same(ours, theirs)


def test_names_of_pytorch_turn_the_kernels(tmp_path):
    kernel = np.random.default_rng(0).normal(size=(4, 1, 3, 3)).astype(np.float32)
    np.savez(tmp_path / "x.npz", **{"c.weight": kernel, "c.bias": np.ones(4)})
    ours = network(chain(conv(4, 3), global_average_pool(), dense(2)), (8, 8, 1))
    loaded = pretrained(tmp_path / "x.npz", names={"conv": "c"}).load_into(ours, GREY, "ab")
    assert loaded.new == ["dense"]
    np.testing.assert_array_equal(ours.get_layer("conv").kernel, kernel.transpose(2, 3, 1, 0))


def test_a_known_model_is_recognised_by_its_names(tmp_path):
    """SqueezeNet of Caffe saw blue first; ours sees red first."""
    theirs = randomised(network(create("squeezenet", 7, width=0.25), (64, 64, 3)))
    source = SOURCES["caffe"]["squeezenet"]
    arrays = {f"{source.layers[layer.name]}/{w.name}": np.array(w) for layer in theirs.layers for w in layer.weights}
    np.savez(tmp_path / "x.npz", **arrays)
    recipe = Recipe(model=Model(name="squeezenet"), start=Start(path=str(tmp_path / "x.npz")))
    given = PretrainedWeights(recipe)
    preprocess = given.completed(recipe, "image").preprocess
    assert preprocess.size == (227, 227)
    picture = np.random.default_rng(0).integers(0, 256, (1, 2, 2, 3), np.uint8)
    seen = dataclasses.replace(preprocess, size=(2, 2)).finish(picture)
    np.testing.assert_allclose(seen, picture - np.array([122.679, 116.669, 104.006]), atol=1e-3)
    ours = network(create("squeezenet", 5, width=0.25), (64, 64, 3))
    loaded = given.load_into(ours, preprocess, "abcde")
    assert loaded.new == ["conv10.conv"]
    np.testing.assert_array_equal(ours.get_layer("conv1.conv").kernel, arrays["conv1/kernel"][:, :, ::-1])
    np.testing.assert_array_equal(ours.get_layer("fire9.concat.2.conv").kernel, arrays["fire9/expand3x3/kernel"])


def test_keras_applications_made_here(monkeypatch, tmp_path):
    small = keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3), classes=4)
    monkeypatch.setitem(weight_files.APPLICATIONS, "resnet50", lambda: lambda weights: small)
    recipe = Recipe(model=Model(name="resnet50"), start=Start(path="keras.applications"))
    given = PretrainedWeights(recipe)
    assert given.completed(recipe, "image").preprocess.mean == pytest.approx(
        (123.68 / 255, 116.779 / 255, 103.939 / 255)
    )
    ours = network(create("resnet50", 3).replaced(kernel_initializer="zeros"), (32, 32, 3))
    loaded = given.load_into(ours, COLOUR, "abc")
    assert loaded.new == ["dense"]
    theirs = np.array(small.get_layer("conv5_block3_3_conv").kernel)
    np.testing.assert_array_equal(ours.get_layer("conv5_x.3.add.main.conv_3").kernel, theirs)


def test_torchvision_strides_in_the_middle(tmp_path):
    np.savez(tmp_path / "x.npz", **{"conv1.weight": np.zeros((64, 3, 7, 7), np.float32)})
    recipe = Recipe(model=Model(name="resnet50"), start=Start(path=str(tmp_path / "x.npz")))
    assert PretrainedWeights(recipe).completed(recipe, "image").model.arguments == {"stride_on": "3x3"}


def test_where_nothing_fits(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.zeros(3), b=np.zeros(4))
    with pytest.raises(ValueError, match=r"the network has body.conv, .* the file a, b ...; `start.names`") as error:
        pretrained(tmp_path / "x.npz").load_into(network(net(2), (8, 8, 1)), GREY, "ab")
    assert "Received: start.path=" in str(error.value)


def test_what_start_refuses():
    for fields, words in {
        (("freeze_until", "body"),): "path must say where the weights come from",
        (("path", "x.keras"), ("unfreeze_every", 1)): "freeze_until must name a stage",
    }.items():
        with pytest.raises(ValueError, match=words):
            Start(**dict(fields))
