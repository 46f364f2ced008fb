"""Notebook 9: bias and variance, penalties, dropout, and networks on few examples."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from multicnn.lessons import bias_variance, deep, penalties, small_data


def test_the_error_is_bias_variance_and_noise():
    repeated = bias_variance.bias_variance(repeats=100)
    total = repeated.bias + repeated.variance + repeated.noise**2
    np.testing.assert_allclose(repeated.test_errors[:5], total[:5], rtol=0.1)
    assert np.all(np.diff(repeated.train_errors) < 0)
    assert repeated.bias[0] > 10 * repeated.bias[4]
    assert repeated.variance[-1] > 10 * repeated.variance[0]
    assert 0 < repeated.test_errors.argmin() < len(repeated.degrees) - 1
    calm = bias_variance.bias_variance((3, 9), repeats=50, noise=0.0)  # the cause of variance
    assert calm.variance[1] < 0.2 * repeated.variance[4]


def test_penalties_shrink_weights_and_only_l1_makes_them_0():
    swept = penalties.penalties((1e-3, 1e-2, 0.1), steps=400)
    assert np.all(np.diff(swept.sizes["L2"]) < 0) and np.all(np.diff(swept.sizes["L1"]) < 0)
    assert swept.zeros["L1"][-1] > 0.9 and swept.zeros["L1"][0] > 0.5
    ink = np.mean(deep.digits()[0].std(axis=0) == 0)  # pixels that are never inked have no weights either way
    assert np.all(swept.zeros["L2"] <= ink + 0.1)
    assert swept.train_errors["L2"][0] < 0.02
    assert swept.test_errors["L2"][2] < swept.test_errors["L2"][0] - 0.02  # 20 of 100 labels are drawn at random


def test_the_l2_sweep_is_scikit_learns():
    strength, examples = 0.01, 100
    swept = penalties.penalties((strength,), steps=2000, wrong=0)
    x, classes = deep.digits()
    rows = np.random.default_rng(0).permutation(len(x))[:examples]
    other = LogisticRegression(C=1 / (strength * examples), fit_intercept=False, max_iter=5000, tol=1e-8)
    other.fit(x[rows].astype(np.float64), classes[rows])
    assert swept.sizes["L2"][0] == pytest.approx(np.linalg.norm(other.coef_), rel=1e-3)


def test_dropout_keeps_the_mean():
    masks = small_data.masks(0.25, draws=4000)
    np.testing.assert_allclose(masks.masked.mean(axis=0), masks.answers, atol=0.05)
    stays = masks.masked[masks.masked > 0] / np.broadcast_to(masks.answers, masks.masked.shape)[masks.masked > 0]
    np.testing.assert_allclose(stays, 1 / 0.75, rtol=1e-5)
    assert np.mean(masks.masked == 0) == pytest.approx(0.25, abs=0.02)


def test_augmentation_moves_by_one_pixel_at_most():
    images = np.random.default_rng(0).random((20, 8, 8, 1)).astype(np.float32)
    moved = small_data.shifted(images, np.random.default_rng(1))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    for image, original in zip(moved, padded):
        corners = [(top, left) for top in range(3) for left in range(3)]
        assert any(np.array_equal(image, original[top : top + 8, left : left + 8]) for top, left in corners)
    assert not np.array_equal(moved, images)


@pytest.mark.slow
def test_what_helps_on_few_examples():
    networks = {"plain": small_data.network(32), "small": small_data.network(2), "augmented": small_data.network(32)}
    networks["dropout"] = small_data.network(32, dropout=0.5)
    runs = small_data.run(networks, {"augmented": small_data.shifted}, steps=300)
    errors = {name: values[-1] for name, values in runs.test_errors.items()}
    assert errors["augmented"] < errors["plain"] - 0.01
    assert errors["small"] > errors["plain"]
    assert runs.train_losses["plain"][-1] < 0.01 < runs.test_losses["plain"][-1]  # overfitted
    one, mean, without = small_data.ensemble(runs.networks["dropout"])
    assert mean < one
    assert abs(mean - without) < 0.03
