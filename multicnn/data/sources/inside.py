"""The files of a table lie in its folder: a table from elsewhere names no others of this machine, and no link leads to them."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path

REASON = "outside the folder of the table (data.allow_outside=true reads it)"


def are_inside(root: Path, names: Sequence[str]) -> list[bool]:
    """Return for each name whether its file is in a folder or below it, with all links followed.

    Args:
        root: The folder.
        names: Paths relative to it, or absolute ones.
    """
    real_root = os.path.realpath(root)

    @functools.cache  # most files are in few folders, and a folder of a million files is asked for once
    def real_folder(folder: str) -> str:
        return os.path.realpath(folder)

    def is_inside(name: str) -> bool:
        try:
            path = os.path.join(root, name)
            if os.path.islink(path) or os.path.basename(path) in ("", ".", ".."):
                real = os.path.realpath(path)
            else:
                real = os.path.join(real_folder(os.path.dirname(path)), os.path.basename(path))
            return os.path.commonpath([real_root, real]) == real_root
        except ValueError:  # a NUL character, or another drive
            return False

    return [is_inside(name) for name in names]
