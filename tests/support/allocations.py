"""Allocations of our own code that fail: the n-th raises MemoryError."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Self
from unittest import mock

import numpy as np
import soundfile
from PIL import Image

_COUNTED: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (np, ("empty", "zeros", "ones", "full", "array", "asarray", "ascontiguousarray", "frombuffer", "pad", "repeat")),
    (np, ("stack", "concatenate", "mean", "take")),
    (Image.Image, ("load", "convert", "resize")),
    (soundfile.SoundFile, ("read",)),
)


class Allocations:
    """Context manager that counts allocations in modules of multicnn; number `at` raises MemoryError.

    Args:
        at: The allocation that fails; None counts only.
        lasting: All after it fail too.
    """

    def __init__(self, at: int | None = None, *, lasting: bool = False):
        self.at, self.lasting, self.done, self.failed = at, lasting, 0, False

    def __enter__(self) -> Self:
        names = [(owner, name) for owner, names in _COUNTED for name in names]
        self._patches = [mock.patch.object(owner, name, self._counted(getattr(owner, name))) for owner, name in names]
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(self, *exception: object) -> None:
        for patch in self._patches:
            patch.stop()

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if sys._getframe(1).f_globals.get("__name__", "").startswith("multicnn."):
                self.done += 1
                if self.at is not None and (self.done == self.at or (self.lasting and self.done > self.at)):
                    self.failed = True
                    raise MemoryError("Unable to allocate 9.00 GiB for an array")
            return real(*args, **kwargs)

        return counted
