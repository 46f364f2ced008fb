"""Search names for a regular expression in bounded time.

Python's `re` may take years to find that a name does not match `(a+)+$`. The package `regex` reads the same expressions and can be
told when to stop.
"""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterable, Iterator

import regex

from multicnn.utils import limits

_LONGEST = 4096  # characters of a pattern, and of a name: no system has longer ones
_MOST = 10_000  # copies of anything: `regex` writes a{1000} out, and what is repeated in it again and again
_EACH = 1e-4  # seconds that each name adds: many times what a usual pattern needs
_SHOWN = 200  # characters of a pattern in a message
_PARSER = importlib.import_module("re._parser")  # CPython 3.11: that of `re`, of which `compile` alone is public


class NameSearch:
    """A regular expression that is searched in many names, in `pattern_seconds` of the processor's time in all.

    Each name adds a ten-thousandth of a second, so that the number of the names does not matter.

    Args:
        pattern: An expression of Python's `re`.

    Raises:
        ValueError: It is none, or too long.
    """

    def __init__(self, pattern: str):
        self._shown = f"pattern={_shortened(pattern)!r}"
        if len(pattern) > _LONGEST:
            raise ValueError(
                f"pattern must have at most {_LONGEST:,} characters, not {len(pattern):,}. {self._received}"
            )
        try:
            copies = _copies(_PARSER.parse(pattern))  # what only `regex` understands stays an error
            if copies > _MOST:
                raise ValueError(
                    f"pattern must not repeat things {copies:,} times ({_MOST:,} at most). {self._received}"
                )
            self._regex = regex.compile(pattern)
        except (re.error, regex.error) as error:
            raise ValueError(f"pattern must be a regular expression ({error}). {self._received}") from None
        except RecursionError:
            raise ValueError(f"pattern must not be nested so deeply. {self._received}") from None
        self.groups = frozenset(self._regex.groupindex)
        self._seconds = limits.current().pattern_seconds
        self._left = float(self._seconds)

    @property
    def _received(self) -> str:
        return f"Received: {self._shown}"

    def search(self, name: str) -> dict[str, str | None] | None:
        """Return the named groups of the first match in a name, None for those that take no part; None without a match.

        Raises:
            ValueError: All names together have taken longer than the limit.
        """
        if len(name) > _LONGEST:
            return None
        start = time.thread_time()
        try:
            match = self._regex.search(name, timeout=max(self._left, _EACH))
        except TimeoutError:
            raise self._too_slow(name) from None
        self._left += _EACH - (time.thread_time() - start)
        if self._left <= 0:
            raise self._too_slow(name)
        return None if match is None else match.groupdict()

    def _too_slow(self, name: str) -> ValueError:
        more = f"MULTICNN_LIMITS=pattern_seconds={10 * self._seconds} allows more"
        return ValueError(
            f"pattern must be found or not in {self._seconds:,} s, and is still searched in {_shortened(name)!r} ({more}). "
            f"{self._received}"
        )


def _copies(parsed: Iterable[tuple[object, object]]) -> int:
    """Return the number of items of a parsed expression, those that are repeated as often as they must be."""
    copies = 0
    for operation, operand in parsed:
        inside = sum(map(_copies, _expressions(operand)))
        times = operand[0] if str(operation).endswith("_REPEAT") and isinstance(operand, tuple) else 1
        copies += max(inside, 1) * max(times, 1)
    return copies


def _expressions(operand: object) -> Iterator[Iterable[tuple[object, object]]]:
    """Yield the parsed expressions inside an operand."""
    if isinstance(operand, _PARSER.SubPattern):
        yield operand
    elif isinstance(operand, (tuple, list)):
        for each in operand:
            yield from _expressions(each)


def _shortened(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]} ..."
