"""One list of layers, one list of properties: every custom layer keeps them all."""

import functools

import keras
import numpy as np
import pytest
from keras import ops
from support.gradients import gradients

from multicnn import layers

WAVEFORM, IMAGE = (9, 4), (6, 10, 4)

LAYERS = {
    "AdaptiveAveragePooling": (layers.AdaptiveAveragePooling, {"output_size": (4, 3)}, IMAGE),
    "AdaptiveAveragePooling of a waveform": (layers.AdaptiveAveragePooling, {"output_size": (4,)}, WAVEFORM),
    "BandLevels": (layers.BandLevels, {"frame_length": 8, "bands": 3}, (30, 1)),
    "StandardDeviation": (layers.StandardDeviation, {"axis": 1}, IMAGE),
    "TfIdf": (layers.TfIdf, {"n": 2, "rows": 7, "units": 3}, (9,)),
    "ConstantPadding": (layers.ConstantPadding, {"padding": ((1, 2),)}, WAVEFORM),
    "ConstantPadding, lowest": (layers.ConstantPadding, {"padding": ((1, 2), (0, 3)), "fill": "lowest"}, IMAGE),
    "ConstantPadding, highest": (layers.ConstantPadding, {"padding": ((1, 2),), "fill": "highest"}, WAVEFORM),
    "BorderPadding, edge": (layers.BorderPadding, {"padding": ((1, 2),), "mode": "edge"}, WAVEFORM),
    "BorderPadding, reflect": (layers.BorderPadding, {"padding": ((1, 2), (0, 12)), "mode": "reflect"}, IMAGE),
    "BorderPadding, symmetric": (layers.BorderPadding, {"padding": ((7, 12),), "mode": "symmetric"}, WAVEFORM),
    "BorderPadding, circular": (layers.BorderPadding, {"padding": ((3, 1),), "mode": "circular"}, WAVEFORM),
    "ConvTranspose": (
        layers.ConvTranspose,
        {"filters": 3, "kernel_size": (3,), "strides": (2,), "cut": ((1, 0),), "use_bias": True},
        WAVEFORM,
    ),
    "ConvTranspose, dilated": (
        layers.ConvTranspose,
        {"filters": 3, "kernel_size": (3, 2), "strides": (1, 1), "cut": ((0, 0), (1, 0)), "dilation_rate": (2, 1)},
        IMAGE,
    ),
    "CropTo": (layers.CropTo, {}, (WAVEFORM, (7, 2))),
    "DynamicKMaxPooling": (layers.DynamicKMaxPooling, {"k_top": 2, "layer": 1, "layers": 3}, (WAVEFORM, (6, 2))),
    "FixedFilter": (layers.FixedFilter, {"kernel": ((0, 1, 0), (1, -4, 1), (0, 1, 0))}, IMAGE),
    "Folding": (layers.Folding, {"maps": 2}, WAVEFORM),
    "GroupedConv2D": (
        layers.GroupedConv2D,
        {"filters": 6, "kernel_size": (3, 2), "groups": 2, "strides": (2, 2), "activation": "tanh"},
        IMAGE,
    ),
    "GroupedConv2D, a group for each channel": (
        layers.GroupedConv2D,
        {"filters": 12, "kernel_size": (2, 2), "groups": 4, "use_bias": False, "padding": "same"},
        IMAGE,
    ),
    "KMaxPooling": (layers.KMaxPooling, {"k": 3}, WAVEFORM),
    "KMaxPooling of a picture": (layers.KMaxPooling, {"k": 5}, IMAGE),
    "LocalResponseNormalization": (
        layers.LocalResponseNormalization,
        {"size": 3, "bias": 1.0, "alpha": 0.5, "beta": 0.5},
        IMAGE,
    ),
    "MaskedMinPooling1D": (layers.MaskedMinPooling1D, {"pool_size": 3, "strides": 2}, WAVEFORM),
    "MaskedRMSPooling1D": (layers.MaskedRMSPooling1D, {"pool_size": 2}, WAVEFORM),
    "MaxUnpooling": (layers.MaxUnpooling, {"pool_size": (2,), "strides": (2,)}, ((4, 4), WAVEFORM)),
    "MaxUnpooling, overlapping": (
        layers.MaxUnpooling,
        {"pool_size": (3, 3), "strides": (2, 2)},
        ((2, 4, 4), IMAGE),
    ),
    "MinPooling2D": (layers.MinPooling2D, {"pool_size": (2, 2)}, IMAGE),
    "RMSPooling2D": (layers.RMSPooling2D, {"pool_size": (3, 3), "strides": (1, 1)}, IMAGE),
    "PatchWhitening": (layers.PatchWhitening, {"kernel_size": (2, 3), "epsilon": 0.1}, IMAGE),
    "PatchWhitening of a waveform": (layers.PatchWhitening, {"kernel_size": (3,)}, WAVEFORM),
    "ProbabilisticMaxPooling": (layers.ProbabilisticMaxPooling, {"pool_size": (2, 3)}, IMAGE),
    "ProbabilisticMaxPooling of a waveform": (layers.ProbabilisticMaxPooling, {"pool_size": (2,)}, WAVEFORM),
    "RadialBasis": (layers.RadialBasis, {"units": 3, "seed": 5}, WAVEFORM),
    "RandomGradientReLU": (layers.RandomGradientReLU, {"lower": 0.1, "upper": 0.3, "seed": 7}, WAVEFORM),
    "RandomizedLeakyReLU": (layers.RandomizedLeakyReLU, {"lower": 0.1, "upper": 0.3, "seed": 7}, WAVEFORM),
    "Scale": (layers.Scale, {}, IMAGE),
    "TakeChannels": (layers.TakeChannels, {"channels": (3, 0)}, IMAGE),
    "ChannelPadding": (layers.ChannelPadding, {"channels": 7}, IMAGE),
    "MaskedConv1D": (layers.MaskedConv1D, {"filters": 5, "kernel_size": 3, "dilation_rate": 2}, WAVEFORM),
    "MaskedConv1D, strided": (
        layers.MaskedConv1D,
        {"filters": 6, "kernel_size": 4, "strides": 2, "groups": 2},
        WAVEFORM,
    ),
    "MaskedConv1D, a group for each channel": (
        layers.MaskedConv1D,
        {"filters": 8, "kernel_size": 3, "groups": 4},
        WAVEFORM,
    ),
    "MaskedDepthwiseConv1D": (layers.MaskedDepthwiseConv1D, {"kernel_size": 3, "strides": 2}, WAVEFORM),
    "MaskedMaxPooling1D": (layers.MaskedMaxPooling1D, {"pool_size": 3, "strides": 2}, WAVEFORM),
    "MaskedAveragePooling1D": (layers.MaskedAveragePooling1D, {"pool_size": 2}, WAVEFORM),
    "MaskedGlobalMaxPooling1D": (layers.MaskedGlobalMaxPooling1D, {}, WAVEFORM),
    "MaskedFlatten": (layers.MaskedFlatten, {}, WAVEFORM),
    "SubSpectralNormalization": (layers.SubSpectralNormalization, {"bands": 5, "momentum": 0.8}, IMAGE),
    "NgramBag": (layers.NgramBag, {"n": 2, "output_dim": 3, "buckets": 101}, (9,)),
    "OneHotTokens": (layers.OneHotTokens, {"depth": 18}, (9,)),
    "TokenEmbedding": (layers.TokenEmbedding, {"input_dim": 20, "output_dim": 3}, (9,)),
    "TokenEmbedding that stays": (layers.TokenEmbedding, {"input_dim": 20, "output_dim": 3, "trainable": False}, (9,)),
    "WeightedAveragePooling": (
        layers.WeightedAveragePooling,
        {"pool_size": (3,), "strides": (2,), "weights": (1, 2, 1)},
        WAVEFORM,
    ),
    "WeightedAveragePooling, learned": (
        layers.WeightedAveragePooling,
        {"pool_size": (3, 2), "strides": (1, 2), "per_channel": True},
        IMAGE,
    ),
    "UnequalDepthwiseConv2D": (layers.UnequalDepthwiseConv2D, {"kernel_size": (1, 3), "strides": (1, 2)}, IMAGE),
}

every_layer = pytest.mark.parametrize(("kind", "config", "shape"), LAYERS.values(), ids=LAYERS)
OF_FIXED_SIZE = (layers.MaskedFlatten, layers.AdaptiveAveragePooling, layers.BandLevels)
POLICIES = ("float32", "mixed_bfloat16", "mixed_float16")


def several(shape):
    """The shapes of a layer's inputs; most have one."""
    return list(shape) if isinstance(shape[0], tuple) else [shape]


def examples(shape, times=1):
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 20, (2, *one)).astype("int32")
        if len(one) == 1
        else rng.normal(size=(2, *one)).astype("float32")
        for one in several(shape)
    ]
    return [np.concatenate([x] * times, axis=1) for x in arrays]


def inputs(shape, known=True):
    return [keras.Input(one if known else (None, *one[1:])) for one in several(shape)]


def applied(layer, tensors):
    return layer(tensors if len(tensors) > 1 else tensors[0])


def array(x):
    return ops.convert_to_numpy(ops.cast(x, "float32"))


def test_the_list_is_complete():
    exported = {value for value in vars(layers).values() if isinstance(value, type) and issubclass(value, keras.Layer)}
    of_several_inputs = {layers.VectorSlice, layers.WhereGiven}  # the Block `unpacked` is in the table of Blocks
    assert exported - of_several_inputs == {kind for kind, _, _ in LAYERS.values()}


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
    entries = inputs(shape)
    layer = kind(**config)
    model = keras.Model(entries, applied(layer, entries))
    layer.set_weights([np.random.default_rng(1).uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")  # safe mode is on
    assert type(again.layers[-1]) is kind
    np.testing.assert_array_equal(array(applied(again, examples(shape))), array(applied(model, examples(shape))))


@pytest.mark.parametrize("policy", POLICIES)
@every_layer
def test_precision(kind, config, shape, policy):
    keras.utils.set_random_seed(0)
    exact = kind(**config)
    layer = kind(dtype=policy, **config)
    expected = array(applied(exact, examples(shape)))
    out = applied(layer, examples(shape))
    layer.set_weights(exact.get_weights())
    out = applied(layer, examples(shape))
    assert keras.backend.standardize_dtype(out.dtype) == policy.removeprefix("mixed_")
    assert all(keras.backend.standardize_dtype(weight.dtype) == "float32" for weight in layer.weights)
    out = array(out)
    assert np.isfinite(out).all()
    inside = np.abs(expected) < 1e4  # the fill of ConstantPadding differs with the dtype
    np.testing.assert_allclose(out[inside], expected[inside], rtol=0.02, atol=0.05)


@pytest.mark.parametrize("known", [True, False], ids=["fixed", "free length"])
@every_layer
def test_symbolic_shape_and_dtype_are_the_eager_ones(kind, config, shape, known):
    if not known and kind in OF_FIXED_SIZE:
        pytest.skip("needs a fixed length")
    layer, given = kind(**config), examples(shape)
    eager = applied(layer, given)
    symbolic = applied(layer, inputs(shape, known))
    assert len(symbolic.shape) == len(eager.shape)
    for one, other in zip(symbolic.shape[1:], eager.shape[1:]):
        assert one == other or (one is None and not known)
    shapes = [x.shape for x in given]
    assert layer.compute_output_shape(shapes if len(shapes) > 1 else shapes[0]) == tuple(eager.shape)
    assert keras.backend.standardize_dtype(symbolic.dtype) == keras.backend.standardize_dtype(eager.dtype)


@pytest.mark.parametrize("masked", [False, True], ids=["all real", "masked"])
@every_layer
def test_gradients_are_finite_and_reach_every_weight(kind, config, shape, masked):
    layer, given = kind(**config), examples(shape)
    if masked and (len(given) > 1 or len(shape) != 2 or not layer.supports_masking):
        pytest.skip("carries no time mask of its own")
    mask = np.array([[True] * 5 + [False] * 4, [True] + [False] * 8]) if masked else None
    of_weights, (of_x, *_) = gradients(layer, given, mask)
    assert len(of_weights) == len(layer.trainable_weights)
    for gradient in of_weights + ([of_x] if given[0].dtype == "float32" else []):
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0
    if masked and of_x is not None:
        assert (of_x[0, 5:] == 0).all() and (of_x[1, 1:] == 0).all(), "a masked step was seen"


@every_layer
def test_any_length_after_a_free_one(kind, config, shape):
    if kind in (*OF_FIXED_SIZE, layers.TokenEmbedding, layers.OneHotTokens):
        pytest.skip("has no window")
    layer = kind(**config)
    applied(layer, inputs(shape, known=False))
    assert np.isfinite(array(applied(layer, examples(shape, times=2)))).all()


def test_constant_padding_of_a_mask():
    layer = layers.ConstantPadding(((2, 1),))
    mask = ops.convert_to_tensor([[True, True, False, False], [True, False, False, False]])
    padded = ops.convert_to_numpy(layer.compute_mask(None, mask))
    assert padded.sum(axis=1).tolist() == [2 + 3, 1 + 3], "the borders count as real"
    assert padded.shape == (2, 7)


@pytest.mark.parametrize(("n", "buckets"), [(1, 101), (2, 101), (3, 7), (2, 2**19 - 1), (4, 2**24)])
def test_an_ngram_bag_is_the_sum_over_a_counter_of_runs(n, buckets):
    ids = np.array(
        [[5, 60_000, 5, 60_000, 9, 0, 0], [2**31 - 1, 3, 0, 0, 0, 0, 0], [0] * 7, [1, 2, 3, 4, 5, 6, 7]], np.int32
    )
    layer = layers.NgramBag(n, 3, buckets)
    ours = array(layer(ids))
    table, factor = np.asarray(layer.embeddings), (2**31 - 1) // buckets - 1
    for text, vector in zip(ids.tolist(), ours, strict=True):
        words = [word for word in text if word]
        runs = [words[i : i + size] for size in range(1, n + 1) for i in range(len(words) - size + 1)]
        hashes = [functools.reduce(lambda h, word: (h * factor + word % buckets) % buckets, run, 0) for run in runs]
        expected = table[hashes].sum(axis=0) / max(len(runs), 1) ** 0.5
        np.testing.assert_allclose(vector, expected, atol=1e-6)
    np.testing.assert_array_equal(array(layer(np.stack([ids, ids + 1], axis=-1))), ours)


BAD = {
    "n": (lambda: layers.NgramBag(0, 3), "at least 1. Received: n=0"),
    "buckets": (lambda: layers.NgramBag(2, 3, 2**24 + 1), "Received: buckets=16777217"),
    "mode": (lambda: layers.BorderPadding(((1, 1),), mode="wrap"), "'circular'.*Received: mode='wrap'"),
    "fill": (lambda: layers.ConstantPadding(((1, 1),), fill="mean"), "Received: fill='mean'"),
    "channels": (lambda: layers.ChannelPadding(2)(np.zeros((1, 3, 4))), "input's 4. Received: channels=2"),
    "bands": (lambda: layers.SubSpectralNormalization(3)(np.zeros((1, 4, 10, 2))), "Received: bands=3"),
    "bands of a sound": (lambda: layers.SubSpectralNormalization(3)(np.zeros((1, 9, 2))), "Received: bands=3"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
