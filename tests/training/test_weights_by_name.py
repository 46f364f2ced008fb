"""Weights by name: a mirror, the cache, checksums; nothing here is downloaded from anywhere but a folder."""

import dataclasses
import functools
import hashlib
import http.server
import threading

import numpy as np
import pytest

from multicnn.models import MODELS
from multicnn.training import weight_files, weights_by_name
from multicnn.training.weights_by_name import MIRROR, NAMED, NamedWeights, path_of

NAME = "test:tiny"


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder with the file of one name."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    np.savez(folder / "tiny.npz", **{"a/kernel": np.ones((2, 3), np.float32)})
    digest = hashlib.md5((folder / "tiny.npz").read_bytes()).hexdigest()
    known = NamedWeights("linear", "https://weights.invalid/x/tiny.npz", 0.01, "none", f"md5:{digest}")
    monkeypatch.setitem(NAMED, NAME, known)
    monkeypatch.setenv("MULTICNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(MIRROR, str(folder))
    return folder


def test_a_mirror_is_asked_once(mirror, monkeypatch):
    assert not weights_by_name.is_cached(NAME)
    path = path_of(NAME)
    assert path.read_bytes() == (mirror / "tiny.npz").read_bytes() and weights_by_name.is_cached(NAME)
    (mirror / "tiny.npz").unlink()
    monkeypatch.delenv(MIRROR)
    assert path_of(NAME) == path
    np.testing.assert_array_equal(weight_files.of_name(NAME)["a/kernel"], np.ones((2, 3)))


def test_over_http(mirror, monkeypatch):
    handler = functools.partial(Quiet, directory=str(mirror))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv(MIRROR, f"http://127.0.0.1:{server.server_port}/")
        try:
            assert path_of(NAME).read_bytes() == (mirror / "tiny.npz").read_bytes()
        finally:
            server.shutdown()
            thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def other_file(mirror, monkeypatch):
    (mirror / "tiny.npz").write_bytes(b"another")


def long_file(mirror, monkeypatch):
    (mirror / "tiny.npz").write_bytes(bytes(20_000))


def no_file(mirror, monkeypatch):
    (mirror / "tiny.npz").unlink()


def no_mirror(mirror, monkeypatch):
    monkeypatch.setenv(MIRROR, "http://127.0.0.1:9")


def no_url(mirror, monkeypatch):
    monkeypatch.setenv(MIRROR, "what://ever")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (other_file, "its checksum is not md5:"),
        (long_file, "larger than 11,010 bytes"),
        (no_file, "No such file"),
        (no_mirror, "refused"),
        (no_url, "unknown url type"),
    ],
)
def test_what_cannot_be_had_is_one_line(fault, words, mirror, monkeypatch, tmp_path):
    fault(mirror, monkeypatch)
    with pytest.raises(ValueError, match=f"cannot be downloaded from .*{words}.*offline, save the file as") as error:
        path_of(NAME)
    assert "\n" not in str(error.value) and str(error.value).endswith(f"Received: start.path={NAME!r}")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_cached_file_that_changed_is_refused(mirror, monkeypatch):
    monkeypatch.setitem(
        NAMED, NAME, dataclasses.replace(NAMED[NAME], checksum="")
    )  # none is known before the first download
    path = path_of(NAME)
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(
        ValueError, match=f"is not what was downloaded: delete .*tiny.npz. Received: start.path={NAME!r}"
    ):
        path_of(NAME)


@pytest.mark.parametrize("name", NAMED)
def test_every_name_is_of_a_known_model(name):
    known = NAMED[name]
    kind, _, digits = known.checksum.partition(":")
    assert known.model in MODELS and known.url.startswith("https://") and known.licence and known.megabytes > 1
    assert (kind, len(digits)) in (("md5", 32), ("sha256", 8)) and set(digits) <= set("0123456789abcdef")
    if kind == "sha256":
        assert digits in known.url
    else:
        assert known.model in weight_files.APPLICATIONS
