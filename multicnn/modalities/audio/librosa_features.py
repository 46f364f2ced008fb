"""Features that librosa computes itself, clip by clip: constant-Q transform, chroma and per-channel energy normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from multicnn.modalities.audio.features import FeatureSpec

KINDS = ("cqt", "chroma_stft", "pcen")
C1 = 32.70319566257483  # Hz, where librosa.cqt begins
_INT32 = 2.0**31  # librosa.pcen's documented scale of a full-scale waveform


def cqt_bottom(fmin: float) -> float:
    """Return the lowest frequency of the constant-Q transform in Hz: C1, as in librosa, where `fmin` is 0."""
    return fmin or C1


def frame_count(spec: FeatureSpec) -> int:
    """Return the number of frames that librosa gives for a waveform of `spec.samples`."""
    if spec.kind == "cqt" or spec.center:  # librosa.cqt always centres its frames
        return 1 + spec.samples // spec.hop_length
    return 1 + (spec.samples - spec.n_fft) // spec.hop_length


def bands(spec: FeatureSpec) -> int:
    """Return the number of features of a frame."""
    return {"cqt": spec.n_bins, "chroma_stft": spec.n_chroma, "pcen": spec.n_mels}[spec.kind]


def compute(waveform: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    """Return the features of one waveform: float64, shape (frames, bands); a constant-Q transform in dB.

    Args:
        waveform: float32, shape (spec.samples,).
        spec: The kind of features and librosa's parameters under librosa's names.
    """
    import librosa

    if spec.kind == "cqt":
        settings = {"n_bins": spec.n_bins, "bins_per_octave": spec.bins_per_octave, "fmin": cqt_bottom(spec.fmin)}
        levels = np.abs(librosa.cqt(waveform, sr=spec.sample_rate, hop_length=spec.hop_length, **settings))
        return librosa.amplitude_to_db(levels.T.astype(np.float64), ref=1.0, top_db=None)
    short_time = {
        "n_fft": spec.n_fft,
        "hop_length": spec.hop_length,
        "win_length": spec.win_length,
        "center": spec.center,
        "pad_mode": "constant",
    }
    if spec.kind == "chroma_stft":
        chroma = librosa.feature.chroma_stft(y=waveform, sr=spec.sample_rate, n_chroma=spec.n_chroma, **short_time)
        return chroma.T.astype(np.float64)
    mels = {"n_mels": spec.n_mels, "fmin": spec.fmin, "fmax": spec.fmax, "htk": spec.htk}
    magnitudes = librosa.feature.melspectrogram(y=waveform, sr=spec.sample_rate, power=1.0, **short_time, **mels)
    return librosa.pcen(magnitudes * _INT32, sr=spec.sample_rate, hop_length=spec.hop_length).T.astype(np.float64)


def compute_each(waveforms: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    """Return `compute` of each waveform of a batch: float64, shape (batch, frames, bands)."""
    features = [compute(waveform, spec) for waveform in waveforms]
    return np.array(features).reshape(len(waveforms), frame_count(spec), bands(spec))
