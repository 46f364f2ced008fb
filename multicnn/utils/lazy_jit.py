"""Loops over arrays that numba compiles, once there is so much to do that it is worth the wait."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cached_property


class LazyJit:
    """A function of arrays that is compiled when it is wanted often.

    Importing the compiler and compiling take 1 to 1.6 s, and 0.5 where another process has compiled the same before.

    Args:
        function: Of a module, in the Python that numba knows.
        few: How often something slower shall do instead.
    """

    def __init__(self, function: Callable, few: int):
        self._function, self._few = function, few
        self._asked = itertools.count()

    def get(self) -> Callable | None:
        """The compiled function, which lets other threads run; None the first times."""
        return None if next(self._asked) < self._few else self._compiled

    @cached_property
    def _compiled(self) -> Callable:
        from numba import njit

        try:
            return njit(nogil=True, cache=True)(self._function)
        except RuntimeError:  # there is no folder to keep it in
            return njit(nogil=True)(self._function)
