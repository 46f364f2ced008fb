"""Layers whose weights are set by the data before the first step."""

import numpy as np
import pytest

import multicnn
from multicnn import Model, Optimizer
from multicnn.blocks import activation, chain, conv, dense, flatten, whiten
from multicnn.layers import PatchWhitening
from multicnn.training.adapting import white_directions

NETWORK = chain(conv(3, 1, use_bias=False), whiten(2, epsilon=1e-6), activation("gelu"), flatten(), dense(2))
X = np.random.default_rng(0).integers(0, 255, (80, 6, 6, 1), dtype=np.uint8)
Y = np.array(["a", "b"] * 40)


def test_a_network_begins_with_patches_that_are_white_where_the_layer_stands(tmp_path):
    recipe = {"model": Model(name=NETWORK.to_dict()), "epochs": 1, "baseline": "off", "augment": {"mirror": True}}
    still = {"optimizer": Optimizer(name="sgd", learning_rate=1e-12)}  # so that the weights stay as they were
    predictor = multicnn.train((X, Y), tmp_path / "run", **recipe, **still)
    prepared = multicnn.prepare((X, Y), **recipe)
    examples = prepared.store.gather(prepared.manifest.rows("train"))
    below, layer = predictor.network.get_layer("conv"), predictor.network.get_layer("whiten")
    outputs = np.asarray(layer(below(prepared.preprocess.finish(examples)))).reshape(-1, 24)[:, :12]
    variances = np.linalg.eigvalsh(np.cov(outputs, rowvar=False))
    np.testing.assert_allclose(variances[-4:], 1, atol=0.01)  # of one channel: 2x2 numbers are all there is
    assert variances[:-4].max() < 0.01
    loaded = multicnn.load(tmp_path / "run" / "model.keras")
    np.testing.assert_array_equal(loaded.network.get_layer("whiten").kernel, layer.kernel)


@pytest.mark.parametrize(("shape", "size"), [((70, 6, 7, 3), (2, 2)), ((90, 12, 2), (3,))])
def test_the_outputs_of_each_sign_are_uncorrelated_and_of_variance_1(shape, size):
    random = np.random.default_rng(0)
    mixing = random.normal(size=(shape[-1], shape[-1]))
    inputs = (random.normal(size=shape) @ mixing + 3).astype(np.float32)
    layer = PatchWhitening(size, epsilon=1e-9)
    layer(inputs[:1])
    layer.turn_to(white_directions(inputs, layer.kernel_size, layer.epsilon))
    outputs = np.asarray(layer(inputs)).reshape(-1, layer.bias.shape[0])
    half = outputs.shape[1] // 2
    np.testing.assert_allclose(np.cov(outputs[:, :half], rowvar=False), np.eye(half), atol=2e-3)
    np.testing.assert_allclose(outputs[:, half:], -outputs[:, :half], atol=1e-5)


def test_directions_of_little_variance_stay_small():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(50, 9, 1)).repeat(2, axis=2)
    inputs[..., 1] += 1e-3 * random.normal(size=(50, 9))  # both channels are nearly the same
    layer = PatchWhitening((1,), epsilon=0.01)
    layer(inputs[:1].astype(np.float32))
    layer.turn_to(white_directions(inputs, layer.kernel_size, layer.epsilon))
    spread = np.asarray(layer(inputs.astype(np.float32))).reshape(-1, 4)[:, :2].std(axis=0)
    assert sorted(spread < 0.1) == [False, True] and max(spread) == pytest.approx(1, abs=0.05)


def test_only_the_bias_is_trained():
    layer = PatchWhitening((2,))
    layer.build((None, 5, 1))
    assert [weight.name for weight in layer.trainable_weights] == ["bias"]
    patches = np.arange(5, dtype=np.float32).reshape(1, 5, 1)
    np.testing.assert_array_equal(layer(patches)[0, 1], [1, 2, -1, -2])  # a patch itself, until it is adapted
