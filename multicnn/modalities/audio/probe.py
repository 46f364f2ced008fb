"""Checks of audio: sample rates, channels, durations, silence, clipping, and a fingerprint of the log-mel."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from multicnn.modalities import content
from multicnn.modalities.audio import decode, spectrogram
from multicnn.modalities.base import Examples, Probe
from multicnn.modalities.finding import Finding, about, listed, spread
from multicnn.modalities.near_duplicates import alike_vectors
from multicnn.modalities.outliers import outliers

_SILENT = 1e-3  # largest sample, of full scale: -60 dB
_FULL = 0.999  # of full scale
_RUN = 3  # samples at full scale in a row are no coincidence
_CLIPPED = 1e-3  # share of the samples
_SHORT = 0.05  # seconds
_RATE, _N_FFT, _HOP = 8000, 256, 80
_BANDS, _SLICES = 24, 24
_FMIN, _FMAX = 100.0, 3600.0  # Hz: below is hum, above what a telephone or a strong compression takes away
_RANGE_DB = 40.0  # below the loudest frame: what is quieter is silence
_SECONDS = 30.0  # of each clip that are compared
_CANDIDATE = 0.95  # cosine of the fingerprints, which two utterances of one voice may reach
_CANDIDATES = 20_000  # pairs whose waveforms are compared
_SAME = (
    0.9  # correlation of the waveforms, at the best lag: what is left by noise 6 dB below, or by a strong compression
)
_CACHED = 500  # waveforms in memory


class _Raw(NamedTuple):
    waveform: np.ndarray
    rate: int
    channels: int


class AudioProbe(Probe):
    """Measurements of each clip, in place of a preprocess.

    Args:
        sample_rate: Sample rate in Hz of waveforms that come without one.
    """

    stored_dtype = np.dtype(
        [
            ("rate", "i4"),
            ("channels", "i4"),
            ("seconds", "f4"),
            ("peak", "f4"),
            ("clipped", "f4"),
            ("fingerprint", "f2", (_SLICES * _BANDS,)),
        ]
    )

    def __init__(self, sample_rate: int):
        self.sample_rate = sample_rate

    def decode(self, source: Any) -> _Raw:
        """Return the waveform at its own rate, and the number of channels.

        Raises:
            ValueError: It is not readable audio.
        """
        if isinstance(source, (tuple, np.ndarray)):
            array, rate = source if isinstance(source, tuple) else (source, self.sample_rate)
            return _Raw(decode.from_array(array), rate, 1 if array.ndim == 1 else array.shape[1])
        data = content.read(source) if isinstance(source, str) else source
        waveform, rate = decode.from_bytes(data)
        return _Raw(waveform, rate, decode.channels(data))

    def example(self, raw: _Raw) -> np.ndarray:
        """Return the record of one clip: `stored_dtype`, shape ()."""
        record = np.zeros((), self.stored_dtype)
        record["rate"], record["channels"] = raw.rate, raw.channels
        record["seconds"] = len(raw.waveform) / raw.rate
        record["peak"] = np.abs(raw.waveform).max()
        record["clipped"] = _clipped(raw.waveform)
        if record["peak"] >= _SILENT:
            record["fingerprint"] = _fingerprint(raw.waveform[: int(_SECONDS * raw.rate)], raw.rate)
        return record

    def findings(self, examples: Examples, rows: np.ndarray, records: np.ndarray) -> list[Finding]:
        """Return the findings about the measurements of these rows."""
        silent = records["peak"] < _SILENT
        return [
            Finding("sample rates", listed(f"{rate:,} Hz" for rate in records["rate"].tolist()), False),
            Finding("channels", listed(records["channels"].tolist()), False),
            Finding("durations", spread(records["seconds"], " s"), False),
            *about("silent audio", rows[silent], _silence(records["channels"][silent]), of=len(rows)),
            *outliers(
                records["seconds"],
                rows,
                "outlier durations",
                "are far longer or shorter than the others, in seconds",
                8.0,
            ),
            *about(
                "clipped audio",
                rows[records["clipped"] > _CLIPPED],
                f"are clipped: over {_CLIPPED:.1%} of their samples at full scale",
                of=len(rows),
            ),
            *about("short audio", rows[records["seconds"] < _SHORT], f"are shorter than {_SHORT:g} s", of=len(rows)),
        ]

    def alike(self, examples: Examples, rows: np.ndarray, records: np.ndarray) -> np.ndarray:
        """Return pairs of indices into `rows` that sound nearly the same: louder, compressed, resampled, padded with silence."""
        prints = records["fingerprint"].astype(np.float32)
        pairs = alike_vectors(prints, _CANDIDATE)
        cosines = np.einsum("ij,ij->i", prints[pairs[:, 0]], prints[pairs[:, 1]])
        likeliest = np.sort(np.argsort(-cosines, kind="stable")[:_CANDIDATES])

        @functools.lru_cache(_CACHED)
        def waveform(index: int) -> np.ndarray:
            raw = self.decode(examples.raw_source(rows[index]))
            return decode.resample(raw.waveform[: int(_SECONDS * raw.rate)], raw.rate, _RATE)

        same = [_correlation(waveform(int(one)), waveform(int(other))) >= _SAME for one, other in pairs[likeliest]]
        return pairs[likeliest][np.array(same, dtype=bool)]


def _silence(channels: np.ndarray) -> str:
    """Return what silent clips with these numbers of channels are, with the likely reason where some have two."""
    stereo = int((channels == 2).sum())
    cancelled = (
        f"; {stereo:,} of them have two channels, which may cancel each other: save one of the two" if stereo else ""
    )
    return f"are silent: no sample above -60 dB{cancelled}"


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of two waveforms at the lag where it is largest."""
    from scipy.signal import correlate

    lags = correlate(one, other, method="fft")
    return float(np.abs(lags).max() / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-12))


def _clipped(waveform: np.ndarray) -> float:
    """Return the share of the samples that are in runs at full scale."""
    full = np.abs(waveform) >= _FULL
    if not full.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.r_[False, full, False].astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= _RUN].sum() / len(waveform))


def _fingerprint(waveform: np.ndarray, rate: int) -> np.ndarray:
    """Return the mel levels in slices of the audible section, independent of its loudness: (slices * bands,), norm 1."""
    waveform = decode.resample(waveform, rate, _RATE)
    frames = spectrogram.frames(waveform, _N_FFT, _HOP, center=True)
    power = np.abs(np.fft.rfft(frames * spectrogram.hann(_N_FFT, _N_FFT))) ** 2
    filters = spectrogram.mel_filterbank(_RATE, _N_FFT, _BANDS, _FMIN, _FMAX, htk=False)
    levels = 10 * np.log10(np.maximum(power @ filters, 1e-12))
    loud = np.flatnonzero(levels.max(axis=1) > levels.max() - _RANGE_DB)
    sounding = np.maximum(levels[loud[0] : loud[-1] + 1], levels.max() - _RANGE_DB)
    edges = np.linspace(0, len(sounding), _SLICES + 1)
    ends = np.maximum(np.ceil(edges[1:]).astype(int), edges[:-1].astype(int) + 1)
    print_ = np.concatenate([sounding[int(start) : end].mean(axis=0) for start, end in zip(edges, ends)])
    print_ -= print_.mean()
    return print_ / max(np.linalg.norm(print_), 1e-6)
