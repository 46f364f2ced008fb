"""Open zip archives, and NumPy's .npz, that somebody else may have made: what they unpack to is known before it is unpacked."""

from __future__ import annotations

import math
import os
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import numpy as np

from multicnn.utils import limits, regular_files

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # NumPy and Keras write no others
_ENCRYPTED = 1  # bit of a member's flags
_MOST_MEMBERS = 100_000
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, KeyError, IndexError),
    *(tokenize.TokenError, SyntaxError),  # NumPy parses the header of an array as Python
)
_SHOWN = 100  # characters of a message, which may repeat what is in the file
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class ArchiveError(ValueError):
    """An archive that is damaged, or that holds what it must not; the message is a short reason."""


@contextmanager
def opened(path: str | os.PathLike) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive whose members have been checked: names, methods and unpacked sizes, not yet their contents.

    Raises:
        ArchiveError: It is none, or it is damaged (in the block too), or has members that are not read.
        ValueError: It is over the limits.
        OSError: It cannot be read, or is no regular file.
    """
    try:
        with regular_files.opened(path) as file, zipfile.ZipFile(file) as archive:
            _check(archive, os.fstat(file.fileno()).st_size)
            yield archive
    except _DAMAGE as error:
        raise ArchiveError(f"damaged archive: {(str(error) or type(error).__name__)[:_SHOWN]}") from error


def read_npz(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by name; each header is compared with its member before anything is allocated.

    Raises:
        ValueError: It is none, damaged, over the limits, or holds pickled objects; the message is a short reason.
        OSError: It cannot be read, or is no regular file.
    """
    with opened(path) as archive:
        return {info.filename.removesuffix(".npy"): _array(archive, info) for info in archive.infolist()}


def _check(archive: zipfile.ZipFile, packed: int) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(members) > _MOST_MEMBERS or len(set(names)) < len(names):
        raise ArchiveError(f"an archive of {len(names):,} members, {len(set(names)):,} of them of another name")
    for member in members:
        if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
            kind = "encrypted" if member.flag_bits & _ENCRYPTED else f"packed by method {member.compress_type}"
            raise ArchiveError(f"{member.filename!r} is {kind}: only stored and deflated members are read")
    limits.check_unpacked(sum(member.file_size for member in members), packed, "the archive")


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as member:
        _check_header(member, info)
    with archive.open(info) as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
    if array.dtype.kind == "U":
        codes = np.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(-1).view(np.uint32)
        # Python would make strings of others that no library can encode.
        if codes.max(initial=0) > sys.maxunicode:
            raise ValueError(f"{info.filename!r} holds characters that Unicode does not have")
    return array


def _check_header(member: IO[bytes], info: zipfile.ZipInfo) -> None:
    version = np.lib.format.read_magic(member)
    if version not in _HEADERS:
        raise ArchiveError(f"{info.filename!r} is an array of version {version}")
    shape, _, dtype = _HEADERS[version](member)
    if dtype.hasobject:
        raise ArchiveError(f"{info.filename!r} holds pickled Python objects, which are not read: they can run code")
    if member.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
        raise ArchiveError(f"{info.filename!r} declares the shape {shape} in {info.file_size:,} bytes")
