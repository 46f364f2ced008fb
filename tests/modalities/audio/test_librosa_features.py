"""Constant-Q transform, chroma and PCEN: librosa's own numbers, of one clip and of a batch, and what they mean."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.audio.waveform_preprocess import WaveformPreprocess

RATE = 16000
SETTINGS = [
    {"features": "cqt"},
    {"features": "cqt", "n_bins": 48, "bins_per_octave": 24, "fmin": 110.0, "hop_length": 250, "rank": 1},
    {"features": "cqt", "top_db": 60},
    {"features": "chroma_stft", "n_fft": 2048, "hop_length": 512},
    {"features": "chroma_stft", "n_chroma": 24, "win_length": 400, "center": False, "rank": 1},
    {"features": "pcen"},
    {"features": "pcen", "n_mels": 64, "fmin": 50.0, "fmax": 7000.0, "htk": True, "center": False, "rank": 1},
]


def tone(hertz, seconds=1.0):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def clips():
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    return [tone(440), 0.1 * noise, tone(100) + 1e-3 * noise, np.zeros(RATE, np.float32), tone(1000, 0.3)]


def by_librosa(waveform, preprocess):
    """(time, bands), as a user of librosa writes it."""
    import librosa

    p = preprocess
    common = {"sr": p.sample_rate, "hop_length": p.hop_length}
    frames = {"n_fft": p.n_fft, "win_length": p.win_length, "center": p.center, "pad_mode": "constant"}
    if p.features == "cqt":
        fmin = p.fmin or librosa.note_to_hz("C1")
        bins = {"n_bins": p.n_bins, "bins_per_octave": p.bins_per_octave}
        levels = np.abs(librosa.cqt(waveform, fmin=fmin, **bins, **common))
        if p.top_db:
            return librosa.amplitude_to_db(levels, ref=np.max, top_db=p.top_db).T
        return librosa.amplitude_to_db(levels, ref=1.0, top_db=None).T
    if p.features == "chroma_stft":
        return librosa.feature.chroma_stft(y=waveform, n_chroma=p.n_chroma, **frames, **common).T
    mels = {"n_mels": p.n_mels, "fmin": p.fmin, "fmax": p.fmax, "htk": p.htk}
    return librosa.pcen(
        librosa.feature.melspectrogram(y=waveform, power=1, **mels, **frames, **common) * 2**31, **common
    ).T


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_as_librosa(settings):
    preprocess = AudioPreprocess(seconds=1.0, **settings)
    for waveform in clips():
        (_, window), *_ = preprocess.windows(waveform)
        example, expected = preprocess.example(waveform), by_librosa(window, preprocess)
        assert example.dtype == np.float32
        assert example.shape == preprocess.stored_shape == expected.shape + (1,) * (preprocess.rank - 1)
        np.testing.assert_allclose(example.reshape(expected.shape), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_batches_have_the_bits_of_one_example(settings):
    preprocess = AudioPreprocess(seconds=1.0, mean=0.5, std=2.0, **settings)
    stored = WaveformPreprocess(preprocess)
    batch = np.stack([stored.example(raw) for raw in clips()])
    expected = preprocess.finish(np.stack([preprocess.example(raw) for raw in clips()])).numpy()
    np.testing.assert_array_equal(preprocess.finish(np.stack(preprocess.examples_of(clips()))), expected)
    data = tf.data.Dataset.from_tensor_slices(batch).batch(2).map(stored.finish, num_parallel_calls=2)
    assert data.element_spec.shape[1:] == preprocess.input_shape
    np.testing.assert_array_equal(np.concatenate(list(data.as_numpy_iterator())), expected)
    assert stored.finish(batch[:0]).shape == (0, *preprocess.input_shape)


@pytest.mark.parametrize("octave", [1, 2, 4])
def test_an_octave_is_its_bins_and_the_same_pitch_class(octave):
    a = 110.0  # A2
    cqt = AudioPreprocess(features="cqt", seconds=1.0, rank=1)
    loudest = [cqt.example(tone(hertz))[20:80].mean(axis=0).argmax() for hertz in (a, octave * a)]
    assert loudest[0] == 12 + 9 and loudest[1] - loudest[0] == 12 * np.log2(octave)
    chroma = AudioPreprocess(features="chroma_stft", seconds=1.0, rank=1, n_fft=4096)
    assert chroma.example(tone(octave * a))[20:80].mean(axis=0).argmax() == 9


def test_pcen_takes_the_level_away_that_a_log_mel_keeps():
    quiet, loud = ([0.01 * tone(500), tone(500)][i] for i in range(2))
    changes = {}
    for features in ("pcen", "log_mel"):
        preprocess = AudioPreprocess(features=features, seconds=1.0, rank=1)
        one, other = (preprocess.example(clip)[50:] for clip in (quiet, loud))
        changes[features] = np.abs(one - other).mean() / np.abs(other - other.mean()).mean()
    assert changes["pcen"] < 0.3 * changes["log_mel"]


@pytest.mark.parametrize("features", ["cqt", "chroma_stft", "pcen"])
@pytest.mark.parametrize("center", [False, True])
def test_the_shortest_clip(features, center):
    preprocess = AudioPreprocess(features=features, center=center).fit([np.ones(3, np.float32)])
    assert np.isfinite(preprocess.example(np.ones(3, np.float32))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": "cqt", "sample_rate": 8000}, "Received: n_bins=84, bins_per_octave=12, fmin=0.0"),
        ({"features": "pcen", "top_db": 60}, "top_db is for log_mel, mfcc, cqt. Received: top_db=60"),
        ({"features": "chroma_stft", "n_chroma": 0}, "Received: n_chroma=0"),
        ({"features": "tonnetz"}, "features"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        AudioPreprocess(**arguments)


def test_librosa_is_imported_only_where_a_feature_needs_it():
    code = (
        "import sys, multicnn.api, multicnn.predictor, multicnn.evaluation.doctor\n"
        "assert not {'librosa.filters', 'librosa.core.convert', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
