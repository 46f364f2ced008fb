"""Features of recordings, log-mel, MFCC or the waveform itself: of one, of many, or of a batch in a graph, with the same bits."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from multicnn.modalities.audio import spectrogram

if TYPE_CHECKING:
    from multicnn.modalities.audio.preprocess import AudioPreprocess

_SAMPLES = 2**19  # of the recordings whose features are made at once


def of_one(window: np.ndarray, settings: AudioPreprocess) -> np.ndarray:
    """Features of a waveform, float32, shape (samples,), of `settings.window`: float32, shape `settings.stored_shape`."""
    if settings.features == "waveform":
        return window.reshape(settings.stored_shape).astype(np.float32)
    frames = spectrogram.frames(window, settings.n_fft, settings.hop_length, settings.center)
    return _spectrum(frames, settings).numpy().reshape(settings.stored_shape)


def of_each(windows: Iterable[np.ndarray], settings: AudioPreprocess) -> Iterator[np.ndarray]:
    """`of_one` of each, several of them at once: most of the time that one takes is that of calling TensorFlow."""
    # Mean and std have nothing to do with the features.
    made = _compiled(dataclasses.replace(settings, mean=None, std=None))
    windows, together = iter(windows), max(1, _SAMPLES // settings.samples)
    while few := list(itertools.islice(windows, together)):
        yield from made(np.stack(few).astype(np.float32, copy=False)).numpy()


def of_batch(waveforms: tf.Tensor, settings: AudioPreprocess) -> tf.Tensor:
    """`of_one` of each of a batch of waveforms, float32, shape (batch, samples), of `settings.window`."""
    with tf.device("CPU:0"):
        if settings.features != "waveform":
            around = settings.n_fft // 2 if settings.center else 0
            padded = tf.pad(waveforms, ((0, 0), (around, around)))
            waveforms = _spectrum(tf.signal.frame(padded, settings.n_fft, settings.hop_length), settings)
        return tf.reshape(waveforms, (-1, *settings.stored_shape))


@functools.lru_cache(maxsize=8)
def _compiled(settings: AudioPreprocess) -> Callable[[np.ndarray], tf.Tensor]:
    """`of_batch` as one call of TensorFlow, which takes half the time."""
    signature = [tf.TensorSpec((None, settings.samples), tf.float32)]
    return tf.function(lambda waveforms: of_batch(waveforms, settings), input_signature=signature, autograph=False)


def _spectrum(frames: np.ndarray | tf.Tensor, settings: AudioPreprocess) -> tf.Tensor:
    """Log-mel or MFCC of frames (..., frames, n_fft): float32, shape (..., frames, bands)."""
    window = spectrogram.hann(settings.win_length or settings.n_fft, settings.n_fft)
    features = spectrogram.log_mel(frames, window, settings.mel_filters)
    if settings.stretch_db is not None:
        features = spectrogram.stretched(features, settings.stretch_db)
    if settings.top_db is not None:
        features = spectrogram.below_peak(features, settings.top_db)
    if settings.features == "mfcc":
        features = spectrogram.mfcc(features, settings.n_mfcc)
    with tf.device("CPU:0"):
        return tf.cast(features, tf.float32)
