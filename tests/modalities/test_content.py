"""The kind of a file, from its bytes."""

import codecs
import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from multicnn.modalities import lookup
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
        (b"\x00\x00\x00\x18ftypmif1\0\0\0\0mif1heic", "image", "HEIF"),
        (b"\x00\x00\x00\x18ftypmif1\0\0\0\0mif1avif", "image", "AVIF"),
        (b"\x00\x00\x00\x18ftypM4A \0\0\0\0M4A mp42", "audio", "M4A"),
        (b"\x00\x00\x00\x18ftypisom\0\0\2\0isommp41", None, "MP4"),
        (b"\xff\xf1\x50\x80\x02\x1f\xfc", "audio", "AAC"),
        (b"#!AMR\n\x3c\0\0", "audio", "AMR"),
        (b"MAC and cheese", "text", "text"),
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


@pytest.mark.parametrize(
    ("modality", "head", "reason"),
    [
        ("image", b"\x00\x00\x00\x18ftypheic", "HEIF is not read: convert it to JPEG"),
        ("image", b"\x00\x00\x00\x18ftypmif1\0\0\0\0mif1heic", "HEIF is not read: convert it to JPEG"),
        ("image", b"\x00\x00\x00\x18ftypM4A \0\0\0\0M4A mp42", "not an image: starts like M4A"),
        ("image", b"IIU\0", "A camera's raw file is not read: develop it"),
        ("audio", b"\x00\x00\x00\x18ftypM4A \0\0\0\0M4A mp42", "M4A is not read: .*ffmpeg"),
        ("audio", b"\x00\x00\x00\x18ftypisom\0\0\2\0isommp41", "MP4 is not read: .*ffmpeg"),
        ("audio", b"\xff\xf1\x50\x80\x02\x1f\xfc", "AAC is not read: .*ffmpeg"),
        ("audio", b"#!AMR\n\x3c\0\0", "AMR is not read: .*ffmpeg"),
        ("text", b"%PDF-1.7\xff", "PDF is not read: save it as plain text"),
    ],
)
def test_formats_that_are_known_and_not_read_are_named_with_what_to_do(modality, head, reason):
    with pytest.raises(ValueError, match=reason):
        lookup(modality)().decode(head + bytes(300) * (modality != "text"))


@pytest.mark.parametrize("kind", ["WAV", "RF64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF"])
def test_sounds_are_recognised(kind):
    soundfile.write(file := io.BytesIO(), np.zeros(2000, np.float32), 8000, format=kind)
    assert recognise(file.getvalue()[:512])[0] == "audio"


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_character_that_the_head_cuts_is_no_fault_of_a_text(mark):
    for shift in range(4):
        assert recognise((mark + shift * b"a" + 300 * "\u96f2".encode())[:512]) == ("text", "text")
        assert recognise((mark + shift * b"a" + b"\xe9t\xe9" + 300 * b"a")[:512])[0] is None


def test_read(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert read(tmp_path / "a") == read(str(tmp_path / "a")) == read(memoryview(b"abc")) == b"abc"
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="empty file"):
        read(tmp_path / "empty")
