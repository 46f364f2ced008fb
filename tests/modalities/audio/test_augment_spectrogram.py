"""Shifts, masks and the warped frequency axis of spectrograms."""

import numpy as np
import pytest

from multicnn.modalities.audio.augment_spectrogram import augment
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.randomness import around

RNG = np.random.default_rng(0)
SEEDS = np.stack([np.arange(64), np.full(64, 9)], 1)


@pytest.mark.parametrize("shape", [(64, 30, 12, 1), (64, 30, 12)])
def test_masks_are_bands_of_zeros_each_by_its_own_seed(shape):
    batch = np.ones(shape, np.float32)
    masked = augment(batch, SEEDS, time_mask=8, frequency_mask=5).numpy().reshape(64, 30, 12)
    for axis, widest in ((2, 8), (1, 5)):
        hidden = (masked == 0).all(axis)
        widths = hidden.sum(1)
        assert set(widths) == set(range(widest + 1))
        edges = np.abs(np.diff(np.pad(hidden, ((0, 0), (1, 1))).astype(int), axis=1)).sum(1)
        assert (edges == np.where(widths > 0, 2, 0)).all()
        assert len(np.unique(hidden, axis=0)) > 15
        assert hidden[:, :2].any() and hidden[:, -2:].any()


@pytest.mark.parametrize("shape", [(64, 30, 12, 1), (64, 30, 1)])
def test_time_shift_repeats_the_edge(shape):
    batch = RNG.random(shape, np.float32)
    shifted = augment(batch, SEEDS, time_shift=3).numpy()
    found = set()
    for before, after in zip(batch, shifted, strict=True):
        places = [s for s in range(-3, 4) if (before[np.clip(np.arange(30) - s, 0, 29)] == after).all()]
        assert len(places) == 1
        found.update(places)
    assert found == set(range(-3, 4))


@pytest.mark.parametrize("rank", [1, 2])
def test_frequency_warp_reads_every_band_at_another_frequency(rank):
    preprocess = AudioPreprocess(sample_rate=8000, seconds=0.1, n_mels=40, rank=rank)
    bands = preprocess.bands
    assert bands.shape == (40,) and (np.diff(bands) > 0).all() and 0 < bands[0] < bands[-1] < 4000
    batch = np.sin(bands / 300) + RNG.random((64, preprocess.stored_shape[0], 1))
    batch = batch.reshape(64, *preprocess.stored_shape).astype(np.float32)
    warped = augment(batch, SEEDS, bands, frequency_warp=0.2).numpy()
    assert warped.shape == batch.shape
    for before, after, turn in zip(batch, warped, around(SEEDS, "frequency warp", 1).numpy(), strict=True):
        for frame, made in zip(before.reshape(-1, 40), after.reshape(-1, 40), strict=True):
            np.testing.assert_allclose(made, np.interp(1.2**turn * bands, bands, frame), atol=1e-4)
    with pytest.raises(ValueError, match="frequency_warp is for log-mels"):
        augment(batch, SEEDS, AudioPreprocess(features="mfcc", seconds=0.1).bands, frequency_warp=0.2)


@pytest.mark.parametrize("rank", [1, 2])
def test_an_equalizer_moves_each_band_by_one_level_that_changes_linearly_between_four(rank):
    preprocess = AudioPreprocess(sample_rate=8000, seconds=0.1, n_mels=31, rank=rank)
    batch = RNG.normal(size=(64, *preprocess.stored_shape)).astype(np.float32)
    moved = augment(batch, SEEDS, preprocess.bands, equalizer=0.7).numpy()
    assert moved.shape == batch.shape
    levels = (moved - batch).reshape(64, -1, 31)
    np.testing.assert_allclose(levels, np.broadcast_to(levels[:, :1], levels.shape), atol=1e-5)
    for level in levels[:, 0]:
        np.testing.assert_allclose(level, np.interp(range(31), range(0, 31, 10), level[::10]), atol=1e-5)
    drawn = levels[:, 0, ::10]
    assert 0.6 < np.abs(drawn).max() <= 0.7 + 1e-5 and np.abs(np.corrcoef(drawn.T) - np.eye(4)).max() < 0.5
    with pytest.raises(ValueError, match="equalizer is for log-mels"):
        augment(batch, SEEDS, AudioPreprocess(features="mfcc", seconds=0.1).bands, equalizer=0.2)


@pytest.mark.parametrize(
    "setting", [{"equalizer": -1}, {"time_shift": -1}, {"time_mask": 30}, {"frequency_mask": 12}, {"frequency_warp": 2}]
)
def test_wrong_settings_are_named(setting):
    ((name, value),) = setting.items()
    with pytest.raises(ValueError, match=f"Received: {name}={value}"):
        augment(RNG.random((2, 30, 12), np.float32), SEEDS[:2], np.arange(12.0), **setting)
