"""Batch norms by TensorFlow's kernel beside their equation and beside Keras's layer, and where the kernel is used."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("TensorFlow's kernel", allow_module_level=True)

import tensorflow as tf

from multicnn.blocks import chain, conv, dense, global_average_pool, network, norm
from multicnn.engines import batch_norm, engine

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


def model(shape, fused=True, **config):
    made = keras.Sequential([keras.layers.BatchNormalization(epsilon=EPSILON, momentum=MOMENTUM, **config)])
    made.build(shape)
    if fused:
        batch_norm.fuse(made)
    return made


def example(shape):
    return np.random.default_rng(0).normal(3, 2, shape).astype("float32")


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_is_the_equation(shape, affine):
    fused, x = model(shape, center=affine, scale=affine), example(shape)
    gamma, beta = np.ones(shape[-1]), np.zeros(shape[-1])
    if affine:
        gamma, beta = np.random.default_rng(1).uniform(0.5, 2, (2, shape[-1]))
        fused.layers[0].gamma.assign(gamma)
        fused.layers[0].beta.assign(beta)
    rows = x.reshape(-1, shape[-1]).astype("float64")
    mean, variance = rows.mean(0), rows.var(0)
    expected = (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta
    np.testing.assert_allclose(fused(x, training=True), expected, rtol=1e-4, atol=1e-4)
    mean, variance = mean * (1 - MOMENTUM), MOMENTUM + variance * (1 - MOMENTUM)
    np.testing.assert_allclose(fused.layers[0].moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(fused.layers[0].moving_variance, variance, rtol=1e-5)
    np.testing.assert_allclose(
        fused(x, training=False), (x - mean) / np.sqrt(variance + EPSILON) * gamma + beta, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(("policy", "close"), [("float32", 2e-4), ("mixed_bfloat16", 0.03), ("mixed_float16", 0.005)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_its_gradients_are_those_of_keras(shape, policy, close):
    x, weights = example(shape), np.random.default_rng(2).uniform(0.1, 1, shape).astype("float32")

    def found(fused):
        net = model(shape, fused, dtype=policy)
        with tf.GradientTape() as tape:
            tape.watch(given := tf.constant(x))
            out = net(given, training=True)
            loss = tf.reduce_sum(tf.cast(out, "float32") ** 3 * weights)
        assert out.dtype == policy.removeprefix("mixed_")
        return [*tape.gradient(loss, [given, *net.trainable_variables]), *net.non_trainable_variables]

    for ours, theirs in zip(found(True), found(False), strict=True):
        theirs = np.array(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=close, atol=close * (1e-3 + np.abs(theirs).max()))


@pytest.mark.parametrize(
    ("shape", "config", "masked", "expected"),
    [
        ((4, 9, 8), {}, False, True),
        ((4, 9, 9, 16), {"center": False, "scale": False}, False, True),
        ((4, 9, 9, 16), {"dtype": "mixed_bfloat16"}, False, True),
        ((4, 9, 9, 45), {}, False, False),
        ((4, 8), {}, False, False),
        ((4, 8, 9), {"axis": 1}, False, False),
        ((4, 9, 8), {}, True, False),
        ((4, 9, 8), {"trainable": False}, False, False),
        ((4, 9, 8), {"synchronized": True}, False, False),
        ((4, 9, 8), {"renorm": True}, False, False),
    ],
)
def test_where_the_kernel_is_used(shape, config, masked, expected):
    net, mask = model(shape, **config), tf.ones(shape[:-1], "bool") if masked else None
    function = tf.function(lambda x: net.layers[0](x, training=True, mask=mask))
    graph = function.get_concrete_function(tf.TensorSpec(shape)).graph
    assert any("FusedBatchNorm" in operation.type for operation in graph.get_operations()) == expected


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="on a CPU only")
def test_a_training_step_uses_it_and_the_network_stays_as_it_is(tmp_path):
    block = chain(conv(8, 3, norm="batch"), norm("sub_spectral", bands=2), global_average_pool(), dense(2))
    net, plain = (network(block, (6, 6, 1)) for _ in range(2))
    x, targets = example((4, 6, 6, 1)), np.array([0, 1, 1, 0], "int32")
    for each in (net, plain):
        each.set_weights([np.array(w) for w in net.get_weights()])
        each.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    engine.training_step(net)(x, targets)
    fused = [layer for layer in net._flatten_layers() if "call" in vars(layer)]
    assert len(fused) == 2, "the one inside the sub-spectral norm as well"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_norm, "fuse", lambda network: None)
        engine.training_step(plain)(x, targets)
    for ours, theirs in zip(net.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    net.save(tmp_path / "net.keras")
    again = keras.models.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(again(x), net(x))
    assert type(again.get_layer("conv.norm")) is keras.layers.BatchNormalization
