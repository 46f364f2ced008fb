"""Damaged files of the three modalities, as failing disks, cut downloads, careless programs and attackers leave them."""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import soundfile
from PIL import Image

Random = np.random.Generator


class Damaged(NamedTuple):
    """A damaged file. If not `unfixable`, the damage may be where it does not show, and the file may still be read."""

    suffix: str
    data: bytes
    unfixable: bool


def damaged(modality: str, random: Random) -> Damaged:
    """Return a file of the modality with a random kind of damage."""
    kinds = _KINDS[modality]
    return kinds[random.integers(len(kinds))](random)


def good(modality: str, random: Random) -> tuple[str, bytes]:
    """Return the suffix and the bytes of a valid file."""
    return {"image": image, "audio": audio, "text": text}[modality](random)


def image(random: Random) -> tuple[str, bytes]:
    suffix = random.choice(["jpeg", "png", "gif", "bmp", "webp", "tiff"])
    file = io.BytesIO()
    Image.fromarray(random.integers(0, 256, (24, 20, 3), dtype=np.uint8)).save(file, suffix)
    return f".{suffix}", file.getvalue()


def audio(random: Random) -> tuple[str, bytes]:
    suffix, subtype = [("wav", "PCM_16"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("ogg", "VORBIS"), ("aiff", "PCM_16")][
        random.integers(5)
    ]
    file = io.BytesIO()
    soundfile.write(file, random.uniform(-0.5, 0.5, (2000, 2)), 8000, format=suffix, subtype=subtype)
    return f".{suffix}", file.getvalue()


def text(random: Random) -> tuple[str, bytes]:
    words = ["naïve", "σύννεφο", "облако", "雲", "plain", "☁", "it's"]
    return ".txt", " ".join(random.choice(words, 40)).encode()


def _of(make: Callable[[Random], tuple[str, bytes]], damage: Callable[[Random, bytes], bytes], unfixable: bool):
    def damaged(random: Random) -> Damaged:
        suffix, data = make(random)
        return Damaged(suffix, damage(random, data), unfixable)

    return damaged


def _empty(random: Random, data: bytes) -> bytes:
    return b""


def _truncated(random: Random, data: bytes) -> bytes:
    return data[: random.integers(1, len(data) // 2)]


def _zeros(random: Random, data: bytes) -> bytes:
    return bytes(len(data))


def _noise(random: Random, data: bytes) -> bytes:
    return b"\xfb\x00" + random.bytes(len(data))


def _flipped(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for index in random.integers(0, len(data), random.integers(1, 20)):
        changed[index] ^= 1 << random.integers(8)
    return bytes(changed)


def _flipped_head(random: Random, data: bytes) -> bytes:
    head = min(len(data), 64)
    return _flipped(random, data[:head]) + data[head:]


def _bytes_lost(random: Random, data: bytes) -> bytes:
    start = random.integers(1, len(data))
    return data[:start] + data[start + random.integers(1, 200) :]


def _bytes_zeroed(random: Random, data: bytes) -> bytes:
    start, length = random.integers(0, len(data)), random.integers(1, 500)
    return (data[:start] + bytes(length) + data[start + length :])[: len(data)]


def _named_as(suffix: str, *makes: Callable[[Random], tuple[str, bytes]]):
    return lambda random: Damaged(suffix, makes[random.integers(len(makes))](random)[1], True)


def _zip(random: Random) -> tuple[str, bytes]:
    return ".zip", b"PK\x03\x04" + random.bytes(300)


def _png(width: int, height: int, depth: int, color: int, data: bytes) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _absurd_size(random: Random) -> Damaged:
    large = int(random.choice([40_000, 65_535]))
    makes = [
        (".png", lambda: _png(2**31 - 1, 2**31 - 1, 8, 2, zlib.compress(bytes(50)))),
        (".png", lambda: _png(0, 0, 8, 2, zlib.compress(b""))),
        (".jpeg", lambda: _jpeg_of(large, large)),
        (".gif", lambda: _gif_of(large, large)),
        (".bmp", lambda: _bmp_of(large, large)),
    ]
    suffix, make = makes[random.integers(len(makes))]
    return Damaged(suffix, make(), True)


def _jpeg_of(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (16, 16)).save(file, "JPEG")
    data = bytearray(file.getvalue())
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def _gif_of(width: int, height: int) -> bytes:
    screen = struct.pack("<HHBBB", width, height, 0, 0, 0)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02L\x01\x00;"


def _bmp_of(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<III", 154, 0, 54) + head + bytes(100)


@functools.cache
def _image_bomb() -> bytes:
    """Return a PNG of 100 KB that would decode to 400 megapixels."""
    pressed = zlib.compressobj(9)
    row = bytes(1 + 2_500)
    return _png(20_000, 20_000, 1, 0, pressed.compress(row * 20_000) + pressed.flush())


@functools.cache
def _text_bomb_in_png() -> bytes:
    """Return a small PNG with a comment that would decompress to 200 MB."""
    pressed = zlib.compressobj(9)
    comment = b"".join([pressed.compress(bytes(2_000_000)) for _ in range(100)]) + pressed.flush()
    body = b"zTXtComment\x00\x00" + comment
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    small = _png(4, 4, 8, 0, zlib.compress(bytes(20)))
    return small[:33] + chunk + small[33:]


def _wav(channels: int, rate: int, bits: int, declared: int, data: bytes, form: int = 1) -> bytes:
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", form, channels, rate, (rate * block) % 2**32, block % 2**16, bits)
    form_chunk = b"fmt " + struct.pack("<I", 16) + head
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVE"
        + form_chunk
        + b"data"
        + struct.pack("<I", declared)
        + data
    )


def _wav_of_samples(random: Random) -> Damaged:
    samples = random.uniform(-0.5, 0.5, 500).astype("<f4")
    samples[random.integers(500)] = random.choice([np.nan, np.inf, -np.inf])
    return Damaged(".wav", _wav(1, 8000, 32, 2000, samples.tobytes(), form=3), True)


def _wav_of_channels(random: Random) -> Damaged:
    channels = int(random.choice([0, 32, 1000, 65_535]))
    return Damaged(".wav", _wav(channels, 8000, 16, 6400, random.bytes(6400)), channels == 0)


def _wav_of_absurd_header(random: Random) -> Damaged:
    absurd = [(0, 16, 800, 800), (2**31, 16, 800, 800), (8000, 0, 800, 800), (8000, 16, 2**30, 800), (8000, 16, 0, 0)]
    rate, bits, declared, count = absurd[random.integers(len(absurd))]
    return Damaged(".wav", _wav(1, rate, bits, declared, bytes(count)), True)


def _flac_of_hours(random: Random) -> Damaged:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(500), 8000, format="FLAC")
    data = bytearray(file.getvalue())
    data[21:26] = bytes([data[21] | 0x0F]) + b"\xff\xff\xff\xff"  # 36 bits of samples: 99 days
    return Damaged(".flac", bytes(data), True)


def _text_ending_in(*suffixes: bytes):
    return lambda random: Damaged(".txt", text(random)[1] + suffixes[random.integers(len(suffixes))], True)


def _blank(random: Random) -> Damaged:
    return Damaged(".txt", [b"", b" \n\t ", "\ufeff".encode(), "\u2003\u3000".encode()][random.integers(4)], True)


def _utf16(random: Random) -> Damaged:
    return Damaged(".txt", text(random)[1].decode().encode("utf-16"), True)


def _one_line(random: Random) -> Damaged:
    """Return a text without a line break, perhaps without a space: 100 KB, one in ten of them 10 MB."""
    times = 3_400_000 if random.random() < 0.1 else 34_000
    return Damaged(".txt", random.choice([b"a", b"ab ", "雲".encode()]) * times, False)


_ALL = (
    (_empty, True),
    (_zeros, True),
    (_noise, True),
    (_flipped, False),
    (_flipped_head, False),
    (_bytes_lost, False),
    (_bytes_zeroed, False),
)
_KINDS = {
    "image": [
        *(_of(image, *each) for each in _ALL),
        _of(image, _truncated, True),
        _absurd_size,
        lambda random: Damaged(".png", _image_bomb(), True),
        lambda random: Damaged(".png", _text_bomb_in_png(), False),
        _named_as(".jpg", audio, text, _zip),
    ],
    "audio": [
        *(_of(audio, *each) for each in _ALL),
        _of(audio, _truncated, True),
        _wav_of_samples,
        _wav_of_channels,
        _wav_of_absurd_header,
        _flac_of_hours,
        _named_as(".wav", image, text, _zip),
    ],
    "text": [
        *(_of(text, *each) for each in _ALL),
        _of(text, _truncated, False),
        _blank,
        _utf16,
        _one_line,
        _text_ending_in(b"\xed\xa0\x80", b"\xff", b"\xc3", b"\xe9t\xe9"),
        _text_ending_in(b"\x00", b"a\x00b\x00"),
        _named_as(".txt", image, audio),
    ],
}
