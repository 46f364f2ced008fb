"""What the backends do each in their own way: one step of training against NumPy, and the rest against plain Keras."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from multicnn.backends import engine
from multicnn.blocks import chain, conv, dense, drop, embed, global_average_pool, network
from multicnn.recipe import Optimizer
from multicnn.tasks.losses import class_correct, class_losses
from multicnn.training.optimizers import factory
from multicnn.training.precision import loss_scaled

TENSORFLOW = keras.backend.backend() == "tensorflow"


def softmax(logits):
    exponents = np.exp(logits)
    return exponents / exponents.sum(axis=-1, keepdims=True)


def training_step(net, counted=class_correct, **settings):
    return engine.training_step(net, functools.partial(class_losses, **settings), counted)


def steps(net, optimizer, inputs, targets, count=1, **settings):
    """Trains `count` steps on one batch; returns what the last step added up."""
    net.compile(optimizer=optimizer, jit_compile=False)
    step = training_step(net, **settings)
    for _ in range(count):
        sums = step(inputs, targets)
    return sums


def test_a_word_that_occurs_twice_has_one_gradient():
    keras.utils.set_random_seed(0)
    net = network(chain(embed(6, 3), global_average_pool(), dense(2)), (4,))
    table, kernel, _ = (weight.astype(np.float64) for weight in net.get_weights())
    steps(
        net,
        keras.optimizers.Adagrad(0.5, initial_accumulator_value=0.01),
        np.array([[2, 5, 2, 2]], "int32"),
        np.array([1], "int32"),
    )
    shares = np.array([0, 0, 3, 0, 0, 1]) / 4
    g = np.outer(shares, (softmax(shares @ table @ kernel) - [0, 1]) @ kernel.T)
    np.testing.assert_allclose(net.get_weights()[0], table - 0.5 * g / np.sqrt(0.01 + g**2 + 1e-7), rtol=1e-4)


@pytest.mark.parametrize(
    ("optimizer", "arguments"),
    [("adam", {"gradient_accumulation_steps": 2}), ("momentum", {"global_clipnorm": 0.01}), ("rprop", {})],
)
def test_an_embedding_is_trained_as_the_product_of_its_table_and_one_hot_vectors(optimizer, arguments):
    """Its gradient comes in slices, one for each time that a word occurs; that of the product is a whole matrix."""
    ids, targets = np.array([[1, 2, 2, 3], [1, 1, 4, 5]], "int32"), np.array([0, 1], "int32")
    keras.utils.set_random_seed(0)
    sliced = network(chain(embed(8, 3), global_average_pool(), dense(2)), (4,))
    layers = [keras.layers.Dense(3, use_bias=False), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(2)]
    whole = keras.Sequential([keras.Input((4, 8)), *layers])
    whole.set_weights(sliced.get_weights())
    for net, inputs in ((sliced, ids), (whole, np.eye(8, dtype="float32")[ids])):
        steps(net, factory.make(Optimizer(name=optimizer, arguments=arguments), 4, 1), inputs, targets, count=4)
    for ours, expected in zip(sliced.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


@pytest.mark.parametrize("soft", [False, True])
def test_the_totals_are_of_the_trained_loss(soft):
    keras.utils.set_random_seed(0)
    net = network(chain(global_average_pool(), dense(3)), (1, 4))
    x = np.random.default_rng(0).normal(size=(5, 1, 4)).astype("float32")
    t = np.eye(3)[[0, 1, 2, 2, 1]]
    if soft:
        t = 0.7 * t + 0.3 * t[::-1]
    kernel = net.get_weights()[0].astype(np.float64)
    z, weights = x[:, 0] @ kernel, np.array([1.0, 2.0, 4.0])
    smooth = 0.9 * t + 0.1 / 3
    losses = ((softmax(z) - smooth) ** 2).sum(1) * (t @ weights)
    totals = steps(
        net,
        keras.optimizers.SGD(0.1),
        x,
        t.astype("float32") if soft else t.argmax(1).astype("int32"),
        loss="squared_error",
        label_smoothing=0.1,
        class_weights=weights,
    )
    np.testing.assert_allclose(totals, [losses.sum(), (z.argmax(1) == t.argmax(1)).sum(), 5], rtol=1e-5)
    p = softmax(z)
    error = 2 * (p - smooth) * (t @ weights)[:, None] / 5
    by_logit = p * (error - (p * error).sum(1, keepdims=True))
    np.testing.assert_allclose(net.get_weights()[0], kernel - 0.1 * x[:, 0].T @ by_logit, rtol=1e-4, atol=1e-6)


NET = chain(conv(4, 3, norm="batch", activation="relu"), drop(0.5), global_average_pool(), dense(3))


def noise(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(1, 1, (n, 6, 6, 1)).astype("float32"), rng.integers(0, 3, n).astype("int32")


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_step_is_that_of_plain_keras(precision):
    """With statistics of a norm, dropout, a regulariser, clipping and an average of the weights."""
    arguments = {"momentum": 0.9, "global_clipnorm": 0.1, "use_ema": True, "ema_momentum": 0.8}
    trained = []
    for ours in (True, False):
        keras.utils.set_random_seed(0)
        net = network(NET.replaced(kernel_regularizer=["l2", {"l2": 0.1}]), (6, 6, 1), dtype=precision)
        optimizer = loss_scaled(factory.make(Optimizer(name="sgd", arguments=arguments), 4, 1), precision)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        net.compile(optimizer, loss, jit_compile=False)
        step = training_step(net) if ours else net.train_on_batch
        for each in range(4):
            step(*noise(5, each))
        trained.append([np.array(variable) for variable in [*net.variables, *net.optimizer.variables]])
    for one, other in zip(*trained, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    assert any((one != 0).any() for one in trained[0])


@pytest.mark.skipif(not TENSORFLOW, reason="XLA compiles for a size")
def test_batches_of_every_size_are_steps_of_one_graph():
    traced = []
    net = network(NET, (6, 6, 1))
    net.compile("sgd", jit_compile=False)
    step = training_step(net, lambda *each: traced.append(each) or class_correct(*each))
    assert [step(*noise(n))[2] for n in (3, 5, 1, 3)] == [3, 5, 1, 3]
    assert len(traced) == 1


def test_what_does_not_fit_is_a_memory_error():
    net = network(NET, (6, 6, 1))
    net.compile("sgd", jit_compile=False)
    if TENSORFLOW:
        import tensorflow as tf

        error = tf.errors.ResourceExhaustedError(None, None, "too much")
    else:
        import jax

        error = jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: too much")

    def full(*batch):
        raise error

    with pytest.raises(MemoryError, match="too much"):
        engine.training_step(net, full, class_correct)(*noise(2))


def test_gradients_and_outputs_are_those_of_training_and_change_nothing():
    keras.utils.set_random_seed(0)
    net = network(NET, (6, 6, 1))
    inputs, targets = noise(5)
    before = [np.array(variable) for variable in net.variables]

    def loss(logits):
        return ops.mean(class_losses(logits, targets))

    logits, slopes = engine.gradients(net, inputs, loss)
    again, _ = engine.gradients(net, inputs, loss)
    np.testing.assert_array_equal(logits, again)  # dropout's seed too is as it was
    for ours, theirs in zip(net.variables, before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(engine.outputs(net, inputs), logits, atol=1e-6)
    for variable, value in zip(net.variables, before):
        variable.assign(value)
    net.compile(keras.optimizers.SGD(1.0), jit_compile=False)
    training_step(net)(inputs, targets)
    places = [i for i, v in enumerate(net.variables) if any(v is each for each in net.trainable_variables)]
    for place, slope in zip(places, slopes, strict=True):
        np.testing.assert_allclose(before[place] - np.array(net.variables[place]), slope, atol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_inference_is_the_network_alone_for_every_number_of_examples(n):
    net = network(NET, (6, 6, 1))
    logits = engine.inference(net)(noise(n)[0])
    assert logits.shape == (n, 3) and logits.dtype == np.float32
    np.testing.assert_allclose(logits, ops.convert_to_numpy(net(noise(n)[0], training=False)), rtol=1e-4, atol=1e-5)


def test_inference_sees_new_weights():
    net = network(chain(global_average_pool(), dense(3)), (6, 6, 1))
    logits = engine.inference(net)
    before = logits(noise(4)[0])
    net.set_weights([2 * weight for weight in net.get_weights()])
    np.testing.assert_allclose(logits(noise(4)[0]), 2 * before, rtol=1e-5)
