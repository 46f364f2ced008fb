"""Decode the bytes of an audio file to one float32 waveform at its own rate."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np

from multicnn.modalities import content, formats
from multicnn.modalities.audio import flac_length, lengths
from multicnn.utils import limits

if TYPE_CHECKING:
    import soundfile

_BLOCK = 1 << 16  # frames read at a time: a header that declares hours costs nothing before they are there
_LOUDEST = 1 << 32  # times full scale: beyond what a 32-bit number can be that was not divided by its range
_RATES = range(1_000, 1_000_001)  # Hz
_MP3_SLACK = 2 * 1152  # frames: encoder delay and padding are not always declared
_WAV_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
MOST_CHANNELS = 64  # beyond them libsndfile says whether they are too many


def from_bytes(data: bytes) -> tuple[np.ndarray, int]:
    """Return the mono waveform (mean over channels) and the rate in Hz of an audio file.

    Args:
        data: The bytes of a file in any format of libsndfile: WAV, FLAC, Ogg (Vorbis, Opus), MP3, AIFF ... Streams that were
            put one behind another are read one after another.

    Returns:
        float32, shape (samples,), full scale 1, and the rate.

    Raises:
        ValueError: `data` is not audio, damaged, truncated, without samples or not finite; the message is a short reason.
    """
    modality, kind = content.recognise(data)
    formats.check(kind, "audio")
    if modality in ("image", "text") or (modality is None and not kind.startswith("the bytes")):
        raise ValueError(f"not audio: starts like {kind}")
    decoded, samples = [], 0
    for stream in lengths.streams(data, kind):
        decoded.append(_stream(stream, modality, kind))
        samples += len(decoded[-1][0])
        limits.check("audio_samples", samples, f"long: {samples} samples in {len(decoded)} {kind} streams of one file")
    if len(decoded) == 1:
        return decoded[0]
    rates = list(dict.fromkeys(rate for _, rate in decoded))
    if len(rates) > 1:
        named = ", ".join(f"{rate:,} Hz" for rate in rates)
        raise ValueError(f"{len(decoded)} {kind} streams in one file, of different sample rates: {named}")
    return np.concatenate([waveform for waveform, _ in decoded]), rates[0]


def _stream(data: bytes, modality: str | None, kind: str) -> tuple[np.ndarray, int]:
    """Return the mono waveform and the rate of one stream, whose header has its length."""
    import soundfile

    if (plain := plain_wav(data)) is not None:
        return plain
    try:
        with soundfile.SoundFile(_Bytes(data)) as file:
            rate, declared = file.samplerate, file.frames
            if rate not in _RATES:
                raise ValueError(f"absurd sample rate: {rate} Hz")
            limits.check("audio_samples", declared, f"long, or of unknown length: {declared} samples")
            waveform = _mono(file)
    except soundfile.LibsndfileError as error:
        if modality is None:
            raise ValueError(f"not audio: starts like {kind}") from error
        if kind == "FLAC" and flac_length.is_truncated(data):
            raise ValueError("truncated FLAC: its last frame is not complete") from error
        raise ValueError(f"damaged, truncated or unsupported {kind}") from error
    if len(waveform) < declared - (_MP3_SLACK if kind == "MP3" else 0):
        raise ValueError(
            f"truncated {kind}, or a wrong length in its header: {len(waveform):,} of {declared:,} samples"
        )
    return _checked(waveform), rate


def channels(data: bytes) -> int:
    """Return the number of channels of the content of a file that `from_bytes` decodes."""
    import soundfile

    return soundfile.info(io.BytesIO(lengths.streams(data, content.recognise(data)[1])[0])).channels


def plain_wav(data: bytes) -> tuple[np.ndarray, int] | None:
    """Decode the most common file, 16-bit samples right behind a header of 44 bytes, as libsndfile does.

    It takes a fifth of the time: libsndfile reads bytes by calling Python again and again, and threads wait for one another.

    Args:
        data: The bytes of a file.

    Returns:
        The mono waveform and the rate in Hz, or None for any other file.
    """
    if len(data) < _WAV_HEADER.size:
        return None
    riff, _, wave, name, size, code, channels, rate, _, frame, bits, chunk, count = _WAV_HEADER.unpack_from(data)
    kind = (riff, wave, name, size, code, bits, chunk)
    if (
        kind != (b"RIFF", b"WAVE", b"fmt ", 16, 1, 16, b"data")
        or not 0 < channels <= MOST_CHANNELS
        or rate not in _RATES
    ):
        return None
    if frame != 2 * channels or not count or count % frame or _WAV_HEADER.size + count > len(data):
        return None
    limits.check("audio_samples", count // frame, f"long: {count // frame} samples")
    samples = np.frombuffer(data, "<i2", count // 2, _WAV_HEADER.size).astype(np.float32) * np.float32(2**-15)
    return (samples.reshape(-1, channels).mean(axis=1) if channels > 1 else samples), rate


def from_array(waveform: np.ndarray) -> np.ndarray:
    """Return the mono waveform of an array of shape (samples,) or (samples, channels), as float32 with full scale 1.

    Args:
        waveform: The samples: floats, or integers of 8 to 32 bits with a sign, which are divided by their range.

    Raises:
        ValueError: `waveform` has another dtype or shape, no samples, or samples that are not finite.
    """
    waveform = np.asarray(waveform)
    if waveform.dtype in (np.int8, np.int16, np.int32):
        waveform = waveform / -float(np.iinfo(waveform.dtype).min)
    if waveform.dtype.kind != "f":
        raise ValueError(f"samples must be floats or int8, int16, int32, not {waveform.dtype}")
    if waveform.ndim not in (1, 2):
        raise ValueError(f"a waveform must have the shape (samples,) or (samples, channels), not {waveform.shape}")
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and refused as that
        waveform = waveform.astype(np.float32)
    return _checked(waveform.mean(axis=1) if waveform.ndim == 2 and waveform.size else waveform.reshape(-1))


def resample(waveform: np.ndarray, rate: int, sample_rate: int) -> np.ndarray:
    """Return the waveform at another rate (soxr, high quality): float32, shape (samples,).

    Args:
        waveform: float32, shape (samples,).
        rate: The rate of `waveform` in Hz.
        sample_rate: The rate to resample to in Hz.

    Raises:
        ValueError: `rate` is absurd, or the result would be too long.
    """
    if rate not in _RATES:
        raise ValueError(f"absurd sample rate: {rate} Hz")
    if rate == sample_rate:
        return waveform
    samples = len(waveform) * sample_rate // rate
    limits.check("audio_samples", samples, f"long: {len(waveform) / rate:.0f} s, {samples} samples at {sample_rate} Hz")
    import soxr

    return _checked(soxr.resample(waveform, rate, sample_rate).astype(np.float32, copy=False))


class _Bytes(io.BytesIO):
    """Bytes whose start cannot be passed: a damaged header may seek before it, and libsndfile prints the exception."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return super().seek(max(offset, 0) if whence == io.SEEK_SET else offset, whence)


def _mono(file: soundfile.SoundFile) -> np.ndarray:
    # Not SoundFile.blocks: where the data end early, it fills the last block with what was in memory.
    blocks, samples = [np.zeros(0, np.float32)], 0
    while len(block := file.read(max(_BLOCK // file.channels, 1), dtype="float32", always_2d=True)):
        samples += len(block)
        limits.check("audio_samples", samples, f"long: {samples} samples or more")
        blocks.append(block.mean(axis=1) if block.shape[1] > 1 else block[:, 0])
    return np.concatenate(blocks)


def _checked(waveform: np.ndarray) -> np.ndarray:
    if not len(waveform):
        raise ValueError("no samples")
    peak = max(waveform.max(), -waveform.min())
    if np.isnan(peak) or np.isinf(peak):
        raise ValueError("NaN samples" if np.isnan(peak) else "infinite samples")
    if peak > _LOUDEST:
        raise ValueError(f"absurd samples: up to {peak:.2g} times full scale")
    return waveform
