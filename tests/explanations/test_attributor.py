"""Every method on networks of every modality: sums, padding, occlusion of nothing, shares, and what has no meaning."""

import dataclasses

import keras
import numpy as np
import pytest

import multicnn
from multicnn.blocks import (
    activation,
    add,
    average,
    chain,
    concat,
    conv,
    dense,
    embed,
    flatten,
    global_average_pool,
    global_max_pool,
    max_pool,
    network,
    scope,
    stage,
)
from multicnn.explanations.attributor import METHODS, Attributor
from multicnn.explanations.shares import Shares
from multicnn.tasks import Classification

TASK = Classification(("a", "b", "c"))
IMAGES = multicnn.ImagePreprocess(size=(12, 10), channels=1, mean=(0.4,), std=(0.2,))
CLIPS = multicnn.AudioPreprocess(sample_rate=1000, seconds=0.5, n_fft=64, hop_length=32, n_mels=8, mean=-40.0, std=10.0)
TEXTS = multicnn.TextPreprocess(length=9, vocabulary=tuple("abcdefg"))
STAGES = chain(stage("low", conv(4, 3, activation="relu"), max_pool(2)), stage("high", conv(6, 3, activation="relu")))
BLOCKS = {
    "image": (IMAGES, chain(STAGES, global_average_pool(), dense(3))),
    "audio": (CLIPS, chain(STAGES, flatten(), dense(3))),
    "spectra": (dataclasses.replace(CLIPS, rank=1), chain(STAGES, global_average_pool(), dense(3))),
    "waveform": (dataclasses.replace(CLIPS, features="waveform", mean=0.0, std=0.1),
                 chain(STAGES, global_average_pool(), dense(3))),
    "text": (TEXTS, chain(embed(9, 5), concat(*(chain(conv(4, w, activation="relu"), global_max_pool()) for w in (2, 3))),
                          dense(3))),
}  # fmt: skip
RAWS = {
    "image": np.random.default_rng(0).integers(0, 256, (24, 20, 1)).astype(np.uint8),
    "text": "a c d b zz",
}
CLIP = 0.1 * np.random.default_rng(0).normal(size=300).astype(np.float32)  # 200 samples of padding follow


def attributor_of(preprocess, block):
    keras.utils.set_random_seed(0)
    built = network(block, preprocess.input_shape)
    rng = np.random.default_rng(1)
    built.set_weights([w + rng.normal(0, 0.1, w.shape) for w in built.get_weights()])
    return Attributor(built, block, preprocess, TASK)


@pytest.fixture(scope="module")
def known():
    return {kind: attributor_of(*made) for kind, made in BLOCKS.items()}


def mapped(attributor, method, raw, column=1, stage=None):
    preprocess = attributor.preprocess
    finished = np.asarray(preprocess.finish(preprocess.example(raw)[None]))
    cells = attributor.maps(method, finished, np.array([column]), preprocess.real_cells(raw)[None], stage)[0]
    return finished, cells


ALL = [pytest.param(kind, marks=pytest.mark.slow if kind in ("spectra", "waveform") else ()) for kind in BLOCKS]


@pytest.mark.parametrize("kind", ALL)
def test_every_method_gives_a_map_without_padding(kind, known):
    attributor, raw = known[kind], RAWS.get(kind, CLIP)
    real = attributor.preprocess.real_cells(raw)
    assert real.all() == (kind == "image")
    for method in attributor.methods:
        _, cells = mapped(attributor, method, raw)
        assert cells.shape == attributor.preprocess.map_shape and cells.dtype == np.float32
        assert np.isfinite(cells).all(), method
        assert cells.any() or "guided" in method or "cam" in method, (
            method
        )  # where all that speaks for it is below zero
        assert not cells[~real].any(), method
    assert ("n-grams" in attributor.methods) == (kind == "text")


@pytest.mark.parametrize("kind", ALL)
def test_integrated_gradients_sum_to_the_difference_of_logits(kind, known):
    attributor, raw = known[kind], RAWS.get(kind, CLIP)
    finished, cells = mapped(attributor, "integrated-gradients", raw)
    logits = np.asarray(attributor.network(finished, training=False))[0]
    if kind == "text":  # with the same mask, and vectors of nothing
        table = next(layer for layer in attributor.network.layers if isinstance(layer, keras.layers.Embedding))
        weights = table.get_weights()
        table.set_weights([0 * weights[0]])
        without = np.asarray(attributor.network(finished, training=False))[0]
        table.set_weights(weights)
    else:
        real = attributor.preprocess.real_cells(raw)
        real = real.reshape(1, *real.shape, *(1,) * (finished.ndim - 1 - real.ndim))
        nothing = np.where(real, attributor.preprocess.nothing(finished), finished)
        without = np.asarray(attributor.network(nothing, training=False))[0]
    assert cells.sum() == pytest.approx(logits[1] - without[1], abs=0.01 * float(np.ptp(logits)))
    assert abs(logits[1] - without[1]) > 0.02 * np.ptp(logits)


def test_a_linear_network_is_explained_exactly():
    """Of a weighted sum, each method with a unit gives each pixel its term, and saliency the weight."""
    attributor = attributor_of(IMAGES, chain(flatten(), dense(3)))
    finished, cells = mapped(attributor, "gradient-x-input", RAWS["image"])
    kernel = attributor.network.get_weights()[0][:, 1].reshape(12, 10)
    np.testing.assert_allclose(cells, finished[0, ..., 0] * kernel, atol=1e-5)
    np.testing.assert_allclose(mapped(attributor, "integrated-gradients", RAWS["image"])[1], cells, atol=1e-5)
    np.testing.assert_allclose(mapped(attributor, "saliency", RAWS["image"])[1], abs(kernel), atol=1e-5)
    np.testing.assert_allclose(mapped(attributor, "smoothgrad", RAWS["image"])[1], abs(kernel), atol=1e-5)
    assert set(attributor.unsuited) == {"guided-backprop", "deconvnet", "guided-grad-cam", "grad-cam", "n-grams"}


def test_occlusion_is_the_difference_of_logits_and_of_nothing_is_0(known):
    attributor = known["image"]
    flat = np.full((24, 20, 1), 102, np.uint8)  # the mean, which is what covers
    assert not mapped(attributor, "occlusion", flat)[1].any()
    whole = dataclasses.replace(attributor)
    finished, cells = mapped(whole, "occlusion", RAWS["image"])
    box = attributor.preprocess.occlusion_box
    covered = finished.copy()
    covered[0, : box[0], : box[1]] = 0
    logits = np.asarray(attributor.network(np.concatenate([finished, covered]), training=False))[:, 1]
    assert cells[0, 0] == pytest.approx(logits[0] - logits[1], abs=1e-5)  # one box alone covers the corner


def test_grad_cam_of_stages_and_of_time_alone(known):
    cells = [mapped(known["image"], "grad-cam", RAWS["image"], stage=name)[1] for name in ("low", "high")]
    assert np.abs(cells[0] - cells[1]).max() > 1e-4
    over_time = [mapped(known["spectra"], "grad-cam", CLIP, column)[1] for column in range(3)]
    assert all(each.shape == (16, 8) and not np.ptp(each, axis=1).any() for each in over_time)
    assert max(np.ptp(each[:, 0]) for each in over_time) > 0


def test_members_have_their_shares():
    main = chain(conv(4, 3, activation="relu"), global_average_pool(), dense(3))
    blend = add(scope("network", main), scope("baseline", chain(flatten(), dense(3))))
    attributor = attributor_of(IMAGES, average(scope("a", blend), scope("b", main)))
    finished = np.asarray(IMAGES.finish(IMAGES.example(RAWS["image"])[None]))
    found = Shares(attributor.network).of(finished)
    assert len(found) == 3
    np.testing.assert_allclose(sum(found.values()), attributor.network(finished, training=False), atol=1e-5)
    assert Shares(network(main, IMAGES.input_shape)).of(finished) == {}
    # The map of the whole is that of a sum: the mean of the members' own.
    total = mapped(attributor, "gradient-x-input", RAWS["image"])[1]
    assert np.isfinite(total).all() and len(attributor.layers("grad-cam")) == 2


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("image", ("gradcam",), "`method` must be one of .*grad-cam.*Received: method='gradcam'"),
        ("image", ("n-grams",), "no sum over n-grams. Received: method='n-grams'"),
        ("image", ("grad-cam", "conv9"), r"`stage` must be one of \['low', 'high'\]. Received: stage='conv9'"),
        ("image", ("saliency", "low"), "`stage` is for grad-cam and guided-grad-cam"),
        ("text", ("grad-cam", "low"), r"must be one of \[\]"),
    ],
)
def test_what_does_not_suit_is_refused(kind, arguments, words, known):
    with pytest.raises(ValueError, match=words):
        known[kind].check(*arguments)


def test_a_network_without_relu_is_told_what_suits_it():
    tanh = attributor_of(IMAGES, chain(conv(3, 3), activation("tanh"), global_average_pool(), dense(3)))
    with pytest.raises(ValueError, match=r"'saliency'.*'occlusion'.*it has no ReLU. Received: method='deconvnet'"):
        tanh.check("deconvnet")
    assert set(METHODS) - set(tanh.methods) == {"guided-backprop", "deconvnet", "guided-grad-cam", "n-grams"}
