"""The number of frames of an MP3 stream: its first frame may declare it, wrongly, and without it it is only guessed."""

from __future__ import annotations

from dataclasses import dataclass, field

_KBITS = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),  # MPEG-1
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),  # MPEG-2 and 2.5
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_SLACK = 2  # frames: some encoders count the first one too


@dataclass
class _Stream:
    """The frames of a stream, from its tag or first frame on; `table` is where its Xing or Info header starts."""

    start: int
    first: int
    end: int
    table: int | None
    frames: int = 0
    kbits: set[int] = field(default_factory=set)


def streams(data: bytes) -> list[bytes]:
    """Return the streams of an MP3 file, one where it was not concatenated, each with the number of frames that it has.

    What is not a plain sequence of frames and tags is returned as it is.
    """
    counted = _walk(data)
    return [data] if counted is None else [_counted(data, stream, len(counted) == 1) for stream in counted]


def _walk(data: bytes) -> list[_Stream] | None:
    """Return the streams; None where anything but frames and tags stands between or behind them."""
    counted: list[_Stream] = []
    at = tag = 0
    while at < len(data):
        if data[at : at + 3] == b"ID3" and at + 10 <= len(data):
            tag = at
            at += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(data[at + 6 : at + 10], (21, 14, 7, 0)))
            continue
        if data[at : at + 3] == b"TAG" or data[at : at + 8] == b"APETAGEX":
            break
        frame = _frame(data, at)
        if frame is None:
            return None
        length, kbits, table = frame
        if not counted or table is not None:
            counted.append(_Stream(tag if tag and data[tag : tag + 3] == b"ID3" else at, at, at, table))
        stream = counted[-1]
        if table is None:
            stream.frames += 1
            stream.kbits.add(kbits)
        at = tag = at + length
        stream.end = min(at, len(data))
    return counted or None


def _frame(data: bytes, at: int) -> tuple[int, int, int | None] | None:
    """Return length and rate in kbit/s of the layer III frame that starts here, and where it has a Xing or Info header."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, kbits, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or kbits in (0, 15) or rate == 3:
        return None
    first = version == 3
    kbits = _KBITS[3 if first else 2][kbits]
    length = (144 if first else 72) * kbits * 1000 // _RATES[version][rate] + (head[2] >> 1 & 1)
    table = at + _table_at(head)
    return length, kbits, table if data[table : table + 4] in (b"Xing", b"Info") else None


def _table_at(head: bytes) -> int:
    """Return where the Xing header of a frame is: behind the side information, of all zeros."""
    first, mono = head[1] >> 3 & 3 == 3, head[3] >> 6 == 3
    return 4 + (17 if first == mono else 32 if first else 9)


def _counted(data: bytes, stream: _Stream, alone: bool) -> bytes:
    """Return the bytes of a stream, with another number of frames where it is certainly wrong or has to be guessed."""
    content = data if alone else data[stream.start : stream.end]
    first, table = stream.first, stream.table
    if not alone:
        first, table = first - stream.start, None if table is None else table - stream.start
    count = stream.frames.to_bytes(4)
    if table is None:
        if len(stream.kbits) < 2:
            return content  # a constant rate, from which the number follows
        length, _, _ = _frame(content, first) or (0, 0, None)
        header = content[first : first + 4]
        at = _table_at(header)
        xing = (header + bytes(at - 4) + b"Xing\x00\x00\x00\x01" + count).ljust(length, b"\x00")
        return content[:first] + xing + content[first:] if length >= at + 12 else content
    flags = int.from_bytes(content[table + 4 : table + 8])
    if not flags & 1:
        return content
    declared = int.from_bytes(content[table + 8 : table + 12])
    size = int.from_bytes(content[table + 12 : table + 16]) if flags & 2 else 0
    all_there = 0 < size <= stream.end - stream.first
    if stream.frames - declared > _SLACK or (declared - stream.frames > _SLACK and all_there):
        return content[: table + 8] + count + content[table + 12 :]
    return content
