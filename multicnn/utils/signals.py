"""Ctrl-C and SIGTERM: an interrupted run ends its step and saves its state."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
pending: int | None = None  # the signal that ends this program, unless some library swallows the exception


def unwind() -> None:
    """Make SIGTERM unwind the program as Ctrl-C does, and exit with 143.

    Where a library swallows the exception, as the imports of some do, the next run stops before its first step.
    """
    if threading.current_thread() is threading.main_thread():  # only it may handle signals
        signal.signal(signal.SIGTERM, _unwind)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored, as it is under nohup
            signal.signal(signal.SIGINT, _unwind)


def _unwind(signum: int, frame: FrameType | None) -> NoReturn:
    global pending
    pending = signum
    stop(signum, "interrupted")


def stop(signum: int, message: str) -> NoReturn:
    """Raise KeyboardInterrupt after Ctrl-C, and SystemExit with 128 + `signum` after another signal."""
    raise _error(signum, message)


def reported(signum: int, line: str) -> BaseException:
    """Return the exception that `stop` raises, with what the user has been told of it as its note."""
    error = _error(signum, line)
    error.add_note(line)
    return error


def is_reported(error: BaseException) -> bool:
    """Return whether the user has been told of the interruption that this exception ends with."""
    return bool(getattr(error, "__notes__", ()))


def _error(signum: int, message: str) -> BaseException:
    return KeyboardInterrupt(message) if signum == signal.SIGINT else SystemExit(128 + signum)


class DeferSignals:
    """A context in which the first Ctrl-C or SIGTERM only sets `signum`; a second one acts as usual."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> DeferSignals:
        self.signum = pending
        if threading.current_thread() is threading.main_thread():
            self._previous = {each: signal.signal(each, self._note) for each in _SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        for each, handler in self._previous.items():
            signal.signal(each, handler)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self.signum = signum
        self.__exit__()
