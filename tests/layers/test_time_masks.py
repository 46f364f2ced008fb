"""Padding is never seen: appending padding ids to a text changes nothing, in prediction and in training."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from multicnn import models
from multicnn.blocks import (
    activation,
    add,
    average_pool,
    chain,
    concat,
    conv,
    conv_transpose,
    cropped,
    dense,
    depthwise_conv,
    drop,
    dynamic_k_max_pool,
    embed,
    fixed_filter,
    flatten,
    fold,
    global_average_pool,
    global_max_pool,
    k_max_pool,
    lift,
    max_pool,
    min_pool,
    network,
    norm,
    pad,
    pad_channels,
    repeat,
    rms_pool,
    scale,
    separable_conv,
    stage,
    take_channels,
    unpool,
    weighted_average_pool,
    weighted_pool,
)
from multicnn.layers import time_mask

WORDS, DIMS = 50, 8
_c = conv(6, 3, norm="batch", activation="relu")

TEXT_NETWORKS = {
    "textcnn": models.create("textcnn", 3, filters=6, dropout=0.0),
    "resnet20": models.create("resnet20", 3, width=4),
    "res8": models.create("res8", 3, maps=6),
    "res15": models.create("res15", 3, maps=6),
    "vgg_small": models.create("vgg_small", 3, width=4, dropout=0.0),
    "m5": models.create("m5", 3, width=4),
    "squeezenet": models.create("squeezenet", 3, width=1 / 16, dropout=0.0),
    "inception_small": models.create("inception_small", 3, width=4, dropout=0.0),
    "tc_resnet8": models.create("tc_resnet8", 3, k=0.25, dropout=0.0),
    "dcnn": models.create("dcnn", 3, maps=(3, 2), dropout=0.0),
    "vdcnn9": models.create("vdcnn9", 3, shortcuts=True, width=4, units=8, k=3),
    "mlp": models.create("mlp", 3, units=(5,), pooled=True),
    "valid": chain(repeat(3, conv(6, 3, padding="valid", activation="relu")), global_average_pool()),
    "even windows": chain(conv(6, 4), conv(6, 2, padding="valid"), global_average_pool()),
    "strided": chain(conv(6, 5, strides=2), conv(6, 3, strides=3, padding="valid"), global_max_pool()),
    "strided past the window": chain(conv(6, 1, strides=3), max_pool(1, strides=2), global_average_pool()),
    "dilated": chain(conv(6, 3, dilation_rate=4), conv(6, 3, dilation_rate=2, padding="valid"), global_max_pool()),
    "depthwise": chain(
        depthwise_conv(5, strides=2, norm="batch"), depthwise_conv(3, padding="valid"), global_max_pool()
    ),
    "grouped": chain(conv(6, 3, groups=2, activation="relu"), global_average_pool()),
    "max pools": chain(
        max_pool(2), max_pool(3, strides=2), max_pool(3, strides=1, padding="same"), _c, global_max_pool()
    ),
    "max pool, same": chain(conv(6, 3), max_pool(4, strides=3, padding="same"), global_average_pool()),
    "average pools": chain(average_pool(2), average_pool(3, strides=2), conv(6, 3), global_average_pool()),
    "average pool, same": chain(
        average_pool(3, strides=1, padding="same"),
        average_pool(3, strides=2, padding="same"),
        weighted_average_pool(4, strides=1, padding="same", weights=(1, 2, 3, 4)),
        global_max_pool(),
    ),
    "other pools": chain(
        min_pool(2),
        rms_pool(3, strides=2),
        weighted_pool(2),
        weighted_average_pool(2, strides=1, weights="learned", per_channel=True),
        min_pool(3, strides=1, padding="same"),
        _c,
        global_max_pool(),
    ),
    "wide": chain(conv(6, 5, padding=4, activation="tanh"), conv(6, 3, padding=((0, 2),)), global_average_pool()),
    "mirrored": chain(conv(6, 5, padding_mode="reflect"), conv(6, 4, padding_mode="symmetric"), global_average_pool()),
    "repeated": chain(
        conv(6, 5, padding_mode="edge"), conv(6, 3, strides=2, padding_mode="circular"), global_max_pool()
    ),
    "padded": chain(pad(2), pad(3, mode="edge"), conv(6, 3), global_average_pool()),
    "transposed": chain(conv_transpose(6, 3, strides=2), conv_transpose(6, 4, padding=1), _c, global_average_pool()),
    "transposed below the stride": chain(conv_transpose(6, 2, strides=3), conv(6, 3), global_max_pool()),
    "k largest": chain(conv(6, 3, activation="tanh"), k_max_pool(4), _c, flatten()),
    "k largest of each length": chain(
        conv(6, 5, padding=4),
        dynamic_k_max_pool(3, 1, 2),
        fold(1),
        conv(6, 3, padding=2),
        dynamic_k_max_pool(3, 2, 2),
        flatten(),
    ),
    "there and back": chain(
        unpool(conv(DIMS, 3, activation="relu"), 2), _c, unpool(chain(), 3, strides=2), global_average_pool()
    ),
    "cropped": chain(
        concat(chain(), cropped(chain(max_pool(2, padding="same"), _c, conv_transpose(6, 2, strides=2)))),
        _c,
        global_average_pool(),
    ),
    "filtered": chain(
        fixed_filter("sharpen"),
        fixed_filter("sobel_y"),
        fixed_filter(kernel=(1, 2, 0, -4)),
        conv(6, 3),
        global_average_pool(),
    ),
    "separable": chain(separable_conv(6, 3, norm="batch"), activation("sigmoid"), _c, global_average_pool()),
    "across channels": chain(
        norm("local_response"),
        activation("prelu"),
        take_channels(0, 3, 4),
        scale(),
        activation("lecun_tanh"),
        activation("random_gradient_relu"),
        _c,
        global_average_pool(),
    ),
    "norm after a max pool": chain(
        max_pool(2), norm(), conv(6, 3), max_pool(2), norm("layer"), conv(6, 3), global_max_pool()
    ),
    "norm of one channel": chain(conv(1, 3, norm="batch"), global_average_pool()),
    "residual": chain(_c, repeat(2, chain(add(chain(_c, _c), chain()), activation("relu"))), global_average_pool()),
    "sum of max pools": chain(add(max_pool(2), max_pool(2), average_pool(2)), conv(6, 3), global_average_pool()),
    "side by side": chain(concat(conv(6, 3), conv(6, 5, dilation_rate=2), chain()), conv(6, 3), global_max_pool()),
    "other": chain(
        pad_channels(12),
        drop(0.0, spatial=True),
        lift("LeakyReLU"),
        dense(5, norm="batch"),
        _c,
        stage("top", _c),
        global_average_pool(),
    ),
}

table = pytest.mark.parametrize("block", TEXT_NETWORKS.values(), ids=TEXT_NETWORKS)


def text_network(block, length=None, dtype=None):
    """The block behind a table of word vectors, freshly seeded; built once."""
    model, start = _built(block, length, dtype)
    model.set_weights(start)
    return model


@functools.cache
def _built(block, length, dtype):
    vectors = embed(WORDS, DIMS, embeddings_initializer=("random_normal", {"stddev": 1.0}))
    keras.utils.set_random_seed(0)
    model = network(chain(vectors, block, dense(3)), (length,), dtype=dtype)
    start, rng = model.get_weights(), np.random.default_rng(0)
    # No bias, shift or moving average may start at zero: a masked step must not stay zero by luck.
    return model, [rng.uniform(0.2, 1.5, w.shape) if (w == 0).all() or (w == 1).all() else w for w in start]


def texts(lengths, seed=0):
    ids = np.random.default_rng(seed).integers(1, WORDS, (len(lengths), max(lengths)))
    return np.where(np.arange(ids.shape[1]) < np.array(lengths)[:, None], ids, 0).astype("int32")


def assert_same(actual, expected, **kwargs):
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5 * scale, **kwargs)


def padded(ids, more):
    return np.pad(ids, [(0, 0), (0, more)])


@table
def test_appended_padding_changes_no_logit(block):
    model = text_network(block)
    for lengths in ([1], [2], [1, 3, 8, 23]):
        ids = texts(lengths)
        expected = model(ids, training=False).numpy()
        assert np.isfinite(expected).all()
        for more in (1, 2, 5, 100):
            assert_same(model(padded(ids, more), training=False), expected, err_msg=f"{lengths} + {more}")


@table
def test_neighbours_in_a_batch_change_no_logit(block):
    model, lengths = text_network(block), [1, 2, 5, 11]
    together = model(texts(lengths), training=False).numpy()
    for row, (ids, length) in enumerate(zip(texts(lengths), lengths)):
        assert_same(model(ids[None, :length], training=False)[0], together[row])


@table
def test_padding_changes_no_batch_statistic(block):
    ids, results = texts([1, 4, 9, 20], seed=3), []
    for batch in (ids, padded(ids, 1), padded(ids, 40)):
        model = text_network(block)
        logits = model(batch, training=True).numpy()
        results.append([logits, *(w.numpy() for w in model.non_trainable_weights)])
    for result in results[1:]:
        for one, other in zip(results[0], result):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


HALF = [(name, "mixed_float16") for name in TEXT_NETWORKS] + [
    ("max pools", "mixed_bfloat16"),
    ("res8", "mixed_bfloat16"),
]


@pytest.mark.parametrize(("name", "dtype"), HALF)
def test_a_training_step_stays_finite(name, dtype):
    # Half precision, where the fill of a maximum overflows first; the logits are small, so that nothing else does.
    model = text_network(TEXT_NETWORKS[name], dtype=dtype)
    model.compile(
        keras.optimizers.SGD(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True
    )
    loss = model.train_on_batch(padded(texts([1, 3, 20]), 10), np.array([0, 1, 2]))
    assert np.isfinite(loss)
    assert all(np.isfinite(weight.numpy()).all() for weight in model.weights)


@pytest.mark.parametrize("length", [1, 4])
@pytest.mark.parametrize(
    "block", [b for n, b in TEXT_NETWORKS.items() if n not in models.MODELS or n == "textcnn"], ids=repr
)
def test_a_network_for_short_texts_only(block, length):
    # A fixed length below the windows: padded, where an unmasked sequence would be refused.
    short, free = text_network(block, length), text_network(block)
    short.set_weights(free.get_weights())
    ids = padded(texts([1, length]), 0)[:, :length]
    assert_same(short(ids, training=False), free(ids, training=False))


@pytest.mark.parametrize("name", ["textcnn", "strided", "max pools"])
def test_compiled_prediction_of_any_length(name):
    model = text_network(TEXT_NETWORKS[name])
    for lengths in ([1], [7, 3], [30]):
        ids = texts(lengths)
        assert_same(model.predict(ids, verbose=0), model(ids, training=False))


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_large_ids_survive_half_precision(dtype):
    model = network(embed(5000, 1, embeddings_initializer="zeros"), (None,), dtype=dtype)
    table = np.arange(5000)[:, None] % 251
    model.set_weights([table])
    ids = np.array([[2049, 4097, 4999]])
    np.testing.assert_array_equal(model(ids)[..., 0], table[ids][..., 0])


def test_a_flattened_text_is_zero_behind_its_end():
    model = network(chain(embed(WORDS, 2), conv(2, 3), norm(), flatten()), (6,))
    model.set_weights([np.full(w.shape, 0.7) for w in model.get_weights()])
    flat = model(padded(texts([4]), 2)).numpy().reshape(6, 2)
    assert (flat[:4] != 0).all()
    assert (flat[4:] == 0).all()


# Networks that flatten the whole text ask for one length; a longer one adds rows of zeros to what their first dense layer sees.
FLATTENED = {
    "char_cnn_small": models.create("char_cnn_small", 3, filters=4, units=8, dropout=0.0),
    "linear": models.create("linear", 3),
    "mlp": models.create("mlp", 3, units=(5,)),
}


@pytest.mark.parametrize("block", FLATTENED.values(), ids=FLATTENED)
def test_a_longer_fixed_length_changes_no_logit(block):
    short, long = text_network(block, 150), text_network(block, 190)
    for weight, wider in zip(short.weights, long.weights):
        wider.assign(np.concatenate([weight, np.ones((wider.shape[0] - weight.shape[0], *weight.shape[1:]))]))
    for lengths in ([1], [7, 150, 110]):
        ids = padded(texts(lengths), 150 - max(lengths))
        assert_same(long(padded(ids, 40), training=False), short(ids, training=False), err_msg=str(lengths))


@pytest.mark.parametrize("name", ["textcnn", "vgg_small", "max pools", "average pools"])
def test_a_text_of_no_words_has_a_finite_answer(name):
    assert np.isfinite(text_network(TEXT_NETWORKS[name])(np.zeros((1, 4), "int32"), training=False)).all()


# The arithmetic of masks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reach", "strides"), [(1, 1), (3, 1), (3, 2), (2, 2), (1, 3), (5, 3)])
@pytest.mark.parametrize("real", [1, 2, 4, 9, 12])
def test_slide_counts_the_windows_of_real_steps(real, reach, strides):
    length = 12
    mask = np.arange(length)[None] < real
    starts = range(0, length - reach + 1, strides)
    expected = [start == 0 or start + reach <= real for start in starts]
    assert ops.convert_to_numpy(time_mask.slide(ops.convert_to_tensor(mask), reach, strides)).tolist() == [expected]


def test_fill_masked():
    x = ops.convert_to_tensor(np.ones((1, 3, 2), "float32"))
    mask = ops.convert_to_tensor([[True, False, True]])
    assert ops.convert_to_numpy(time_mask.fill_masked(x, mask))[0, :, 0].tolist() == [1, 0, 1]
    assert ops.convert_to_numpy(time_mask.fill_masked(x, mask, -5.0))[0, :, 1].tolist() == [1, -5, 1]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_the_lowest_number_is_finite(dtype):
    value = ops.cast(ops.convert_to_tensor(time_mask.lowest(dtype)), dtype)
    assert np.isfinite(float(value))
