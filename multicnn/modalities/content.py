"""The kind of a file, recognised by its bytes and never by its name."""

from __future__ import annotations

import codecs
import os

from multicnn.modalities import formats
from multicnn.utils import regular_files
from multicnn.utils.urls import REMEDY, is_url

# (offset, magic bytes, modality, name of the format); the first that matches wins.
_MAGIC = (
    (0, b"\xff\xd8\xff", "image", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "image", "PNG"),
    (0, b"GIF8", "image", "GIF"),
    (0, b"II*\x00", "image", "TIFF"),
    (0, b"MM\x00*", "image", "TIFF"),
    (8, b"WEBP", "image", "WebP"),
    (4, b"jP  \r\n\x87\n", "image", "JPEG 2000"),
    (8, b"WAVE", "audio", "WAV"),
    (0, b"fLaC", "audio", "FLAC"),
    (0, b"OggS", "audio", "Ogg"),
    (0, b"ID3", "audio", "MP3"),
    (8, b"AIFF", "audio", "AIFF"),
    (8, b"AIFC", "audio", "AIFF"),
    (0, b"caff", "audio", "CAF"),
    (0, b".snd", "audio", "AU"),
    (0, b"RF64", "audio", "WAV"),
    (0, b"RIFX", "audio", "WAV"),
)

_EXTENSIONS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif"), "image"),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf"), "audio"),
    ".txt": "text",
    **formats.EXTENSIONS,
}
INLINE = "text"  # the modality of the cells of a table where none is given
_ARTICLE = {"image": "an image", "audio": "audio", "text": "text"}  # of what can be recognised


def mismatch(kind: str, modality: str) -> str:
    """Return why a file of a recognised kind cannot be an example of a modality; "" where it may be one.

    Args:
        kind: "image", "audio", "text", or "" for what was not recognised.
        modality: Any modality; the files of another than these three cannot be recognised by their kind.
    """
    if kind in ("", modality) or modality not in _ARTICLE:
        return ""
    return f"not {_ARTICLE[modality]}: looks like {_ARTICLE[kind]}"


def kind_by_name(path: str | os.PathLike) -> str:
    """Return the modality that a file's extension promises, or "", for files whose content is not recognised."""
    return _EXTENSIONS.get(os.path.splitext(path)[1].lower(), "")


def recognise(data: bytes) -> tuple[str | None, str]:
    """Return the modality ("image", "audio", "text" or None) and the name of the format of some bytes.

    Args:
        data: The content of a file, or its first 512 bytes or more.
    """
    for offset, magic, modality, name in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return modality, name
    if (unread := formats.recognise(data)) is not None:
        return unread
    # MPEG frame sync, layer II or III: looser than a magic number, so after all of them.
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 in (0xE2, 0xE4):
        return "audio", "MP3"
    if data[:2] == b"BM" and b"\x00" in data[:32]:
        return "image", "BMP"
    if len(data) > 2 and data[:1] == b"P" and data[1:2] in b"123456" and data[2:3].isspace():
        return "image", "PNM"
    head = data[:512].removeprefix(codecs.BOM_UTF8)  # the codec utf-8-sig would count from behind the mark
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # A character cut by the end of the head is no fault of the text.
        if error.reason != "unexpected end of data" or error.start == 0:
            return None, f"the bytes {head[:4].hex(' ')}"
        text = head[: error.start].decode()
    if any(ord(letter) < 32 and letter not in "\t\n\v\f\r" for letter in text):
        return None, f"the bytes {head[:4].hex(' ')}"
    return "text", "text"


def read(source: str | os.PathLike | bytes) -> bytes:
    """The bytes of a path, or the bytes given.

    Raises:
        ValueError: The file is missing, no regular file, unreadable, empty or too large; the message is a short reason without
            the path.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
    elif not isinstance(source, (str, os.PathLike)):
        raise ValueError(f"neither a path nor bytes: {type(source).__name__}")
    elif is_url(source):
        raise ValueError(REMEDY)
    else:
        try:
            data = regular_files.read_bytes(source)
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror or type(error).__name__}") from error
    if not data:
        raise ValueError("empty file")
    return data
