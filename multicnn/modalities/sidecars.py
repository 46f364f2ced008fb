"""Files that lie beside images and sounds and say something about them, and are no examples themselves."""

from __future__ import annotations

import os
from collections.abc import Sequence

from multicnn.modalities.content import INLINE, kind_by_name
from multicnn.modalities.finding import Finding, listed

_ANY = (".json", ".xml", ".csv", ".ini", ".db")
# Kinds of files that programs and cameras leave beside the examples of a modality.
_SUFFIXES = {
    "image": {*_ANY, ".xmp", ".aae", ".thm", ".mov", ".mp4", ".lrv", ".pp3", ".dop", ".on1", ".pto"},
    "audio": {*_ANY, ".lab", ".textgrid", ".eaf", ".asd", ".pkf", ".reapeaks", ".cue", ".log"},
}
_PREVIEWS = {".thm"}  # thumbnails of films: JPEG, and no photos
Path = tuple[str, ...]


def are_sidecars(paths: Sequence[Path], kinds: Sequence[str], modality: str) -> list[bool]:
    """Return for each of the files of a data set whether it is a sidecar of its examples.

    A sidecar has neither the content nor the suffix of the modality, and a suffix that programs use for such files, or it
    is a companion.

    Args:
        paths: The path of each file, as its components.
        kinds: What each is by its content: "image", "audio", "text" or "".
        modality: The modality of the examples; others than images and sounds have no sidecars.
    """
    own = _are_own(paths, kinds, modality)
    if not any(own) or all(own):
        return [False] * len(own)
    known = [_suffix(path) in _SUFFIXES[modality] for path in paths]
    companions = are_companions(paths, kinds, modality)
    return [not mine and (named or beside) for mine, named, beside in zip(own, known, companions, strict=True)]


def are_companions(paths: Sequence[Path], kinds: Sequence[str], modality: str) -> list[bool]:
    """Return for each file whether it has the name of an example beside it, as `a.txt` and `a.jpg.txt` beside `a.jpg`.

    Arguments are those of `are_sidecars`; images and sounds are companions of nothing.
    """
    if not {"", INLINE} & {*kinds}:
        return [False] * len(paths)
    own = _are_own(paths, kinds, modality)
    names = {name for path, mine in zip(paths, own, strict=True) if mine for name in (_stem(path), _folded(path))}
    return [
        not mine and kind in ("", INLINE) and _stem(path) in names
        for path, kind, mine in zip(paths, kinds, own, strict=True)
    ]


def about_sidecars(paths: Sequence[Path], modality: str, lost: Sequence[str]) -> list[Finding]:
    """Return the remark on the sidecars of a data set; none where there are none.

    Args:
        paths: Their paths.
        modality: The modality of the examples.
        lost: The names of the classes of which there are only sidecars.
    """
    if not paths:
        return []
    suffixes = listed((_suffix(path) or "no suffix" for path in paths), 4)
    what = {"image": "no images", "audio": "no audio"}.get(modality, f"no {modality}")
    message = f"{len(paths):,} files are {what} and are left out: {suffixes}"
    if lost:
        folders = ", ".join(map(repr, lost[:4])) + (", ..." if len(lost) > 4 else "")
        message += f"; there is nothing else of {folders}, which is no class"
    return [Finding("sidecar files", message, bool(lost))]


def _are_own(paths: Sequence[Path], kinds: Sequence[str], modality: str) -> list[bool]:
    """Return for each file whether it is of the modality, by its content or its suffix."""
    if modality not in _SUFFIXES:
        return [False] * len(paths)
    return [
        _suffix(path) not in _PREVIEWS and (kind == modality or kind_by_name(path[-1]) == modality)
        for path, kind in zip(paths, kinds, strict=True)
    ]


def _suffix(path: Path) -> str:
    return os.path.splitext(path[-1])[1].lower()


def _folded(path: Path) -> Path:
    return (*path[:-1], path[-1].casefold())


def _stem(path: Path) -> Path:
    return (*path[:-1], os.path.splitext(path[-1].casefold())[0])
