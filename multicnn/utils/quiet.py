"""Hide the chatter of libraries: of TensorFlow's while they are imported, of Abseil's logger, of decoders and of linear models."""

from __future__ import annotations

import faulthandler
import functools
import importlib.util
import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from multicnn.utils.signals import DeferSignals, stop

_LEVEL, _SILENT = "TF_CPP_MIN_LOG_LEVEL", "3"
# Their warnings are about files, which are read or refused all the same.
_DECODERS = r"(PIL|librosa|audioread|soundfile|soxr)(\.|$)"
_ARITHMETIC = r"(numpy|scipy|multicnn\.modalities)(\.|$)"  # what becomes of a damaged file is checked afterwards
_STDERR = 2  # the descriptor to which C libraries write


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = functools.partial(silently, spec.loader.exec_module)
            setattr(spec.loader, "exec_module", execute)  # noqa: B010 - of this loader alone, not of its class
        return spec


def silently(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Import a module with standard error hidden; if the import fails, print what it wrote.

    Nothing is hidden where TF_CPP_MIN_LOG_LEVEL asks for messages, or other threads may have something to say. Ctrl-C waits
    until the module is imported: during the import, C++ libraries swallow the exception, or crash.
    """
    level = os.environ.get(_LEVEL)
    os.environ[_LEVEL] = level or _SILENT  # it is read once, in the import
    try:
        if level in (None, _SILENT) and threading.active_count() == 1:
            _hidden(execute, module)
        else:
            execute(module)
    finally:
        if level is None:
            os.environ.pop(_LEVEL, None)


def _hidden(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    sys.stderr.flush()
    stderr, printed = os.dup(_STDERR), b""
    with DeferSignals() as signals, tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), _STDERR)
        try:
            execute(module)
        except BaseException:
            hidden.seek(0)
            printed = hidden.read()
            raise
        finally:
            os.dup2(stderr, _STDERR)
            os.close(stderr)
            if printed:
                print(printed.decode(errors="replace"), end="", file=sys.stderr, flush=True)
    if signals.signum is not None:
        stop(signals.signum, "interrupted")


def import_tensorflow_silently() -> None:
    """Hide what TensorFlow prints when it is imported, if ever."""
    if "tensorflow" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


@contextmanager
def decoders() -> Iterator[None]:
    """Hide the warnings of decoders in the block, which threads may run; those of the user's own code are shown."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=_DECODERS)
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=_ARITHMETIC)
        yield


@contextmanager
def few_examples() -> Iterator[None]:
    """Hide what scikit-learn says in the block of targets with few examples of a class, or with one answer for a label."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes is greater than", UserWarning)
        warnings.filterwarnings("ignore", "Label .* is present in all training examples", UserWarning)
        yield


@contextmanager
def absl() -> Iterator[None]:
    """Hide the warnings of Abseil's logger in the block, and undo that it prints the messages of all loggers from then on."""
    logger, root = importlib.import_module("absl.logging").get_absl_logger(), logging.getLogger()
    level, handlers = logger.level, list(root.handlers)
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
        for handler in [each for each in root.handlers if each not in handlers]:
            root.removeHandler(handler)


def keep_screen_for_python() -> None:
    """Hide what C libraries print from now on, as the decoders of MP3 and TIFF do; what Python prints is seen, and so is a crash.

    For a program of our own: where other threads may print, nothing can be hidden for a while only.
    """
    if screen() != _STDERR or os.environ.get("MULTICNN_TRACEBACK"):
        return
    sys.stderr.flush()
    old = sys.stderr
    sys.stderr = open(os.dup(_STDERR), "w", buffering=1, encoding=old.encoding, errors=old.errors)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, _STDERR)
    os.close(nothing)
    faulthandler.enable(sys.stderr)


def screen() -> int | None:
    """Return the descriptor to which Python prints errors; None where there is none."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return None
