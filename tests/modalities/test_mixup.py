"""Mixup: what is mixed, with what weights, and that both are a function of the seeds."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from multicnn.data import pipeline
from multicnn.data.store import Store
from multicnn.modalities.mixup import cutmix, mixup

CLASSES = 7


def mixed(n=7, alpha=0.4, shape=(), seed=0):
    """Example i is filled with 10^i, so that a mixture tells what is in it."""
    batch = np.broadcast_to(10.0 ** np.arange(n).reshape(-1, *[1] * len(shape)), (n, *shape)).astype(np.float32)
    seeds = np.stack([np.full(n, seed), np.arange(n)], axis=1)
    return batch, *(t.numpy() for t in mixup(batch, np.arange(n, dtype=np.int32), seeds, CLASSES, alpha))


@pytest.mark.parametrize("shape", [(3,), (4, 5), (2, 3, 1)])
def test_examples_and_targets_are_mixed_alike(shape):
    batch, x, t = mixed(shape=shape)
    assert x.dtype == t.dtype == np.float32 and x.shape == batch.shape
    np.testing.assert_allclose(t.sum(1), 1, rtol=1e-6)
    assert ((t > 0).sum(1) <= 2).all() and (t.diagonal() > 0).all()
    np.testing.assert_allclose(x, np.tensordot(t, batch, 1), rtol=1e-5)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
def test_weights_are_of_the_beta_distribution_and_partners_of_the_whole_batch(alpha):
    n = 3000
    seeds = np.stack([np.full(n, 3), np.arange(n)], axis=1)
    x, _ = mixup(np.eye(n, dtype=np.float32), np.zeros(n, np.int32), seeds, 1, alpha)
    x = x.numpy()
    weights, partners = x.diagonal(), (x - np.diag(x.diagonal())).argmax(1)
    assert stats.kstest(weights, stats.beta(alpha, alpha).cdf).pvalue > 0.01
    seen = weights < 1  # nothing is left of a partner of weight 0
    assert stats.kstest(partners[seen] / n, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(weights[seen], partners[seen])[0, 1]) < 0.05


def test_equal_seeds_give_equal_mixtures():
    np.testing.assert_array_equal(mixed(seed=1)[2], mixed(seed=1)[2])
    assert (mixed(seed=1)[2] != mixed(seed=2)[2]).any()


def test_it_goes_through_the_pipeline_from_any_step():
    n = 20
    rows = np.arange(n)
    store = Store(rows, np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32), rows)
    plain = type("Plain", (), {"finish": staticmethod(tf.identity), "finish_of": staticmethod(lambda: None)})

    def collect(**settings):
        def mix(batch, targets, seeds):
            return mixup(batch, targets, seeds, n, 1.0)

        return list(pipeline.batches(pipeline.BatchSpec(store, rows, rows, plain, 6, mix=mix), **settings))

    whole = collect(epoch=1)
    for x, t in whole:
        assert t.shape == (len(x), n)
        np.testing.assert_allclose(x, t.numpy() @ store.array, atol=1e-5)
    for (x, t), (y, u) in zip(whole[2:], collect(epoch=1, start_step=2), strict=True):
        np.testing.assert_array_equal(x, y)
        np.testing.assert_array_equal(t, u)
    assert collect()[0][1].shape == (6,)  # nothing is mixed outside training


def test_a_weight_needs_a_distribution():
    with pytest.raises(ValueError, match="alpha=0"):
        mixed(alpha=0)


def test_cutmix_is_a_rectangle_of_another_picture_and_its_share_of_the_label():
    n, height, width = 400, 12, 15
    batch = np.broadcast_to(np.arange(n, dtype=np.float32)[:, None, None, None], (n, height, width, 2)).copy()
    targets, seeds = np.arange(n, dtype=np.int32) % 7, np.stack([np.arange(n), np.zeros(n)], 1).astype(np.int32)
    made, soft = (each.numpy() for each in cutmix(batch, targets, seeds, 7, alpha=1.0))
    shares, corners = [], set()
    for i in range(n):
        foreign = made[i, ..., 0] != i
        np.testing.assert_array_equal(made[i, ..., 0], made[i, ..., 1])
        shares.append(foreign.mean())
        expected = np.zeros(7)
        expected[targets[i]] = 1 - foreign.mean()
        if foreign.any():
            (partner,) = set(made[i, ..., 0][foreign].astype(int))
            expected[targets[partner]] += foreign.mean()
            rows, columns = np.flatnonzero(foreign.any(1)), np.flatnonzero(foreign.any(0))
            assert foreign[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
            corners.add((rows[0], columns[0]))
        np.testing.assert_allclose(soft[i], expected, atol=1e-6)
    # Uniform shares with a uniform middle, cut at the edges: 0.321 of the picture by integration.
    assert abs(np.mean(shares) - 0.321) < 0.03
    assert len(corners) > 50
    again, _ = cutmix(batch, targets, seeds, 7, alpha=1.0)
    np.testing.assert_array_equal(again, made)
    with pytest.raises(ValueError, match="alpha must be above 0"):
        cutmix(batch, targets, seeds, 7, alpha=0.0)
