"""File operations that fail, or in which the process dies, at a chosen call."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from unittest import mock

_REAL_OPEN = builtins.open
_COUNTED = ("replace", "rename", "fsync", "unlink", "rmdir", "mkdir", "posix_fallocate")


class Killed(BaseException):
    """Raised when the simulated process dies; file operations after it have no effect."""


class FileOperations:
    """Context manager that counts file operations and kills the process in the middle of number `at`.

    A dead process changes no file any more, whatever its clean-up code does. With an `error` number, operations fail
    with that error instead, from number `at` on. A write that fails has written half of its bytes. On a full disk files can
    be deleted.

    Args:
        at: The operation that fails; None counts only.
        error: Number of the error; None kills the process.
        once: Only operation `at` fails with the error; the disk then has room again.
        under: Files elsewhere are left alone, and their operations are not counted.
    """

    def __init__(
        self, at: int | None = None, error: int | None = None, *, once: bool = False, under: Path | None = None
    ):
        self.at, self.error, self.once, self.under = at, error, once, under
        self.done, self.dead, self.failed = 0, False, False

    def __enter__(self) -> Self:
        self._patches = [mock.patch.object(os, name, self._counted(getattr(os, name))) for name in _COUNTED]
        self._patches += [mock.patch.object(module, "open", self._open) for module in (builtins, io)]
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        for patch in self._patches:
            patch.stop()
        return kind is Killed

    def happen(self, deletes: bool = False) -> None:
        """Count an operation; raise Killed or OSError where it is to fail."""
        if self.dead:
            raise Killed
        self.done += 1
        if self.at is not None and (self.done == self.at or (self.done > self.at and not self.once)):
            self.failed = True
            if deletes and self.error == errno.ENOSPC:
                return
            if self.error is not None:
                raise OSError(self.error, os.strerror(self.error))
            self.dead = True
            raise Killed

    def _is_counted(self, path: Any) -> bool:
        """Return whether operations on a path are counted; those on an open file (a descriptor) always are."""
        if self.under is None or isinstance(path, int):
            return True
        return Path(os.path.abspath(os.fsdecode(path))).is_relative_to(self.under)

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(path: Any, *args: Any, **kwargs: Any) -> Any:
            # shutil names what it removes from inside its folder; to make a folder that is there cannot fail otherwise.
            is_there = real.__name__ == "mkdir" and os.path.isdir(path)
            if not is_there and ("dir_fd" in kwargs or self._is_counted(path)):
                self.happen(deletes=real.__name__ in ("unlink", "rmdir"))
            return real(path, *args, **kwargs)

        return counted

    def _open(self, path: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
        if isinstance(path, int) or not set(mode) & set("wax+") or not self._is_counted(path):
            return _REAL_OPEN(path, mode, buffering, *args, **kwargs)
        raw = _Raw(path, mode.replace("b", "").replace("t", ""), self, kwargs.get("opener"))
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        return io.TextIOWrapper(buffered, kwargs.get("encoding"), newline=kwargs.get("newline"))


class _Raw(io.FileIO):
    def __init__(self, path: Any, mode: str, operations: FileOperations, opener: Any = None):
        operations.happen()
        super().__init__(path, mode, opener=opener)
        self.operations = operations
        self._error: OSError | None = None

    def write(self, data: Any) -> int | None:
        was_dead = self.operations.dead
        try:
            self.operations.happen()
        except Killed:
            if not was_dead:
                super().write(bytes(data)[: len(data) // 2])
            raise
        except OSError as error:
            # As the system does it: it has written less, and the next write fails.
            if self._error is not None or len(data) < 2:
                raise
            self._error = error
            return super().write(bytes(data)[: len(data) // 2])
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return super().write(data)
