"""One step of the training loop against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from multicnn.blocks import chain, dense, embed, global_average_pool, network
from multicnn.recipe import Optimizer
from multicnn.training import optimizers
from multicnn.training import step as step_module
from multicnn.training.step import training_step

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the loop is TensorFlow's")


def softmax(logits):
    exponents = np.exp(logits)
    return exponents / exponents.sum(axis=-1, keepdims=True)


def steps(net, optimizer, inputs, targets, count=1, **settings):
    """Trains `count` steps on one batch; returns what the step added up."""
    net.compile(optimizer=optimizer, jit_compile=False)
    totals = tf.Variable([0.0, 0.0, 0.0], dtype=tf.float64)
    step = training_step(net, totals, **settings)
    iterator = iter(tf.data.Dataset.from_tensors((inputs, targets)).repeat())
    for _ in range(count):
        step(iterator)
    return totals.numpy()


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
def test_slices_of_an_embedding_do_what_its_whole_gradient_does(optimizer, arguments, monkeypatch):
    inputs, targets = np.array([[1, 2, 2, 3], [1, 1, 4, 5]], "int32"), np.array([0, 1], "int32")
    weights = []
    for summed in (
        step_module._summed,
        lambda gradient, _: None if gradient is None else tf.convert_to_tensor(gradient),
    ):
        monkeypatch.setattr(step_module, "_summed", summed)
        keras.utils.set_random_seed(0)
        net = network(chain(embed(8, 3), global_average_pool(), dense(2)), (4,))
        steps(net, optimizers.make(Optimizer(name=optimizer, arguments=arguments), 4, 1), inputs, targets, count=4)
        weights.append(net.get_weights())
    for ours, whole in zip(*weights, strict=True):
        np.testing.assert_allclose(ours, whole, atol=1e-6)


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


def test_a_step_tells_how_long_it_waited_for_its_batch(monkeypatch):
    net, clock = network(chain(dense(2)), (3,)), [100.0]
    net.compile(optimizer="sgd", jit_compile=False)
    monkeypatch.setattr(step_module.time, "perf_counter", lambda: clock[0])

    def slow():
        for seconds in (0.5, 0.0, 2.0):
            clock[0] += seconds
            yield tf.ones((2, 3)), tf.constant([0, 1])

    step, batches = training_step(net, tf.Variable([0.0, 0.0, 0.0], dtype=tf.float64)), slow()
    assert [step(batches) for _ in range(3)] == [0.5, 0.0, 2.0]
