"""First-layer filters: their frequency, their words, and which layers see the input."""

import numpy as np
import pytest

import multicnn
from multicnn.blocks import add, chain, concat, conv, dense, embed, flatten, global_max_pool, network, one_hot
from multicnn.explanations.filters import filters


def audio(**fields):
    return multicnn.AudioPreprocess(sample_rate=8000, seconds=0.1, mean=0.0, std=1.0, **fields)


def test_filters_of_waveforms_have_the_frequencies_of_their_sinusoids_and_their_order():
    model = network(chain(conv(3, 200, padding="valid"), global_max_pool(), dense(2)), (800, 1))
    hertz = np.array([3700.0, 310.0, 1250.0])
    waves = np.hanning(200)[:, np.newaxis] * np.sin(2 * np.pi * hertz * np.arange(200)[:, np.newaxis] / 8000)
    model.get_layer("conv").set_weights([waves[:, np.newaxis], np.zeros(3)])
    (layer,) = filters(model, audio(features="waveform"))
    assert layer.scale == "25.0 ms" and [view.index for view in layer.views] == [1, 2, 0]
    for view in layer.views:
        assert view.facts["peak_hz"] == pytest.approx(hertz[view.index], abs=5)
        assert view.facts["bandwidth_hz"] == pytest.approx(1.44 * 8000 / 200, rel=0.05)  # of a Hann window


def test_filters_over_all_bands_have_the_frequency_of_the_strongest_band():
    preprocess = audio(features="log_mel", n_mels=16, n_fft=256, hop_length=80, rank=1)
    model = network(chain(conv(2, 3), global_max_pool(), dense(2)), preprocess.input_shape)
    kernel = np.zeros((3, 16, 2), np.float32)
    kernel[1, 4, 0] = kernel[0, 11, 1] = -2
    model.get_layer("conv").set_weights([kernel, np.zeros(2)])
    (layer,) = filters(model, preprocess)
    assert [view.facts["peak_hz"] for view in layer.views] == [preprocess.bands[4], preprocess.bands[11]]


def test_the_size_of_a_filter_is_told_in_ms_and_hz():
    preprocess = audio(features="log_mel", n_mels=16, n_fft=256, hop_length=80)
    model = network(chain(conv(2, (3, 4)), flatten(), dense(2)), preprocess.input_shape)
    (layer,) = filters(model, preprocess)
    bands = preprocess.bands
    low, high = bands[3] - bands[0], bands[-1] - bands[-4]
    assert layer.scale == f"52 ms x 4 bands, from {low:,.0f} Hz at the bottom to {high:,.0f} Hz at the top"


@pytest.mark.parametrize("kind", ["vectors", "multichannel", "one-hot"])
def test_the_words_nearest_to_each_step_of_a_filter(kind):
    words = ("good", "bad", "film", "story")
    preprocess = multicnn.TextPreprocess(vocabulary=words, length=7)
    vectors = {
        "vectors": embed(6, 3),
        "multichannel": add(embed(6, 3), embed(6, 3)),
        "one-hot": one_hot(6),
    }[kind]
    model = network(chain(vectors, concat(*(chain(conv(2, w), global_max_pool()) for w in (1, 2))), dense(2)), (7,))
    seen = model.get_layer("concat.1.conv")
    table = (
        np.eye(4)
        if kind == "one-hot"
        else sum(w[2:6] for layer in model.layers if "embed" in layer.name for w in layer.get_weights())
    )
    other = model.get_layer("concat.2.conv")
    other.set_weights([np.stack([table[[0, 2]], -table[[3, 3]]], axis=-1), np.zeros(2)])
    layers = filters(model, preprocess)
    assert [layer.layer for layer in layers] == [seen.name, other.name]
    assert [step[0] for step in layers[1].views[0].facts["nearest"]] == ["good", "film"]
    assert layers[1].views[0].shown[0].content.startswith("good")
    assert [step[-1] for step in layers[1].views[1].facts["nearest"]] == ["story", "story"]


def test_a_dense_layer_on_the_whole_input_has_filters_of_its_size():
    preprocess = multicnn.ImagePreprocess(size=(5, 4), channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    (layer,) = filters(network(chain(flatten(), dense(2)), (5, 4, 3)), preprocess)
    assert layer.kernel.shape == (5, 4, 3, 2)
    assert [view.shown[0].content.shape for view in layer.views] == [(5, 4, 3)] * 2


def test_a_network_whose_filters_do_not_see_the_input_is_refused():
    preprocess = multicnn.ImagePreprocess(size=(4, 4), channels=1, mean=(0.5,), std=(0.25,))
    with pytest.raises(ValueError, match="filters see the input"):
        filters(network(chain(global_max_pool(), dense(2)), (4, 4, 1)), preprocess)
