"""The kind of a file, from its bytes."""

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from multicnn.modalities.content import read, recognise


@pytest.mark.parametrize(
    ("data", "modality", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image", "JPEG"),
        (b"RIFF....WEBPVP8 ", "image", "WebP"),
        (b"RIFF....WAVEfmt ", "audio", "WAV"),
        (b"\xff\xfb\x90\x64", "audio", "MP3"),
        (b"ID3\x04", "audio", "MP3"),
        (b"BM\x00\x01\x00\x00", "image", "BMP"),
        (b"BM is short for bench mark", "text", "text"),
        ("привет, мир".encode(), "text", "text"),
        ("я".encode() * 400, "text", "text"),
        (("a" + "я" * 400).encode()[:512], "text", "text"),
        (b"\xff\xfea\x00b\x00", None, "the bytes ff fe 61 00"),
        (b"\x00\x01\x02\x03", None, "the bytes 00 01 02 03"),
        (b"%PDF-1.7", None, "PDF"),
        (b"RIFF\x04\x00\x00\x00AVI ", None, "the bytes 52 49 46 46"),
        (b"\x00\x00\x00\x18ftypheic", "image", "HEIF"),
        ("привет".encode()[:-1], "text", "text"),  # cut inside a character
        ("caf\xe9 \xe0".encode("latin-1"), None, "the bytes 63 61 66 e9"),
    ],
)
def test_recognise(data, modality, kind):
    assert recognise(data) == (modality, kind)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
def test_pictures_are_recognised(kind):
    Image.new("RGB", (4, 4), "red").save(file := io.BytesIO(), kind)
    assert recognise(file.getvalue())[0] == "image"


@pytest.mark.parametrize("kind", ["WAV", "RF64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF"])
def test_sounds_are_recognised(kind):
    soundfile.write(file := io.BytesIO(), np.zeros(2000, np.float32), 8000, format=kind)
    assert recognise(file.getvalue()[:512])[0] == "audio"


def test_read(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert read(tmp_path / "a") == read(str(tmp_path / "a")) == read(memoryview(b"abc")) == b"abc"
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="empty file"):
        read(tmp_path / "empty")
