"""Frozen stages, gradual unfreezing, discriminative learning rates."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.loops import loop_of

from multicnn.blocks import chain, conv, dense, drop, embed, global_average_pool, network, norm, repeat, stage
from multicnn.blocks.cost import measure
from multicnn.models import create
from multicnn.recipe import Recipe, Start
from multicnn.training.freezing import Freezing, frozen_layers, rate_shares
from multicnn.training.optimizers.factory import discriminative, make

NET = chain(
    stage("a", conv(4, 3, norm="batch", activation="relu")),
    stage("b", repeat(2, conv(4, 1, norm="batch"))),
    norm("sub_spectral", bands=2),
    drop(0.3),
    global_average_pool(),
    dense(3),
)
SHAPE = (6, 6, 1)
ROWS = measure(NET, SHAPE).layers()


def start(**fields):
    return Start(path="x.keras", **fields)


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("a", "a.conv.norm"),
        ("a.conv", "a.conv.norm"),
        ("b", "b.2.conv.norm"),
        ("b.1", "b.1.conv.norm"),
        ("norm", "norm"),
    ],
)
def test_all_up_to_a_stage_is_frozen(until, last):
    weighted = [layer.name for layer in network(NET, SHAPE).layers if layer.weights]
    frozen = frozen_layers(ROWS, until)
    assert [name for name in weighted if name in frozen] == weighted[: weighted.index(last) + 1]


def test_an_unknown_stage_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"must be a stage: a, b, norm, .*dense. Received: freeze_until='c'"):
        frozen_layers(ROWS, "c")


def test_stages_thaw_from_the_last_one_on():
    freezing = Freezing(network(NET, SHAPE), ROWS, start(freeze_until="norm", unfreeze_every=2))
    seen = []
    for epoch in range(8):
        freezing.at(epoch)
        seen.append(freezing.still)
    assert seen == [["a", "b", "norm"]] * 2 + [["a", "b"]] * 2 + [["a"]] * 2 + [[]] * 2
    assert not freezing.at(7)
    assert freezing.at(0)
    assert str(freezing) == "frozen: a to norm"


def test_what_never_learns_is_not_thawed():
    net = chain(embed(9, 4, trainable=False), conv(3, 3), global_average_pool(), dense(2))
    built, rows = network(net, (5,)), measure(net, (5,)).layers()
    freezing = Freezing(built, rows, start(freeze_until="conv", unfreeze_every=1))
    freezing.at(99)
    assert [v.path for v in built.trainable_variables] == ["conv/kernel", "conv/bias", "dense/kernel", "dense/bias"]


class Bench:
    """A loop on noise whose weights are seen after each epoch."""

    def __init__(self, folder, start, epochs=3, **optimizer):
        keras.utils.set_random_seed(0)
        rng = np.random.default_rng(0)
        x, y = rng.normal(1, 1, (12, *SHAPE)).astype(np.float32), (np.arange(12) % 3).astype(np.int32)
        self.recipe = Recipe(epochs=epochs, start=start).replaced([f"optimizer.{k}={v}" for k, v in optimizer.items()])
        self.net = network(NET, SHAPE)
        made = discriminative(make(self.recipe.optimizer, 3, epochs), rate_shares(self.net, ROWS, start.rate_decay))
        self.net.compile(made, jit_compile=False)
        self.seen = [self.weights()]

        class Watch(keras.callbacks.Callback):
            def on_epoch_end(_, epoch, logs=None):
                self.seen.append(self.weights())

        def batches(epoch, first):
            return tf.data.Dataset.from_tensor_slices((x, y)).batch(4).repeat().skip(first)

        freezing = Freezing(self.net, ROWS, start) if start.freeze_until else None
        self.loop = loop_of(self.net, batches, 3, folder, epochs=epochs, callbacks=[Watch()], freezing=freezing)

    def weights(self):
        return {f"{layer.name}/{w.name}": np.array(w) for layer in self.net.layers for w in layer.weights}

    def run(self):
        self.loop.run()
        return self

    def moved(self, epoch):
        """The layers of which anything changed in an epoch, from 1."""
        before, after = self.seen[epoch - 1 : epoch + 1]
        return {name.split("/")[0] for name in before if (before[name] != after[name]).any()}


def test_frozen_layers_keep_weights_and_statistics(tmp_path):
    """Under momentum, decay and an average of the weights, all of which move what has no gradient."""
    arguments = '{"momentum": 0.9, "use_ema": true, "ema_momentum": 0.5}'
    bench = Bench(tmp_path, start(freeze_until="b"), name="sgd", weight_decay=0.1, arguments=arguments).run()
    for epoch in (1, 2, 3):
        assert bench.moved(epoch) == {"norm", "dense"}
    frozen = {path for name in ("a", "b") for path in ROWS[name]}
    kept = {name: value for name, value in bench.weights().items() if name.split("/")[0] in frozen}
    for name, value in kept.items():
        np.testing.assert_array_equal(value, bench.seen[0][name])
    # Slots (momentum and average) for what learns only.
    assert len(bench.net.optimizer.variables) == 2 + 2 * 4


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_what_is_frozen_for_good_needs_no_share_of_the_rate(name, tmp_path):
    some = start(freeze_until="a", rate_decay=0.5)
    assert Bench(tmp_path, some, epochs=1, name=name).run().moved(1) == {"norm", "dense"} | {
        path for path in ROWS["b"] if "activation" not in path
    }


def test_stages_learn_once_they_thaw(tmp_path):
    bench = Bench(tmp_path, start(freeze_until="b", unfreeze_every=1)).run()
    one, two = ({path for path in ROWS[name] if "activation" not in path} for name in "ab")
    assert bench.moved(1) == {"norm", "dense"}
    assert bench.moved(2) == {"norm", "dense"} | two
    assert bench.moved(3) == {"norm", "dense"} | two | one


class Kill(keras.callbacks.Callback):
    """Before a step of a run, from 0."""

    def __init__(self, step):
        super().__init__()
        self.left = step

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if self.left < 0:
            raise KeyError


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow), pytest.param(7, marks=pytest.mark.slow)])
def test_a_run_that_thaws_goes_on_with_the_same_bits(step, tmp_path):
    settings = {"arguments": '{"use_ema": true, "ema_momentum": 0.8, "momentum": 0.9}', "name": "sgd"}
    some = start(freeze_until="b", unfreeze_every=1, rate_decay=0.5)
    unbroken = Bench(tmp_path / "a", some, **settings).run()
    killed = Bench(tmp_path / "b", some, **settings)
    killed.loop.checkpoints.steps = 1
    killed.loop.callbacks.callbacks.append(Kill(step))
    with pytest.raises(KeyError):
        killed.run()
    resumed = Bench(tmp_path / "b", some, **settings).run()
    for name, value in unbroken.weights().items():
        np.testing.assert_array_equal(resumed.weights()[name], value)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "adadelta", "rmsprop"])
def test_a_share_of_the_rate_is_an_optimizer_with_that_rate(name):
    """Decay included."""
    recipe = Recipe().optimizer
    full = dataclasses.replace(recipe, name=name, learning_rate=0.1, weight_decay=0.05)
    half = dataclasses.replace(full, learning_rate=0.05)
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(5, 3)).astype(np.float32)
    weights = [keras.Variable(np.ones(3, np.float32), name="kernel") for _ in range(4)]
    mixed, slow, fast = make(full, 1, 1), make(half, 1, 1), make(full, 1, 1)
    discriminative(mixed, [(weights[0], 0.5), (weights[1], 1.0)])
    for gradient in map(keras.ops.convert_to_tensor, gradients):
        mixed.apply([gradient, gradient], weights[:2])
        slow.apply([gradient], weights[2:3])
        fast.apply([gradient], weights[3:])
    np.testing.assert_allclose(weights[0], weights[2], rtol=1e-5)
    np.testing.assert_allclose(weights[1], weights[3], rtol=1e-5)
    assert np.abs(np.array(weights[0]) - np.array(weights[1])).max() > 1e-4


def test_each_stage_before_learns_by_a_share_of_the_one_after():
    built = network(NET, SHAPE)
    shares = {variable.path.split("/")[0]: share for variable, share in rate_shares(built, ROWS, 0.5)}
    assert shares == {
        **{path: 0.125 for path in ("a.conv", "a.conv.norm")},
        **{f"b.{i}.conv{rest}": 0.25 for i in (1, 2) for rest in ("", ".norm")},
        "norm": 0.5,
        "dense": 1.0,
    }


def test_a_static_embedding_takes_no_share():
    net = chain(embed(9, 4, trainable=False), create("textcnn", 2, filters=3))
    shares = rate_shares(network(net, (9,)), measure(net, (9,)).layers(), 0.5)
    assert {share for variable, share in shares if "dense" in variable.path} == {1.0}
    assert not any("embed" in variable.path for variable, _ in shares)
