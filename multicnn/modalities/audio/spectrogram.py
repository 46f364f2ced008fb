"""Log-mel spectrograms and MFCC, equal to librosa's.

The sums are made in float64 and rounded once, so threads, batch and caller leave no trace in the float32 result.
"""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

_AMIN = 1e-10  # librosa.power_to_db's `amin`: -100 dB
_TOP_DB = 80.0  # librosa.power_to_db's `top_db`, which librosa.feature.mfcc leaves as it is


def frame_count(samples: int, n_fft: int, hop_length: int, center: bool) -> int:
    """Return the number of frames of a waveform.

    Args:
        samples: Length of the waveform, in samples.
        n_fft: Length of a frame, in samples.
        hop_length: Distance between two frames, in samples.
        center: Count n_fft // 2 zeros on both sides.
    """
    around = 2 * (n_fft // 2) if center else 0
    return 1 + (samples + around - n_fft) // hop_length


@functools.lru_cache(maxsize=16)
def hann(win_length: int, n_fft: int) -> np.ndarray:
    """Return librosa's Hann window of `win_length`, in the middle of `n_fft` zeros: float64, shape (n_fft,)."""
    from librosa.filters import get_window

    left = (n_fft - win_length) // 2  # as librosa.util.pad_center, whose import takes half a second
    return np.pad(get_window("hann", win_length), (left, n_fft - win_length - left))


def frames(waveform: np.ndarray, n_fft: int, hop_length: int, center: bool) -> np.ndarray:
    """Return the frames of a waveform, `librosa.util.frame` without a copy or an import: float32, shape (frames, n_fft).

    Args:
        waveform: float32, shape (samples,).
        n_fft: Length of a frame, in samples.
        hop_length: Distance between two frames, in samples.
        center: Put n_fft // 2 zeros on both sides first.
    """
    if center:
        waveform = np.pad(waveform, n_fft // 2)
    return np.lib.stride_tricks.sliding_window_view(waveform, n_fft)[::hop_length]


def log_mel(frames: np.ndarray | tf.Tensor, window: np.ndarray, filters: np.ndarray) -> tf.Tensor:
    """Return the log-mel power spectrogram in dB, 10 log10(max(mel, 1e-10)): float64, shape (..., frames, n_mels).

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
        return tf.math.log(tf.maximum(mel, _AMIN)) * (10.0 / np.log(10.0))


def below_peak(decibels: tf.Tensor, top_db: float) -> tf.Tensor:
    """Return decibels relative to the loudest of each clip, from 0 down to -top_db.

    Equals `librosa.power_to_db(..., ref=np.max, top_db=top_db)`.

    Args:
        decibels: float64, shape (..., frames, n_mels), of `log_mel`.
        top_db: The dynamic range in dB: lower levels are clipped.
    """
    with tf.device("CPU:0"):
        return tf.maximum(decibels - tf.reduce_max(decibels, axis=[-2, -1], keepdims=True), -top_db)


def stretched(decibels: tf.Tensor, stretch_db: float) -> tf.Tensor:
    """Return the loud section of each clip, spread over all frames by linear interpolation.

    Args:
        decibels: float64, shape (..., frames, n_mels), of `log_mel`.
        stretch_db: The section is from the first to the last frame whose loudest band is less than this many dB below the
            loudest of the clip.
    """
    with tf.device("CPU:0"):
        clips = tf.reshape(decibels, (-1, *decibels.shape[-2:]))
        frames = clips.shape[1]
        level = tf.reduce_max(clips, axis=-1)
        loud = tf.cast(level > tf.reduce_max(level, axis=-1, keepdims=True) - stretch_db, tf.int32)
        first, after = tf.argmax(loud, axis=-1), frames - tf.argmax(tf.reverse(loud, [-1]), axis=-1)
        length = tf.cast(after - 1 - first, tf.float64)[:, tf.newaxis]
        positions = tf.range(frames, dtype=tf.float64) / max(frames - 1, 1) * length
        before = tf.cast(positions, tf.int64)
        share = (positions - tf.cast(before, tf.float64))[..., tf.newaxis]
        one = tf.gather(clips, first[:, tf.newaxis] + before, batch_dims=1)
        next_one = tf.gather(clips, tf.minimum(first[:, tf.newaxis] + before + 1, frames - 1), batch_dims=1)
        return tf.reshape(one + share * (next_one - one), tf.shape(decibels))


def mfcc(decibels: tf.Tensor, n_mfcc: int) -> tf.Tensor:
    """Return mel-frequency cepstral coefficients (orthonormal DCT-II over the mel bands): float64, shape (..., frames, n_mfcc).

    Equals `librosa.feature.mfcc`, which first floors the decibels at 80 below the loudest of the clip.

    Args:
        decibels: float64, shape (..., frames, n_mels), of `log_mel`.
        n_mfcc: Number of coefficients, from the 0th on.
    """
    with tf.device("CPU:0"):
        floored = tf.maximum(decibels, tf.reduce_max(decibels, axis=[-2, -1], keepdims=True) - _TOP_DB)
        return tf.matmul(floored, _dct(decibels.shape[-1], n_mfcc))


@functools.lru_cache(maxsize=16)
def mel_filterbank(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float, htk: bool) -> np.ndarray:
    """Return `librosa.filters.mel` transposed: float64, shape (n_fft // 2 + 1, n_mels), read-only."""
    from librosa.filters import mel

    bank = mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk, dtype=np.float64)
    filters = np.ascontiguousarray(bank.T)
    filters.flags.writeable = False
    return filters


def mel_centers(n_mels: int, fmin: float, fmax: float, htk: bool) -> np.ndarray:
    """Return the frequencies at which librosa's mel filters peak, in Hz: float64, shape (n_mels,)."""
    from librosa import mel_frequencies

    return mel_frequencies(n_mels + 2, fmin=fmin, fmax=fmax, htk=htk)[1:-1]


@functools.lru_cache(maxsize=16)
def _dct(n_mels: int, n_mfcc: int) -> np.ndarray:
    """Return the orthonormal DCT-II of `librosa.feature.mfcc` as a matrix: float64, shape (n_mels, n_mfcc)."""
    import scipy.fft

    return np.ascontiguousarray(scipy.fft.dct(np.eye(n_mels), axis=1, norm="ortho")[:, :n_mfcc])
