"""What the network will really see of some training examples, before and after augmentation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from multicnn.data import pipeline, store
from multicnn.data.manifest import Manifest
from multicnn.evaluation.contact_sheet import spectrogram_plot, write_contact_sheet
from multicnn.modalities.augmentation import Augmentation
from multicnn.recipe import Recipe

_WITHOUT = "without augmentation"
_UNKNOWN = "[?]"  # a token that the vocabulary does not have


def write_preview(
    recipe: Recipe,
    manifest: Manifest,
    preprocess: Any,
    made: Augmentation,
    path: str | Path,
    examples: int = 12,
    draws: int = 4,
) -> Path:
    """Writes a contact sheet of training examples: as they are, as the network sees them, and augmented.

    Args:
        recipe: Says what the data are, and the seed.
        manifest: With every split decided.
        preprocess: The preprocessing, fitted on the training split.
        made: The augmentation of the recipe.
        path: The HTML file to write.
        examples: How many, spread over the classes.
        draws: The epochs whose augmentation is shown.

    Raises:
        ValueError: A setting is wrong, or no training example can be read.
    """
    kept, _ = store.load_examples(manifest, made.stored, _spread(manifest, examples))
    if not len(kept):
        raise ValueError(f"`data` must hold training examples that can be read. Received: data={recipe.data.path!r}")
    seen = {_WITHOUT: _seen(kept, made, recipe.seed, None)}
    for epoch in range(draws if recipe.augment else 0):
        seen[f"epoch {epoch + 1}"] = _seen(kept, made, recipe.seed, epoch)
    show = {"image": _pictures, "audio": _sounds, "text": _texts}[manifest.modality](preprocess, seen)
    rows = []
    for i, row in enumerate(kept.rows):
        raw = preprocess.decode(manifest.raw_source(row))
        cells = {"id": manifest.table["id"][row], "label": manifest.table["label"][row]}
        cells["as it is"] = [(raw, preprocess.sample_rate) if manifest.modality == "audio" else raw]
        rows.append(cells | {name: show(name, i) for name in seen})
    lead = f"Augmented by {recipe.augment}." if recipe.augment else "No augmentation is asked for."
    lead = f"{preprocess.modality.capitalize()} of shape {preprocess.input_shape}. {lead}"
    return write_contact_sheet(path, f"What the network sees of {recipe.data.path}", lead, list(rows[0])[2:], rows)


def _spread(manifest: Manifest, count: int) -> np.ndarray:
    """Training rows, one of each class in turn."""
    rows = manifest.rows("train")
    targets = np.unique(manifest.table["label"].to_numpy(dtype=object)[rows], return_inverse=True)[1]
    turn = np.zeros(len(rows), dtype=np.int64)
    for label in np.unique(targets):
        turn[targets == label] = np.arange((targets == label).sum())
    return rows[np.lexsort((targets, turn))][:count]


def _seen(kept: store.Store, made: Augmentation, seed: int, epoch: int | None) -> tuple[np.ndarray, np.ndarray]:
    """What the pipeline makes of the stored examples, and the examples as they are before `finish`, in their order."""
    rows = kept.rows
    data = pipeline.batches(
        kept,
        np.zeros(len(rows), np.int32),
        rows,
        made.stored,
        batch_size=len(rows),
        seed=seed,
        epoch=epoch,
        augment_stored=made.before,
        augment=made.after,
    )
    ((batch, _),) = data
    finished = np.empty(batch.shape, batch.dtype.as_numpy_dtype)
    finished[pipeline.order(np.arange(len(rows)), seed, epoch)] = batch.numpy()
    stored = kept.gather(rows)
    if made.before is not None and epoch is not None:
        stored = made.before(stored, pipeline.augmentation_seeds(rows, seed, epoch)).numpy()
    return finished, stored


def _pictures(preprocess: Any, seen: dict[str, tuple]) -> Callable[[str, int], list]:
    def show(name: str, i: int) -> list:
        pixels = seen[name][0][i] * np.array(preprocess.std) + np.array(preprocess.mean)
        return [np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8)]

    return show


def _sounds(preprocess: Any, seen: dict[str, tuple]) -> Callable[[str, int], list]:
    plain = seen[_WITHOUT][0]

    def show(name: str, i: int) -> list:
        finished, stored = seen[name][0][i], seen[name][1][i]
        # The player has what can be heard: masks and all that comes after the waveform are in the picture only.
        player = [(stored, preprocess.sample_rate)] if stored.ndim == 1 else []
        if preprocess.features == "waveform":
            return [(finished[:, 0] * preprocess.std + preprocess.mean, preprocess.sample_rate)]
        return [spectrogram_plot(finished, float(plain[i].min()), float(plain[i].max())), *player]

    return show


def _texts(preprocess: Any, seen: dict[str, tuple]) -> Callable[[str, int], list]:
    tokens = ["", _UNKNOWN, *preprocess.vocabulary]
    between = "" if preprocess.level == "characters" else " "

    def show(name: str, i: int) -> list:
        ids = seen[name][0][i]
        words = ids if ids.ndim == 1 else ids[:, 0]  # the others are its n-grams
        return [between.join(tokens[word] for word in words if word)]

    return show
