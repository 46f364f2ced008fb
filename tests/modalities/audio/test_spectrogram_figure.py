"""Spectral features as librosa draws them."""

import numpy as np
import pytest

from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.audio.spectrogram_figure import draw


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rank": 1, "htk": True, "fmin": 50.0, "fmax": 7000.0},
        {"features": "mfcc", "n_mfcc": 13},
        {"stretch_db": 30},
        {"features": "cqt"},
        {"features": "chroma_stft"},
        {"features": "pcen"},
    ],
    ids=str,
)
def test_every_kind_of_features_is_drawn(settings):
    spec = AudioPreprocess(seconds=0.5, **settings).feature_spec
    pixels = draw(np.random.default_rng(0).normal(size=spec.shape).astype(np.float32), spec, -2, 2)
    assert pixels.shape == (160, 280, 3) and pixels.dtype == np.uint8
    assert (pixels[:2] == 255).all() and len(np.unique(pixels[60])) > 20


def test_low_bands_are_at_the_bottom_and_time_runs_to_the_right():
    spec = AudioPreprocess(seconds=0.5).feature_spec
    features = np.zeros(spec.shape, np.float32)
    features[-10:, :8] = 1
    pixels = draw(features, spec, 0, 1).astype(int).sum(axis=2)[10:120, 50:258]  # inside the axes
    bright = np.argwhere(pixels > pixels.min() + 300)
    assert bright[:, 0].min() > 50 and bright[:, 1].min() > 150
