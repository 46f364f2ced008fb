"""Hash files and recognise their kind by the first bytes, in one pass."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from multicnn.modalities import content
from multicnn.utils import limits, regular_files
from multicnn.utils.urls import REMEDY, is_url

SLOW = 1e-4  # seconds per file from which threads are faster
_FEWEST, _MOST = 8, 256  # files between two measurements of the time per file
_TASK = 3e-3  # seconds for which a thread reads at a time

# Folders and files that systems, network drives and interpreters leave beside the data; hidden ones begin with a dot.
_SYSTEM = {
    *("$recycle.bin", "recycler", "system volume information", "lost+found"),
    *("__macosx", "__pycache__", "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp"),
    *(
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "icon\r",
        "network trash folder",
        "temporary items",
    ),
}
_STREAMS = (":zone.identifier", "@synoeastream", "@synoresource")  # what a system notes of a file, beside it
_ABOUT = {"readme", "license", "licence", "copying", "attribution"}


class Content(NamedTuple):
    """Hash ("" if unread) and kind ("image", "audio", "text" or "") of a file, and the reason why it is bad, or "".

    `format` is the name of its format where that is of no kind.
    """

    hash: str
    kind: str
    reason: str
    format: str = ""


def read(path: Path | str) -> Content:
    """Hash one file and recognise its kind by its first bytes."""
    try:
        size = regular_files.check(path).st_size
        head, digest = b"", hashlib.blake2b(digest_size=16)
    except FileNotFoundError:
        return Content("", "", REMEDY if is_url(path) else "missing file")
    except regular_files.NotRegularError as error:
        return Content("", "", error.strerror or "not a file")
    except OSError as error:
        return Content("", "", f"unreadable: {error.strerror}")
    except ValueError:  # a name in a table
        return Content("", "", "file name holds a NUL character")
    try:
        limits.check("file_bytes", size, f"large: {size:,} bytes")
        for block in regular_files.blocks(path):
            digest.update(block)
            head = head or block
    except OSError as error:
        return Content("", "", f"unreadable: {error.strerror}")
    except ValueError as error:
        return Content("", "", str(error))
    if not head:
        return Content(digest.hexdigest(), content.kind_by_name(path), "empty file")
    modality, name = content.recognise(head[:512])
    kind = modality or content.kind_by_name(path)
    return Content(digest.hexdigest(), kind, "", "" if kind else name)


def read_all(paths: Sequence[Path | str]) -> list[Content]:
    """Read many files, in threads if they are slow to read; the results are in the order of the paths.

    One thread reads small cached files in half the time of several, which would compete for the interpreter lock.
    """
    contents: list[Content] = []
    slow = False
    while len(contents) < len(paths) and not slow:
        chunk = paths[len(contents) : len(contents) + min(max(len(contents), _FEWEST), _MOST)]
        start = time.perf_counter()
        contents += map(read, chunk)
        seconds = (time.perf_counter() - start) / len(chunk)
        slow = seconds > SLOW
    task = max(round(_TASK / seconds), 1) if slow else 1
    rest = range(len(contents), len(paths), task)
    with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1))) as pool:
        chunks = pool.map(lambda start: list(map(read, paths[start : start + task])), rest)
        return contents + [content for chunk in chunks for content in chunk]


def commonest_kind(contents: Sequence[Content]) -> str:
    """Return the kind of most of the files, or "" if none of them is known."""
    votes = Counter(each.kind for each in contents if each.kind)
    return votes.most_common(1)[0][0] if votes else ""


def is_system(name: str) -> bool:
    """Return True for names of folders and files that are hidden or of the system: a recycle bin, a thumbnail cache."""
    name = name.lower()
    return name.startswith(".") or name in _SYSTEM or name.endswith(_STREAMS)


def is_clutter(name: str) -> bool:
    """Return True for names of files that are clearly not data: hidden, of the system, a readme, a licence."""
    if is_system(name):
        return True
    name = name.lower()
    stem, _, extension = name.partition(".")
    return stem in _ABOUT and extension in {"", "txt", "md", "rst", "html", "pdf"}


def walk(root: Path) -> Iterator[tuple[str, ...]]:
    """Yield the path of every file but clutter as its components below `root`, sorted, following links once.

    A folder that cannot be opened is yielded itself.
    """
    visited: set[str] = set()
    closed: list[OSError] = []
    for folder, folders, names in os.walk(root, followlinks=True, onerror=closed.append):
        real = os.path.realpath(folder)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if not is_system(name))
        inside = Path(folder).relative_to(root).parts
        for name in sorted(names):
            if not is_clutter(name):
                yield (*inside, name)
    yield from (Path(error.filename).relative_to(root).parts for error in closed)
