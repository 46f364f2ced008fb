"""Formats that are known by their first bytes and not read, each with what to do."""

from __future__ import annotations

from collections.abc import Iterable

_TO_JPEG = "convert it to JPEG or PNG, with ImageMagick say"
_TO_FLAC = "convert it to WAV or FLAC, as by `ffmpeg -i name.{} name.flac`"
_TO_TEXT = "save it as plain text"

# (offset, magic bytes, modality that most such files are meant for, name of the format); the first that matches wins.
_MAGIC = (
    (0, b"#!AMR", "audio", "AMR"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "audio", "WMA"),
    (0, b"wvpk", "audio", "WavPack"),
    (0, b"MAC ", "audio", "Monkey's Audio"),
    (0, b"MPCK", "audio", "Musepack"),
    (0, b"DSD ", "audio", "DSD"),
    (0, b"\x1aE\xdf\xa3", None, "WebM or Matroska"),
    (0, b"8BPS", "image", "Photoshop"),
    (0, b"\xff\x0a", "image", "JPEG XL"),
    (4, b"JXL \r\n\x87\n", "image", "JPEG XL"),
    (0, b"v/1\x01", "image", "OpenEXR"),
    (0, b"FUJIFILMCCD-RAW", "image", "a camera's raw file"),
    (0, b"IIRO", "image", "a camera's raw file"),
    (0, b"IIU\x00", "image", "a camera's raw file"),
    (128, b"DICM", "image", "DICOM"),
    (0, b"PK\x03\x04", None, "a zip archive"),
    (0, b"\x1f\x8b", None, "a gzip archive"),
    (0, b"%PDF", None, "PDF"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, "an Office file"),
    (0, b"\x93NUMPY", None, "a numpy array"),
)
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_M4A = {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "}

# What to do, by the modality that the file should be an example of.
_REMEDIES = {
    "image": {
        "HEIF": _TO_JPEG,
        "Photoshop": _TO_JPEG,
        "JPEG XL": _TO_JPEG,
        "OpenEXR": _TO_JPEG,
        "DICOM": "save its pixels as PNG",
        "a camera's raw file": "develop it to JPEG or PNG",
    },
    "audio": {
        **{name: _TO_FLAC.format(name.lower()) for name in ("M4A", "AAC", "AMR", "WMA", "MP4")},
        "WebM or Matroska": _TO_FLAC.format("webm"),
        "QuickTime": _TO_FLAC.format("mov"),
        "WavPack": _TO_FLAC.format("wv"),
        "Monkey's Audio": _TO_FLAC.format("ape"),
        "Musepack": _TO_FLAC.format("mpc"),
        "DSD": _TO_FLAC.format("dsf"),
    },
    "text": {"PDF": _TO_TEXT, "an Office file": _TO_TEXT, "a zip archive": "save documents as plain text"},
}

EXTENSIONS = {
    **dict.fromkeys((".heic", ".heif", ".hif", ".jxl"), "image"),
    **dict.fromkeys((".m4a", ".m4b", ".aac", ".amr", ".wma", ".wv", ".ape", ".mpc"), "audio"),
}


def recognise(data: bytes) -> tuple[str | None, str] | None:
    """Return the modality and the name of the format of some bytes, as `content.recognise` does; None for all others."""
    if data[4:8] == b"ftyp":
        return _of_brands(data)
    for offset, magic, modality, name in _MAGIC:
        # A text may begin with "MAC ".
        if data[offset : offset + len(magic)] == magic and (
            b"\x00" in data[:512] or not modality or not magic.isascii()
        ):
            return modality, name
    if len(data) > 6 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0 and data[2] >> 2 & 15 < 13:  # as MP3's, of layer 0
        return "audio", "AAC"
    return None


def _of_brands(data: bytes) -> tuple[str | None, str]:
    """Return the modality and the format of an ISO file: the brands of its first box say what is in it."""
    major, end = data[8:12], min(int.from_bytes(data[:4]), len(data), 512)
    brands = {major, *(data[at : at + 4] for at in range(16, end - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "image", "AVIF"
    if brands & _HEIF:
        return "image", "HEIF"
    if major in _M4A:
        return "audio", "M4A"
    return None, "QuickTime" if major == b"qt  " else "MP4"


def remedies(kinds: Iterable[str]) -> str:
    """Return what to do with the formats among some that are known, "; MP4: convert it ...", or ""."""
    advice = {kind: remedy for of in _REMEDIES.values() for kind, remedy in of.items()}
    return "".join(f"; {kind}: {advice[kind]}" for kind in sorted(kinds) if kind in advice)


def check(kind: str, modality: str) -> None:
    """Raise ValueError, with what to do, for a format that examples of a modality come in and that is not read."""
    if remedy := _REMEDIES.get(modality, {}).get(kind):
        raise ValueError(f"{kind[:1].upper()}{kind[1:]} is not read: {remedy}")
