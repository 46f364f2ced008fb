"""Lengths in the headers of audio files that are not known, or wrong, and files with more than one stream."""

import functools
import io
import struct

import numpy as np
import pytest
import soundfile

from multicnn.modalities.audio import decode
from multicnn.modalities.audio.probe import AudioProbe

RATE = 16000
SHORT = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4000) / RATE)
LONG = 0.5 * np.sin(2 * np.pi * 880 * np.arange(6000) / RATE)
PCM = (SHORT * 32767).astype("<i2").tobytes()
FORMATS = {"WAV": "PCM_16", "FLAC": "PCM_16", "AIFF": "PCM_16", "AU": "PCM_16", "CAF": "PCM_16"}
FORMATS |= {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}


@functools.cache
def encoded(kind, samples="short", rate=RATE):
    file = io.BytesIO()
    # An MP3 of silence and noise has frames of many sizes.
    noise = np.r_[np.zeros(RATE), np.random.default_rng(0).uniform(-0.5, 0.5, RATE)]
    waveform = {"short": SHORT, "long": LONG, "noise": noise, "noise first": noise[::-1]}[samples]
    soundfile.write(file, waveform, rate, FORMATS[kind], format=kind)
    return file.getvalue()


def riff(*chunks, size=None):
    body = b"WAVE" + b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16) + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def samples(size, content=PCM):
    return b"data" + struct.pack("<I", size) + content


def flac(declared, cut=None):
    data = encoded("FLAC")[:cut]
    return data[:21] + bytes([data[21] & 0xF0 | declared >> 32]) + struct.pack(">I", declared & 0xFFFFFFFF) + data[26:]


def mp3(declared):
    data = encoded("MP3")
    at = data.index(b"Xing") + 8
    return data[:at] + struct.pack(">I", declared) + data[at + 4 :]


def without_xing(data):
    """The frames behind the first, which declares their number; it begins with the next sync of the same version."""
    return data[data.index(data[:2], 4) :]


INFO = b"LIST" + struct.pack("<I", 13) + b"INFOISFT\x05\0\0\0L"  # of odd size, and no byte to pad it


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(riff(samples(0), size=36), id="a recorder that was cut off"),
        pytest.param(riff(samples(len(PCM) + 44)), id="the header is counted"),
        pytest.param(riff(samples(0xFFFFFFFF), size=0xFFFFFFFF), id="WAV in a pipe"),
        pytest.param(riff(INFO, samples(len(PCM))), id="a chunk without its pad byte"),
        pytest.param(riff(INFO, samples(0)), id="both"),
        pytest.param(flac(0), id="FLAC in a pipe"),
        pytest.param(flac(0) + b"TAG" + bytes(125), id="FLAC in a pipe, tagged"),
        pytest.param(flac(1000), id="FLAC that declares too little"),
    ],
)
def test_the_samples_are_read_to_the_end_of_the_file(data):
    waveform, rate = decode.from_bytes(data)
    np.testing.assert_allclose(waveform, SHORT, atol=1e-4)
    assert rate == RATE
    assert AudioProbe(RATE).decode(data).channels == 1


@pytest.mark.parametrize("declared", [0, 2, 60])
def test_an_mp3_has_the_frames_that_are_there(declared):
    right, _ = decode.from_bytes(encoded("MP3"))
    np.testing.assert_array_equal(decode.from_bytes(mp3(declared))[0], right)


@pytest.mark.parametrize("content", ["noise", "noise first"])
def test_an_mp3_of_a_changing_rate_that_declares_nothing(content):
    waveform, _ = decode.from_bytes(without_xing(encoded("MP3", content)))
    assert abs(len(waveform) - 2 * RATE) <= 3 * 1152


@pytest.mark.parametrize("kind", FORMATS)
def test_streams_one_behind_another(kind):
    waveform, rate = decode.from_bytes(encoded(kind) + encoded(kind, "long"))
    parts = [decode.from_bytes(encoded(kind, name))[0] for name in ("short", "long")]
    np.testing.assert_array_equal(waveform, np.concatenate(parts))
    assert rate == RATE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (riff(samples(len(PCM), PCM[: len(PCM) // 2])), "truncated WAV: 4,000 of 8,000 bytes"),
        (riff(samples(400, PCM)), "wrong length in the WAV header: 400 of 8,000 bytes"),
        (riff(samples(0, b"LIST" + struct.pack("<I", 4) + b"INFO")), "no samples"),
        (flac(0, cut=-40), "truncated FLAC, of unknown length"),
        (flac(2**36 - 1), "wrong length in its header: 4,000 of 68,719,476,735 samples"),
        (encoded("AU")[:5000], "truncated AU"),
        (encoded("FLAC") + encoded("FLAC", rate=8000), "2 FLAC streams in one file, of different sample rates"),
        (encoded("AU") * 300, "more than 256 AU streams"),
    ],
)
def test_what_is_not_certain_is_refused_with_the_true_reason(data, reason):
    with pytest.raises(ValueError, match=reason):
        decode.from_bytes(data)


def test_a_chunk_of_its_own_kind_behind_the_samples_is_none():
    data = riff(samples(400, PCM[:400]), b"regn" + struct.pack("<I", 8000) + bytes(8000))
    assert len(decode.from_bytes(data)[0]) == 200


@pytest.mark.parametrize("samples", [1, 100, 4096, 20_000])
@pytest.mark.parametrize("level", [0.0, 0.25])
def test_a_flac_of_silence_has_frames_of_thirteen_bytes(samples, level):
    file = io.BytesIO()
    soundfile.write(file, np.full(samples, level), 8000, format="FLAC")
    waveform, _ = decode.from_bytes(file.getvalue())
    np.testing.assert_array_equal(waveform, np.full(samples, level, np.float32))
