"""Spectral features as librosa draws them."""

import numpy as np
import pytest

from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.audio.spectrogram_figure import draw, limits


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
    assert pixels.shape == (220, 400, 3) and pixels.dtype == np.uint8
    assert (pixels[:2] == 255).all() and len(np.unique(pixels[60])) > 20


def test_low_bands_are_at_the_bottom_and_time_runs_to_the_right():
    spec = AudioPreprocess(seconds=0.5).feature_spec
    features = np.zeros(spec.shape, np.float32)
    features[-10:, :8] = 1
    pixels = draw(features, spec, 0, 1).astype(int).sum(axis=2)[12:180, 54:386]  # inside the axes
    bright = np.argwhere(pixels > pixels.min() + 300)
    assert bright[:, 0].min() > 80 and bright[:, 1].min() > 230


def test_the_background_is_dark_whatever_the_padding_is():
    preprocess = AudioPreprocess(seconds=1.0)
    rng = np.random.default_rng(0)
    tone = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(8000) / 16000)
    noisy = preprocess.example((tone + rng.normal(0, 0.003, 8000)).astype(np.float32))
    low, high = limits(noisy, preprocess.feature_spec)
    shades = (np.clip(noisy[:48, :, 0], low, high) - low) / (high - low)
    assert np.median(shades) < 0.25 and shades.max() == 1
    silence = preprocess.example(np.zeros(8000, np.float32))
    low, high = limits(silence, preprocess.feature_spec)
    assert (silence == low).all() and high > low


def test_a_clip_is_pictured_by_a_player_and_a_spectrogram():
    player, figure = AudioPreprocess().pictured(np.zeros(300, np.float32))
    assert (player.kind, player.sample_rate, figure.kind) == ("audio", 16000, "figure")
    assert figure.content.shape == (220, 400, 3)
