"""Features of waveforms: of one, of many, or of a batch in a graph, with the same bits."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import numpy as np
import tensorflow as tf

from multicnn.modalities.audio import librosa_features, spectrogram
from multicnn.utils import limits

FeatureKind = Literal["log_mel", "mfcc", "waveform", "cqt", "chroma_stft", "pcen"]
_FRAMED = 16  # times as many numbers in all frames of a waveform, which are never there at once, as in an example
_SAMPLES = 2**19  # of the waveforms whose features are computed in one call


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureSpec:
    """Everything that decides the features of a waveform, with the defaults resolved; hashable.

    Args:
        kind: The features, under librosa's names: "log_mel" (dB), "mfcc", "waveform", "cqt" (dB), "chroma_stft" or "pcen".
        samples: Length of each waveform, in samples.
        sample_rate: Sampling rate in Hz.
        n_fft: Length of the Fourier transform, in samples.
        hop_length: Distance between two frames, in samples.
        win_length: Length of the Hann window, in samples, at most `n_fft`.
        center: Centre frame t on sample t * hop_length instead of starting it there.
        n_mels: Number of mel bands.
        n_mfcc: Number of cepstral coefficients, at most `n_mels`.
        n_bins: Number of bins of the constant-Q transform.
        bins_per_octave: Number of bins of the constant-Q transform in an octave.
        n_chroma: Number of pitch classes of the chroma.
        fmin: Lowest frequency of the mel bands in Hz, or of the constant-Q transform (0 is C1 there).
        fmax: Highest frequency of the mel bands in Hz.
        htk: Use HTK's mel scale instead of Slaney's.
        stretch_db: Threshold in dB of `spectrogram.stretched`; None leaves the pace.
        top_db: Dynamic range in dB of `spectrogram.below_peak`; None leaves the level.
        rank: 2 for features of shape (time, bands, 1), 1 for (time, bands).
    """

    kind: FeatureKind
    samples: int
    sample_rate: int
    n_fft: int
    hop_length: int
    win_length: int
    center: bool
    n_mels: int
    n_mfcc: int
    n_bins: int
    bins_per_octave: int
    n_chroma: int
    fmin: float
    fmax: float
    htk: bool
    stretch_db: float | None
    top_db: float | None
    rank: Literal[1, 2]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the features of one waveform: (time, bands, 1), (time, bands) or (samples, 1)."""
        if self.kind == "waveform":
            return (self.samples, 1)
        if self.kind in librosa_features.KINDS:
            frames, bands = librosa_features.frame_count(self), librosa_features.bands(self)
        else:
            frames = spectrogram.frame_count(self.samples, self.n_fft, self.hop_length, self.center)
            bands = self.n_mels if self.kind == "log_mel" else self.n_mfcc
        return (frames, bands, 1) if self.rank == 2 else (frames, bands)


def check_size(spec: FeatureSpec) -> None:
    """Raise ValueError where the features of one waveform, or the arrays that they are computed with, would be over the limits."""
    frames = -(-spec.samples // spec.hop_length)
    sizes = {
        f"clips of {spec.samples} samples": spec.samples,
        f"{spec.n_mels} filters of {spec.n_fft} samples": spec.n_mels * spec.n_fft,
        f"{frames} frames of {spec.n_fft} samples": 0 if spec.kind == "waveform" else frames * spec.n_fft // _FRAMED,
    }
    for name, values in sizes.items():
        limits.check("example_values", values, f"large: {name}")


def of_one(waveform: np.ndarray, spec: FeatureSpec) -> np.ndarray:
    """Return the features of a float32 waveform of shape (spec.samples,): float32, shape `spec.shape`."""
    if spec.kind == "waveform":
        return waveform.reshape(spec.shape).astype(np.float32)
    with _memory_errors():
        if spec.kind in librosa_features.KINDS:
            features = tf.constant(librosa_features.compute(waveform, spec))
        else:
            features = _log_mel(spectrogram.frames(waveform, spec.n_fft, spec.hop_length, spec.center), spec)
        return _finished(features, spec).numpy().reshape(spec.shape)


def of_each(waveforms: Iterable[np.ndarray], spec: FeatureSpec) -> Iterator[np.ndarray]:
    """Yield `of_one` of each, computing several at once: most of the time of one goes into calling TensorFlow."""
    compiled = _compiled(spec)
    waveforms, together = iter(waveforms), max(1, _SAMPLES // spec.samples)
    while few := list(itertools.islice(waveforms, together)):
        with _memory_errors():
            features = compiled(np.stack(few).astype(np.float32, copy=False)).numpy()
        yield from features


def of_batch(waveforms: tf.Tensor, spec: FeatureSpec) -> tf.Tensor:
    """Return `of_one` of each of a float32 batch of shape (batch, spec.samples): float32, shape (batch, *spec.shape)."""
    with tf.device("CPU:0"):
        if spec.kind in librosa_features.KINDS:
            features = tf.numpy_function(
                functools.partial(librosa_features.compute_each, spec=spec), [waveforms], tf.float64
            )
            waveforms = _finished(tf.ensure_shape(features, (None, *spec.shape[:2])), spec)
        elif spec.kind != "waveform":
            around = spec.n_fft // 2 if spec.center else 0
            padded = tf.pad(waveforms, ((0, 0), (around, around)))
            waveforms = _finished(_log_mel(tf.signal.frame(padded, spec.n_fft, spec.hop_length), spec), spec)
        return tf.reshape(waveforms, (-1, *spec.shape))


@functools.lru_cache(maxsize=8)
def _compiled(spec: FeatureSpec) -> Callable[[np.ndarray], tf.Tensor]:
    """Return `of_batch` as one call of TensorFlow, which takes half the time."""
    signature = [tf.TensorSpec((None, spec.samples), tf.float32)]
    return tf.function(lambda waveforms: of_batch(waveforms, spec), input_signature=signature, autograph=False)


@contextlib.contextmanager
def _memory_errors() -> Iterator[None]:
    """Raise Python's MemoryError in place of TensorFlow's, for which an example is bad and a run is not over."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(error.message.splitlines()[0]) from error


def _log_mel(frames: np.ndarray | tf.Tensor, spec: FeatureSpec) -> tf.Tensor:
    window = spectrogram.hann(spec.win_length, spec.n_fft)
    filters = spectrogram.mel_filterbank(spec.sample_rate, spec.n_fft, spec.n_mels, spec.fmin, spec.fmax, spec.htk)
    return spectrogram.log_mel(frames, window, filters)


def _finished(features: tf.Tensor, spec: FeatureSpec) -> tf.Tensor:
    """Apply the steps that follow the decibels, and round float64 (..., frames, bands) to float32."""
    if spec.stretch_db is not None:
        features = spectrogram.stretched(features, spec.stretch_db)
    if spec.top_db is not None:
        features = spectrogram.below_peak(features, spec.top_db)
    if spec.kind == "mfcc":
        features = spectrogram.mfcc(features, spec.n_mfcc)
    with tf.device("CPU:0"):
        return tf.cast(features, tf.float32)
