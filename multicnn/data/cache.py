"""Examples that are too many for memory, in files of a folder that all runs share.

An entry is named by the hash of all that decides its bytes: the contents of the examples, the preprocessing, the libraries that
decode. So a changed file or setting asks for another entry. An entry gets its name when it is whole; of two runs that make the
same one at a time, the first to end gives it the name and the other one uses it. What was used longest ago is deleted where the
folder would grow past its limit; a run that still reads it keeps the pages it has.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from multicnn.version import __version__

LIMIT = 100 * 2**30  # bytes of all entries
_DECODERS = ("pillow", "simplejpeg", "soundfile", "soxr", "tensorflow")
_ENTRY = "[0-9a-f]" * 32  # what else is in the folder is not ours
_PART = ".multicnn-part-"  # begins the names of what is not whole yet
_ABANDONED = 7 * 24 * 3600  # seconds after which nobody works on such a thing any more


def home() -> Path:
    """The folder of the entries: MULTICNN_CACHE, or ~/.cache/multicnn."""
    return Path(os.environ.get("MULTICNN_CACHE") or "~/.cache/multicnn").expanduser()


def key(made_by: Any, hashes: Sequence[str]) -> str:
    """The name of an entry.

    Args:
        made_by: The preprocessing; its `repr` must say all of it.
        hashes: Of the contents that the examples are made of, in their order.
    """
    versions = [__version__, *(version(name) for name in _DECODERS)]
    decided_by = [versions, repr(made_by), list(hashes)]
    return hashlib.blake2b(json.dumps(decided_by).encode(), digest_size=16).hexdigest()


def found(name: str) -> Path | None:
    """The entry of this name, if there is one; it counts as used now."""
    entry = home() / name
    try:
        os.utime(entry)
    except OSError:
        return None
    return entry


@contextmanager
def new(size: int) -> Iterator[Path]:
    """A folder to make an entry in, for `keep`. Without that it is deleted at the end; a file of it that is still mapped lives on,
    unseen, as long as its mapping.

    Args:
        size: Bytes that the entry will take; others are deleted until it fits under `LIMIT`.

    Raises:
        ValueError: The disk has no room for it, or the folder cannot be written.
    """
    part = None
    try:
        home().mkdir(parents=True, exist_ok=True)
        _make_room(size)
        free = shutil.disk_usage(home()).free
        if size > free:  # a memory map that passes the end of the disk kills the process
            raise OSError(errno.ENOSPC, f"{free / 1e9:.1f} GB are free there")
        part = Path(tempfile.mkdtemp(prefix=_PART, dir=home()))
        yield part
    except OSError as error:
        raise ValueError(
            f"{size / 1e9:.1f} GB of examples, too many for memory, need a folder with room for them: {error.strerror}. "
            f"Received: MULTICNN_CACHE={str(home())!r}"
        ) from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


def keep(part: Path, name: str) -> None:
    """Gives a whole entry its name; if another run was faster, its entry is the one."""
    with suppress(OSError):  # a folder that is not empty is never replaced
        part.rename(home() / name)


def _make_room(size: int) -> None:
    """Deletes what is abandoned, and the entries used longest ago until another of `size` bytes fits."""
    for part in home().glob(f"{_PART}*"):
        with suppress(OSError):  # here and below: another run may delete it at the same time
            if part.stat().st_mtime < time.time() - _ABANDONED:
                shutil.rmtree(part, ignore_errors=True)
    entries = []
    for entry in home().glob(_ENTRY):
        with suppress(OSError):
            entries.append((entry.stat().st_mtime, sum(file.stat().st_size for file in entry.iterdir()), entry))
    taken = size + sum(bytes_ for _, bytes_, _ in entries)
    for _, bytes_, entry in sorted(entries):
        if taken <= LIMIT:
            break
        shutil.rmtree(entry, ignore_errors=True)
        taken -= bytes_
