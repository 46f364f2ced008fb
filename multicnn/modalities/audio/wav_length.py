"""The lengths in the headers of a WAV file, which recorders and converters get wrong in well-known ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

STREAMED = 0x7FFF0000  # a size from here on was written by a program that did not know it (ffmpeg, sox into a pipe)
_KNOWN = {b"fmt ", b"data", b"fact", b"LIST", b"PEAK", b"bext", b"cue ", b"smpl", b"inst", b"JUNK", b"PAD ", b"FLLR"}
_KNOWN |= {b"id3 ", b"ID3 ", b"iXML", b"_PMX", b"plst", b"labl", b"note", b"chna", b"axml", b"DISP", b"acid", b"cart"}
_FOLLOWED = 4096  # bytes behind the samples that are not one of those: beyond, they are samples themselves


class _Chunk(NamedTuple):
    name: bytes
    start: int
    size: int
    unpadded: bool  # of odd size, and without the byte that should follow it


def first_stream(data: bytes) -> tuple[bytes, bytes]:
    """Return the first stream of a WAV file, with the length that it has, and those that were put behind it.

    A length of 0 or one that counts the header is put right where it is certain that the samples reach to the end of the file.

    Raises:
        ValueError: Samples are missing, or are more than the header declares; the message is a short reason.
    """
    order: Literal["big", "little"] = "big" if data[:4] == b"RIFX" else "little"
    chunks: dict[bytes, _Chunk] = {}
    mended = False
    for chunk in _chunks(data, order):
        if chunk.name == data[:4] and data[chunk.start : chunk.start + 4] == b"WAVE" and b"data" in chunks:
            end = chunk.start - 8
            return (_with(data, chunks, order) if mended else data[:end]), data[end:]
        mended |= chunk.unpadded
        if chunk.name == b"data" and b"data" not in chunks:
            size = _size(data, chunk, order)
            mended |= size != chunk.size
            chunk = chunk._replace(size=size)
        chunks.setdefault(chunk.name, chunk)
    if b"data" not in chunks:
        raise ValueError("truncated WAV: it ends before its samples")
    return (_with(data, chunks, order) if mended else data), b""


def _chunks(data: bytes, order: Literal["big", "little"]) -> Iterator[_Chunk]:
    start = 12
    while start + 8 <= len(data):
        size = int.from_bytes(data[start + 4 : start + 8], order)
        end = start + 8 + size
        unpadded = bool(size % 2) and data[end + 1 : end + 5] not in _KNOWN and data[end : end + 4] in _KNOWN
        yield _Chunk(data[start : start + 4], start + 8, size, unpadded)
        start = end + (size % 2 and not unpadded)


def _size(data: bytes, chunk: _Chunk, order: Literal["big", "little"]) -> int:
    """Return the size of the samples, as it is and not as the header has it where that is certainly wrong."""
    size, there = chunk.size, len(data) - chunk.start
    declared = int.from_bytes(data[4:8], order) + 8  # of the whole file
    end = chunk.start + size + size % 2
    if size >= STREAMED:
        return size  # libsndfile reads to the end
    if size > there:
        if size - there <= chunk.start and declared in (
            len(data),
            len(data) + 1,
        ):  # it counts the header
            return there
        raise ValueError(f"truncated WAV: {there:,} of {size:,} bytes of samples")
    unknown = len(data) >= end + 4 and not _follows_samples(data, end, order)
    if size == 0 and unknown:  # a recorder that was cut off
        return there
    if unknown and there - size > max(size, _FOLLOWED):
        raise ValueError(f"wrong length in the WAV header: {size:,} of {there:,} bytes of samples")
    return size


def _follows_samples(data: bytes, at: int, order: Literal["big", "little"]) -> bool:
    """Return True for a chunk, another file, a tag or padding."""
    name = data[at : at + 4]
    size = int.from_bytes(data[at + 4 : at + 8], order)
    chunk = name in _KNOWN or (all(32 <= byte < 127 for byte in name) and at + 8 + size <= len(data))
    return chunk or name in (data[:4], bytes(4)) or name[:3] == b"TAG"


def _with(data: bytes, chunks: dict[bytes, _Chunk], order: Literal["big", "little"]) -> bytes:
    """Return the file with nothing but its format and its samples, and the right lengths."""
    body = b"WAVE"
    for name in (b"fmt ", b"fact", b"data"):
        if name in chunks:
            content = data[chunks[name].start :][: chunks[name].size]
            if name == b"data" and b"fmt " in chunks:
                frame = max(int.from_bytes(data[chunks[b"fmt "].start + 12 :][:2], order), 1)
                content = content[: len(content) // frame * frame]
            body += name + len(content).to_bytes(4, order) + content + bytes(len(content) % 2)
    return data[:4] + len(body).to_bytes(4, order) + body
