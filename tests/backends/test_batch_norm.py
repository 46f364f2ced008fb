"""Batch norms by TensorFlow's kernel beside their equation and beside Keras's layer, and where the kernel is used."""

from contextlib import nullcontext

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("TensorFlow's kernel", allow_module_level=True)

import tensorflow as tf

from multicnn.backends import batch_norm, engine
from multicnn.blocks import chain, conv, dense, global_average_pool, network, norm
from multicnn.tasks.losses import class_correct, class_losses

if tf.config.list_physical_devices("GPU"):
    pytest.skip("on a CPU only", allow_module_level=True)

# A multiple of 16, of 4, neither; texts, pictures, maps of one position; one row alone; no map at all.
SHAPES = [
    (5, 7, 16),
    (5, 7, 8),
    (5, 7, 6),
    (3, 4, 5, 32),
    (3, 4, 5, 12),
    (3, 4, 5, 45),
    (6, 1, 1, 64),
    (1, 1, 16),
    (9, 4),
]
EPSILON, MOMENTUM = 1e-3, 0.7


def model(shape, **config):
    made = keras.Sequential([keras.layers.BatchNormalization(epsilon=EPSILON, momentum=MOMENTUM, **config)])
    made.build(shape)
    return made


def example(shape):
    return np.random.default_rng(0).normal(3, 2, shape).astype("float32")


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_the_equation(shape, affine):
    net, x = model(shape, center=affine, scale=affine), example(shape)
    layer, gamma, beta = net.layers[0], np.ones(shape[-1]), np.zeros(shape[-1])
    if affine:
        gamma, beta = np.random.default_rng(1).uniform(0.5, 2, (2, shape[-1]))
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
    rows = x.reshape(-1, shape[-1]).astype("float64")
    mean, variance = rows.mean(0), rows.var(0)
    with batch_norm.fused(net):
        learned = net(x, training=True)
        answered = net(x, training=False)
    np.testing.assert_allclose(learned, (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta, rtol=1e-4, atol=1e-4)
    mean, variance = mean * (1 - MOMENTUM), MOMENTUM + variance * (1 - MOMENTUM)
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-5)
    np.testing.assert_allclose(answered, (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("policy", "close"), [("float32", 2e-4), ("mixed_bfloat16", 0.03), ("mixed_float16", 0.005)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_its_gradients_are_those_of_keras(shape, policy, close):
    x, weights = example(shape), np.random.default_rng(2).uniform(0.1, 1, shape).astype("float32")

    def found(fused):
        net = model(shape, dtype=policy)
        with tf.GradientTape() as tape, batch_norm.fused(net) if fused else nullcontext():
            tape.watch(given := tf.constant(x))
            out = net(given, training=True)
            loss = tf.reduce_sum(tf.cast(out, "float32") ** 3 * weights)
        assert out.dtype == policy.removeprefix("mixed_")
        return [*tape.gradient(loss, [given, *net.trainable_variables]), *net.non_trainable_variables]

    for ours, theirs in zip(found(True), found(False), strict=True):
        theirs = np.array(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=close, atol=close * (1e-3 + np.abs(theirs).max()))


@pytest.mark.parametrize(
    ("shape", "config", "masked", "training", "expected"),
    [
        ((4, 9, 8), {}, False, True, True),
        ((4, 9, 9, 16), {"center": False, "scale": False}, False, True, True),
        ((4, 9, 9, 16), {"dtype": "mixed_bfloat16"}, False, True, True),
        ((4, 9, 9, 16), {}, False, False, True),
        ((4, 9, 8), {"trainable": False}, False, True, True),
        ((4, 9, 8), {}, True, False, True),
        ((4, 9, 8), {}, True, True, False),
        ((4, 9, 9, 45), {}, False, True, False),
        ((4, 9, 9, 45), {}, False, False, False),
        ((4, 8), {}, False, True, False),
        ((4, 8, 9), {"axis": 1}, False, True, False),
        ((4, 9, 8), {"synchronized": True}, False, True, False),
        ((4, 9, 8), {"renorm": True}, False, True, False),
    ],
)
def test_where_the_kernel_is_used(shape, config, masked, training, expected):
    net, mask = model(shape, **config), tf.ones(shape[:-1], "bool") if masked else None
    with batch_norm.fused(net):
        assert (_kernels(lambda x: net.layers[0](x, training=training, mask=mask), shape) == 1) == expected
    assert not _kernels(lambda x: net.layers[0](x, training=training, mask=mask), shape), "the layer is as it was"


def _kernels(function, shape):
    graph = tf.function(function).get_concrete_function(tf.TensorSpec(shape)).graph
    return sum("FusedBatchNorm" in operation.type for operation in graph.get_operations())


def test_training_and_prediction_use_it(monkeypatch):
    block = chain(conv(8, 3, norm="batch"), norm("sub_spectral", bands=2), global_average_pool(), dense(2))
    x, targets, before = example((4, 6, 6, 1)), np.array([0, 1, 1, 0], "int32"), None
    results, modes = [], []
    kernel = tf.compat.v1.nn.fused_batch_norm

    def recorded(*arguments, is_training, **more):
        modes.append(is_training)
        return kernel(*arguments, is_training=is_training, **more)

    monkeypatch.setattr(tf.compat.v1.nn, "fused_batch_norm", recorded)
    for fused in (batch_norm.fused, lambda network: nullcontext()):
        monkeypatch.setattr(batch_norm, "fused", fused)
        net = network(block, (6, 6, 1))
        before = before or net.get_weights()
        net.set_weights(before)
        net.compile(keras.optimizers.SGD(0.1), jit_compile=False)
        engine.training_step(net, class_losses, class_correct)(x, targets)
        results.append([*net.get_weights(), engine.inference(net)(x)])
    assert sorted(modes) == [False, False, True, True], (
        "both norms, also the one inside a layer; training and prediction"
    )
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
