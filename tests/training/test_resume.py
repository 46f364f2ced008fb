"""A run that is killed at any moment and goes on ends with the bits of one that was not."""

import csv
import dataclasses
import itertools
import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.file_operations import FileOperations, Killed
from support.loops import CROSS_ENTROPY
from support.reporters import Recorder

from multicnn.backends import engine
from multicnn.blocks import chain, conv, dense, drop, global_average_pool, network
from multicnn.recipe import Optimizer, Recipe, Runtime
from multicnn.tasks import metrics
from multicnn.training.context import RunContext
from multicnn.training.health import HealthCheck
from multicnn.training.history import HistoryLog
from multicnn.training.loop import Loop, LoopSettings
from multicnn.training.nan_check import NotFinite
from multicnn.training.optimizers import factory
from multicnn.training.precision import loss_scaled

EPOCHS, STEPS, BATCH = 3, 6, 4
EXAMPLES = STEPS * BATCH
# Dropout draws in each step, and so does the gradient of the activation.
NET = chain(conv(4, 3, norm="batch", activation="random_gradient_relu"), drop(0.5), global_average_pool(), dense(3))


class Moments(keras.callbacks.Callback):
    """Counts the moments of a run; calls `act` at one of them. Its count is a state that a checkpoint keeps."""

    def __init__(self):
        super().__init__()
        self.begin(None)

    def begin(self, at, act=None):
        self.passed, self.at, self.act, self.steps = 0, at, act, 0

    def pass_by(self):
        self.passed += 1
        if self.passed == self.at:
            self.act()

    def on_train_batch_begin(self, batch, logs=None):
        self.pass_by()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        self.pass_by()

    def on_epoch_end(self, epoch, logs=None):
        self.pass_by()

    def state_dict(self):
        return {"steps": self.steps}

    def load_state_dict(self, state):
        self.steps = state["steps"]


class Bench:
    """One compiled loop that is born again and again, as in a new process: only what its folder holds lives on."""

    def __init__(self, precision="float32"):
        keras.utils.set_random_seed(0)
        rng = np.random.default_rng(0)
        self.targets = (np.arange(EXAMPLES) % 3).astype(np.int32)
        examples = rng.normal(size=(EXAMPLES, 6, 6, 1)).astype(np.float32) + self.targets[:, None, None, None]
        built = network(NET, (6, 6, 1), dtype=precision)
        kept = {"use_ema": True, "ema_momentum": 0.8, "gradient_accumulation_steps": 2, "global_clipnorm": 1.0}
        optimizer = Optimizer(name="nadam", learning_rate=0.03, schedule="cosine", arguments=kept)
        self.recipe = Recipe(epochs=EPOCHS, monitor="loss", optimizer=optimizer)
        optimizer = loss_scaled(factory.make(self.recipe.optimizer, STEPS, EPOCHS), precision)
        built.compile(optimizer=optimizer, jit_compile=False)
        self.moments, self.spoilt, self.reporter = Moments(), None, Recorder()
        self.said = self.reporter.lines
        held_out = rng.normal(size=(9, 6, 6, 1)).astype(np.float32) + np.arange(9)[:, None, None, None] % 3

        def batches(epoch, start_step):
            for index in itertools.count(epoch * STEPS + start_step):
                epoch, step = divmod(index, STEPS)
                order = np.random.default_rng(epoch).permutation(EXAMPLES).reshape(STEPS, BATCH)[step]
                spoilt = self.spoilt == (epoch, step)
                yield tf.constant(np.nan * examples[order] if spoilt else examples[order]), self.targets[order]

        logits = engine.inference(built)

        def validate():
            return metrics.summarise(logits(held_out), np.arange(1, 10) % 3)

        self.network, self.batches, self.validate = built, batches, validate
        self.train_step = None  # compiled once for all lives
        built.optimizer.build(built.trainable_variables)
        self.initial = [np.array(variable) for variable in self.variables()]

    def variables(self):
        return [*self.network.variables, *self.network.optimizer.variables]

    def run(self, folder, at=None, act=None, seconds=0.0, steps=None):
        """One life of the run: True if it came to its end."""
        folder.mkdir(exist_ok=True)
        settings = LoopSettings.of(
            dataclasses.replace(self.recipe, runtime=Runtime(checkpoint_seconds=seconds, checkpoint_steps=steps)), STEPS
        )
        context = RunContext(folder, self.reporter)
        health = HealthCheck(folder, lambda: next(self.batches(0, 0)), CROSS_ENTROPY.losses, context.log)
        self.loop = Loop(
            self.network,
            CROSS_ENTROPY,
            self.batches,
            settings,
            context,
            self.validate,
            [HistoryLog(folder), health, self.moments],
        )
        self.folder = folder
        self.train_step = self.loop.train_step = self.train_step or self.loop.train_step
        for variable, value in zip(self.variables(), self.initial):
            variable.assign(value)
        self.moments.begin(at, act)
        try:
            self.loop.run()
        except Killed:
            return False
        return True

    def outcome(self):
        """All that must not depend on what has happened."""
        loop = self.loop
        with open(self.folder / "history.csv", newline="") as file:
            rows = [
                {name: value for name, value in row.items() if name not in ("seconds", "waited")}
                for row in csv.DictReader(file)
            ]
        kept = [{**row, "seconds": 0, "waited": 0} for row in loop.at.history]
        variables = [np.array(variable).tobytes() for variable in self.variables()]
        health = (self.folder / "health.csv").read_text()
        return variables, rows, kept, health, loop.at.best_epoch, (loop.at.epoch, loop.at.step), self.moments.steps


def kill():
    raise Killed


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """Waiting for the disk takes most of the time here, and would be noticed by nobody."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def bench():
    return Bench()


@pytest.fixture(scope="module")
def unbroken(bench, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    assert bench.run(folder, steps=1)
    assert bench.moments.passed == EPOCHS * (2 * STEPS + 1)
    return bench.outcome()


SOME = [({"steps": 1}, 15), ({"steps": 4}, 5), ({"seconds": 0}, 15), ({"seconds": 1e9}, 15)]
ALL = [pytest.param({"steps": steps}, 1, marks=pytest.mark.slow) for steps in (1, 2, 3, 4, 5, 7)]


@pytest.mark.parametrize(("saving", "every"), SOME + ALL, ids=str)
def test_killed_at_any_moment(saving, every, bench, unbroken, tmp_path):
    assert len(unbroken[1]) == EPOCHS
    last = EPOCHS * (2 * STEPS + 1)
    for moment in range(min(every, 9), last + 1, every):
        folder = tmp_path / str(moment)
        assert not bench.run(folder, moment, kill, **saving)
        assert bench.run(folder, **saving)
        assert bench.outcome() == unbroken, moment


def test_killed_again_and_again(bench, unbroken, tmp_path):
    lives = 1
    while not bench.run(tmp_path, 9, kill, steps=2):
        lives += 1
    assert lives > 5
    assert bench.outcome() == unbroken


@pytest.mark.parametrize("moments", [7, pytest.param(10**9, marks=pytest.mark.slow)])
def test_killed_in_any_file_operation(moments, bench, unbroken, tmp_path):
    with FileOperations() as operations:
        assert bench.run(tmp_path / "all", steps=5)
    assert bench.outcome() == unbroken
    total = operations.done
    for at in range(1, total, max(total // moments, 1)):
        with FileOperations(at) as operations:
            assert not bench.run(tmp_path / str(at), steps=5)
        assert operations.dead
        assert bench.run(tmp_path / str(at), steps=5)
        assert bench.outcome() == unbroken, at
    assert bench.said == []


def test_the_loss_scale_goes_on_too(tmp_path):
    bench = Bench("mixed_float16")
    assert bench.run(tmp_path / "a", steps=1)
    unbroken = bench.outcome()
    scale = bench.loop.network.optimizer
    assert type(scale).__name__ == "LossScaleOptimizer"
    assert int(scale.step_counter) > 0
    for moment in (6, 20):
        assert not bench.run(tmp_path / str(moment), moment, kill, steps=1)
        assert bench.run(tmp_path / str(moment), steps=1)
        assert bench.outcome() == unbroken


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_step_and_saves_it(signum, bench, unbroken, tmp_path):
    before = signal.getsignal(signum)
    # In the first moment of the second epoch's third step.
    bench.run(tmp_path, 2 * STEPS + 1 + 5, lambda: os.kill(os.getpid(), signum), seconds=1e9)
    assert bench.loop.interrupted == signum
    assert signal.getsignal(signum) is before
    assert (tmp_path / "checkpoints" / "epoch-00001-step-0000003.npz").exists()
    assert bench.run(tmp_path, seconds=1e9)
    assert bench.loop.interrupted is None
    assert bench.outcome() == unbroken


@pytest.fixture
def _heeding_ctrl_c():
    """What was started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeding_ctrl_c")
def test_a_second_ctrl_c_acts_at_once(bench, tmp_path):
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        bench.run(tmp_path, 5, twice)


def test_a_run_that_was_over_stays_over(bench, unbroken, tmp_path):
    def stop():
        bench.loop.network.stop_training = True

    assert bench.run(tmp_path, 2 * STEPS + 1, stop)
    stopped = bench.outcome()
    assert stopped[5] == (1, 0)
    for _ in range(2):
        assert bench.run(tmp_path)
        assert bench.moments.passed == 0
        assert bench.outcome() == stopped


def test_the_best_weights_survive(bench, unbroken, tmp_path):
    """The held-out examples are labelled otherwise, so the network is best where it has learned least."""
    assert unbroken[4] < EPOCHS - 1
    assert not bench.run(tmp_path / "a", 2 * STEPS + 2, kill)  # just after the epoch was saved
    assert bench.loop.at.best_epoch == 0
    best = bench.loop.best_weights
    for _ in range(2):  # to the end, and after it
        assert bench.run(tmp_path / "a")
        for ours, theirs in zip(best, bench.loop.network.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("saving", [{"steps": 4}, {"seconds": 1e9}], ids=str)
def test_where_a_loss_stops_being_finite_is_found_from_the_last_checkpoint(saving, bench, tmp_path):
    assert not bench.run(tmp_path / "healthy", 2 * STEPS + 1 + 2 * 5 + 1, kill, **saving)
    before = [
        np.array(each) for each in bench.loop.network.trainable_variables + bench.loop.network.optimizer.variables
    ]
    bench.spoilt = (1, 5)
    try:
        with pytest.raises(
            NotFinite, match="in step 6 of epoch 2: the batch itself holds a number that is not"
        ) as error:
            bench.run(tmp_path / "spoilt", **saving)
    finally:
        bench.spoilt = None
    assert (error.value.epoch, error.value.step) == (1, 5)
    after = bench.loop.network.trainable_variables + bench.loop.network.optimizer.variables
    for ours, theirs in zip(before, after, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_more_epochs_are_the_same_run_where_the_learning_rate_does_not_follow_them(bench, unbroken, tmp_path):
    """The optimizer here does follow, but is always the same one."""
    recipe = bench.recipe
    constant = recipe.replaced(["optimizer.schedule=constant"])
    try:
        for epochs in (1, 2, EPOCHS):
            bench.recipe = constant.replaced([f"epochs={epochs}"])
            assert bench.run(tmp_path / "constant")
        assert bench.outcome() == unbroken
        bench.recipe = recipe.replaced([f"epochs={EPOCHS - 1}"])
        assert bench.run(tmp_path / "cosine")
        bench.recipe = recipe
        with pytest.raises(ValueError, match="epochs was 2, now 3"):
            bench.run(tmp_path / "cosine")
    finally:
        bench.recipe = recipe


def test_another_recipe_is_refused_by_the_checkpoint_itself(bench, tmp_path):
    assert not bench.run(tmp_path, 9, kill, steps=1)
    bench.recipe, kept = bench.recipe.replaced(["optimizer.learning_rate=0.1"]), bench.recipe
    try:
        with pytest.raises(ValueError, match=r"optimizer.learning_rate was 0.03, now 0.1"):
            bench.run(tmp_path, steps=1)
    finally:
        bench.recipe = kept
