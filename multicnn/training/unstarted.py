"""Runs that end before their first checkpoint: their folder holds nothing of value, and must not block the corrected call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from multicnn.training.checkpoint import FIRST
from multicnn.training.run_folder import BAD_FILES, MANIFEST, NOT_FINITE
from multicnn.utils.files import is_temporary

_LISTS = (BAD_FILES, NOT_FINITE)  # named in error messages, for the user to look into
_RECORDS = (
    *("recipe.json", "labels.txt", "versions.json", "preprocess.json", "start.json", "plan.json", MANIFEST),
    *("history.csv", "health.csv"),
)


@contextlib.contextmanager
def removed(folder: Path) -> Iterator[None]:
    """Remove what a run has written into a new folder, if it fails with nothing but the checkpoint before its first step.

    Lists of examples that the error message names stay. A file that cannot be written or read (OSError) and an interruption
    leave everything: the run can be resumed.
    """
    new = is_free(folder)
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        yield
    except OSError:
        raise
    except Exception:
        if new and all(path.name == FIRST for path in _states(folder)):
            _clear(folder)
            for each in missing:
                with contextlib.suppress(OSError):  # something is in it
                    each.rmdir()
        raise


def _states(folder: Path) -> Iterator[Path]:
    yield from (*folder.rglob("*.npz"), *folder.rglob("*.keras"))


def is_free(folder: Path) -> bool:
    """Return True if a folder can take a new run: it does not exist, or holds nothing but what one that never started left.

    These are the lists of a run that failed, and the temporary files of a killed one.
    """
    if not folder.exists():
        return True
    return folder.is_dir() and all(
        path.is_dir() or path.name in _LISTS or is_temporary(path) for path in folder.rglob("*")
    )


def _clear(folder: Path) -> None:
    """Delete what runs write before their first checkpoint, by its names: nothing else can be theirs."""
    for path in folder.rglob("*"):
        empty = path.name in _LISTS and len(path.read_text(encoding="utf-8").splitlines()) < 2
        if path.is_file() and (path.name in (*_RECORDS, FIRST) or empty):
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            with contextlib.suppress(OSError):
                path.rmdir()
