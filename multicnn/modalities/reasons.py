"""The reason of a bad example, in words, from the exception that reading it raised."""

from __future__ import annotations

BAD = (ValueError, MemoryError)  # what reading one example may raise while the others can still be read


def reason(error: Exception) -> str:
    """Return the reason why an example is bad, of one of the exceptions `BAD`."""
    if isinstance(error, MemoryError):
        return "there is not enough memory to read it"
    return str(error) or "cannot be decoded"
