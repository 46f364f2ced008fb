"""The files that an input of `predict` names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from multicnn.data.sources.files import walk

_Input = TypeVar("_Input")


def files_in(folder: str | os.PathLike) -> list[str]:
    """Return the files below a folder, sorted, as paths that begin with it; hidden and system files are left out.

    Raises:
        ValueError: There are none.
    """
    files = [os.path.join(folder, *parts) for parts in sorted(walk(Path(folder)))]
    if not files:
        raise ValueError(
            f"`inputs` must name files, or folders that hold some. Received: inputs={str(folder)!r} (empty)"
        )
    return files


def with_files_of_folders(inputs: Iterable[_Input], strings_are_texts: bool) -> Iterator[_Input | Path]:
    """Yield inputs, and in place of the path of a folder those of the files below it.

    Raises:
        ValueError: A folder holds no files.
    """
    for each in inputs:
        if isinstance(each, os.PathLike if strings_are_texts else (str, os.PathLike)) and os.path.isdir(each):
            yield from map(Path, files_in(each))
        else:
            yield each
