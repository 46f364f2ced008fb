"""What a recipe makes of its model."""

import keras
import numpy as np
import pytest

from multicnn.blocks import chain, conv, dense, depthwise_conv, flatten, global_average_pool, network
from multicnn.modalities import ImagePreprocess, TextPreprocess
from multicnn.modalities.base import Stem
from multicnn.recipe import Embedding, Model, Recipe
from multicnn.training.model import network_block

FAN_IN, FAN_OUT = 3 * 3 * 24, 3 * 3 * 40
MODEL = chain(
    conv(24, 1), depthwise_conv((1, 2)), conv(40, 3, kernel_initializer="ones"), global_average_pool(), dense(10)
).to_dict()


def kernels(**fields):
    preprocess = ImagePreprocess(size=(8, 8), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
    keras.utils.set_random_seed(0)
    net = network(
        network_block(Recipe(model=Model(name=MODEL, **fields)), Stem(preprocess), 10), preprocess.input_shape
    )
    return {w.path: np.array(w) for w in net.weights if w.name == "kernel"}, net


@pytest.mark.parametrize(
    ("initializer", "std", "largest"),
    [
        ("zeros", 0, 0),
        (("random_normal", {"stddev": 0.01}), 0.01, None),
        ("glorot_uniform", np.sqrt(2 / (FAN_IN + FAN_OUT)), np.sqrt(6 / (FAN_IN + FAN_OUT))),
        ("he_normal", np.sqrt(2 / FAN_IN), None),
        ("orthogonal", np.sqrt(1 / FAN_IN), 1),
    ],
    ids=str,
)
def test_the_initializer_is_that_of_every_kernel(initializer, std, largest):
    found, _ = kernels(initializer=initializer)
    assert len(found) == 4 and not any((kernel == 1).all() for kernel in found.values())
    kernel = found["conv_2/kernel"]
    assert kernel.shape == (3, 3, 24, 40)
    np.testing.assert_allclose([kernel.std(), kernel.mean()], [std, 0], atol=0.03 * std)
    assert largest is None or np.abs(kernel).max() <= largest
    if initializer == "zeros":
        assert not any(kernel.any() for kernel in found.values())
    if initializer == "orthogonal":  # Saxe et al. 2014
        flat = kernel.reshape(FAN_IN, 40)
        np.testing.assert_allclose(flat.T @ flat, np.eye(40), atol=1e-5)


def test_dropout_of_the_embedding_is_of_its_elements_and_in_training_only():
    preprocess = TextPreprocess(length=50, vocabulary=tuple("abcdefgh"))
    embedding = Embedding(dropout=0.3, dims=40)
    recipe = Recipe(model=Model(name=chain(flatten(), dense(2)).to_dict(), embedding=embedding))
    net = network(network_block(recipe, preprocess.stem(recipe, [], str), 2), (50,))
    vectors = keras.Model(net.inputs, next(layer.output for layer in net.layers if "drop" in layer.name))
    ids = np.arange(150).reshape(3, 50) % 8 + 2
    whole = np.array(vectors(ids))
    dropped = np.array(vectors(ids, training=True))
    kept = dropped != 0
    assert 0.65 < kept.mean() < 0.75 and whole.all()
    np.testing.assert_allclose(dropped[kept], whole[kept] / 0.7, rtol=1e-5)


def test_without_one_the_model_keeps_its_own():
    assert (kernels()[0]["conv_2/kernel"] == 1).all()


def test_the_regularizer_adds_to_the_loss():
    found, net = kernels(regularizer=("L1L2", {"l1": 0.1, "l2": 0.01}))
    expected = sum(0.1 * np.abs(k).sum() + 0.01 * (k**2).sum() for k in found.values() if k.shape[:2] != (1, 2))
    assert float(sum(net.losses)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("initializer", "he", "'he_normal'"),
        ("initializer", ("he_normal", {"stddev": 1}), "stddev"),
        ("regularizer", "l3", "'L1L2'"),
    ],
)
def test_what_cannot_be_is_named(field, value, words):
    with pytest.raises(ValueError, match=f"Received: model.{field}=") as error:
        kernels(**{field: value})
    assert words in str(error.value) and "\n" not in str(error.value)
