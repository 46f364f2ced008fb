"""Keep to itself what TensorFlow's libraries print while they are imported, which no setting of theirs silences."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from multicnn.utils.signals import DeferSignals, stop


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = functools.partial(_silently, spec.loader.exec_module)
        return spec


def _silently(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Import a module with standard error kept; where that fails, what was said is told.

    Ctrl-C waits until it is imported: in the midst of it, libraries of C++ swallow the exception, or crash.
    """
    sys.stderr.flush()
    ours = os.dup(2)
    with DeferSignals() as signals, tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            execute(module)
        except BaseException:
            said.seek(0)
            os.write(ours, said.read())
            raise
        finally:
            os.dup2(ours, 2)
            os.close(ours)
    if signals.signum is not None:
        stop(signals.signum, "interrupted")


def import_tensorflow_silently() -> None:
    """When it is imported, if ever."""
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())
