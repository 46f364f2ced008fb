"""Streams of an audio file, each with the length that it has and not the one that a header declares.

libsndfile believes the headers: it reads the first of several streams that were put one behind another, and as much of it as is
declared. What is certain is put right here before it sees the file; what is not is refused with the reason.
"""

from __future__ import annotations

from multicnn.modalities.audio import flac_length, mp3_length, wav_length

_UNKNOWN = 0xFFFFFFFF  # the size in an AU header that says so
_MOST = 256  # streams in one file


def streams(data: bytes, kind: str) -> list[bytes]:
    """Return the streams of a file, one where it was not concatenated.

    Args:
        data: The file.
        kind: The name of its format, as `content.recognise` gives it.

    Raises:
        ValueError: Something is missing, or no length is right; the message is a short reason.
    """
    separate: list[bytes] = []
    rest = data
    while rest:
        if kind in _ALL:
            separate, rest = _ALL[kind](data), b""
        else:
            stream, rest = _FIRST[kind](rest) if kind in _FIRST else (rest, b"")
            separate.append(stream)
        if len(separate) > _MOST:
            raise ValueError(f"more than {_MOST} {kind} streams in one file")
    return separate


def _aiff(data: bytes) -> tuple[bytes, bytes]:
    end = int.from_bytes(data[4:8], "big") + 8
    if end > len(data):
        raise ValueError("truncated AIFF")
    return (data[:end], data[end:]) if data[end : end + 4] == b"FORM" else (data, b"")


def _au(data: bytes) -> tuple[bytes, bytes]:
    start, size = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big")
    end = start + size
    if size != _UNKNOWN and end > len(data):
        raise ValueError(f"truncated AU: {max(len(data) - start, 0):,} of {size:,} bytes of samples")
    return (data[:end], data[end:]) if size and data[end : end + 4] == b".snd" else (data, b"")


def _caf(data: bytes) -> tuple[bytes, bytes]:
    end = data.find(b"caff\x00\x01\x00\x00desc", 4)
    return (data[:end], data[end:]) if end > 0 else (data, b"")


def _ogg(data: bytes) -> list[bytes]:
    """Split a chain: a page that begins a stream, behind one that does not."""
    at, began, starts = 0, True, [0]
    while data[at : at + 4] == b"OggS":
        segments = data[at + 27 : at + 27 + data[at + 26]] if at + 27 <= len(data) else b""
        end = at + 27 + len(segments) + sum(segments)
        if end > len(data) or len(segments) < data[at + 26]:
            raise ValueError("truncated Ogg")
        begins = bool(data[at + 5] & 2)
        if begins and not began:
            starts.append(at)
        at, began = end, begins
    return [data[start:end] for start, end in zip(starts, [*starts[1:], len(data)])]


# Return the first stream, with its true length, and what is behind it.
_FIRST = {"WAV": wav_length.first_stream, "FLAC": flac_length.first_stream, "AIFF": _aiff, "AU": _au, "CAF": _caf}
_ALL = {"MP3": mp3_length.streams, "Ogg": _ogg}
