"""Ways to damage bytes. Each is a function of bytes, another whole file and a random generator."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import numpy as np

from support.fuzzing.checksums import repaired

Random = np.random.Generator
_HEAD = 96  # bytes in which most formats say how large they are
# Numbers that programs forget: around 0, the ends of the signed and unsigned types, and those that look like memory.
_ODD = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    2**40,
    2**63 - 1,
)


def mutated(data: bytes, other: bytes, random: Random, repair: bool | None = None) -> bytes:
    """Return bytes damaged by one to three mutations, one after another.

    Args:
        data: A whole file.
        other: A whole file of which pieces are taken.
        random: Decides everything.
        repair: Make the checksums of PNG, Ogg and zip right again, so that what lies behind them is tried; by default every other
            time.
    """
    repair = bool(random.random() < 0.5) if repair is None else repair
    if repair and data[:4] == b"PK\x03\x04":
        return inside_archive(data, other, random)
    data = _damaged(data, other, random)
    return repaired(data) if repair else data


def _damaged(data: bytes, other: bytes, random: Random) -> bytes:
    for kind in random.choice(len(_MUTATIONS), random.integers(1, 4)):
        data = _MUTATIONS[kind](data, other, random)
    return data


def flip_bits(data: bytes, other: bytes, random: Random) -> bytes:
    """Flip one to eight bits anywhere."""
    changed = bytearray(data)
    for index in random.integers(0, len(data), random.integers(1, 9)) if data else ():
        changed[index] ^= 1 << random.integers(8)
    return bytes(changed)


def truncate(data: bytes, other: bytes, random: Random) -> bytes:
    """Keep the beginning."""
    return data[: random.integers(0, len(data) + 1)]


def behead(data: bytes, other: bytes, random: Random) -> bytes:
    """Keep the end."""
    return data[random.integers(0, len(data) + 1) :]


def splice(data: bytes, other: bytes, random: Random) -> bytes:
    """Continue with another file from some position."""
    return data[: random.integers(0, len(data) + 1)] + other[random.integers(0, len(other) + 1) :]


def insert(data: bytes, other: bytes, random: Random) -> bytes:
    """Insert a piece of another file, or repeat one of this file."""
    source = other if random.random() < 0.5 else data
    start, at = random.integers(0, len(source) + 1), random.integers(0, len(data) + 1)
    return data[:at] + source[start : start + random.integers(1, 300)] + data[at:]


def remove(data: bytes, other: bytes, random: Random) -> bytes:
    """Remove a piece."""
    at = random.integers(0, len(data) + 1)
    return data[:at] + data[at + random.integers(1, 200) :]


def blank(data: bytes, other: bytes, random: Random) -> bytes:
    """Overwrite a piece with zeros or ones, as a lost block of a disk."""
    at, length = random.integers(0, len(data) + 1), random.integers(1, 600)
    filler = random.choice([b"\x00", b"\xff"]) * len(data[at : at + length])
    return data[:at] + filler + data[at + length :]


def set_field(data: bytes, other: bytes, random: Random) -> bytes:
    """Write an odd number into a field near the beginning, or near the end, where archives have their directory."""
    form = random.choice(["<B", "<H", ">H", "<I", ">I", "<Q", ">Q"])
    size = struct.calcsize(form)
    if len(data) < size:
        return data
    at = int(random.integers(0, max(min(len(data), _HEAD) - size, 0) + 1))
    if random.random() < 0.25:
        at = len(data) - size - at
    number = _ODD[random.integers(len(_ODD))] % 256**size
    return data[:at] + struct.pack(form, number) + data[at + size :]


_MUTATIONS: tuple[Callable[[bytes, bytes, Random], bytes], ...] = (
    *(flip_bits, truncate, behead, splice, insert, remove, blank),
    *(set_field, set_field, set_field),
)


def inside_archive(data: bytes, other: bytes, random: Random) -> bytes:
    """Return a zip archive with one of its members damaged and all checksums right."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        chosen = random.integers(len(whole.namelist()))
        for i, name in enumerate(whole.namelist()):
            content = whole.read(name)
            content = _damaged(content, other, random) if i == chosen else content
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
