"""The length in the header of a FLAC stream, which a program that writes into a pipe leaves at 0 (RFC 9639)."""

from __future__ import annotations

import functools

_TOTAL = slice(21, 26)  # the last 36 bits of these bytes are the number of samples, 0 where it is not known
_BLOCK_SIZES = (0, 192, 576, 1152, 2304, 4608, 0, 0, *(256 << n for n in range(8)))
_CHECKS = 16  # frames whose checksum is computed at most
_LAST = 1 << 18  # bytes from the end in which the last frame starts


def first_stream(data: bytes) -> tuple[bytes, bytes]:
    """Return the first stream of a FLAC file, with the length that it has, and those that were put behind it.

    Raises:
        ValueError: The last frame is not complete where no length is declared, or frames are missing.
    """
    ends = [end for byte in (0x00, 0x80) if (end := data.find(bytes((*b"fLaC", byte, 0, 0, 0x22)), 4)) > 0]
    end = min(ends, default=len(data))
    return _with_length(data[:end]), data[end:]


def is_truncated(data: bytes) -> bool:
    """Return True for a stream that cannot be decoded and does not end with a frame, as half a file."""
    return len(data) >= 42 and not data[4] & 0x7F and _samples(data, _declared(data)) is None


def _with_length(data: bytes) -> bytes:
    if len(data) < 42 or data[4] & 0x7F:
        return data  # no STREAMINFO in its place
    declared = _declared(data)
    samples = _samples(data, declared)
    if samples is None and not declared:
        raise ValueError("truncated FLAC, of unknown length: its last frame is not complete")
    if samples is None or samples == declared:
        return data
    if samples < declared:
        raise ValueError(f"truncated FLAC, or a wrong length in its header: {samples:,} of {declared:,} samples")
    packed = (data[_TOTAL.start] & 0xF0) << 32 | samples
    return data[: _TOTAL.start] + packed.to_bytes(5) + data[_TOTAL.stop :]


def _declared(data: bytes) -> int:
    return int.from_bytes(data[_TOTAL]) & 0xFFFFFFFFF


def _samples(data: bytes, declared: int) -> int | None:
    """Return the number of samples up to the end of the last frame; None where no frame ends at the end of the file.

    Where that is what is declared, the checksum of the frame is not computed: libFLAC checks it.
    """
    end = len(data) - 128 * (data[-128:-125] == b"TAG")
    position, checks = end, 0
    while checks < _CHECKS and (position := data.rfind(b"\xff", max(end - _LAST, 42), position)) >= 0:
        samples = _last_sample(data, position)
        if samples is None:
            continue
        if samples == declared:
            return samples
        checks += 1
        if _crc(data[position : end - 2], 0x8005, 16) == int.from_bytes(data[end - 2 : end]):
            return samples
    return None


def _last_sample(data: bytes, start: int) -> int | None:
    """Return the number of samples up to the end of the frame that starts here; None where none does."""
    head = data[start : start + 16]
    if len(head) < 8 or head[1] & 0xFE != 0xF8 or head[3] & 1 or not head[2] >> 4:
        return None
    ones = 8 - (head[4] ^ 0xFF).bit_length()  # as in UTF-8: the bytes of the number, of one byte none
    if ones in (1, 8):
        return None
    number = head[4] & (0xFF >> (ones + 1))
    at = 5
    for byte in head[5 : 4 + max(ones, 1)]:
        if byte & 0xC0 != 0x80:
            return None
        number, at = number << 6 | byte & 0x3F, at + 1
    code, rate = head[2] >> 4, head[2] & 15
    size = _BLOCK_SIZES[code]
    if code in (6, 7):
        size = int.from_bytes(head[at : at + code - 5]) + 1
        at += code - 5
    at += {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if at >= len(head) or _crc(head[:at], 0x07, 8) != head[at]:
        return None
    variable = head[1] & 1
    return size + (number if variable else number * int.from_bytes(data[10:12]))


def _crc(data: bytes, polynomial: int, bits: int) -> int:
    table, crc, mask = _table(polynomial, bits), 0, (1 << bits) - 1
    for byte in data:
        crc = (crc << 8) & mask ^ table[crc >> (bits - 8) ^ byte]
    return crc


@functools.cache
def _table(polynomial: int, bits: int) -> tuple[int, ...]:
    def entry(crc: int) -> int:
        crc <<= bits - 8
        for _ in range(8):
            crc = (crc << 1) ^ (polynomial if crc >> (bits - 1) else 0)
            crc &= (1 << bits) - 1
        return crc

    return tuple(map(entry, range(256)))
