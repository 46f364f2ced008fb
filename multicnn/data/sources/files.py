"""Reads files once: the hash of the content, and what kind of content it is, by its first bytes."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from multicnn.modalities import content

_LONG = 1e-4  # seconds a file from which threads are worth their while
_FEWEST, _MOST = 8, 256  # files read between two looks at the time that they take
_TASK = 3e-3  # seconds for which a thread reads at a time

_EXTENSIONS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif"), "image"),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf"), "audio"),
    ".txt": "text",
}
_CLUTTER = {"thumbs.db", "desktop.ini", "icon\r"}
_ABOUT = {"readme", "license", "licence", "copying", "attribution"}


class Content(NamedTuple):
    """What reading one file gave: `hash` ("" if unread), `kind` ("image", "audio", "text" or "") and why it is bad."""

    hash: str
    kind: str
    reason: str


def kind_by_name(path: Path | str) -> str:
    """Returns the kind that the extension promises, or ""; used only where the content says nothing."""
    return _EXTENSIONS.get(os.path.splitext(path)[1].lower(), "")


def read(path: Path | str) -> Content:
    """Hashes one file and tells what kind it is, by its first bytes."""
    try:
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a pipe, say, would be waited for
            return Content("", "", "not a file")
        head, digest = b"", hashlib.blake2b(digest_size=16)
        for block in content.blocks(path):
            digest.update(block)
            head = head or block
    except FileNotFoundError:
        return Content("", "", "missing file")
    except OSError as error:
        return Content("", "", f"unreadable: {error.strerror}")
    except ValueError:  # a name of a table
        return Content("", "", "file name holds a NUL character")
    if not head:
        return Content(digest.hexdigest(), kind_by_name(path), "empty file")
    return Content(digest.hexdigest(), content.recognise(head[:512])[0] or kind_by_name(path), "")


def read_all(paths: Sequence[Path | str]) -> list[Content]:
    """Reads many files, in threads unless each takes but a moment; the answers are in the order of the paths.

    Small files that a disk need not be waited for are read by one thread in half of the time that several take, which would
    spend it on handing each other the interpreter.
    """
    found: list[Content] = []
    long = False
    while len(found) < len(paths) and not long:
        part = paths[len(found) : len(found) + min(max(len(found), _FEWEST), _MOST)]
        begun = time.perf_counter()
        found += map(read, part)
        seconds = (time.perf_counter() - begun) / len(part)
        long = seconds > _LONG
    task = max(round(_TASK / seconds), 1) if long else 1
    rest = range(len(found), len(paths), task)
    with ThreadPoolExecutor(min(8, 2 * (os.cpu_count() or 1))) as pool:
        parts = pool.map(lambda begin: list(map(read, paths[begin : begin + task])), rest)
        return found + [each for part in parts for each in part]


def commonest_kind(contents: Sequence[Content]) -> str:
    """Returns the kind of most of the files, or "" if none of them is known."""
    votes = Counter(each.kind for each in contents if each.kind)
    return votes.most_common(1)[0][0] if votes else ""


def is_clutter(name: str) -> bool:
    """Whether a file of this name is clearly not data: hidden, a thumbnail cache, a readme, a licence."""
    name = name.lower()
    if name.startswith(".") or name in _CLUTTER:
        return True
    stem, _, extension = name.partition(".")
    return stem in _ABOUT and extension in {"", "txt", "md", "rst", "html", "pdf"}


def walk(root: Path) -> Iterator[tuple[str, ...]]:
    """Yields the parts of the path below `root` of every file but clutter, sorted, following links once.

    A folder that cannot be opened is yielded itself.
    """
    seen: set[str] = set()
    closed: list[OSError] = []
    for folder, folders, names in os.walk(root, followlinks=True, onerror=closed.append):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        inside = Path(folder).relative_to(root).parts
        for name in sorted(names):
            if not is_clutter(name):
                yield (*inside, name)
    yield from (Path(error.filename).relative_to(root).parts for error in closed)
