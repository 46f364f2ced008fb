"""Hide what TensorFlow's libraries print while they are imported, which none of their settings silences."""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from multicnn.utils.signals import DeferSignals, stop


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

    Ctrl-C waits until it is imported: during the import, C++ libraries swallow the exception, or crash.
    """
    sys.stderr.flush()
    stderr = os.dup(2)
    with DeferSignals() as signals, tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            execute(module)
        except BaseException:
            hidden.seek(0)
            os.write(stderr, hidden.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    if signals.signum is not None:
        stop(signals.signum, "interrupted")


def import_tensorflow_silently() -> None:
    """Hide what TensorFlow prints when it is imported, if ever."""
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())
