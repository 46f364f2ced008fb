"""The preview: some training examples as the network will see them, before and after augmentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from multicnn.data import pipeline, store
from multicnn.data.manifest import Manifest
from multicnn.data.unreadable import NoneReadable
from multicnn.evaluation.contact_sheet import write_contact_sheet
from multicnn.modalities import Preprocess
from multicnn.modalities.augmentation import Augmentation
from multicnn.recipe import Recipe

_WITHOUT = "without augmentation"


def write_preview(
    recipe: Recipe,
    manifest: Manifest,
    preprocess: Preprocess,
    made: Augmentation,
    path: str | Path,
    examples: int = 12,
    draws: int = 4,
) -> Path:
    """Write a contact sheet of training examples: as they are, as the network sees them, and augmented.

    Args:
        recipe: The recipe, for the name of the data, the augmentation and the seed.
        manifest: The data, every split decided.
        preprocess: The preprocessing, fitted on the training split.
        made: The augmentation of the recipe.
        path: The HTML file to write.
        examples: The number of examples, spread over the classes.
        draws: The number of epochs whose augmentation is shown.

    Raises:
        ValueError: A setting is wrong, or no training example can be read.
    """
    loaded, reasons = store.load_examples(manifest, made.stored, _spread(manifest, examples))
    if not len(loaded):
        raise NoneReadable(manifest, reasons, f"data={recipe.data.path!r}")
    views = {_WITHOUT: _epoch(loaded, made, recipe.seed, None)}
    for epoch in range(draws if recipe.augment else 0):
        views[f"epoch {epoch + 1}"] = _epoch(loaded, made, recipe.seed, epoch)
    rows = []
    for i, row in enumerate(loaded.rows):
        raw = preprocess.decode(manifest.raw_source(row))
        cells: dict[str, Any] = {"id": manifest.table["id"][row], "label": manifest.table["label"][row]}
        cells["as it is"] = [preprocess.shown(raw)]
        plain = views[_WITHOUT][0][i]
        for name, (finished, stored) in views.items():
            cells[name] = made.stored.shown_input(finished[i], plain, stored[i])
        rows.append(cells)
    lead = f"Augmented by {recipe.augment}." if recipe.augment else "No augmentation is asked for."
    lead = f"{preprocess.modality.capitalize()} of shape {preprocess.input_shape}. {lead}"
    return write_contact_sheet(path, f"What the network sees of {recipe.data.path}", lead, list(rows[0])[2:], rows)


def _spread(manifest: Manifest, count: int) -> np.ndarray:
    """Return training rows, one of each label in turn; of more labels than rows are wanted some, from all over."""
    rows = manifest.rows("train")
    labels = manifest.table["label"].iloc[rows]
    targets, turn = np.unique(labels.to_numpy(dtype=object), return_inverse=True)[1], labels.groupby(labels).cumcount()
    order = rows[np.lexsort((targets, turn))]
    first = int(targets.max(initial=0)) + 1
    return order[:count] if first <= count else order[np.linspace(0, first - 1, count).astype(int)]


def _epoch(loaded: store.Store, made: Augmentation, seed: int, epoch: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the network's inputs of stored examples in an epoch, and the examples before `finish`, in their order."""
    rows = loaded.rows
    targets = np.zeros(len(rows), np.int32)
    spec = pipeline.BatchSpec(loaded, rows, targets, made.stored, len(rows), seed, made.before, made.after)
    ((batch, _),) = pipeline.batches(spec, epoch)
    finished = np.empty(batch.shape, batch.dtype.as_numpy_dtype)
    finished[pipeline.order(np.arange(len(rows)), seed, epoch)] = batch.numpy()
    stored = loaded.gather(rows)
    if made.before is not None and epoch is not None:
        stored = made.before(stored, pipeline.augmentation_seeds(rows, seed, epoch)).numpy()
    return finished, stored
