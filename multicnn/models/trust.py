"""No file decides what code is run: what a recipe that came from a file may make the program do, unless the user allows it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from contextvars import ContextVar

from multicnn.backends import keras_archive
from multicnn.models.user_code import code_of
from multicnn.recipe import Model, Recipe
from multicnn.recipe.renames import current_path

KINDS = {
    "code": "import the module or file of its `model.name`",
    "pickle": "read a pickle, which runs code of whoever wrote it",
}
_ALLOWED: ContextVar[frozenset[str]] = ContextVar("_ALLOWED", default=frozenset())


@contextlib.contextmanager
def allowing(*kinds: str) -> Iterator[None]:
    """Allow recipes that are read from files in the block to do what they otherwise must not.

    Args:
        *kinds: "code" and "pickle".

    Raises:
        ValueError: There is no such kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"`allow` must be some of {', '.join(KINDS)}. Received: allow={kind!r}")
    token = _ALLOWED.set(_ALLOWED.get() | set(kinds))
    try:
        yield
    finally:
        _ALLOWED.reset(token)


def check_recipe(recipe: Recipe, argument: str, path: object, changed: Collection[str] = ()) -> Recipe:
    """Return a recipe that was read from a file, if all that it does is allowed.

    Args:
        recipe: The recipe.
        argument: The argument that named the file.
        path: The file or folder.
        changed: Fields that the user sets anew, or their assignments "a.b=1": what the file says of them does not matter.

    Raises:
        ValueError: It names code, or a pickle, and that is not allowed.
    """
    anew = {current_path(name.partition("=")[0].strip(), "") for name in changed}
    for kind, field, value in _of(recipe):
        if kind not in _ALLOWED.get() and not any(field == name or field.startswith(f"{name}.") for name in anew):
            raise ValueError(
                f"the recipe would {KINDS[kind]}, {field}={value!r}: no file decides what code is run. If you trust it, "
                f"allow it by --allow-{kind} (allow=[{kind!r}] in Python). Received: {argument}={str(path)!r}"
            )
    for _, model in _models(recipe):
        if isinstance(model.name, Mapping):
            keras_archive.check_block(model.name)
    return recipe


def _of(recipe: Recipe) -> Iterator[tuple[str, str, object]]:
    """Yield what of a recipe runs code: its kind, field and value."""
    for field, model in _models(recipe):
        if code_of(model.name) is not None:
            yield "code", f"{field}.name", model.name
        if model.embedding.format is not None:
            yield "pickle", f"{field}.embedding.format", model.embedding.format


def _models(recipe: Recipe) -> Iterator[tuple[str, Model]]:
    """Yield the model of a recipe and of each member that changes it, with its field."""
    yield "model", recipe.model
    for i in range(len(recipe.members)):
        if (model := recipe.member(i).model) != recipe.model:
            yield f"members.{i}.model", model
