"""Log-mel spectrograms and MFCC, equal to librosa's.

The sums are made in float64 and rounded once, so threads, batch and caller leave no trace in the float32 result.
"""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

_FLOOR = 1e-10  # power below which a decibel value is not told apart: -100 dB
_MFCC_RANGE_DB = 80.0  # librosa.feature.mfcc floors the decibels this far below the loudest of the clip


def frame_count(samples: int, n_fft: int, hop_length: int, center: bool) -> int:
    """Number of frames of a waveform of so many samples."""
    around = 2 * (n_fft // 2) if center else 0
    return 1 + (samples + around - n_fft) // hop_length


@functools.lru_cache(maxsize=16)
def hann(win_length: int, n_fft: int) -> np.ndarray:
    """Periodic Hann window of `win_length`, in the middle of `n_fft` zeros: float64, shape (n_fft,)."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
    before = (n_fft - win_length) // 2
    return np.pad(window, (before, n_fft - win_length - before))


def frames(waveform: np.ndarray, n_fft: int, hop_length: int, center: bool) -> np.ndarray:
    """Stretches of `n_fft` samples, `hop_length` apart: float32, shape (frames, n_fft).

    Args:
        waveform: float32, shape (samples,).
        n_fft, hop_length: Samples.
        center: Puts n_fft // 2 zeros around the waveform.
    """
    if center:
        waveform = np.pad(waveform, n_fft // 2)
    return np.lib.stride_tricks.sliding_window_view(waveform, n_fft)[::hop_length]


def log_mel(frames: np.ndarray | tf.Tensor, window: np.ndarray, filters: np.ndarray) -> tf.Tensor:
    """Log-mel power spectrogram in dB, 10 log10(max(mel, 1e-10)): float64, shape (..., frames, n_mels).

    Equals `librosa.power_to_db(librosa.feature.melspectrogram(..., pad_mode="constant"), ref=1.0, top_db=None).T`.

    Args:
        frames: float32, shape (..., frames, n_fft).
        window: float64, shape (n_fft,), of `hann`.
        filters: float64, shape (n_fft // 2 + 1, n_mels), of `mel_filterbank`.
    """
    with tf.device("CPU:0"):  # the same bits where there is an accelerator
        # An array is multiplied outside TensorFlow, which would copy it first.
        windowed = frames * window if isinstance(frames, np.ndarray) else tf.cast(frames, tf.float64) * window
        spectrum = tf.signal.rfft(tf.convert_to_tensor(windowed, tf.float64))
        power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
        # As one matrix: twice as fast as a product for each clip.
        mel = tf.matmul(tf.reshape(power, (-1, power.shape[-1])), filters)
        mel = tf.reshape(mel, tf.concat([tf.shape(power)[:-1], [filters.shape[-1]]], axis=0))
        return tf.math.log(tf.maximum(mel, _FLOOR)) * (10.0 / np.log(10.0))


def below_peak(decibels: tf.Tensor, top_db: float) -> tf.Tensor:
    """Decibels below the loudest of each clip, from 0 down to -top_db.

    Equals `librosa.power_to_db(..., ref=np.max, top_db=top_db)`.

    Args:
        decibels: float64, shape (..., frames, n_mels), of `log_mel`.
        top_db: Where they end.
    """
    with tf.device("CPU:0"):
        return tf.maximum(decibels - tf.reduce_max(decibels, axis=[-2, -1], keepdims=True), -top_db)


def stretched(decibels: tf.Tensor, stretch_db: float) -> tf.Tensor:
    """What lies from the first to the last frame near the loudest, spread over all frames (linear interpolation).

    Args:
        decibels: float64, shape (..., frames, n_mels), of `log_mel`.
        stretch_db: A frame is near whose loudest band is less than this below the loudest of the clip.
    """
    with tf.device("CPU:0"):
        clips = tf.reshape(decibels, (-1, *decibels.shape[-2:]))
        frames = clips.shape[1]
        level = tf.reduce_max(clips, axis=-1)
        near = tf.cast(level > tf.reduce_max(level, axis=-1, keepdims=True) - stretch_db, tf.int32)
        first, after = tf.argmax(near, axis=-1), frames - tf.argmax(tf.reverse(near, [-1]), axis=-1)
        length = tf.cast(after - 1 - first, tf.float64)[:, tf.newaxis]
        places = tf.range(frames, dtype=tf.float64) / max(frames - 1, 1) * length
        before = tf.cast(places, tf.int64)
        share = (places - tf.cast(before, tf.float64))[..., tf.newaxis]
        one = tf.gather(clips, first[:, tf.newaxis] + before, batch_dims=1)
        next_one = tf.gather(clips, tf.minimum(first[:, tf.newaxis] + before + 1, frames - 1), batch_dims=1)
        return tf.reshape(one + share * (next_one - one), tf.shape(decibels))


def mfcc(decibels: tf.Tensor, n_mfcc: int) -> tf.Tensor:
    """Mel-frequency cepstral coefficients (orthonormal DCT-II over the mel bands): float64, shape (..., frames, n_mfcc).

    Equals `librosa.feature.mfcc`, which first floors the decibels at 80 below the loudest of the clip.

    Args:
        decibels: float64, shape (..., frames, n_mels), of `log_mel`.
        n_mfcc: Coefficients kept, from the 0th on.
    """
    with tf.device("CPU:0"):
        floored = tf.maximum(decibels, tf.reduce_max(decibels, axis=[-2, -1], keepdims=True) - _MFCC_RANGE_DB)
        return tf.matmul(floored, _dct(decibels.shape[-1], n_mfcc))


def plot(features: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return a spectrogram as a grey image, time to the right and low bands at the bottom: uint8, shape (bands, time).

    Args:
        features: Float features of one clip, shape (time, bands) or (time, bands, 1).
        low: The value that becomes black.
        high: The value that becomes white.
    """
    bands = features.reshape(features.shape[:2]).T[::-1]
    return np.rint(255 * np.clip((bands - low) / max(high - low, 1e-9), 0, 1)).astype(np.uint8)


@functools.lru_cache(maxsize=16)
def mel_filterbank(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float, htk: bool) -> np.ndarray:
    """Triangular mel filters of equal area (Slaney's normalisation): float64, shape (n_fft // 2 + 1, n_mels).

    Equals `librosa.filters.mel(...).T`. The scale is Slaney's (Auditory Toolbox, 1998) or HTK's.
    """
    edges = mel_edges(n_mels, fmin, fmax, htk)
    bins = np.arange(n_fft // 2 + 1)[:, None] * (sample_rate / n_fft)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((bins - lower) / (centre - lower), (upper - bins) / (upper - centre))
    filters = np.maximum(triangles, 0.0) * 2.0 / (upper - lower)
    filters.flags.writeable = False
    return filters


def mel_edges(n_mels: int, fmin: float, fmax: float, htk: bool) -> np.ndarray:
    """Where the mel filters begin, peak and end, in Hz: float64, shape (n_mels + 2,), filter i from i to i + 2."""
    return _mel_to_hz(np.linspace(_hz_to_mel(fmin, htk), _hz_to_mel(fmax, htk), n_mels + 2), htk)


def _hz_to_mel(hertz: float, htk: bool) -> float:
    if htk:
        return 2595.0 * np.log10(1.0 + hertz / 700.0)
    return hertz * 3 / 200 if hertz < 1000 else 15.0 + 27.0 * np.log(hertz / 1000) / np.log(6.4)


def _mel_to_hz(mel: np.ndarray, htk: bool) -> np.ndarray:
    if htk:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return np.where(mel < 15, mel * 200 / 3, 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0))


@functools.lru_cache(maxsize=16)
def _dct(n_mels: int, n_mfcc: int) -> np.ndarray:
    """Orthonormal DCT-II: float64, shape (n_mels, n_mfcc)."""
    matrix = np.sqrt(2 / n_mels) * np.cos(np.pi * (np.arange(n_mels)[:, None] + 0.5) * np.arange(n_mfcc) / n_mels)
    matrix[:, 0] = np.sqrt(1 / n_mels)
    return matrix
