"""From files, and what their folders, names or table say of them, to a manifest."""

from __future__ import annotations

import os
from pathlib import Path

from multicnn.data.manifest import Manifest
from multicnn.data.sources.files import Content, commonest_kind
from multicnn.data.sources.naming import Named, split_named

_ARTICLE = {"image": "an image", "audio": "audio", "text": "text"}


def modality_of(root: Path, contents: list[Content]) -> str:
    """Returns the modality of most of the files."""
    modality = commonest_kind(contents)
    if not modality:
        raise ValueError(f"path must hold images, recordings or texts. Received: path={str(root)!r}")
    return modality


def manifest_of_files(
    modality: str, root: Path, names: list[str], said: list[Named | str], contents: list[Content]
) -> Manifest:
    """Makes a manifest of the files `root / name`.

    Args:
        modality: what the files are; a file of another kind is a bad row.
        root: the folder that the names start from, absolute.
        names: one per file; becomes its id.
        said: for each file its label, group and split, or the reason why it has none.
        contents: what reading each file gave.
    """
    named = [each if isinstance(each, Named) else Named("", "", "") for each in said]
    reasons = list(map(_reason, [modality] * len(said), names, said, contents))
    sources = [_printable(os.path.join(root, name)) for name in names]
    if modality == "text":
        for i, reason in enumerate(reasons):
            if not reason:
                sources[i], reasons[i] = _read_text(root / names[i])
    return Manifest.of(
        modality,
        ids=_unique([_printable(name) for name in names]),
        sources=sources,
        labels=[each.label.strip() for each in named],
        splits=[split_named(each.split) or "" for each in named],
        groups=[each.group for each in named],
        hashes=[content.hash for content in contents],
        reasons=reasons,
    )


def _reason(modality: str, name: str, said: Named | str, content: Content) -> str:
    if content.reason:
        return content.reason
    if isinstance(said, str):
        return said
    if content.kind not in ("", modality):
        return f"not {_ARTICLE[modality]}: looks like {_ARTICLE[content.kind]}"
    if split_named(said.split) is None:
        return f"unknown split {said.split!r}"
    return "" if name == _printable(name) else "file name is not UTF-8"


def _printable(name: str) -> str:
    """Returns a name that can be written as UTF-8; bytes that could not become U+FFFD."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read_text(path: Path) -> tuple[str, str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return str(path), "not UTF-8"
    except OSError as error:  # it has vanished since
        return str(path), f"unreadable: {error.strerror}"
    return (text, "") if text.strip() else (str(path), "empty text")


def _unique(ids: list[str]) -> list[str]:
    """A table may list a file twice, or two names may differ only in bytes that cannot be written."""
    if len(set(ids)) == len(ids):
        return ids
    seen: dict[str, int] = {}
    unique = []
    for name in ids:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return unique
