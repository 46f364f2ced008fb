"""Numbers of things in words."""

from __future__ import annotations


def counted(n: int, one: str, many: str | None = None) -> str:
    """Return a number of things, such as "1 step" and "2,000 steps".

    Args:
        n: The number.
        one: The name of one of them.
        many: The name of any other number of them; by default with an s.
    """
    return f"{n:,} {one if n == 1 else many or f'{one}s'}"
