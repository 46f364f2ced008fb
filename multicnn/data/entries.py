"""The record of an entry of the cache: which rows its examples are, and the checksums by which damage is found.

Whoever may write to the cache can still replace a whole entry with its record: keep the folder of MULTICNN_CACHE to people whom
you trust.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from multicnn.utils import regular_files
from multicnn.utils.files import parse_json

EXAMPLES, ROWS = "examples", "rows.json"  # files of an entry
_BLOCK = 1 << 24  # bytes that are read at a time


@dataclass(frozen=True)
class Rows:
    """Results of the rows that an entry was made of.

    Attributes:
        stored: Indices of the rows whose examples are stored, in their order.
        reasons: The reason why there is no example of each of the others, by its index.
        marks: The mark of each stored example.
    """

    stored: list[int]
    reasons: dict[int, str]
    marks: list[int]


def write(folder: Path, name: str, rows: Rows) -> None:
    """Write the record of an entry whose examples are in its folder.

    Args:
        folder: The folder of the entry, under whatever name.
        name: The name that the entry will have: in the place of another it is refused.
        rows: The rows.
    """
    text = json.dumps({"entry": name, "crc32": _checksum(folder / EXAMPLES), **asdict(rows)}).encode()
    (folder / ROWS).write_bytes(b"%08x\n" % zlib.crc32(text) + text)


def read(folder: Path, name: str, count: int, size: int) -> Rows:
    """Return the rows of an entry, whose record and examples are those that were written.

    Args:
        folder: The folder of the entry.
        name: Its name.
        count: The number of rows that it was made of.
        size: The size of its examples in bytes.

    Raises:
        ValueError: The entry is damaged, or it is another one.
        OSError: It cannot be read.
    """
    checksum, _, text = regular_files.read_bytes(folder / ROWS).partition(b"\n")
    if checksum != b"%08x" % zlib.crc32(text):
        raise ValueError("the record of the entry is damaged")
    record = parse_json(text)
    rows = Rows(record["stored"], {int(i): reason for i, reason in record["reasons"].items()}, record["marks"])
    if record["entry"] != name or sorted([*rows.stored, *rows.reasons]) != list(range(count)):
        raise ValueError("the entry is another one")
    examples = folder / EXAMPLES
    if regular_files.check(examples).st_size != size or _checksum(examples) != record["crc32"]:
        raise ValueError("the examples of the entry are damaged")
    return rows


def _checksum(path: Path) -> int:
    """Return the CRC-32 of a file: as fast as the disk, and faster than any digest."""
    crc = 0
    with regular_files.opened(path) as file:
        while block := file.read(_BLOCK):
            crc = zlib.crc32(block, crc)
    return crc
