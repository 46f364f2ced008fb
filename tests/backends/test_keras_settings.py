"""Keras's global settings, as another project may have left them in keras.json: they change nothing."""

import hashlib

import keras
import numpy as np
import pytest
from support.block_table import BLOCKS
from support.small_models import SMALL, SMALL_PER_POSITION

import multicnn
from multicnn.blocks import chain, conv, dense, flatten, max_pool, network
from multicnn.blocks.cost import measure
from multicnn.models import MODELS, create


@pytest.fixture
def strange_settings():
    """Set Keras up as no recipe expects it, and back afterwards."""
    floatx, epsilon, data_format = keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()
    policy = keras.config.dtype_policy()
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float16")
    keras.config.set_epsilon(1e-2)
    keras.config.set_dtype_policy("float16")
    yield
    assert keras.config.image_data_format() == "channels_first", "what the user has set stays"
    assert keras.config.floatx() == keras.config.dtype_policy().name == "float16"
    keras.config.set_image_data_format(data_format)
    keras.config.set_floatx(floatx)
    keras.config.set_epsilon(epsilon)
    keras.config.set_dtype_policy(policy)


def _same_network(block, shape):
    built = network(block, shape)
    assert tuple(built.output_shape[1:]) == measure(block, shape).shape
    for layer in built.layers:
        assert getattr(layer, "data_format", "channels_last") == "channels_last", layer.name
        assert layer.output.dtype in ("float32", "int32"), layer.name


def test_convolutions_and_poolings_have_their_channels_last(strange_settings):
    names = (
        "conv on a waveform",
        "conv on an image",
        "separable_conv",
        "depthwise on an image",
        "max_pool",
        "rms_pool",
    )
    blocks = [BLOCKS[name] for name in (*names, "global_average_pool", "drop, spatial", "flatten")]
    for block, shape in blocks:
        _same_network(block, shape)


@pytest.mark.slow
def test_every_block_has_its_channels_last(strange_settings):
    for block, shape in BLOCKS.values():
        if not isinstance(shape, dict):
            _same_network(block, shape)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_its_channels_last(strange_settings, name):
    model = MODELS[name]
    block = create(
        name, 3, **({**SMALL_PER_POSITION, "mlp": {"units": (8,)}}.get(name) or SMALL.get(name, ({}, {}))[0])
    )
    _same_network(block, model.input_shape)


@pytest.mark.slow
def test_a_training_has_the_same_bits(request, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.integers(0, 256, (40, 6, 6, 3), np.uint8), y=np.arange(40) % 2)
    body = chain(conv(2, 3, norm="batch"), max_pool(2), flatten(), dense(2))

    def weights(run):
        trained = multicnn.train(tmp_path / "data.npz", tmp_path / run, epochs=1, model={"name": body.to_dict()})
        logits = multicnn.load(tmp_path / run / "model.keras").predict(np.zeros((6, 6, 3), np.uint8))[0]
        digest = hashlib.sha256(b"".join(array.tobytes() for array in trained.network.get_weights())).hexdigest()
        return digest, logits.probabilities

    usual = weights("usual")
    request.getfixturevalue("strange_settings")
    assert weights("strange") == usual
