"""Fixed summaries of images and audio, small enough for a linear model to learn from on two cores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

IMAGE_FEATURES = 4_000
TIME_SLICES = 8
WAVEFORM_FRAME = 512  # samples
WAVEFORM_BANDS = 40


def image_features(images: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, str]:
    """Pixels, averaged over rectangles where there are more than IMAGE_FEATURES of them: (n, features) float32."""
    if images.ndim not in (3, 4):
        raise ValueError(f"images must be (n, height, width[, channels]). Received: shape={images.shape}")
    height, width, channels = (*images.shape[1:], 1)[:3]
    rows_kept, columns_kept = averaged_size(height, width, channels)

    def summary(batch: np.ndarray) -> np.ndarray:
        small = _pooled(_pooled(batch.astype(np.float32), 1, rows_kept), 2, columns_kept)
        return small.reshape(len(batch), -1)

    reduced = "" if (rows_kept, columns_kept) == (height, width) else f" averaged to {rows_kept}x{columns_kept}"
    return _in_batches(summary, images, rows), f"pixels{reduced}"


def averaged_size(height: int, width: int, channels: int) -> tuple[int, int]:
    """Return the height and width that leave at most IMAGE_FEATURES values of an image; its own where it has no more."""
    scale = min(1.0, (IMAGE_FEATURES / (height * width * channels)) ** 0.5)
    rows = max(1, int(height * scale))
    return rows, max(1, min(int(width * scale), IMAGE_FEATURES // (rows * channels)))


def audio_features(audio: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the mean and deviation over time of every band, and every band in TIME_SLICES slices of time: (n, features)."""
    spectral = audio.ndim == 4 or (audio.ndim == 3 and audio.shape[2] > 1)
    if audio.ndim not in (2, 3, 4) or (audio.ndim == 4 and audio.shape[3] != 1):
        raise ValueError(f"audio must be (n, time, bands[, 1]) or (n, samples[, 1]). Received: shape={audio.shape}")

    def summary(batch: np.ndarray) -> np.ndarray:
        if spectral:
            bands = batch.reshape(batch.shape[:3]).astype(np.float32)
        else:
            bands = _band_levels(batch.reshape(len(batch), -1).astype(np.float32))
        slices = _pooled(bands, 1, TIME_SLICES).reshape(len(batch), -1)
        return np.concatenate([bands.mean(axis=1), bands.std(axis=1), slices], axis=1)

    source = "spectral features" if spectral else "band levels of the waveform"
    return _in_batches(summary, audio, rows), f"{source} over time"


def flat_features(examples: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, str]:
    """Return every value of each example: (n, features) float32."""
    return _in_batches(lambda batch: batch.reshape(len(batch), -1).astype(np.float32), examples, rows), "all values"


def _band_levels(waveforms: np.ndarray) -> np.ndarray:
    """Level in dB of up to WAVEFORM_BANDS bands, narrow at the bottom as on the mel scale: (n, frames, bands)."""
    missing = max(0, WAVEFORM_FRAME - waveforms.shape[1])
    waveforms = np.pad(waveforms, ((0, 0), (0, missing)))
    frames = np.lib.stride_tricks.sliding_window_view(waveforms, WAVEFORM_FRAME, axis=1)[:, :: WAVEFORM_FRAME // 2]
    power = np.abs(np.fft.rfft(frames * np.hanning(WAVEFORM_FRAME).astype(np.float32), axis=2)) ** 2
    bins = power.shape[2]
    # The sampling rate is not known here: the mel curve as it lies at 16 kHz.
    edges = 700 * (np.geomspace(1, 1 + 8000 / 700, WAVEFORM_BANDS + 1)[:-1] - 1) / 8000 * (bins - 1)
    starts = np.unique(edges.astype(int))
    widths = np.diff(np.append(starts, bins))
    return 10 * np.log10(np.maximum(np.add.reduceat(power, starts, axis=2) / widths, 1e-10)).astype(np.float32)


def _pooled(values: np.ndarray, axis: int, slices: int) -> np.ndarray:
    """Means over `slices` nearly equal parts of an axis; the values themselves where there are no more of them."""
    length = values.shape[axis]
    if length <= slices:
        return values
    starts = np.arange(slices) * length // slices
    widths = np.diff(np.append(starts, length)).astype(np.float32)
    return np.add.reduceat(values, starts, axis=axis) / widths.reshape(
        [-1 if a == axis else 1 for a in range(values.ndim)]
    )


def _in_batches(summary: Callable[[np.ndarray], np.ndarray], examples: np.ndarray, rows: np.ndarray) -> np.ndarray:
    # 32 at a time: the frames of 32 one-minute waveforms still fit beside everything else.
    first = summary(np.asarray(examples[rows[:32]]))
    summaries = np.empty((len(rows), *first.shape[1:]), first.dtype)
    summaries[:32] = first
    for i in range(32, len(rows), 32):
        summaries[i : i + 32] = summary(np.asarray(examples[rows[i : i + 32]]))
    return summaries
