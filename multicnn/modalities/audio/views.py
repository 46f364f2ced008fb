"""Views of what is inside a network of audio: parts of a clip that are seen and heard, kernels in Hz and ms."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from multicnn.modalities.audio.features import FeatureSpec
from multicnn.modalities.shown import Shown
from multicnn.modalities.views import Channels, KernelView, Views, Window, around_grey, cut, signed_matrix

_FINE = 16  # points of the spectrum of a kernel for each of its samples
_HALF_POWER = 0.5


class AudioViews(Views, Protocol):
    """The views of a preprocess of waveforms; of features that have a frequency axis where the bands are known."""

    @property
    def feature_spec(self) -> FeatureSpec:
        """Everything that decides the features."""

    @property
    def bands(self) -> np.ndarray | None:
        """Centre of each band in Hz."""

    def window(self, raw: np.ndarray) -> np.ndarray:
        """Return the waveform in the length of every example."""

    def excerpt(self, raw: np.ndarray, window: Window) -> list[Shown]:
        """Return the features of a part of a clip, time to the right and frequency upwards, and a player of its seconds."""
        spec = self.feature_spec
        start, stop = self._samples_of(window)
        played = Shown("audio", self.window(raw)[start:stop], spec.sample_rate)
        if spec.kind == "waveform":
            return [Shown("plot", self.window(raw)[start:stop, np.newaxis]), played]
        features = self.example(raw).reshape(spec.shape[:2])
        low, high = float(np.quantile(features, 0.05)), float(features.max())
        levels = np.clip((cut(features, window[:2]) - low) / max(high - low, 1e-9), 0, 1)
        return [Shown("image", np.rint(255 * _upright(levels)).astype(np.uint8)), played]

    def where(self, window: Window) -> str:
        """Return the seconds and the bands of a part, such as "0.20 to 0.31 s, 300 to 1,250 Hz"."""
        start, stop = self._samples_of(window)
        rate = self.feature_spec.sample_rate
        words = "" if self.feature_spec.stretch_db else f"{start / rate:.3f} to {stop / rate:.3f} s"
        if len(window) < 2 or self.feature_spec.kind == "waveform":
            return words
        first, behind = window[1]
        bands = self.bands
        height = (
            f"bands {first} to {behind - 1}" if bands is None else f"{bands[first]:,.0f} to {bands[behind - 1]:,.0f} Hz"
        )
        return ", ".join(filter(None, (words, height)))

    def signed_view(self, values: np.ndarray, window: Window, raw: np.ndarray) -> list[Shown]:
        """Return values of a spectrogram around grey, time to the right and frequency upwards; of a waveform as a curve."""
        if self.feature_spec.kind == "waveform":
            return [Shown("plot", cut(values, window).reshape(-1, 1))]
        matrix = values.reshape(self.feature_spec.shape[:2])
        return [Shown("image", around_grey(_upright(cut(matrix, window[:2]))))]

    def kernel_views(self, kernel: np.ndarray, channels: Channels) -> list[KernelView]:
        """Return each filter with its frequency, where it has one: of waveforms in the order of these."""
        spec = self.feature_spec
        if spec.kind == "waveform":
            views = [_of_samples(i, kernel[:, :, i].sum(axis=1), spec.sample_rate) for i in range(kernel.shape[-1])]
            return sorted(views, key=lambda view: float(str(view.facts["peak_hz"])))
        if kernel.ndim == 3:
            return [self._over_all_bands(i, kernel[..., i]) for i in range(kernel.shape[-1])]
        planes = kernel.mean(axis=2)
        return [
            KernelView(i, [signed_matrix(_upright(planes[..., i]))], f"filter {i}") for i in range(planes.shape[-1])
        ]

    def kernel_scale(self, sizes: tuple[int, ...]) -> str:
        """Return what a kernel covers: milliseconds, and of a log-mel the Hz of its bands, which grow upwards."""
        words, bands = self.receptive_field(sizes), self.bands
        if bands is None or len(sizes) < 2 or not 1 < sizes[1] < len(bands):
            return words
        low, high = bands[sizes[1] - 1] - bands[0], bands[-1] - bands[-sizes[1]]
        return f"{words}, from {low:,.0f} Hz at the bottom to {high:,.0f} Hz at the top"

    def _over_all_bands(self, index: int, kernel: np.ndarray) -> KernelView:
        """Return a filter (steps, bands) that stands at fixed frequencies."""
        strongest = int(np.square(kernel).sum(axis=0).argmax())
        known = self.bands is not None and len(self.bands) == kernel.shape[1]
        name, value = ("peak_hz", float(self.bands[strongest])) if known else ("coefficient", strongest)  # type: ignore[index]
        words = f"{value:,.0f} Hz" if known else f"coefficient {strongest}"
        return KernelView(index, [signed_matrix(_upright(kernel))], f"filter {index}: {words}", {name: value})

    def _samples_of(self, window: Window) -> tuple[int, int]:
        """Return the samples of a part; all where the clip was stretched, so that its frames have no fixed seconds."""
        spec, (first, behind) = self.feature_spec, window[0]
        if spec.kind == "waveform":
            return first, behind
        if spec.stretch_db is not None:
            return 0, spec.samples
        around = spec.n_fft // 2 if spec.center else 0
        # Of the frame's Fourier transform, its window stands in the middle.
        inside = (spec.n_fft - spec.win_length) // 2
        start = first * spec.hop_length - around + inside
        stop = (behind - 1) * spec.hop_length - around + inside + spec.win_length
        return max(start, 0), min(stop, spec.samples)


def _upright(matrix: np.ndarray) -> np.ndarray:
    """Return a matrix (time, bands) with time to the right and frequency upwards."""
    return np.ascontiguousarray(matrix.T[::-1])


def _of_samples(index: int, kernel: np.ndarray, rate: int) -> KernelView:
    """Return a filter of a waveform (samples,) with the peak of its spectrum, and the width of that at half its power."""
    power = np.abs(np.fft.rfft(kernel, _FINE * len(kernel))) ** 2
    hertz = np.fft.rfftfreq(_FINE * len(kernel), 1 / rate)
    peak = int(power.argmax())
    above = power >= _HALF_POWER * power[peak]
    low = peak - int(np.argmin(above[peak::-1])) + 1 if not above[: peak + 1].all() else 0
    high = peak + int(np.argmin(above[peak:])) - 1 if not above[peak:].all() else len(power) - 1
    width = float((high - low + 1) * hertz[1])
    facts: dict[str, object] = {"peak_hz": float(hertz[peak]), "bandwidth_hz": width}
    caption = f"filter {index}: {hertz[peak]:,.0f} Hz, {width:,.0f} Hz wide"
    return KernelView(index, [Shown("plot", kernel[:, np.newaxis])], caption, facts)
