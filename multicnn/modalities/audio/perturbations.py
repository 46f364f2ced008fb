"""Perturbations of clips: attacks on its waveform, noise, another speed, clipping, and samples that got lost."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from multicnn.modalities.audio import decode, librosa_features
from multicnn.modalities.audio.waveform_preprocess import WaveformPreprocess
from multicnn.modalities.perturbations import Attack, Perturbations, Sweep

if TYPE_CHECKING:
    import tensorflow as tf

    from multicnn.modalities.audio.preprocess import AudioPreprocess

_FULL = 32768.0  # of int16


class WaveformSpace:
    """Clips as 16-bit samples; the power of what is added is a given number of decibels below that of the clip.

    Args:
        clips: float32 (samples,) each, full scale 1, no longer than `samples`.
        samples: The length of the network's window; behind a shorter clip nothing is added, since its file ends there.
    """

    def __init__(self, clips: Sequence[np.ndarray], samples: int):
        self._lengths = [len(clip) for clip in clips]
        self.points = np.zeros((len(clips), samples), np.float32)
        for row, clip in zip(self.points, clips):
            row[: len(clip)] = _int16(clip)
        self._there = np.arange(samples) < np.array(self._lengths)[:, None]

    def radii(self, level: float) -> np.ndarray:
        """Return the Euclidean norm of each clip, lowered by decibels."""
        return _norms(self.points) * np.float32(10 ** (-level / 20))

    def noise(self, radii: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return white noise of the norm of the radius."""
        drawn = self._there * rng.standard_normal(self.points.shape, np.float32)
        return radii * drawn / np.maximum(_norms(drawn), 1e-12)

    def start(self, radii: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return white noise."""
        return self.noise(radii, rng)

    def direction(self, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient at length 1, where there are samples."""
        gradient = np.where(self._there & np.isfinite(gradient), gradient, 0).astype(np.float32)
        gradient /= np.maximum(np.abs(gradient).max(axis=1, keepdims=True), 1e-30)  # its square may be too small
        return gradient / np.maximum(_norms(gradient), 1e-12)

    def within(self, changes: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Scale to the norm of the radius, and clip to the range of 16 bits."""
        changes = changes * np.minimum(1, radii / np.maximum(_norms(changes), 1e-12))
        return np.clip(self.points + changes, -_FULL, _FULL - 1) - self.points

    def raws(self, changes: np.ndarray, radii: np.ndarray) -> list[np.ndarray]:
        """Return clips of 16-bit samples; changes are scaled down until they are inside the ball when they are rounded."""
        rounded = self.points.copy()
        outside, scale = np.ones((len(self.points), 1), bool), 1.0
        changes = self.within(changes, radii)
        while outside.any() and scale > 0.5:
            tried = np.rint(self.points + scale * changes)
            inside = outside & (_norms(tried - self.points) <= radii)
            rounded = np.where(inside, tried, rounded)
            outside, scale = outside & ~inside, 0.99 * scale
        return [row[:length] / np.float32(_FULL) for row, length in zip(rounded.astype(np.float32), self._lengths)]


class AudioPerturbations(Perturbations):
    """Perturbations of clips, each no longer than the network's window.

    Args:
        preprocess: The fitted preprocess.
    """

    not_attacked: ClassVar[str] = f"what librosa computes ({', '.join(librosa_features.KINDS)}) has no gradient"

    def __init__(self, preprocess: AudioPreprocess):
        super().__init__(preprocess)
        self._preprocess = preprocess

    @property
    def attack(self) -> Attack | None:
        """Attacks on the waveform, where its features have a gradient."""
        if self._preprocess.features in librosa_features.KINDS:
            return None
        return Attack(
            "dB below the signal", (40, 30, 20), "white noise as loud", ("pgd", "noise"), lambda level: f"{level:g}"
        )

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        """White and pink noise, speed, clipping, dropped samples."""
        rate = self._preprocess.sample_rate

        def at_speed(waveform: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
            return decode.resample(waveform, round(rate * factor), rate)

        return (
            Sweep("white noise", "dB SNR", (40, 30, 20, 10, 0), with_white_noise),
            Sweep("pink noise", "dB SNR", (40, 30, 20, 10, 0), with_pink_noise),
            Sweep("speed", "times", (0.8, 0.9, 1.1, 1.25), at_speed),
            Sweep("clipping", "dB below the peak", (3, 6, 12, 20), clipped),
            Sweep("dropped samples", "of all", (0.01, 0.05, 0.2), with_dropped_samples),
        )

    def excerpt(self, raw: np.ndarray) -> np.ndarray:
        """Return the first window of a clip, in 16-bit samples."""
        return (_int16(raw[: self._preprocess.samples]) / np.float32(_FULL)).astype(np.float32)

    def file(self, raw: np.ndarray) -> tuple[str, bytes]:
        """Return a WAV file of 16-bit samples."""
        import soundfile

        file = io.BytesIO()
        samples = _int16(raw).astype(np.int16)
        soundfile.write(file, samples, self._preprocess.sample_rate, format="WAV", subtype="PCM_16")
        return ".wav", file.getvalue()

    def space(self, raws: Sequence[np.ndarray]) -> WaveformSpace:
        """Return the clips as 16-bit samples."""
        return WaveformSpace(raws, self._preprocess.samples)

    def network_input(self, points: tf.Tensor) -> tf.Tensor:
        """Compute the features, and center and scale them."""
        return WaveformPreprocess(self._preprocess).finish(points / _FULL)


def with_white_noise(waveform: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Return a waveform and noise of the same power at all frequencies, so many decibels below its own power."""
    return _with(waveform, rng.standard_normal(len(waveform)), snr_db)


def with_pink_noise(waveform: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """Return a waveform and noise of the same power in each octave."""
    spectrum = np.fft.rfft(rng.standard_normal(len(waveform)))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return _with(waveform, np.fft.irfft(spectrum, len(waveform)), snr_db)


def clipped(waveform: np.ndarray, decibels: float, rng: np.random.Generator) -> np.ndarray:
    """Return a waveform cut off so many decibels below its peak."""
    limit = np.abs(waveform).max(initial=0) * 10 ** (-decibels / 20)
    return np.clip(waveform, -limit, limit)


def with_dropped_samples(waveform: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return a waveform with a share of its samples, here and there, set to zero."""
    return np.where(rng.random(len(waveform)) < share, 0, waveform).astype(np.float32)


def _with(waveform: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    scale = np.linalg.norm(waveform) / np.maximum(np.linalg.norm(noise), 1e-12) * 10 ** (-snr_db / 20)
    return (waveform + scale * noise).astype(np.float32)


def _int16(waveform: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(waveform * _FULL), -_FULL, _FULL - 1)


def _norms(rows: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(rows, dtype=np.float64).sum(axis=1, keepdims=True)).astype(np.float32)
