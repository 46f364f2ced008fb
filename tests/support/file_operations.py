"""File operations that fail, or in which the process dies, at a chosen call."""

import builtins
import io
import os
from unittest import mock

_REAL_OPEN = builtins.open
_COUNTED = ("replace", "fsync", "unlink", "mkdir")


class Killed(BaseException):
    """Raised when the simulated process dies; file operations after it have no effect."""


class FileOperations:
    """Context manager that counts file operations and kills the process in the middle of number `at`.

    A dead process changes no file any more, whatever its clean-up code does. With an `error` number, operations fail
    with that error instead, from number `at` on. A write that fails has written half of its bytes.
    """

    def __init__(self, at=None, error=None):
        self.at, self.error, self.done, self.dead = at, error, 0, False

    def __enter__(self):
        self._patches = [mock.patch.object(os, name, self._counted(getattr(os, name))) for name in _COUNTED]
        self._patches += [mock.patch.object(module, "open", self._open) for module in (builtins, io)]
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(self, kind, *rest):
        for patch in self._patches:
            patch.stop()
        return kind is Killed

    def happen(self):
        if self.dead:
            raise Killed
        self.done += 1
        if self.at is not None and self.done >= self.at:
            if self.error is not None:
                raise OSError(self.error, os.strerror(self.error))
            self.dead = True
            raise Killed

    def _counted(self, real):
        def counted(*args, **kwargs):
            self.happen()
            return real(*args, **kwargs)

        return counted

    def _open(self, path, mode="r", *args, **kwargs):
        if not set(mode) & set("wax+"):
            return _REAL_OPEN(path, mode, *args, **kwargs)
        buffered = io.BufferedWriter(_Raw(path, mode.replace("b", "").replace("t", ""), self))
        return (
            buffered
            if "b" in mode
            else io.TextIOWrapper(buffered, kwargs.get("encoding"), newline=kwargs.get("newline"))
        )


class _Raw(io.FileIO):
    def __init__(self, path, mode, operations):
        operations.happen()
        super().__init__(path, mode)
        self.operations = operations

    def write(self, data):
        was_dead = self.operations.dead
        try:
            self.operations.happen()
        except (Killed, OSError):
            if not was_dead:
                super().write(bytes(data)[: len(data) // 2])
            raise
        return super().write(data)
