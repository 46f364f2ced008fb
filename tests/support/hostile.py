"""Files as an attacker would make them: small ones that promise much, and archives that were tampered with."""

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

ZEROS = bytes(1 << 20)


def png(width: int, height: int, data: bytes = bytes(100)) -> bytes:
    """Return a PNG of 8-bit grey that declares a size, whatever its data."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def write_zeros(archive: zipfile.ZipFile, name: str, size: int, start: bytes = b"", end: bytes = b"") -> None:
    """Write a member that unpacks to `size` zeros, between two pieces of other bytes."""
    with archive.open(name, "w", force_zip64=True) as member:
        member.write(start)
        for at in range(0, size, len(ZEROS)):
            member.write(ZEROS[: size - at])
        member.write(end)


def npy_header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    """Return the header of a .npy file."""
    head = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head


def npz_bomb(path: Path, numbers: int) -> Path:
    """Write an .npz file that unpacks to so many zeros of float32."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        write_zeros(archive, "x.npy", 4 * numbers, npy_header((numbers,)))
    return path


def retold(source: Path, path: Path, change: Callable[[dict[str, bytes]], Mapping[str, bytes] | None]) -> Path:
    """Write a zip archive whose members are those of another one, changed by a function."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    changed = change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members if changed is None else changed).items():
            archive.writestr(name, data)
    return path


class Executed:
    """Pickled, it makes a folder of this name when it is read."""

    def __init__(self, folder: Path):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def pickled_npz(path: Path, trap: Path) -> Path:
    """Write an .npz file whose array is a pickle that makes the folder `trap`."""
    np.savez(path, x=np.array([Executed(trap)], dtype=object), y=np.zeros(1))
    return path
