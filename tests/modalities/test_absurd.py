"""One file that is as no real one is does not decide what is learned from all."""

import numpy as np
import pytest

from multicnn.modalities import lookup
from multicnn.modalities.absurd import believable

RNG = np.random.default_rng(0)
CLIPS = [RNG.normal(0, 0.1, n).astype(np.float32) for n in RNG.integers(14000, 16001, 12)]
WORDS = [" ".join(RNG.choice(list("abcdefgh"), n)) for n in RNG.integers(3, 12, 12)]
IMAGES = [RNG.integers(0, 256, (24, 32, 3), np.uint8) for _ in range(12)]


def learned(modality, raws, **fields):
    return lookup(modality)(**fields).fit(raws)


def test_an_absurd_duration_does_not_set_the_window():
    long = np.resize(CLIPS[0], 16000 * 70)
    assert learned("audio", [*CLIPS, long]).seconds == learned("audio", CLIPS).seconds


@pytest.mark.parametrize("fields", [{"features": "waveform"}, {}])
def test_an_absurd_level_does_not_set_mean_and_std(fields):
    loud = CLIPS[0] * np.float32(1e7)
    with_it, without = (learned("audio", clips, seconds=1.0, **fields) for clips in ([*CLIPS, loud], CLIPS))
    assert with_it.mean == pytest.approx(without.mean, rel=0.3, abs=1e-3)
    assert with_it.std == pytest.approx(without.std, rel=0.5)


def test_an_absurd_text_does_not_set_the_length():
    assert learned("text", [*WORDS, "a " * 5000]).length == max(len(text.split()) for text in WORDS)


def test_an_absurd_size_does_not_set_the_size():
    assert learned("image", [*IMAGES, np.zeros((1, 30000, 3), np.uint8)]).size == (24, 32)


@pytest.mark.parametrize("values", [[1.0, 50.0], [0.0] * 9 + [5.0, 6.0], [*range(1, 60)], [1.0] * 97 + [100.0] * 3])
def test_what_the_data_are_like_stays(values):
    assert believable(values, 60.0).all()


def test_samples_that_no_number_of_32_bits_is():
    with pytest.raises(ValueError, match=r"absurd samples: up to 1e\+30 times full scale"):
        lookup("audio")().decode(np.array([0.0, 1e30]))
