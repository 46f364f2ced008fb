"""The optimizers by name against their equations, and the learning rates of a run."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from multicnn.recipe import Optimizer
from multicnn.training.optimizers.factory import NAMES, learning_rates, make

STEPS, SIZE = 12, 6
rng = np.random.default_rng(0)
START = rng.normal(size=SIZE)
CURVATURE, NOISE = rng.uniform(0.2, 3, SIZE), rng.normal(size=(STEPS, SIZE))
SEEN = rng.uniform(size=(STEPS, SIZE)) > 0.2  # elsewhere the gradient is 0, as that of a word that does not occur


def gradient(w, t):
    """Of a bowl seen through noise: it changes its sign, and is now and then 0."""
    return (CURVATURE * w + NOISE[t]) * SEEN[t]


def sgd(w, rate=0.01):
    for t in range(STEPS):
        w = w - rate * gradient(w, t)
    return w


def momentum(w, rate=0.01, mu=0.9):
    v = 0
    for t in range(STEPS):
        v = mu * v - rate * gradient(w, t)
        w = w + v
    return w


def nesterov(w, rate=0.01, mu=0.9):
    """Sutskever et al. 2013, equations 3 and 4: the gradient is taken at theta + mu v, which is where Keras has its weights."""
    theta, v = w, 0
    for t in range(STEPS):
        v = mu * v - rate * gradient(theta + mu * v, t)
        theta = theta + v
    return theta + mu * v


def adagrad(w, rate=0.01):
    """Duchi et al. 2011, figure 1, with their delta of 0; a weight whose gradients were all 0 stays."""
    squares = np.zeros(SIZE)
    for t in range(STEPS):
        g = gradient(w, t)
        squares = squares + g**2
        w = w - rate * np.divide(g, np.sqrt(squares), out=np.zeros(SIZE), where=squares > 0)
    return w


def keras_adagrad(w, rate=0.01, epsilon=1e-7):
    squares = 0.1
    for t in range(STEPS):
        g = gradient(w, t)
        squares = squares + g**2
        w = w - rate * g / np.sqrt(squares + epsilon)
    return w


def adadelta(w, rho=0.95, epsilon=1e-6):
    """Zeiler 2012, algorithm 1."""
    squares = moves = 0
    for t in range(STEPS):
        g = gradient(w, t)
        squares = rho * squares + (1 - rho) * g**2
        move = -np.sqrt(moves + epsilon) / np.sqrt(squares + epsilon) * g
        moves = rho * moves + (1 - rho) * move**2
        w = w + move
    return w


def rmsprop(w, rate=1e-3, rho=0.9, epsilon=1e-7):
    squares = 0
    for t in range(STEPS):
        g = gradient(w, t)
        squares = rho * squares + (1 - rho) * g**2
        w = w - rate * g / np.sqrt(squares + epsilon)
    return w


def adam(w, rate=1e-3, b1=0.9, b2=0.999, epsilon=1e-7, decay=0.0):
    """Kingma & Ba 2015, algorithm 1, in the order of section 2's last paragraph; with decay, Loshchilov & Hutter 2019."""
    m = v = 0
    for t in range(STEPS):
        g = gradient(w, t)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        step = rate * np.sqrt(1 - b2 ** (t + 1)) / (1 - b1 ** (t + 1))
        w = w - rate * decay * w - step * m / (np.sqrt(v) + epsilon)
    return w


def adamw(w):
    return adam(w, decay=0.004)


def adamax(w, rate=2e-3, b1=0.9, b2=0.999, epsilon=1e-7):
    """Kingma & Ba 2015, algorithm 2."""
    m = u = 0
    for t in range(STEPS):
        g = gradient(w, t)
        m, u = b1 * m + (1 - b1) * g, np.maximum(b2 * u, np.abs(g))
        w = w - rate / (1 - b1 ** (t + 1)) * m / (u + epsilon)
    return w


def nadam(w, rate=2e-3, b1=0.9, b2=0.999, epsilon=1e-7):
    """Dozat 2016, algorithm 2, whose mu grows as 1 - 0.5 * 0.96^(t / 250); Keras has 0.96^t."""
    m = v = 0
    mu = [b1 * (1 - 0.5 * 0.96 ** (t + 1)) for t in range(STEPS + 1)]
    for t in range(STEPS):
        g = gradient(w, t)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        m_hat = mu[t + 1] * m / (1 - math.prod(mu[: t + 2])) + (1 - mu[t]) * g / (1 - math.prod(mu[: t + 1]))
        w = w - rate * m_hat / (np.sqrt(v / (1 - b2 ** (t + 1))) + epsilon)
    return w


def rprop(w, size=0.01):
    """Riedmiller & Braun 1993, section 2, weight by weight as it is printed there."""
    w, sizes, last, moves = w.copy(), np.full(SIZE, size), np.zeros(SIZE), np.zeros(SIZE)
    for t in range(STEPS):
        for i, g in enumerate(gradient(w, t)):
            if last[i] * g > 0:
                sizes[i] = min(sizes[i] * 1.2, 50)
                moves[i] = -np.sign(g) * sizes[i]
            elif last[i] * g < 0:
                sizes[i] = max(sizes[i] * 0.5, 1e-6)
                moves[i], g = -moves[i], 0
            else:
                moves[i] = -np.sign(g) * sizes[i]
            last[i] = g
        w = w + moves
    return w


ORACLES = {
    f.__name__: f
    for f in (sgd, momentum, nesterov, adagrad, keras_adagrad, adadelta, rmsprop, adam, adamax, nadam, adamw, rprop)
}


def descend(optimizer, steps=STEPS):
    variable = keras.Variable(START, dtype="float32", name="kernel")
    optimizer.build([variable])
    return go_on(optimizer, variable, range(steps))


def go_on(optimizer, variable, steps):
    for t in steps:
        optimizer.apply([ops.convert_to_tensor(gradient(ops.convert_to_numpy(variable), t).astype("float32"))])
    return ops.convert_to_numpy(variable)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_its_equation(name):
    np.testing.assert_allclose(descend(make(Optimizer(name=name), 1, 1)), ORACLES[name](START), atol=2e-6)


def test_the_oracles_differ():
    ends = [oracle(START) for oracle in ORACLES.values()]
    assert all(np.abs(a - b).max() > 1e-5 for i, a in enumerate(ends) for b in ends[:i])


@pytest.mark.parametrize("name", [*NAMES, "Lion", "Adafactor"])
def test_an_optimizer_comes_back_from_its_config(name):
    made = make(Optimizer(name=name, learning_rate=0.02, arguments={"global_clipnorm": 0.5}), 1, 1)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(made))
    np.testing.assert_array_equal(
        descend(again),
        descend(make(Optimizer(name=name, learning_rate=0.02, arguments={"global_clipnorm": 0.5}), 1, 1)),
    )


@pytest.mark.parametrize("name", NAMES)
def test_all_that_changes_is_among_the_variables(name):
    first, second = (make(Optimizer(name=name), 1, 1) for _ in range(2))
    variable = keras.Variable(START, dtype="float32", name="kernel")
    first.build([variable])
    go_on(first, variable, range(5))
    again = keras.Variable(variable.numpy(), name="kernel")
    second.build([again])
    second.set_weights([ops.convert_to_numpy(each) for each in first.variables])
    np.testing.assert_array_equal(go_on(second, again, range(5, STEPS)), go_on(first, variable, range(5, STEPS)))


def test_clipping_and_accumulation_are_arguments():
    rate, bound = 0.1, 0.05
    clipped = make(Optimizer(name="sgd", learning_rate=rate, arguments={"global_clipnorm": bound}), 1, 1)
    g = gradient(START, 0)
    np.testing.assert_allclose(descend(clipped, steps=1), START - rate * g * bound / np.linalg.norm(g), atol=1e-6)
    summed = make(Optimizer(name="sgd", learning_rate=rate, arguments={"gradient_accumulation_steps": 3}), 1, 1)
    mean = np.mean([gradient(START, t) for t in range(3)], axis=0)
    np.testing.assert_allclose(descend(summed, steps=5), START - rate * mean, atol=1e-6)


@pytest.mark.parametrize("settings", [{"name": "adamw"}, {"name": "sgd", "weight_decay": 0.1}])
def test_only_kernels_decay(settings):
    made = make(Optimizer(**settings), 1, 1)
    names = ["kernel", "bias", "gamma", "beta", "alpha", "embeddings"]
    variables = [keras.Variable([1.0], name=name) for name in names]
    made.build(variables)
    made.apply([ops.zeros(1)] * len(variables))
    assert [name for name, v in zip(names, variables) if float(v.numpy()[0]) < 1] == ["kernel"]


N, RATE = 40, 0.3  # 4 epochs of 10 steps
UP = RATE / 25
CURVES = {
    "constant": ({}, [RATE] * N),
    "step": ({}, [RATE] * 20 + [RATE / 10] * 10 + [RATE / 100] * 10),
    "step at": ({"schedule": ("step", {"at": [0.25], "factor": 0.5})}, [RATE] * 10 + [RATE / 2] * 30),
    "cosine": ({}, [RATE * (1 + math.cos(math.pi * s / N)) / 2 for s in range(N)]),
    "cosine to": (
        {"schedule": ("cosine", {"alpha": 0.2})},
        [RATE * (0.2 + 0.8 * (1 + math.cos(math.pi * s / N)) / 2) for s in range(N)],
    ),
    "one_cycle": (
        {},
        [UP + (RATE - UP) * (1 - math.cos(math.pi * s / 11)) / 2 for s in range(11)]
        + [UP / 1e4 + (RATE - UP / 1e4) * (1 + math.cos(math.pi * s / 28)) / 2 for s in range(29)],
    ),
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("warmup", [0, 0.5, 3])
def test_rates_follow_their_curve_after_the_warm_up(name, warmup):
    settings, expected = CURVES[name]
    optimizer = Optimizer(**{"schedule": name, "warmup_epochs": warmup, **settings})
    first = round(10 * warmup)  # the schedule has 40 steps when the run has as many more
    rates = learning_rates(optimizer, RATE, 10, 4 + warmup)
    if callable(rates):
        again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(rates))
        seen = [float(again(step)) for step in range(first + N)]
    else:
        seen = [rates] * N
    expected = [expected[0] * step / first for step in range(first)] + expected
    np.testing.assert_allclose(seen, expected, rtol=2e-5, atol=1e-7)


def test_the_optimizer_follows_the_schedule():
    made = make(Optimizer(name="sgd", learning_rate=1.0, schedule="step", warmup_epochs=1), 2, 5)
    variable = keras.Variable([0.0])
    made.build([variable])
    moves = []
    for _ in range(10):
        before = float(variable.numpy()[0])
        made.apply([ops.ones(1)])
        moves.append(before - float(variable.numpy()[0]))
    np.testing.assert_allclose(moves, [0, 0.5, 1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01], atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": "adamant"}, "'rprop', 'adafactor'"),
        ({"schedule": "cosign"}, "['constant', 'cosine', 'one_cycle', 'step']"),
        ({"schedule": ("step", {"when": 0.5})}, "['at', 'factor']"),
        ({"schedule": ("step", {"at": [0.5, 0.2]})}, "rising"),
        ({"schedule": ("one_cycle", {"rise": 2})}, "rise: Input should be less than or equal to 1"),
        ({"schedule": ("one_cycle", {"start": 0})}, "start: Input should be greater than 0"),
        ({"schedule": ("step", {"factor": -1})}, "factor: Input should be greater than 0"),
        ({"arguments": {"beta_1": 5}}, "beta_1: Input should be less than 1"),
        ({"arguments": {"clipnorm": -1}}, "clipnorm: Input should be greater than 0"),
        ({"arguments": {"beta_9": 3}}, "beta_9"),
        ({"name": "rprop", "schedule": "cosine"}, "rprop sets its step sizes itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(settings, words):
    with pytest.raises(ValueError, match="Received") as error:
        make(Optimizer(**settings), 10, 2)
    assert words in str(error.value)
