"""Fixed summaries of images and audio, against NumPy written from the equation."""

import itertools

import numpy as np
import pytest
from support.oracles import array, close, example

from multicnn.blocks import adaptive_average_pool, band_levels, chain, deviation_over, embed, network
from multicnn.blocks.cost import measure


def windows(x, axis, n):
    """Means over n nearly equal windows along an axis, by a loop."""
    steps = x.shape[axis]
    starts = [i * steps // n for i in range(n)] + [steps]
    return np.concatenate(
        [x.take(range(a, b), axis).mean(axis=axis, keepdims=True) for a, b in itertools.pairwise(starts)], axis=axis
    )


@pytest.mark.parametrize("size", [(5, 3), (1, 40), (12, 1), (40, 3), (99, 99)])
def test_adaptive_average_pool(size):
    for shape in ((12, 7, 4), (12, 4)):
        x = example(shape)
        expected = x
        for axis, (n, steps) in enumerate(zip(size, shape[:-1]), start=1):
            expected = windows(expected, axis, n) if n < steps else expected
        close(network(adaptive_average_pool(size), shape), x, expected)


@pytest.mark.parametrize(("shape", "axis"), [((12, 7, 4), 0), ((12, 7, 4), 1), ((9, 4), 0)])
def test_deviation_over(shape, axis):
    x = example(shape)
    close(network(deviation_over(axis), shape), x, x.std(axis=axis + 1, keepdims=True))
    assert array(network(deviation_over(axis), shape)(np.ones_like(x))).max() < 1e-5


def test_a_tone_is_loudest_in_its_band():
    time = np.arange(4000) / 16000
    tones = np.sin(2 * np.pi * np.array([200, 1000, 5000])[:, None] * time).astype(np.float32)[..., None]
    model = network(band_levels(512, 40), (4000, 1))
    levels = array(model(tones))
    power = np.abs(np.fft.rfft(tones[:, 256:768, 0] * np.hanning(512), axis=1)) ** 2
    loudest = 10 * np.log10(power.max(axis=1))
    assert levels.shape == (3, 14, 40)
    assert np.all(np.diff(levels[:, 1].argmax(axis=1)) > 3)
    assert np.all(levels[:, 1].max(axis=1) <= loudest + 0.01)
    assert np.all(levels[:, 1].max(axis=1) > loudest - 10)
    assert np.allclose(array(model(np.zeros_like(tones))), -100)


REFUSED = {
    "free length": (adaptive_average_pool(3), (None, 4), "fixed size"),
    "no windows": (adaptive_average_pool(0), (9, 4), "Received: output_size=0"),
    "text": (chain(embed(9, 4), adaptive_average_pool(3)), (9,), "without padding"),
    "text too": (chain(embed(9, 4), deviation_over(0)), (9,), "without padding"),
    "no second axis": (deviation_over(1), (9, 4), "needs that axis"),
    "spectrum": (band_levels(), (9, 4), "waveform"),
}


@pytest.mark.parametrize(("block", "shape", "message"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(block, shape, message):
    for refuse in (network, measure):
        with pytest.raises(ValueError, match=message):
            refuse(block, shape)


@pytest.mark.parametrize(
    ("make", "message"),
    [(lambda: deviation_over(2), "Received: axis=2"), (lambda: band_levels(511), "Received: frame_length=511")],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()
