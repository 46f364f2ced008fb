"""Waveforms at another speed, pitch and level, with noise: before the features are made of them."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Annotated

import numpy as np
import pydantic
import tensorflow as tf

from multicnn.modalities import content
from multicnn.modalities.audio import decode
from multicnn.modalities.randomness import factor, integers, uniform
from multicnn.utils.constrained import Finite, FromZero, Share

Decibels = Annotated[Finite, pydantic.Field(ge=-200, le=200)]
_NOISE_SECONDS = 60
_FOLDER_SECONDS = 600
_BLOCK = 32  # steps at most that one product of matrices sums up
_ROW = 64  # samples of noise that are taken together
_VOCODER_SECONDS = 0.05  # of audio in a frame: harmonics of a voice are told apart, syllables are not smeared


def augment(
    batch: tf.Tensor,
    seeds: tf.Tensor,
    sample_rate: int,
    *,
    speed: Share = 0.0,
    pitch: Annotated[FromZero, pydantic.Field(le=12)] = 0.0,
    gain_db: Annotated[FromZero, pydantic.Field(le=60)] = 0.0,
    noise: str | None = None,
    snr_db: tuple[Decibels, Decibels] = (5.0, 30.0),
) -> tf.Tensor:
    """Randomly changes waveforms, each by its own seed.

    Args:
        batch: float32, shape (batch, samples), full scale 1; zeros at the end are padding.
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal changes.
        sample_rate: Hz.
        speed: Largest change of tempo and pitch together: .1 is a factor of 1/1.1 to 1.1. What no longer fits is cut at
            the end.
        pitch: Largest change of the pitch alone, in semitones (phase vocoder: Flanagan & Golden 1966).
        gain_db: Largest change of the level, either way.
        noise: "white", "pink" (1/f), or a folder of audio clips; nothing is added where it is None.
        snr_db: Lowest and highest ratio of the power of the audio to that of the noise.

    Returns:
        float32, shape (batch, samples).
    """
    for name, value, most in (("speed", speed, 1), ("pitch", pitch, 12), ("gain_db", gain_db, 60)):
        if not 0 <= value <= most:
            raise ValueError(f"{name} must be 0 to {most}. Received: {name}={value}")
    if len(snr_db) != 2 or snr_db[0] > snr_db[1]:
        raise ValueError(f"snr_db must be the lowest and the highest ratio in dB. Received: snr_db={snr_db}")
    batch = tf.convert_to_tensor(batch)
    with tf.device("CPU:0"):
        if speed or pitch:
            higher, audio = factor(seeds, "pitch", 2 ** (pitch / 12)), batch
            if pitch:
                audio = _longer(batch, higher, 2 ** (pitch / 12), sample_rate)
            faster = higher * factor(seeds, "speed", 1 + speed)
            batch = tf.ensure_shape(_faster(audio, tf.shape(batch)[1], faster), batch.shape)
        if gain_db:
            batch *= factor(seeds, "gain", 10 ** (gain_db / 20))[:, tf.newaxis]
        if noise:
            batch = _noisy(batch, seeds, noise_of(noise, sample_rate), snr_db)
    return batch


def _faster(batch: tf.Tensor, samples: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """The first `samples` of waveforms read at `factor` (batch,) times their speed."""
    size = tf.shape(batch)[1]
    batch, size = tf.pad(batch, ((0, 0), (0, size % 2))), size + size % 2
    spectrum = tf.signal.rfft(batch)
    # Read faster, what lies above the new half of the sample rate would be folded down.
    bins = tf.range(size // 2 + 1, dtype=tf.float32) / tf.cast(size // 2, tf.float32)
    passed = tf.cast(bins * tf.maximum(factor, 1.0)[:, tf.newaxis] < 1, tf.float32)
    # Twice as many samples, exactly; between those a cubic is good enough.
    spectrum = tf.pad(spectrum * tf.cast(2 * passed, tf.complex64), ((0, 0), (0, size // 2)))
    doubled = tf.signal.irfft(spectrum, fft_length=[2 * size])
    times = tf.range(samples, dtype=tf.float32) * 2 * factor[:, tf.newaxis]
    return _between(doubled, times)


def _between(values: tf.Tensor, times: tf.Tensor) -> tf.Tensor:
    """Values (batch, n) at fractional times (batch, m), by Catmull and Rom's cubic; 0 after the end."""
    size = tf.shape(values)[1]
    padded = tf.pad(values, ((0, 0), (1, 3)))
    before = tf.minimum(tf.cast(times, tf.int32), size)
    t = times - tf.cast(before, tf.float32)
    flat, start = tf.reshape(padded, [-1]), tf.range(tf.shape(values)[0])[:, tf.newaxis] * (size + 4)
    a, b, c, d = (tf.gather(flat, start + before + i) for i in range(4))
    cubic = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return tf.where(before < size, cubic, 0.0)


def _longer(batch: tf.Tensor, factor: tf.Tensor, most: float, sample_rate: int) -> tf.Tensor:
    """Waveforms `factor` (batch,) times as long at their pitch, by the phase vocoder, in `most` times as many samples."""
    size = 2 ** max(round(math.log2(_VOCODER_SECONDS * sample_rate)), 4)
    hop = size // 4
    window = functools.partial(tf.signal.hann_window, periodic=True)
    samples = tf.shape(batch)[1]
    padded = tf.pad(batch, ((0, 0), (size // 2, size)))
    spectra = tf.signal.stft(padded, size, hop, window_fn=window)
    frames = tf.cast(tf.math.ceil(tf.cast(samples, tf.float32) * most / hop), tf.int32) + size // hop
    times = tf.range(frames, dtype=tf.float32) / factor[:, tf.newaxis]
    last = tf.shape(spectra)[1] - 1
    before = tf.minimum(tf.cast(times, tf.int32), last - 1)
    share = tf.clip_by_value(times - tf.cast(before, tf.float32), 0.0, 1.0)[..., tf.newaxis]
    levels, phases = _level(spectra), _phase(spectra)
    level = (1 - share) * tf.gather(levels, before, batch_dims=1) + share * tf.gather(levels, before + 1, batch_dims=1)
    # From each new frame to the next the phase advances as it does between the two frames around it; whole turns cancel.
    turns = phases[:, 1:] - phases[:, :-1]
    phase = phases[:, :1] + _sum_before(tf.gather(turns, before, batch_dims=1))
    inverse = tf.signal.inverse_stft_window_fn(hop, forward_window_fn=window)
    audio = tf.signal.inverse_stft(tf.complex(level * tf.cos(phase), level * tf.sin(phase)), size, hop, None, inverse)
    return audio[:, size // 2 :]


def _sum_before(values: tf.Tensor) -> tf.Tensor:
    """At each step of (batch, steps, n), the sum over the steps before it: tf.cumsum(exclusive=True), sooner done."""
    batch, steps, n = tf.unstack(tf.shape(values))
    blocks = -(-steps // _BLOCK)
    block = -(-steps // blocks)  # so that there is little to pad, most often nothing
    padded = tf.pad(values, ((0, 0), (0, blocks * block - steps), (0, 0)))
    blocked = tf.reshape(padded, (batch, blocks, block, n))
    inside = (tf.linalg.band_part(tf.ones((block, block)), -1, 0) - tf.eye(block)) @ blocked
    earlier = tf.cumsum(tf.reduce_sum(blocked, axis=2, keepdims=True), axis=1, exclusive=True)
    return tf.reshape(inside + earlier, (batch, blocks * block, n))[:, :steps]


# tf.abs and tf.math.angle take numbers one by one, what follows several at once: twice and fifteen times as fast.
def _level(spectra: tf.Tensor) -> tf.Tensor:
    return tf.sqrt(tf.square(tf.math.real(spectra)) + tf.square(tf.math.imag(spectra)))


def _phase(spectra: tf.Tensor) -> tf.Tensor:
    return tf.atan2(tf.math.imag(spectra), tf.math.real(spectra))


def _noisy(batch: tf.Tensor, seeds: tf.Tensor, noise: np.ndarray, snr_db: tuple[float, float]) -> tf.Tensor:
    samples = tf.shape(batch)[1]
    # Gathered by rows, which is far faster than sample by sample.
    rows = np.resize(noise, (-(-len(noise) // _ROW), _ROW))
    needed = -(-samples // _ROW)
    start = integers(uniform(seeds, 1, "noise"), 0, tf.maximum(len(rows) - needed, 0))
    drawn = tf.gather(tf.constant(rows), (start + tf.range(needed)) % len(rows))
    drawn = tf.reshape(drawn, (-1, needed * _ROW))[:, :samples]
    snr = snr_db[0] + (snr_db[1] - snr_db[0]) * uniform(seeds, 1, "snr")
    # The padding is no part of the audio, and would make it look quiet.
    sounding = tf.reduce_sum(tf.cast(batch != 0, tf.float32), axis=1, keepdims=True)
    power = tf.reduce_sum(tf.square(batch), axis=1, keepdims=True) / tf.maximum(sounding, 1.0)
    noise_power = tf.reduce_mean(tf.square(drawn), axis=1, keepdims=True)
    return batch + drawn * tf.sqrt(tf.math.divide_no_nan(power, noise_power) * 10 ** (-snr / 10))


@functools.lru_cache(maxsize=4)
def noise_of(kind: str, sample_rate: int) -> np.ndarray:
    """A stretch of noise that examples get parts of: float32, shape (samples,), read-only.

    Args:
        kind: "white", "pink" (power 1/f), or a folder, of whose clips up to ten minutes are read.
        sample_rate: Hz.

    Raises:
        ValueError: There is no such folder, or no clip in it that can be read.
    """
    if kind in ("white", "pink"):
        noise = np.random.default_rng(0).standard_normal(_NOISE_SECONDS * sample_rate)
        if kind == "pink":
            spectrum = np.fft.rfft(noise)
            noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(noise))
    else:
        noise = _clips(Path(kind), sample_rate)
    noise = noise.astype(np.float32)
    noise.flags.writeable = False
    return noise


def _clips(folder: Path, sample_rate: int) -> np.ndarray:
    if not folder.is_dir():
        raise ValueError(f"noise must be 'white', 'pink' or a folder of audio clips. Received: noise={str(folder)!r}")
    clips: list[np.ndarray] = []
    samples = 0
    for path in sorted(folder.rglob("*")):
        if samples >= _FOLDER_SECONDS * sample_rate:
            break
        if path.is_file():
            try:
                waveform, rate = decode.from_bytes(content.read(path))
                clips.append(decode.resample(waveform, rate, sample_rate))
            except ValueError:
                continue  # a licence, a list of the files
            samples += len(clips[-1])
    noise = np.concatenate([*clips, np.zeros(0, np.float32)])
    if not noise.any():
        raise ValueError(f"noise must hold audio clips that can be read. Received: noise={str(folder)!r}")
    return noise[: _FOLDER_SECONDS * sample_rate]
