"""Texts from bytes."""

from __future__ import annotations

import codecs

from multicnn.modalities import content, formats


def from_utf8(data: bytes) -> str:
    """Return the text of UTF-8 bytes, without a mark of the byte order.

    Raises:
        ValueError: They are none; the message is a short reason.
    """
    if not data:
        raise ValueError("empty text")
    modality, kind = content.recognise(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        formats.check(kind, "text")
        if modality in ("image", "audio"):
            raise ValueError(f"not a text: starts like {kind}") from error
        position = error.start + len(data) - len(data.removeprefix(codecs.BOM_UTF8))  # counted from behind the mark
        raise ValueError(f"not UTF-8 text: byte 0x{data[position]:02x} at position {position}") from error
    return text
