"""One list of layers, one list of properties: every custom layer keeps them all."""

import keras
import numpy as np
import pytest
from keras import ops

from multicnn import layers

SOUND, PICTURE = (9, 4), (6, 10, 4)

LAYERS = {
    "ConstantPadding": (layers.ConstantPadding, {"padding": ((1, 2),)}, SOUND),
    "ConstantPadding, lowest": (layers.ConstantPadding, {"padding": ((1, 2), (0, 3)), "fill": "lowest"}, PICTURE),
    "ChannelPadding": (layers.ChannelPadding, {"channels": 7}, PICTURE),
    "MaskedConv1D": (layers.MaskedConv1D, {"filters": 5, "kernel_size": 3, "dilation_rate": 2}, SOUND),
    "MaskedConv1D, strided": (layers.MaskedConv1D, {"filters": 6, "kernel_size": 4, "strides": 2, "groups": 2}, SOUND),
    "MaskedDepthwiseConv1D": (layers.MaskedDepthwiseConv1D, {"kernel_size": 3, "strides": 2}, SOUND),
    "MaskedMaxPooling1D": (layers.MaskedMaxPooling1D, {"pool_size": 3, "strides": 2}, SOUND),
    "MaskedAveragePooling1D": (layers.MaskedAveragePooling1D, {"pool_size": 2}, SOUND),
    "MaskedGlobalMaxPooling1D": (layers.MaskedGlobalMaxPooling1D, {}, SOUND),
    "MaskedFlatten": (layers.MaskedFlatten, {}, SOUND),
    "SubSpectralNormalization": (layers.SubSpectralNormalization, {"bands": 5, "momentum": 0.8}, PICTURE),
    "TokenEmbedding": (layers.TokenEmbedding, {"input_dim": 20, "output_dim": 3}, (9,)),
    "UnequalDepthwiseConv2D": (layers.UnequalDepthwiseConv2D, {"kernel_size": (1, 3), "strides": (1, 2)}, PICTURE),
}

every_layer = pytest.mark.parametrize(("kind", "config", "shape"), LAYERS.values(), ids=LAYERS)
POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def example(shape):
    rng = np.random.default_rng(0)
    return (
        rng.integers(0, 20, (2, *shape)).astype("int32")
        if len(shape) == 1
        else rng.normal(size=(2, *shape)).astype("float32")
    )


def test_the_list_is_complete():
    exported = {value for value in vars(layers).values() if isinstance(value, type) and issubclass(value, keras.Layer)}
    assert exported == {kind for kind, _, _ in LAYERS.values()}


@every_layer
def test_config_round_trip(kind, config, shape):
    layer = kind(name="mine", dtype="mixed_bfloat16", **config)
    again = kind.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for key, value in config.items():
        assert np.array_equal(np.ravel(layer.get_config()[key]), np.ravel(value)), key
    assert again.name == "mine"
    assert again.dtype_policy.name == "mixed_bfloat16"


@every_layer
def test_saved_and_reloaded(kind, config, shape, tmp_path):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, kind(**config)(inputs))
    model.set_weights([np.random.default_rng(1).uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")  # safe mode is on
    assert type(again.layers[1]) is kind
    np.testing.assert_array_equal(again(example(shape)), model(example(shape)))


@pytest.mark.parametrize("policy", POLICIES)
@every_layer
def test_precision(kind, config, shape, policy):
    keras.utils.set_random_seed(0)
    exact = kind(**config)
    layer = kind(dtype=policy, **config)
    x = example(shape)
    expected = ops.convert_to_numpy(exact(x))
    layer.build(x.shape)
    layer.set_weights(exact.get_weights())
    out = layer(x)
    assert keras.backend.standardize_dtype(out.dtype) == policy.removeprefix("mixed_")
    assert all(weight.dtype == "float32" for weight in layer.weights)
    out = ops.convert_to_numpy(ops.cast(out, "float32"))
    assert np.isfinite(out).all()
    inside = expected > -1e4  # the fill of ConstantPadding differs with the dtype
    np.testing.assert_allclose(out[inside], expected[inside], rtol=0.02, atol=0.05)


@pytest.mark.parametrize("known", [True, False], ids=["fixed", "free length"])
@every_layer
def test_symbolic_shape_and_dtype_are_the_eager_ones(kind, config, shape, known):
    if not known and kind is layers.MaskedFlatten:
        pytest.skip("flattening needs a fixed length")
    layer, x = kind(**config), example(shape)
    eager = layer(x)
    symbolic = layer(keras.Input(shape if known else (None, *shape[1:])))
    assert len(symbolic.shape) == len(eager.shape)
    for one, other in zip(symbolic.shape[1:], eager.shape[1:]):
        assert one == other or (one is None and not known)
    assert layer.compute_output_shape(x.shape) == tuple(eager.shape)
    assert symbolic.dtype == keras.backend.standardize_dtype(eager.dtype)


@pytest.mark.parametrize("masked", [False, True], ids=["all real", "masked"])
@every_layer
def test_gradients_are_finite_and_reach_every_weight(kind, config, shape, masked):
    tf = pytest.importorskip("tensorflow")
    layer, x = kind(**config), tf.constant(example(shape))
    if masked and (len(shape) != 2 or not layer.supports_masking):
        pytest.skip("carries no time mask")
    mask = {"mask": tf.constant([[True] * 5 + [False] * 4, [True] + [False] * 8])} if masked else {}
    layer.build(x.shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, **mask)
        real = tf.where(outputs > -1e4, outputs, 0.0)
        loss = tf.reduce_sum(tf.square(real) * tf.random.stateless_uniform(real.shape, (0, 1)))
    wanted = [weight.value for weight in layer.trainable_weights] + ([x] if x.dtype == tf.float32 else [])
    for gradient in tape.gradient(loss, wanted):
        gradient = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0
        if masked and gradient.shape == x.shape:
            assert (gradient[0, 5:] == 0).all() and (gradient[1, 1:] == 0).all(), "a masked step was seen"


@every_layer
def test_any_length_after_a_free_one(kind, config, shape):
    if kind in (layers.MaskedFlatten, layers.TokenEmbedding):
        pytest.skip("has no window")
    layer = kind(**config)
    layer(keras.Input((None, *shape[1:])))
    longer = np.concatenate([example(shape)] * 2, axis=1)
    assert np.isfinite(ops.convert_to_numpy(layer(longer))).all()


def test_constant_padding_of_a_mask():
    layer = layers.ConstantPadding(((2, 1),))
    mask = ops.convert_to_tensor([[True, True, False, False], [True, False, False, False]])
    padded = ops.convert_to_numpy(layer.compute_mask(None, mask))
    assert padded.sum(axis=1).tolist() == [2 + 3, 1 + 3], "the borders count as real"
    assert padded.shape == (2, 7)


BAD = {
    "fill": (lambda: layers.ConstantPadding(((1, 1),), fill="mean"), "Received: fill='mean'"),
    "channels": (lambda: layers.ChannelPadding(2)(np.zeros((1, 3, 4))), "input's 4. Received: channels=2"),
    "bands": (lambda: layers.SubSpectralNormalization(3)(np.zeros((1, 4, 10, 2))), "Received: bands=3"),
    "bands of a sound": (lambda: layers.SubSpectralNormalization(3)(np.zeros((1, 9, 2))), "Received: bands=3"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
