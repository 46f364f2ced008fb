"""`multicnn weights`."""

import hashlib
import json

import pytest
from support.command_line import call

from multicnn.training.weights_by_name import MIRROR, NAMED, NamedWeights


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder with the file of one name, and an empty cache."""
    (tmp_path / "tiny.npz").write_bytes(b"tiny")
    checksum = f"md5:{hashlib.md5(b'tiny').hexdigest()}"
    monkeypatch.setitem(NAMED, "test:tiny", NamedWeights("linear", "https://w.invalid/tiny.npz", 1, "none", checksum))
    monkeypatch.setenv("MULTICNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(MIRROR, "")
    return tmp_path


def test_all_that_is_known_is_listed(mirror, monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "weights", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0 and rows.keys() == NAMED.keys() and not any(row["cached"] for row in rows.values())
    assert rows["keras:vgg16"]["checksum"] == "md5:64373286793e3c8b2b4e3219cbf3544b"
    code, out, _ = call(monkeypatch, capsys, "weights")
    assert code == 0 and all(name in out for name in NAMED)


def test_one_is_downloaded_from_a_mirror(mirror, monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "weights", "test:tiny", "--mirror", mirror)
    assert (code, out.strip()) == (0, str(mirror / "cache" / "weights" / "tiny.npz"))
    code, out, _ = call(monkeypatch, capsys, "weights", "--json")
    assert [row["name"] for row in json.loads(out) if row["cached"]] == ["test:tiny"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["weights", "test:big"], "must be one of keras:vgg16, "),
        (["weights", "test:tiny", "--mirror", "nowhere"], "offline, save the file as"),
        (["train", "digits", "--from", "keras:nothing"], "a name from `multicnn weights`"),
    ],
)
def test_what_is_not_there_is_one_line(arguments, words, mirror, monkeypatch, capsys):
    code, out, err = call(monkeypatch, capsys, *arguments)
    assert (code, out) == (2, "") and len(err.strip().splitlines()) == 1 and words in " ".join(err.split())
