"""The preview: some training examples as the network will see them, before and after augmentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from multicnn.data import pipeline, store
from multicnn.data.manifest import Manifest
from multicnn.data.moving import moving
from multicnn.data.targets import with_targets
from multicnn.data.unreadable import NoneReadable
from multicnn.evaluation.contact_sheet import write_contact_sheet
from multicnn.evaluation.overlays import overlaid
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
    manifest, more = with_targets(manifest, made.stored, loaded.rows)
    chosen = loaded.rows[~np.isin(loaded.rows, list(more))]
    if not len(chosen):
        raise NoneReadable(manifest, {**reasons, **more}, f"data={recipe.data.path!r}")
    targets = manifest.targets(chosen) if manifest.task.placed else np.zeros(len(chosen), np.int32)
    moved = moving(manifest.task, made)
    spec = pipeline.BatchSpec(
        loaded, chosen, targets, made.stored, len(chosen), recipe.seed, made.before, made.after, moved
    )
    views = {_WITHOUT: _epoch(spec, None)}
    for epoch in range(draws if recipe.augment else 0):
        views[f"epoch {epoch + 1}"] = _epoch(spec, epoch)
    rows = []
    for i, row in enumerate(chosen):
        raw = preprocess.decode(manifest.raw_source(row))
        cells: dict[str, Any] = {"id": manifest.table["id"][row], "label": manifest.table["label"][row]}
        cells["as it is"] = [preprocess.shown(raw)]
        if (truth := manifest.task.shown_target(targets[i], preprocess.geometry(raw))) is not None:
            cells |= {"label": truth.label, "as it is": [overlaid(preprocess.shown(raw), truth)]}
        plain = views[_WITHOUT][0][i]
        for name, (finished, stored, moved_targets) in views.items():
            shown = made.stored.shown_input(finished[i], plain, stored[i])
            truth = manifest.task.shown_target(moved_targets[i], np.array(finished.shape[1:3], np.float64))
            cells[name] = [overlaid(each, truth) for each in shown] if truth else shown
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


def _epoch(spec: pipeline.BatchSpec, epoch: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the network's inputs of stored examples in an epoch, the examples before `finish`, and the targets, in their order."""
    rows = spec.rows
    ((batch, moved),) = pipeline.batches(spec, epoch)
    order = pipeline.order(np.arange(len(rows)), spec.seed, epoch)
    finished, targets = (np.empty(each.shape, each.dtype.as_numpy_dtype) for each in (batch, moved))
    finished[order], targets[order] = batch.numpy(), moved.numpy()
    stored = spec.store.gather(rows)
    if spec.augment_stored is not None and epoch is not None:
        stored = spec.augment_stored(stored, pipeline.augmentation_seeds(rows, spec.seed, epoch)).numpy()
    return finished, stored, targets
