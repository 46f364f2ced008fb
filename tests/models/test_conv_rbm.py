"""The convolutional RBM against its definition: energies of all states counted one by one, and NumPy written from the paper."""

import itertools
import warnings

import keras
import numpy as np
import pytest
from keras import ops

from multicnn.blocks import chain, conv, network, probabilistic_max_pool
from multicnn.models.conv_rbm import ConvRBM, pca_whitening, rate_report


def machine(shape, kernel_size, pool_size, filters=2, **options):
    made = ConvRBM(filters, kernel_size, pool_size, **options)
    made.build((None, *shape))
    rng = np.random.default_rng(0)
    drawn = [rng.normal(0, 0.5, weight.shape).astype("float32") for weight in made.trainable_weights]
    made.set_weights([*drawn, *made.get_weights()[3:]])
    return made


def array(tensor):
    return ops.convert_to_numpy(tensor)


@pytest.mark.parametrize("visible", ["gaussian", "binary"])
def test_free_energy_and_hidden_units_are_those_of_all_states(visible):
    made = machine((5, 2), (2,), (2,), visible=visible)  # four hidden units a filter, in two blocks
    kernel, bias, visible_bias = map(array, made.trainable_weights)
    v = np.random.default_rng(1).random((1, 5, 2)).astype("float32")
    states = [s for s in itertools.product((0, 1), repeat=8) if all(s[i] + s[i + 1] < 2 for i in range(0, 8, 2))]
    own = -(v * visible_bias).sum() if visible == "binary" else ((v - visible_bias) ** 2).sum() / 2
    units = np.array(states).reshape(-1, 2, 4)  # filter, position
    inputs = np.array([[(v[0, t : t + 2] * kernel[..., f]).sum() + bias[f] for t in range(4)] for f in range(2)])
    energies = own - (units * inputs).sum(axis=(1, 2))
    np.testing.assert_allclose(array(made.free_energy(v)), [-np.log(np.exp(-energies).sum())], rtol=1e-5)
    weights = np.exp(-energies) / np.exp(-energies).sum()
    expected = (weights[:, None, None] * units).sum(axis=0)  # filter, position
    np.testing.assert_allclose(array(made.hidden(v))[0].reshape(4, 2), expected.T, rtol=1e-4)
    pooled = expected.reshape(2, 2, 2).sum(axis=2)
    np.testing.assert_allclose(array(made(v))[0], pooled.T, rtol=1e-4)


def test_the_way_down_is_the_transpose_of_the_way_up():
    made = machine((7, 6, 1), (3, 2), (2, 2), filters=3)  # rank 2, with a rest that no block covers
    rng = np.random.default_rng(0)
    v, h = rng.normal(size=(1, 7, 6, 1)).astype("float32"), rng.normal(size=(1, 2, 2, 4, 3)).astype("float32")
    kernel, _, visible_bias = map(array, made.trainable_weights)
    down = array(made.reconstruct(h, ops.convert_to_tensor(v))) - visible_bias
    up = np.einsum("bijcpq,pqcf->bijf", np.lib.stride_tricks.sliding_window_view(v, (3, 2), axis=(1, 2)), kernel)
    by_block = up[:, :4, :4].reshape(1, 2, 2, 2, 2, 3).swapaxes(2, 3).reshape(1, 2, 2, 4, 3)
    assert (down * v).sum() == pytest.approx((by_block * h).sum(), rel=1e-4)
    assert not down[:, 6:].any()
    sampled = array(made._sampled(made.hidden(np.repeat(v, 500, 0))))
    assert set(np.unique(sampled)) <= {0, 1} and sampled.sum(axis=-2).max() == 1
    np.testing.assert_allclose(sampled.mean(axis=0), array(made.hidden(v))[0], atol=0.12)


def test_its_pooled_units_are_a_stage_of_a_network():
    made = machine((11, 4), (3,), (2,))
    stage = network(chain(conv(2, 3, padding="valid"), probabilistic_max_pool(2)), (11, 4))
    stage.set_weights(made.get_weights()[:2])
    v = np.random.default_rng(0).normal(size=(3, 11, 4)).astype("float32")
    np.testing.assert_allclose(array(stage(v)), array(made(v)), rtol=1e-5)
    assert tuple(made.compute_output_shape(v.shape)) == tuple(made(v).shape)


def test_the_gradient_is_contrastive_divergence():
    tf = pytest.importorskip("tensorflow")
    made = machine((8, 2), (3,), (2,), sparsity_rate=0.0)
    v = tf.constant(np.random.default_rng(0).normal(size=(4, 8, 2)).astype("float32"))
    rebuilt = []
    original = made.reconstruct
    made.reconstruct = lambda *given: rebuilt.append(original(*given)) or rebuilt[-1]
    with tf.GradientTape() as tape:
        loss = made.compute_loss(v)
    slope = array(tape.gradient(loss, made.kernel.value))

    def statistics(x):
        on = array(made.hidden(x)).reshape(4, 6, 2)
        return np.einsum("btcw,btf->wcf", np.lib.stride_tricks.sliding_window_view(np.asarray(x), 3, axis=1), on) / 4

    np.testing.assert_allclose(slope, (statistics(rebuilt[0]) - statistics(v)) / 16, atol=1e-5)


@pytest.mark.slow
def test_fit_lowers_the_error_and_reports_rates_by_name():
    rng = np.random.default_rng(0)
    x = np.einsum("btk,kc->btc", rng.random((64, 20, 2)) < 0.1, rng.normal(size=(2, 4)) * 3).astype("float32")
    heard = {}
    for rate in (1e-6, 0.5, 1e6):
        made = ConvRBM(6, (3,), (2,), seed=1)
        made.compile(keras.optimizers.SGD(rate), jit_compile=False)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            errors = made.fit(x, epochs=6, batch_size=16).history["reconstruction_error"]
        heard[rate] = " ".join(str(each.message) for each in caught if "learning_rate" in str(each.message))
        if rate == 0.5:
            assert errors[-1] < 0.85 * errors[0]
    assert "learning_rate=1e-06 learns nothing" in heard[1e-6] and "ten times as much" in heard[1e-6]
    assert not heard[0.5]
    assert "learning_rate=1e+06 diverges" in heard[1e6]


@pytest.mark.parametrize(
    ("after", "rate", "words"),
    [
        (
            float("nan"),
            1.0,
            "learning_rate=1 diverges: the reconstruction error went from 1 to nan; take a tenth of it",
        ),
        (1.2, 1.0, "learning_rate=1 diverges: the reconstruction error went from 1 to 1.2"),
        (0.99, 0.01, "learning_rate=0.01 learns nothing: the reconstruction error went from 1 to 0.99; take ten times"),
        (1.01, 0.01, "learning_rate=0.01 learns nothing"),
        (0.7, 0.3, ""),
    ],
)
def test_a_rate_is_reported_by_name(after, rate, words):
    report = rate_report(1.0, after, rate)
    assert words in report and bool(words) == bool(report)


def test_whitening():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(500, 6)) @ rng.normal(size=(6, 6)) + 5
    kernel, bias = map(array, pca_whitening(frames, 4, epsilon=0.0))
    white = frames @ kernel + bias
    np.testing.assert_allclose(np.cov(white, rowvar=False), np.eye(4), atol=1e-3)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-3)
    with pytest.raises(ValueError, match=r"at most 6\. Received: components=7"):
        pca_whitening(frames, 7)
