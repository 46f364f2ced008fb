"""Archives are checked before they are unpacked."""

import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from support import hostile

from multicnn.utils import archives

ARRAYS = {
    "a": np.arange(24, dtype=np.int16).reshape(2, 3, 4),
    "b": np.array(["один", "two"]),
    "c": np.asfortranarray(np.eye(3)),
    "scalar": np.float32(2.5),
    "none": np.zeros((0, 3)),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_those_of_numpy(save, tmp_path):
    save(tmp_path / "x.npz", **ARRAYS)
    found = archives.read_npz(tmp_path / "x.npz")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def one_member(path, name, data, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, data)


def twice(path):
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x.npy", hostile.npy_header((0,)))
        archive.writestr("x.npy", hostile.npy_header((0,)))


def encrypted(path):
    one_member(path, "x.npy", b"", zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(bytes(data))


def flipped(path):
    np.savez(path, x=np.zeros(1000))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def no_characters(path):
    np.savez(path, x=np.array([0x110000], np.uint32).view("<U1"))


def header_of_no_python(path):
    np.savez(path, x=np.zeros(3))
    with zipfile.ZipFile(path) as archive:
        data = archive.read("x.npy")
    one_member(path, "x.npy", data.replace(b"{'descr", b"\xff'descr", 1))


def link_to_a_pipe(path):
    os.mkfifo(path.with_suffix(".pipe"))
    path.symlink_to(path.with_suffix(".pipe"))


REFUSED = {
    "a bomb": (
        lambda path: hostile.npz_bomb(path, 2**20),
        "unpacks to 4,194,.*limit 1,000,000; MULTICNN_LIMITS=unpacked_bytes=",
    ),
    "a shape of a terabyte": (
        lambda path: one_member(path, "x.npy", hostile.npy_header((2**38,))),
        "declares the shape",
    ),
    "a negative shape": (
        lambda path: one_member(path, "x.npy", hostile.npy_header((-1,))),
        "declares the shape|negative",
    ),
    "a pickle": (lambda path: hostile.pickled_npz(path, path.parent / "trap"), "pickled Python objects"),
    "a member of another method": (lambda path: one_member(path, "x.npy", b"x", zipfile.ZIP_LZMA), "method 14"),
    "a member twice": (twice, "1 of them of another name"),
    "an encrypted member": (encrypted, "encrypted"),
    "no array": (lambda path: one_member(path, "x.npy", b"nonsense"), "magic string"),
    "no archive": (lambda path: path.write_bytes(b"PK\x03\x04nonsense"), "damaged archive"),
    "nothing": (lambda path: path.touch(), "damaged archive"),
    "a flipped bit": (flipped, "damaged archive: Bad CRC"),
    "characters that there are not": (no_characters, "characters that Unicode does not have"),
    "a header that Python cannot parse": (header_of_no_python, "Cannot parse header|damaged archive"),
    "a pipe": (link_to_a_pipe, "not a file but a pipe"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_refused_in_one_line_before_it_is_unpacked(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MULTICNN_LIMITS", "unpacked_bytes=1e6")
    make, reason = REFUSED[name]
    make(tmp_path / "x.npz")
    tracemalloc.start()
    with pytest.raises((ValueError, OSError), match=reason) as error:
        archives.read_npz(tmp_path / "x.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**21 and "\n" not in str(error.value)
    assert not (tmp_path / "trap").exists()
