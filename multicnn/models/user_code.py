"""The user's own code, by the name of its module or the path of its file: functions that make networks, and Blocks."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

_RUN_AS = "_multicnn_run_as"  # on a module: the state of the file when it was run


def code_of(model: object) -> str | None:
    """Return the module or file in "module:function" or "file.py:function"; None for any other model of a recipe."""
    return (model.rpartition(":")[0] or None) if isinstance(model, str) else None


def function_of(model: str) -> Callable[..., Any]:
    """Return the function that "module:function" or "file.py:function" names.

    Raises:
        ValueError: There is none, or its module or file cannot be imported.
    """
    code, _, name = model.rpartition(":")
    function = getattr(import_code(code, "model", model), name, None)
    if function is None:
        raise ValueError(f"`model` names no function of {code}. Received: model={model!r}")
    return function


def import_code(code: str, argument: str = "blocks", received: str | None = None) -> ModuleType:
    """Import a module, or a Python file, as found from the current folder.

    A file that has not changed since is run once.

    Args:
        code: The dotted name of a module, or the path of a .py file.
        argument: The argument that names it, for an error.
        received: The value of that argument; by default `code`.

    Raises:
        ValueError: It cannot be imported.
    """
    try:
        if code.endswith(".py"):
            return _run(Path(code).resolve(strict=True))
        with _searched(os.getcwd()):
            return importlib.import_module(code)
    except (Exception, SystemExit) as error:
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(
            f"`{argument}` names code that cannot be imported ({reason}). Received: {argument}={received or code!r}"
        ) from error


def _run(path: Path) -> ModuleType:
    """Return the module of a file; run it where it is not imported in its present state."""
    state = (path.stat().st_mtime_ns, path.stat().st_size)
    for known in list(sys.modules.values()):
        file = getattr(known, "__file__", None)
        if file is not None and Path(file) == path and getattr(known, _RUN_AS, state) == state:
            return known
    name = str(path)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module, before = importlib.util.module_from_spec(spec), sys.modules.get(name)
    setattr(module, _RUN_AS, state)
    sys.modules[name] = module
    try:
        with _searched(str(path.parent)):  # where a script finds its neighbours
            spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
        raise
    return module


@contextlib.contextmanager
def _searched(folder: str) -> Iterator[None]:
    """Let imports look into a folder first: a console script has no entry for the current one."""
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)


def names_of_own_code(*kinds: type) -> list[str]:
    """Return the modules and files, as `import_code` takes them, that define classes which are not of this package.

    What a script or a notebook defines itself has no name by which another process could import it.
    """
    modules = {kind.__module__ for kind in kinds}
    return sorted(name for name in modules if name.partition(".")[0] not in ("multicnn", "__main__", "__mp_main__"))
