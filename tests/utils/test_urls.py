"""What is a URL where a path is wanted."""

from pathlib import Path

import pytest

from multicnn.utils.urls import is_url


@pytest.mark.parametrize(
    "text",
    [
        *("https://a.example/cat.jpg", "HTTP://a.example", "ftp://a.example/x.wav", "s3://bucket/key", "file:///x.jpg"),
        *(Path("https://a.example/cat.jpg"), "data:image/png;base64,iVBORw0KGgo="),
    ],
)
def test_a_url(text):
    assert is_url(text)


@pytest.mark.parametrize(
    "text", ["cat.jpg", "C:/photos", r"C:\photos", "tfds:mnist", "a http://b", "no: this", "x:", ""]
)
def test_no_url(text):
    assert not is_url(text)


def test_a_file_that_is_called_like_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "https:").mkdir()
    (tmp_path / "https:" / "cat.jpg").touch()
    assert not is_url("https://cat.jpg")
