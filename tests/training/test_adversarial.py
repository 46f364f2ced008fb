"""Adversarial training: attacks of one step on the network's own input, chosen by attacks of many, and exact resume."""

import csv
import dataclasses
import os
import signal

import keras
import numpy as np
import pytest

import multicnn
from multicnn.blocks import chain, dense, flatten, network
from multicnn.evaluation.robustness import RobustnessSettings
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe
from multicnn.tasks import Classification, LossSettings
from multicnn.training.adversarial import Adversary
from multicnn.utils.reporter import Reporter

SETTINGS = ["model.name=linear", "epochs=4", "batch_size=64", "optimizer.learning_rate=0.02", "adversarial=0.1"]


@pytest.fixture
def adversary():
    """The adversary of a linear network of two pixels and two classes, and its weights."""
    preprocess = multicnn.ImagePreprocess(size=(1, 2), channels=1, mean=(0.5,), std=(0.25,))
    block = chain(flatten(), dense(2))
    built = network(block, preprocess.input_shape)
    built.set_weights([np.array([[1.0, -1.0], [-3.0, 3.0]], np.float32), np.zeros(2, np.float32)])
    task = Classification(("a", "b"))
    recipe = Recipe(adversarial=0.1, seed=3)
    return Adversary(
        Predictor(preprocess, block, built, task), lambda x, y: task.losses(x, y, LossSettings("cross_entropy")), recipe
    )


def test_one_step_of_a_linear_network_is_known(adversary):
    inputs = np.zeros((2, 1, 2, 1), np.float32)  # pixels at one half
    radius = 0.1 / 0.25
    changed = adversary.attacked(inputs, np.array([0, 1]), np.random.default_rng(0))
    # Of class a the first pixel speaks for it and the second against; so many radii beyond the start, and inside the ball.
    start = radius * np.random.default_rng(0).uniform(-1, 1, inputs.shape)
    expected = np.clip(start + 1.25 * radius * np.array([[[[-1], [1]]], [[[1], [-1]]]]), -radius, radius)
    np.testing.assert_allclose(changed, expected, atol=1e-6)
    many = adversary.attacked(inputs, np.array([0, 1]), np.random.default_rng(0), steps=20, step=0.125)
    np.testing.assert_allclose(many, radius * np.array([[[[-1], [1]]], [[[1], [-1]]]]), atol=1e-6)


def test_attacks_stay_in_the_range_of_pixels_unless_augmentation_left_it(adversary):
    inputs = np.array([2.0, -2.0, 2.5, -2.5], np.float32).reshape(2, 1, 2, 1)  # white, black, and beyond
    for seed in range(4):
        changed = adversary.attacked(inputs, np.array([seed % 2, 1 - seed % 2]), np.random.default_rng(seed)).reshape(
            -1
        )
        assert changed[0] <= 2 and changed[1] >= -2 and changed[2] <= 2.5 and changed[3] >= -2.5


def test_batches_are_functions_of_epoch_and_step(adversary):
    def plain(epoch, step, *options):
        for number in range(epoch * 3 + step, 9):
            yield np.full((1, 1, 2, 1), number / 10, np.float32), np.array([number % 2])

    batches = adversary.batches(plain, steps=3)
    whole = list(batches(0, 0))
    assert len(whole) == 9
    for epoch, step in ((0, 2), (1, 0), (2, 1)):
        for (one, _), (other, _) in zip(batches(epoch, step), whole[3 * epoch + step :], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_resumed_run_ends_with_the_same_bits(bright_and_dark, tmp_path):
    folder, settings = bright_and_dark(20), [*SETTINGS, "epochs=2", "batch_size=8"]
    trained = multicnn.train(folder, tmp_path / "run", settings=settings)
    with open(tmp_path / "run" / "history.csv") as file:
        assert all(0 <= float(row["val_pgd_accuracy"]) <= float(row["val_accuracy"]) for row in csv.DictReader(file))
    reporter = Reporter()
    reporter.callbacks = lambda: [keras.callbacks.LambdaCallback(on_train_batch_end=_interrupt)]
    with pytest.raises(KeyboardInterrupt):
        multicnn.train(folder, tmp_path / "cut", settings=settings, reporter=reporter)
    resumed = multicnn.train(resume=tmp_path / "cut")
    for one, other in zip(trained.network.get_weights(), resumed.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_training_resists_attacks(tmp_path):
    chosen = RobustnessSettings(tests=("pgd",), levels=(0.1,), steps=10, examples=150)
    accuracy = []
    for level in (0.1, 0):
        trained = multicnn.train("digits", tmp_path / str(level), settings=[*SETTINGS, f"adversarial={level}"])
        accuracy.append(multicnn.robustness(trained, "digits", split="test", chosen=chosen).rows[1].accuracy)
    assert accuracy[0] > accuracy[1] + 0.05


def _interrupt(step, logs):
    if step == 1:
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("spoken_digits", [], "`adversarial` is for images, not for audio. Received: adversarial=0.1"),
        ("digits", ["adversarial=2"], "share of full scale, up to 1. Received: adversarial=2.0"),
    ],
)
def test_what_cannot_be_attacked_in_training_is_refused(name, settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        multicnn.train(name, tmp_path / "run", settings=["adversarial=0.1", *settings])


def test_no_baseline_is_blended_in():
    assert Recipe().blends and not Recipe(adversarial=0.1).blends and not Recipe(baseline="off").blends
    assert dataclasses.replace(Recipe(adversarial=0.1), adversarial=0.0).blends
