"""The kind of a file, from its bytes."""

import pytest

from multicnn.modalities.content import read, recognise


@pytest.mark.parametrize(
    ("data", "sense", "kind"),
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
    ],
)
def test_recognise(data, sense, kind):
    assert recognise(data) == (sense, kind)


def test_read(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert read(tmp_path / "a") == read(str(tmp_path / "a")) == read(memoryview(b"abc")) == b"abc"
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="empty file"):
        read(tmp_path / "empty")
