"""Check where results will be written before the work begins, not after it."""

from __future__ import annotations

import os
from pathlib import Path


def check_file(path: str | os.PathLike[str] | None, name: str = "out") -> None:
    """Raise ValueError unless a file can be written at a path; nothing is made yet.

    Args:
        path: The file, which may exist; its folder is made later if it is missing. None is not looked at.
        name: The argument that names it, for an error.

    Raises:
        ValueError: It is a folder or a device, or it cannot be made there.
    """
    if path is None:
        return
    try:
        file = Path(path)
        if file.exists() and not file.is_file():
            raise ValueError("no folder, pipe or device is one")
        _check_parents(file)
        if file.exists() and not os.access(file, os.W_OK):
            raise ValueError("it must not be read-only")
    except (ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(
            f"`{name}` must be a file that can be written ({reason}). Received: {name}={str(path)!r}"
        ) from None


def check_folder(path: str | os.PathLike[str], name: str = "out") -> Path:
    """Return the path of a folder that is to be made, or written into; nothing is made yet.

    Raises:
        ValueError: It is a file, or cannot be made or written there.
    """
    try:
        folder = Path(path)
        if folder.exists() and not folder.is_dir():
            raise ValueError("no file is one")
        _check_parents(folder / "file")
    except (ValueError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(
            f"`{name}` must be a folder that can be written ({reason}). Received: {name}={str(path)!r}"
        ) from None
    return folder


def _check_parents(path: Path) -> None:
    """Raise ValueError unless a file can be made at a path, with the folders above it that are missing."""
    if "\0" in str(path):
        raise ValueError("no name holds NUL")
    if len(os.fsencode(path.name)) > 255:
        raise ValueError("File name too long")
    nearest = next(each for each in path.absolute().parents if os.path.lexists(each))
    if not nearest.is_dir():
        raise ValueError(f"{nearest} is no folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(f"{nearest} is read-only")
