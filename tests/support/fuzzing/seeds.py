"""Whole files of every format, small ones, from which damaged ones are made."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import soundfile
from PIL import Image

from support.fuzzing.checksums import ogg, without_time

RATE = 8000  # Hz


class Seed(NamedTuple):
    """A whole file: its suffix with the dot, and its bytes. It is a `table` where it has many examples."""

    suffix: str
    data: bytes
    table: bool = False


@functools.cache
def seeds(modality: str) -> tuple[Seed, ...]:
    """Return the whole files of a modality, the same in every process."""
    return tuple({"image": _images, "audio": _audio, "text": _texts}[modality](np.random.default_rng(0)))


def _images(random: np.random.Generator) -> Iterator[Seed]:
    color = Image.fromarray(random.integers(0, 256, (24, 20, 3), dtype=np.uint8))
    grey, deep = color.convert("L"), Image.fromarray(random.integers(0, 2**16, (24, 20), dtype=np.uint16))
    clear = color.copy()
    clear.putalpha(grey)
    palette, line_art = color.quantize(16), grey.convert("1")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    written = [
        *(("png", image, {}) for image in (color, grey, clear, palette, line_art, deep)),
        ("png", color, {"exif": exif}),
        ("png", color, {"save_all": True, "append_images": [clear]}),
        ("jpeg", color, {"quality": 90, "exif": exif}),
        ("jpeg", color, {"progressive": True}),
        ("jpeg", grey, {"restart_marker_blocks": 1}),
        ("jpeg", color.convert("CMYK"), {}),
        ("gif", palette, {}),
        ("gif", palette, {"save_all": True, "append_images": [grey], "transparency": 3}),
        *(("bmp", image, {}) for image in (color, palette, line_art)),
        ("webp", color, {}),
        ("webp", clear, {"lossless": True}),
        *(("tiff", color, {"compression": name}) for name in (None, "tiff_lzw", "tiff_deflate", "jpeg", "packbits")),
        ("tiff", deep, {}),
        ("tiff", line_art, {"compression": "group4"}),
        ("ico", clear, {}),
        ("ppm", color, {}),
    ]
    for suffix, image, options in written:
        file = io.BytesIO()
        image.save(file, suffix, **options)
        yield Seed(f".{suffix}", file.getvalue())
    yield _archive(random.integers(0, 256, (6, 12, 10, 3), dtype=np.uint8))
    yield _archive(random.random((6, 12, 10)).astype(np.float32))


def _audio(random: np.random.Generator) -> Iterator[Seed]:
    waveform = random.uniform(-0.5, 0.5, (1200, 2))
    written = [
        *(("wav", subtype) for subtype in ("PCM_16", "PCM_24", "PCM_U8", "FLOAT", "ULAW", "IMA_ADPCM")),
        *(("flac", subtype) for subtype in ("PCM_16", "PCM_24")),
        *(("ogg", subtype) for subtype in ("VORBIS", "OPUS")),
        *(("aiff", subtype) for subtype in ("PCM_16", "FLOAT")),
        ("mp3", "MPEG_LAYER_III"),
        ("au", "PCM_16"),
        ("caf", "PCM_16"),
    ]
    for suffix, subtype in written:
        file = io.BytesIO()
        soundfile.write(file, waveform, RATE, format=suffix, subtype=subtype)
        data = without_time(file.getvalue())
        yield Seed(f".{suffix}", ogg(data, serial=1) if suffix == "ogg" else data)
    yield _archive(random.uniform(-0.5, 0.5, (6, 400)).astype(np.float32), sample_rate=RATE)
    yield _archive(random.integers(-2000, 2000, (6, 400), dtype=np.int16), sample_rate=RATE)


def _texts(random: np.random.Generator) -> Iterator[Seed]:
    words = ["naïve", "σύννεφο", "облако", "雲", "plain", "☁", "it's", 'a "quoted", word']
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"):
        yield Seed(".txt", " ".join(random.choice(words, 40)).encode(encoding))
    yield Seed(".txt", "plain words and naïve ones".encode("latin-1"))
    table = pd.DataFrame(
        {
            "text": [" ".join(random.choice(words, 8)) for _ in range(8)],
            "label": list("abababab"),
            "split": ["train"] * 6 + ["test"] * 2,
        }
    )
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        yield Seed(".csv", table.to_csv(index=False).encode(encoding), table=True)
    yield Seed(".csv", table.to_csv(index=False, sep=";").encode(), table=True)
    yield Seed(".tsv", table.to_csv(index=False, sep="\t").encode(), table=True)
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table.to_dict("records"))
    yield Seed(".jsonl", rows.encode(), table=True)
    for compression in ("snappy", None, "gzip"):
        file = io.BytesIO()
        table.to_parquet(file, index=False, compression=compression)
        yield Seed(".parquet", file.getvalue(), table=True)
    yield _archive(table["text"].to_numpy(np.str_))


def _archive(x: np.ndarray, **more: object) -> Seed:
    file = io.BytesIO()
    np.savez_compressed(file, x=x, y=np.arange(len(x)) % 2, **more)
    return Seed(".npz", file.getvalue(), table=True)
