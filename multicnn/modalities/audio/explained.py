"""A map over a clip: on its spectrogram with seconds and Hz, and the seconds that it points at, to be played."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np

from multicnn.modalities.audio import spectrogram_figure
from multicnn.modalities.audio.features import FeatureSpec
from multicnn.modalities.base import Shown
from multicnn.modalities.maps import Mapped

_SHORTEST = 0.25  # seconds that are played


class AudioMaps(Mapped, Protocol):
    """The members of `AudioPreprocess` by which a decision is explained as a map over the network's input."""

    features: str
    seconds: float | None
    sample_rate: int
    mean: float | None
    std: float | None

    @property
    def feature_spec(self) -> FeatureSpec:
        """Everything that decides the features."""

    @property
    def bands(self) -> np.ndarray | None:
        """Centre of each mel band in Hz."""

    def window(self, raw: np.ndarray) -> np.ndarray:
        """Return the waveform in the length of every example."""

    @property
    def map_shape(self) -> tuple[int, ...]:
        """Shape of a map: (time, bands), or (samples,)."""
        return self.input_shape[:1] if self.features == "waveform" else self.input_shape[:2]

    @property
    def occlusion_box(self) -> tuple[int, ...]:
        """A tenth of the time, and of the bands a fourth."""
        return tuple(max(1, round(size / share)) for size, share in zip(self.map_shape, (10, 4)))

    def real_cells(self, raw: np.ndarray) -> np.ndarray:
        """Return the frames or samples that see something of the clip, and not only the silence behind it: bool, `map_shape`."""
        spec, shape = self.feature_spec, self.map_shape
        first = np.arange(shape[0])  # the sample at which each begins
        if self.features != "waveform":
            # A frame begins half a window before its place where frames are centered.
            first = first * spec.hop_length - (spec.n_fft // 2 if spec.center else 0)
        real = (first < len(raw)) | (first <= 0) | bool(spec.stretch_db)
        return np.broadcast_to(real.reshape(-1, *(1,) * (len(shape) - 1)), shape)

    def nothing(self, finished: np.ndarray) -> np.ndarray:
        """Return the background of each clip: silence, or of a spectrogram each band's median over the time."""
        if self.features == "waveform":
            return np.full_like(finished, -(self.mean or 0.0) / (self.std or 1.0))
        return np.broadcast_to(np.median(finished, axis=1, keepdims=True), finished.shape).copy()

    def mapped(self, raw: np.ndarray, cells: np.ndarray) -> list[Shown]:
        """Return the spectrogram under a map of it, or of the time alone, and the seconds that it points at most."""
        spec = self.feature_spec
        if self.features == "waveform":
            spec = dataclasses.replace(spec, kind="log_mel", stretch_db=None, rank=2)
            strongest = [each[np.abs(each).argmax()] for each in np.array_split(cells, spec.shape[0])]
            cells = np.repeat(np.array(strongest)[:, None], spec.shape[1], axis=1)
        drawn = spectrogram_figure.of_clip(self.window(raw), spec, cells)
        start, stop = seconds(cells, self.seconds or 0.0, len(raw) / self.sample_rate)
        part = raw[int(start * self.sample_rate) : int(stop * self.sample_rate)]
        return [Shown("figure", drawn), Shown("audio", part, self.sample_rate)]

    def peak(self, raw: np.ndarray, cells: np.ndarray) -> dict[str, float]:
        """Return the second, and of a log-mel the frequency in Hz, at which a map is largest."""
        at = np.unravel_index(int(np.argmax(cells)), cells.shape)
        if self.features == "waveform":
            return {"seconds": float(at[0] / self.sample_rate)}
        found = {"seconds": float(at[0] * self.feature_spec.hop_length / self.sample_rate)}
        alike = self.bands is None or np.ptp(cells[at[0]]) == 0  # a map of the time alone
        return found if alike or self.bands is None else found | {"hz": float(self.bands[at[1]])}


def seconds(cells: np.ndarray, length: float, most: float) -> tuple[float, float]:
    """Return the start and the stop in seconds of the longest time around the peak of a map that stays above half of it.

    Args:
        cells: float (time, ...).
        length: Seconds along the first axis.
        most: Seconds of the clip, behind which there is padding.
    """
    profile = cells.reshape(len(cells), -1).max(axis=1)
    peak = int(profile.argmax())
    low = profile < profile[peak] / 2
    before, behind = np.flatnonzero(low[:peak]), np.flatnonzero(low[peak:])
    start = (before[-1] + 1 if len(before) else 0) * length / len(profile)
    stop = (peak + behind[0] if len(behind) else len(profile)) * length / len(profile)
    start = max(0.0, min(start - max(0.0, _SHORTEST - (stop - start)) / 2, most - _SHORTEST))
    return start, min(max(stop, start + _SHORTEST), most)
