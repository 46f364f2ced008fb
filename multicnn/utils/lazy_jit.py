"""Compile loops over arrays with numba, once they are called often enough to be worth the wait."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cached_property


class LazyJit:
    """A function of arrays that is compiled when it is needed often.

    Importing numba and compiling take 1 to 1.6 s, and 0.5 s where another process has compiled the same function before.

    Args:
        function: A function of a module, in the subset of Python that numba compiles.
        few: Number of calls of `get` that return None, for which the caller does without.
    """

    def __init__(self, function: Callable, few: int):
        self._function, self._few = function, few
        self._asked = itertools.count()

    def get(self) -> Callable | None:
        """Return the compiled function, which releases the interpreter lock, or None the first times."""
        return None if next(self._asked) < self._few else self._compiled

    @cached_property
    def _compiled(self) -> Callable:
        from numba import njit

        try:
            return njit(nogil=True, cache=True)(self._function)
        except RuntimeError:  # there is no folder for the cache
            return njit(nogil=True)(self._function)
