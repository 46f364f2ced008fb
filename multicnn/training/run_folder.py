"""The record of a run in its folder, and the check that a resumed run is the same."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from multicnn.data.manifest import Manifest
from multicnn.data.sources.memory import in_order_of
from multicnn.models.user_code import code_of
from multicnn.predictor import ArtefactError, Predictor, load, software
from multicnn.recipe import Recipe
from multicnn.utils.files import atomic_file, locked, read_json, sweep, write_json, write_text
from multicnn.utils.spreadsheets import csv_text

_VERSIONS = "versions.json"  # the first file of a run
MANIFEST, BAD_FILES, NOT_FINITE = "manifest.parquet", "bad_files.csv", "not_finite.csv"

# Where the data is and how often the run is saved changes no bit of it; the data itself is compared by its contents.
_MAY_CHANGE = {
    "data.path",
    "data.test",
    "start.path",
    "data.bad_limit",
    "data.allow_outside",
    "runtime.checkpoint_seconds",
    "runtime.checkpoint_steps",
    "runtime.tensorboard",
}


@contextlib.contextmanager
def claim(
    folder: Path, recipe: Recipe, manifest: Manifest, log: Callable[[str], None], workers: int = 1
) -> Iterator[Manifest]:
    """Lock the folder for this run; create it, or check that the run recorded there is this one.

    Args:
        folder: The run folder; it may not exist yet.
        recipe: The recipe of the run, completed.
        manifest: The manifest of the run.
        log: Called with a warning of one line if the software, or the number of workers, is not that of the start.
        workers: Number of processes that train together.

    Yields:
        The manifest with the bad rows that the run has known so far.

    Raises:
        ValueError: Recipe or data are not those that the run was started with, and the message names what differs; or another
            process is at work there.
    """
    check_saved(folder, recipe)  # before anything is made
    with locked(folder):
        yield _claimed(folder, recipe, manifest, log, workers)


def _claimed(folder: Path, recipe: Recipe, manifest: Manifest, log: Callable[[str], None], workers: int) -> Manifest:
    versions, now = folder / _VERSIONS, software() | {"workers": workers}
    if not check_saved(folder, recipe):
        write_json(versions, now)
    else:
        sweep(folder)
        then = read_json(versions)
        if then != now:
            changed = ", ".join(
                f"{name} {then.get(name)}, now {now[name]}" for name in now if then.get(name) != now[name]
            )
            log(f"the run was started with {changed}: its last bits may differ from those of a run never stopped")
    if (folder / MANIFEST).exists():
        manifest = check_data(Manifest.load(folder / MANIFEST), manifest, folder)
    write_json(folder / "recipe.json", recipe.to_dict())
    write_text(folder / "labels.txt", "\n".join(manifest.labels) + "\n")
    return manifest


def saved_recipe(folder: Path) -> Recipe | None:
    """Return the recipe of the run that was started in a folder, or None."""
    path = folder / "recipe.json"
    return Recipe.from_dict(read_json(path)) if path.exists() else None


def started(folder: Path) -> bool:
    """Return whether a folder holds a run, however early it was interrupted."""
    return any((folder / name).exists() for name in (_VERSIONS, "recipe.json"))


def check_saved(folder: Path, recipe: Recipe) -> bool:
    """Return True if a run was started in a folder; raise ValueError, naming each field, if its recipe was another."""
    saved = saved_recipe(folder)
    if saved is not None:
        check_recipe(saved.to_dict(), recipe.to_dict(), folder)
    return saved is not None


def finished(folder: Path, recipe: Recipe, log: Callable[[str], None]) -> Predictor | None:
    """Return the predictor of a finished run of this recipe; None, too, where it is damaged. The message says which."""
    path = folder / "model.keras"
    if not path.exists():
        return None
    code = code_of(recipe.model.name)
    try:
        predictor = load(path, blocks=[code] if code else [])
    except ArtefactError as error:  # the checkpoints have its weights
        log(f"{error.reason}: {path} is damaged and is made again from the checkpoints")
        return None
    if "train" not in predictor.metrics or Recipe.from_dict(predictor.recipe) != recipe:  # fields may have been renamed
        return None
    log(f"the run in {folder} is finished: {path}")
    return predictor


def check_recipe(saved: dict[str, Any], now: dict[str, Any], folder: Path) -> None:
    """Refuse to resume with another recipe. More epochs are the same run only if the learning rate does not follow them.

    Raises:
        ValueError: A field differs; the message names each.
    """
    saved = Recipe.from_dict(saved).to_dict()  # fields may have had other names
    longer = now["epochs"] >= saved["epochs"] and now["optimizer"]["schedule"] == "constant"
    may_change = _MAY_CHANGE | ({"epochs"} if longer else set())
    changed = [each for each in _differences(saved, now) if each[0] not in may_change]
    if changed:
        named = "; ".join(f"{name} was {_short(then)}, now {_short(other)}" for name, then, other in changed)
        raise ValueError(f"a run can only be resumed with its own recipe: {named}. Received: resume={str(folder)!r}")


def check_data(saved: Manifest, now: Manifest, folder: Path) -> Manifest:
    """Refuse to resume with other data; return the manifest of today with the bad rows of the saved one.

    Raises:
        ValueError: Examples are gone, new or changed; the message counts them and names the first of each.
    """
    now = in_order_of(now, saved)
    if saved.fingerprint() != now.fingerprint() or saved.labels != now.labels:
        named = "; ".join(_changes(saved, now)) or "their order"
        raise ValueError(f"a run can only be resumed with its own data: {named}. Received: resume={str(folder)!r}")
    then = saved.table[["status", "reason"]]
    return dataclasses.replace(now, table=now.table.assign(**then))


def keep_manifest(folder: Path, manifest: Manifest) -> None:
    """Write what every example is used for, and list those that are bad."""
    list_bad(folder, manifest)
    with atomic_file(folder / MANIFEST) as part:
        manifest.save(part)


def list_bad(folder: Path, manifest: Manifest) -> Path:
    """Write the list of the bad examples, and return its path."""
    write_text(folder / BAD_FILES, csv_text(manifest.listed_rows()))
    return folder / BAD_FILES


def check_start(folder: Path, fingerprint: str) -> None:
    """Record the fingerprint of the weights that a run starts from, or refuse others than it was started from.

    Raises:
        ValueError: The weights are not those of the start.
    """
    path = folder / "start.json"
    if path.exists() and read_json(path).get("sha256") != fingerprint:
        raise ValueError(
            f"a run can only be resumed with the weights that it was started with. Received: resume={str(folder)!r}"
        )
    write_json(path, {"sha256": fingerprint})


def record_head(folder: Path, fitted: bool) -> None:
    """Record, beside the fingerprint of `check_start`, whether the head was fitted before the first step."""
    path = folder / "start.json"
    write_json(path, read_json(path) | {"head_fitted": fitted})


def head_fitted(folder: Path) -> bool:
    """Return what `record_head` has recorded."""
    path = folder / "start.json"
    return path.exists() and bool(read_json(path).get("head_fitted"))


def _differences(one: Any, other: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the dotted name and both values of each field that differs in two recipes."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _differences(one.get(key), other.get(key), f"{name}.{key}" if name else key)
    elif one != other:
        yield name, one, other


def _short(value: Any) -> str:
    return text if len(text := repr(value)) <= 60 else text[:57] + "..."


def _changes(saved: Manifest, now: Manifest) -> Iterator[str]:
    then, here = saved.table.set_index("id"), now.table.set_index("id")
    both = then.index.intersection(here.index)
    changed = {"gone": then.index.difference(here.index), "new": here.index.difference(then.index)}
    words_for = {"hash": "of other content", "label": "of another label", "split": "in another split"}
    for column, words in (words_for | {"target": "of another target"}).items():
        changed[words] = both[(then.loc[both, column] != here.loc[both, column]).to_numpy()]
    for words, ids in changed.items():
        if len(ids):
            yield f"{len(ids):,} examples {words}, the first {str(ids[0])!r}"
