"""Files of word vectors that promise too much, are damaged or run code: one line, and no memory for it."""

import gzip
import os
import pickle
import struct
import tracemalloc

import numpy as np
import pytest
from support import hostile

from multicnn.modalities.text.word_vectors import read, table
from multicnn.modalities.text.word_vectors.fasttext_format import MAGIC


def packed(path, data):
    with gzip.open(path, "wb", compresslevel=9) as file:
        for piece in data:
            file.write(piece)


def cut_gzip(path):
    packed(path, [b"word 1.0 2.0\n" * 10_000])
    path.write_bytes(path.read_bytes()[:-200])


def flipped_gzip(path):
    packed(path, [b"".join(b"w%d 1.0 2.0\n" % i for i in range(10_000))])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def npy(path, shape, descr="<f4", data=b""):
    path.write_bytes(hostile.npy_header(shape, descr) + data)
    path.with_suffix(".txt").write_text("a\n")
    path.rename(path.with_suffix(".npy"))


def facebook(*numbers):
    def write(path):
        path.write_bytes(
            struct.pack("<2i", MAGIC, 12) + struct.pack("<12i", *numbers[:12]) + struct.pack("<d", 0.0) + numbers[12]
        )

    return write


SIZES = struct.pack("<3i", 1, 1, 0) + struct.pack("<2q", 1, -1) + b"a\0" + struct.pack("<qb", 1, 0) + b"\0"
HOSTILE = {
    "a line without an end": (lambda path: packed(path, [b"a" * 2**20] * 3), "begins like none of the formats"),
    "a first line without an end": (
        lambda path: packed(path, [b"word 1.0 2.0\n", *[b"1.0 " * 2**18] * 3]),
        "too large: a line of over",
    ),
    "lines that unpack to gigabytes": (
        lambda path: packed(path, [b"word 1.0 2.0\n" * 10_000]),
        "too large: the file unpacks to 100,.*MULTICNN_LIMITS=unpacked_bytes=",
    ),
    "a cut gzip": (cut_gzip, "it ends too early|ended before"),
    "a damaged gzip": (flipped_gzip, "Error -3|CRC|invalid|is not made of numbers|is the file cut"),
    "a header of many words": (lambda path: path.write_bytes(b"9999999999 300\n" + b"a 1.0"), "cut"),
    "a header of long vectors": (lambda path: path.write_bytes(b"1 999999999999\na \0\0\0\0"), "cut"),
    "a matrix of a terabyte": (lambda path: npy(path, (1, 2**38)), "mmap length is greater|cannot mmap|Cannot allocate"),
    "a matrix of objects": (lambda path: npy(path, (1, 2), "|O", pickle.dumps([1, 2])), "objects"),
    "a matrix of text": (lambda path: npy(path, (1, 2), "<U1", bytes(8)), "a matrix with a row a word is expected, not <U1"),
    "a matrix of records": (lambda path: npy(path, (1,), "V8", bytes(8)), "a matrix with a row a word is expected"),
    "fastText without an end": (facebook(2, *[0] * 11, SIZES[:30]), "cut"),
    "fastText of no matrix": (facebook(2, *[0] * 11, SIZES), "requires a buffer|cut"),
    "fastText of a negative matrix": (facebook(2, *[0] * 11, SIZES + struct.pack("<2q", -1, 2)), "cut"),
    "fastText of a huge matrix": (facebook(2, *[0] * 11, SIZES + struct.pack("<2q", 2**60, 2)), "cut"),
    "a pickle": (lambda path: path.write_bytes(pickle.dumps({"gensim": 1}, 2)), "which runs code when it is read"),
    "a pipe": (os.mkfifo, "not a file but a pipe"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_in_one_line_without_the_memory(name, tmp_path, monkeypatch):
    monkeypatch.setenv("MULTICNN_LIMITS", "unpacked_bytes=1e5")
    make, reason = HOSTILE[name]
    path = tmp_path / "vectors.bin"
    make(path)
    path = path if os.path.lexists(path) else path.with_suffix(".npy")
    tracemalloc.start()
    with pytest.raises(ValueError, match=reason) as error:
        read(path, size=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**25 and "\n" not in str(error.value) and str(error.value).endswith(f"Received: path={str(path)!r}")


@pytest.mark.parametrize("number", ["nan", "inf", "1e99"])
def test_numbers_that_are_not_finite_do_not_start_a_network(number, tmp_path):
    (tmp_path / "v.txt").write_text(f"one 1.0 2.0\ntwo {number} 3.0\n")
    with np.errstate(over="ignore"):
        vectors = read(tmp_path / "v.txt")
        with pytest.raises(ValueError, match=r"must be finite numbers.*'two'"):
            table(vectors, ["one", "two"], seed=0)
    assert np.isfinite(table(vectors, ["one"], seed=0)[0]).all()
