"""Spectrograms shifted, warped and masked: after `finish`, where 0 is the mean."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pydantic
import tensorflow as tf

from multicnn.modalities.randomness import factor, integers, uniform
from multicnn.utils.constrained import CountFromZero, FromZero, Share

_EQUALIZED_BANDS = 4


def augment(
    batch: tf.Tensor,
    seeds: tf.Tensor,
    bands: np.ndarray | None = None,
    *,
    frequency_warp: Share = 0.0,
    time_shift: CountFromZero = 0,
    time_mask: CountFromZero = 0,
    frequency_mask: CountFromZero = 0,
    equalizer: Annotated[FromZero, pydantic.Field(le=100)] = 0.0,
) -> tf.Tensor:
    """Randomly change finished features of audio, each example by its own seed.

    Args:
        batch: float32, shape (batch, time, mel, 1), (batch, time, mel) or (batch, samples, 1), of `finish`.
        seeds: int32 or int64, shape (batch, 2); equal seeds give equal changes.
        bands: Centre of each mel band in Hz, shape (mel,), where the features are a log-mel.
        frequency_warp: Largest stretch of the frequency axis: .1 is a factor of 1/1.1 to 1.1, as if the vocal tract were
            shorter or longer (Jaitly & Hinton 2013); for log-mels only.
        time_shift: Largest shift in frames, either way; the first or last frame is repeated where nothing comes in.
        time_mask: Largest number of frames set to 0, the mean (Park et al. 2019, SpecAugment).
        frequency_mask: Largest number of mel bands set to 0.
        equalizer: Largest change of the level of a band, in standard deviations of the features: drawn for four bands, linear
            between them, as if another microphone had recorded it (Nam et al. 2022, FilterAugment); for log-mels only.

    Returns:
        float32, the shape of `batch`.
    """
    batch = tf.convert_to_tensor(batch)
    for name, value, axis in (
        ("time_shift", time_shift, 1),
        ("time_mask", time_mask, 1),
        ("frequency_mask", frequency_mask, 2),
    ):
        size = batch.shape[axis]
        if value < 0 or (size is not None and value and value >= size):
            raise ValueError(
                f"{name} must be 0 or more and under the {size} steps of its axis. Received: {name}={value}"
            )
    if frequency_warp:
        batch = _warped(batch, seeds, bands, frequency_warp)
    if equalizer:
        batch = _equalized(batch, seeds, bands, equalizer)
    if time_shift:
        offsets = integers(uniform(seeds, 1, "time shift"), -time_shift, time_shift)
        length = tf.shape(batch)[1]
        rows = tf.clip_by_value(tf.range(length) - offsets, 0, length - 1)
        batch = tf.ensure_shape(tf.gather(batch, rows, batch_dims=1), batch.shape)
    if time_mask:
        batch = _masked(batch, uniform(seeds, 2, "time mask"), time_mask, axis=1)
    if frequency_mask:
        batch = _masked(batch, uniform(seeds, 2, "frequency mask"), frequency_mask, axis=2)
    return batch


def _warped(batch: tf.Tensor, seeds: tf.Tensor, bands: np.ndarray | None, widest: float) -> tf.Tensor:
    if bands is None:
        raise ValueError(f"frequency_warp is for log-mels. Received: frequency_warp={widest}")
    if not 0 <= widest <= 1:
        raise ValueError(f"frequency_warp must be 0 to 1. Received: frequency_warp={widest}")
    centres = tf.constant(bands, tf.float32)
    wanted = factor(seeds, "frequency warp", 1 + widest)[:, tf.newaxis] * centres
    above = tf.clip_by_value(tf.searchsorted(centres, tf.reshape(wanted, [-1])), 1, len(bands) - 1)
    above = tf.reshape(above, tf.shape(wanted))
    low, high = tf.gather(centres, above - 1), tf.gather(centres, above)
    share = tf.clip_by_value((wanted - low) / (high - low), 0.0, 1.0)
    steps = tf.range(len(bands))
    # Each new band is a mixture of two old ones: one small matrix for each example.
    weights = tf.one_hot(above - 1, len(bands)) * (1 - share)[..., tf.newaxis]
    weights += tf.cast(steps == above[..., tf.newaxis], tf.float32) * share[..., tf.newaxis]
    flat = tf.reshape(batch, (-1, batch.shape[1], batch.shape[2]))
    return tf.reshape(tf.matmul(flat, weights, transpose_b=True), tf.shape(batch))


def _equalized(batch: tf.Tensor, seeds: tf.Tensor, bands: np.ndarray | None, largest: float) -> tf.Tensor:
    if bands is None:
        raise ValueError(f"equalizer is for log-mels. Received: equalizer={largest}")
    if largest < 0:
        raise ValueError(f"equalizer must be 0 or more. Received: equalizer={largest}")
    drawn = largest * (2 * uniform(seeds, _EQUALIZED_BANDS, "equalizer") - 1)
    places = np.linspace(0, _EQUALIZED_BANDS - 1, len(bands))
    shares = np.maximum(
        1 - np.abs(places - np.arange(_EQUALIZED_BANDS)[:, np.newaxis]), 0
    )  # of each drawn level, in each band
    levels = tf.matmul(drawn, tf.constant(shares, tf.float32))
    return batch + tf.reshape(levels, [-1, 1, len(bands)] + [1] * (batch.shape.rank - 3))


def _masked(batch: tf.Tensor, numbers: tf.Tensor, widest: int, axis: int) -> tf.Tensor:
    length = tf.shape(batch)[axis]
    width = integers(numbers[:, :1], 0, widest)
    start = integers(numbers[:, 1:], 0, length - width)
    steps = tf.range(length)
    hidden = (steps >= start) & (steps < start + width)
    shape = [-1] + [length if position == axis else 1 for position in range(1, batch.shape.rank)]
    return tf.where(tf.reshape(hidden, shape), tf.zeros((), batch.dtype), batch)
