"""Memory for large results that come and go: it takes the system longer to clear new pages than it takes to fill old ones."""

from __future__ import annotations

import threading
import weakref

import numpy as np

_ALIGNED = 64  # bytes; an array that starts elsewhere is copied when it becomes a tensor


class BufferPool:
    """Arrays whose memory is used again once nothing refers to them or to a view of them any more.

    Args:
        most: Bytes of unused memory that are saved for the next arrays, at most.
    """

    def __init__(self, most: int):
        self._most = most
        self._unused: list[np.ndarray] = []
        # The garbage collector may end an array, and so call `_save`, in the midst of `_take`.
        self._lock = threading.RLock()

    def empty(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return a float32 array of a shape, with arbitrary values."""
        size = 4 * int(np.prod(shape))
        memory = self._take(size)
        # All views of what is returned refer to `owner`, which therefore lives as long as any of them.
        owner = np.frombuffer(memory.data[:size], np.float32)
        weakref.finalize(owner, self._save, memory).atexit = False
        return owner.reshape(shape)

    def _take(self, size: int) -> np.ndarray:
        with self._lock:
            fitting = [i for i, memory in enumerate(self._unused) if len(memory) >= size]
            if fitting:
                return self._unused.pop(min(fitting, key=lambda i: len(self._unused[i])))
        memory = np.empty(size + _ALIGNED, np.uint8)
        start = -memory.ctypes.data % _ALIGNED
        return memory[start : start + size]

    def _save(self, memory: np.ndarray) -> None:
        with self._lock:
            self._unused.append(memory)
            while sum(map(len, self._unused)) > self._most:
                del self._unused[0]
