"""The memory that this process can have, and what is raised where it does not suffice."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of containers: v2, v1


def total_bytes() -> int | None:
    """Return the memory of the machine, or less where a container or `ulimit -v` allows less; None where it is not known."""
    return min(_limits(), default=None)


def is_exhausted(error: Exception) -> bool:
    """Return True for the error of Python, TensorFlow or JAX that the memory does not suffice, without importing either."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "ResourceExhaustedError"
        or (type(error).__name__ in ("JaxRuntimeError", "XlaRuntimeError") and "RESOURCE_EXHAUSTED" in str(error))
    )


def _limits() -> Iterator[int]:
    with suppress(ValueError, OSError, AttributeError):  # Windows has no sysconf
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _CGROUPS:
        with suppress(ValueError, OSError):  # "max"
            yield int(Path(path).read_text(encoding="ascii"))
    if sys.platform != "win32":
        import resource

        if (most := resource.getrlimit(resource.RLIMIT_AS)[0]) != resource.RLIM_INFINITY:
            yield most
