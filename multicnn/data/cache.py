"""Cache decoded examples that do not fit into memory in a folder that all runs share.

An entry is named by the hash of everything that decides its bytes: the contents of the examples, the preprocessing and the
versions of the decoders. So a changed file or setting asks for another entry. An entry gets its name when it is complete; of two
runs that make the same one at the same time, the first to finish names it and the other one uses it. The least recently used
entries are deleted where the folder would grow past its limit; a run that still reads one keeps its mapped pages.
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

from multicnn.version import __version__

LIMIT = 100 * 2**30  # bytes of all entries
_DECODERS = ("pillow", "simplejpeg", "soundfile", "soxr", "tensorflow")
_ENTRY = "[0-9a-f]" * 32  # never delete files with other names
_UNFINISHED = ".multicnn-part-"  # prefix of entries that are not complete yet
_ABANDONED = 7 * 24 * 3600  # seconds after which an unfinished entry is deleted


def home() -> Path:
    """Return the folder of the entries: MULTICNN_CACHE, or ~/.cache/multicnn."""
    return Path(os.environ.get("MULTICNN_CACHE") or "~/.cache/multicnn").expanduser()


def key(made_by: object, hashes: Sequence[str]) -> str:
    """Return the name of an entry.

    Args:
        made_by: The preprocessing; its `repr` must contain every setting.
        hashes: The content hashes of the examples, in their order.
    """
    versions = [__version__, *(version(name) for name in _DECODERS)]
    decided_by = [versions, repr(made_by), list(hashes)]
    return hashlib.blake2b(json.dumps(decided_by).encode(), digest_size=16).hexdigest()


def lookup(name: str) -> Path | None:
    """Return the entry of this name and mark it as used now; None if there is none."""
    entry = home() / name
    try:
        os.utime(entry)
    except OSError:
        return None
    return entry


def remove(entry: Path) -> None:
    """Delete an entry, or whatever else has its name."""
    if entry.is_symlink() or not entry.is_dir():
        with suppress(OSError):
            entry.unlink()
    shutil.rmtree(entry, ignore_errors=True)


@contextmanager
def new(size: int) -> Iterator[Path]:
    """Yield a temporary folder to write an entry to before `commit` names it.

    Without `commit` it is deleted at the end; a file of it that is still mapped exists as long as its mapping.

    Args:
        size: Size of the entry in bytes; other entries are deleted until it fits under `LIMIT`.

    Raises:
        ValueError: The disk has no room for it, or the folder cannot be written.
    """
    folder = None
    try:
        home().mkdir(parents=True, exist_ok=True)
        _make_room(size)
        free = shutil.disk_usage(home()).free
        if size > free:  # writing to a memory map on a full disk kills the process
            raise OSError(errno.ENOSPC, f"{free / 1e9:.1f} GB are free there")
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=home()))
        yield folder
    except OSError as error:
        raise ValueError(
            f"{size / 1e9:.1f} GB of examples, too many for memory, need a folder with room for them: {error.strerror}. "
            f"Received: MULTICNN_CACHE={str(home())!r}"
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def commit(folder: Path, name: str) -> None:
    """Give a complete entry its name; if another run was faster, its entry stays."""
    with suppress(OSError):  # a folder that is not empty is never replaced
        folder.rename(home() / name)


def _make_room(size: int) -> None:
    """Delete abandoned entries, and the least recently used ones until another of `size` bytes fits."""
    for folder in home().glob(f"{_UNFINISHED}*"):
        with suppress(OSError):  # here and below: another run may delete it at the same time
            if folder.stat().st_mtime < time.time() - _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
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
