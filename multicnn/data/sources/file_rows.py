"""Make a manifest of files and of the labels, groups and splits in their folders, names or table."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from multicnn.data.manifest import Manifest
from multicnn.data.sources.files import Content, commonest_kind
from multicnn.data.sources.naming import Named, composed
from multicnn.data.sources.split_names import splits_named
from multicnn.modalities import formats, lookup
from multicnn.modalities.content import mismatch
from multicnn.modalities.finding import listed
from multicnn.utils import regular_files


def modality_of(root: Path, contents: list[Content]) -> str:
    """Return the modality of most of the files."""
    modality = commonest_kind(contents)
    if not modality:
        reason = next((f"the first of {len(contents):,}: {each.reason}" for each in contents if each.reason), "")
        names = [each.format for each in contents if each.format]
        there = f"{listed(names, 3)}{formats.remedies(set(names))}" if names else ""
        named = ", ".join(filter(None, (reason, there)))
        raise ValueError(
            f"path must hold images, audio or texts. Received: path={str(root)!r}{f' ({named})' if named else ''}"
        )
    return modality


def manifest_of_files(
    modality: str, root: Path, names: list[str], parsed: list[Named | str], contents: list[Content]
) -> Manifest:
    """Make a manifest of the files `root / name`.

    Args:
        modality: The modality of the files; a file of another kind is a bad row.
        root: The absolute path of the folder that the names are relative to.
        names: The name of each file, which becomes its id.
        parsed: The label, group and split of each file, or the reason why it has none.
        contents: The hash and kind of each file.
    """
    named = [each if isinstance(each, Named) else Named("", "", "") for each in parsed]
    splits = splits_named({each.split for each in named})
    reasons = [
        _reason(modality, name, each, content)
        or ("" if splits[own.split] is not None else f"unknown split {own.split!r}")
        for name, each, own, content in zip(names, parsed, named, contents, strict=True)
    ]
    sources = [_printable(os.path.join(root, name)) for name in names]
    if lookup(modality).inline:
        for i, reason in enumerate(reasons):
            if not reason:
                sources[i], reasons[i] = _read_text(root / names[i])
    return Manifest.of(
        modality,
        ids=_unique([composed(_printable(name)) for name in names]),
        sources=sources,
        labels=[each.label.strip() for each in named],
        splits=[splits[each.split] or "" for each in named],
        groups=[composed(each.group) for each in named],
        hashes=[content.hash for content in contents],
        reasons=reasons,
    )


def _reason(modality: str, name: str, parsed: Named | str, content: Content) -> str:
    if content.reason:
        return content.reason
    if isinstance(parsed, str):
        return parsed
    if wrong := mismatch(content.kind, modality):
        return wrong
    return "" if name == _printable(name) else "file name is not UTF-8"


def _printable(name: str) -> str:
    """Return a name that can be written as UTF-8, with U+FFFD for bytes that cannot."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read_text(path: Path) -> tuple[str, str]:
    try:
        text = regular_files.read_bytes(path, "text_bytes").decode("utf-8-sig")
    except UnicodeDecodeError:
        return str(path), "not UTF-8"
    except ValueError as error:
        return str(path), str(error)
    except OSError as error:  # it has vanished since
        return str(path), f"unreadable: {error.strerror}"
    return (text, "") if text.strip() else (str(path), "empty text")


def _unique(ids: list[str]) -> list[str]:
    """Number repeated ids: a table may list a file twice, or names may differ only in bytes that are not UTF-8."""
    if len(set(ids)) == len(ids):
        return ids
    counts: Counter[str] = Counter()
    unique = []
    for name in ids:
        counts[name] += 1
        unique.append(name if counts[name] == 1 else f"{name}#{counts[name]}")
    return unique
