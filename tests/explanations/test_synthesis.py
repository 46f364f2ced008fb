"""Inputs made by descending a gradient: activations rise, feature errors fall below those of other inputs."""

import keras
import numpy as np
import pytest

from multicnn.blocks import chain, conv, dense, embed, global_average_pool, max_pool, network, stage
from multicnn.explanations import stages, synthesis
from multicnn.explanations.synthesis import Descent

SHAPE, LIMITS = (12, 12, 1), (np.float32(-1), np.float32(2))


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    relu = {"activation": "relu", "kernel_initializer": "he_normal"}
    first = chain(stage("one", conv(8, 3, **relu)), stage("two", conv(8, 3, **relu), max_pool(2)))
    block = chain(first, global_average_pool(), dense(3))
    return network(block, SHAPE), block


def test_maximising_raises_the_activation_within_the_range(model):
    built, block = model
    settings = Descent(steps=25, rate=0.05, variation=0.1, norm=0.1, jitter=0.1)
    made = synthesis.maximize(built, built.outputs[0], [2, 0], ["c", "a"], LIMITS, settings)
    assert made.names == ("c", "a") and (made.after > made.before + 0.5).all()
    np.testing.assert_allclose(made.after, built.predict_on_batch(made.inputs)[[0, 1], [2, 0]], rtol=1e-5)
    assert made.inputs.min() >= -1 and made.inputs.max() <= 2
    (tap,) = stages.chosen(stages.taps(block, built, SHAPE), built, "two")
    seen = synthesis.maximize(built, tap.tensor, [5], ["two:5"], LIMITS, settings)
    maps = keras.Model(built.inputs, tap.tensor).predict_on_batch(seen.inputs)
    assert seen.after[0] == pytest.approx(maps[0, 3, 3, 5], rel=1e-5) and seen.after[0] > seen.before[0]


def test_more_of_the_prior_gives_smoother_inputs(model):
    built, _ = model
    several = [Descent(steps=25, variation=weight, norm=0) for weight in (0.0, 100.0)]
    rough, smooth = (
        synthesis.maximize(built, built.outputs[0], [0, 1, 2], list("abc"), LIMITS, settings).inputs
        for settings in several
    )
    assert np.abs(np.diff(smooth, axis=1)).mean() < 0.5 * np.abs(np.diff(rough, axis=1)).mean()


def test_inversion_comes_nearer_than_another_input(model):
    built, block = model
    inputs = np.random.default_rng(0).uniform(-1, 2, size=(3, *SHAPE)).astype(np.float32)
    (tap,) = stages.chosen(stages.taps(block, built, SHAPE), built, "one")
    made = synthesis.invert(built, tap, inputs, LIMITS, Descent(steps=60, rate=0.05, variation=0, norm=0))
    assert (made.errors < 0.3 * made.start_errors).all() and (made.errors < 0.5 * made.other_errors).all()
    inside = keras.Model(built.inputs, tap.tensor)
    given, ours = (inside.predict_on_batch(each).reshape(3, -1) for each in (inputs, made.inputs))
    lengths = np.linalg.norm(given, axis=1)
    np.testing.assert_allclose(made.errors, np.linalg.norm(ours - given, axis=1) / lengths, rtol=1e-4)
    others = [np.linalg.norm(given[[j for j in range(3) if j != i]] - given[i], axis=1).mean() for i in range(3)]
    np.testing.assert_allclose(made.other_errors, others / lengths, rtol=1e-5)
    assert np.abs(made.inputs - inputs).mean() < 0.5 * np.abs(inputs[[1, 2, 0]] - inputs).mean()
    assert not len(synthesis.invert(built, tap, inputs[:1], LIMITS, Descent(steps=1)).other_errors)


def test_total_variation_is_the_mean_square_of_the_differences():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)
    expected = [np.square(np.diff(each, axis=0)).mean() + np.square(np.diff(each, axis=1)).mean() for each in x]
    np.testing.assert_allclose(
        np.asarray(synthesis.total_variation(keras.ops.convert_to_tensor(x))), expected, rtol=1e-5
    )


def test_token_ids_are_refused():
    with pytest.raises(ValueError, match="token ids cannot be changed by small steps"):
        synthesis.check_continuous(network(chain(embed(9, 2), global_average_pool(), dense(2)), (6,)))
