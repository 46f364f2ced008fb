"""The linear baseline: a linear model on the same split, the number that every network has to beat.

Texts: TF-IDF of words and word pairs. Images and audio: a fixed, small summary of each example.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from multicnn.evaluation.summaries import audio_features, image_features
from multicnn.tasks import Task

if TYPE_CHECKING:
    import tensorflow as tf

    from multicnn.data.manifest import Manifest
    from multicnn.data.store import Store

Examples = np.ndarray | Sequence[str]


def linear_baseline(
    task: Task,
    modality: Literal["image", "audio", "text"],
    train: Examples,
    train_targets: np.ndarray,
    test: Examples,
    test_targets: np.ndarray,
) -> dict[str, Any] | None:
    """Train the task's linear model on `train` and score it on `test`; the same answer each time.

    Args:
        task: What is predicted.
        modality: Of the examples.
        train: For text, the raw strings. For images, (n, height, width[, channels]) pixels, uint8 or float: scaling and
            centring them changes nothing. For audio, (n, time, bands[, 1]) log-mel or MFCC, or (n, samples[, 1]) waveforms. A
            memory map will do: examples are read in small batches.
        train_targets: (n, ...), as the task makes them.
        test: As `train`.
        test_targets: As `train_targets`.

    Returns:
        The task's metrics, as far as a linear model has them, and `model`: what was trained on what, in words. From large sets
        only a sample is used, and `model` says so. None where the task has no linear model.

    Raises:
        ValueError: An unknown modality, lengths or shapes that do not fit, or nothing to learn.
    """
    if modality not in EXAMPLES:
        raise ValueError(f"modality must be one of image, audio, text. Received: modality={modality!r}")
    train_targets, test_targets = np.asarray(train_targets), np.asarray(test_targets)
    for name, examples, targets in (("train", train, train_targets), ("test", test, test_targets)):
        if len(examples) != len(targets) or not len(targets):
            raise ValueError(
                f"{name} must have one target per example and at least one example. "
                f"Received: {len(examples)} examples and {len(targets)} targets"
            )
    rows = _sample(len(train_targets), EXAMPLES[modality])
    train_features, test_features, features = _FEATURES[modality](train, rows, test)
    scored = task.baseline(train_features, train_targets[rows], test_features, test_targets)
    if scored is None:
        return None
    metrics, name = scored
    model = f"{features}, {name}"
    if len(rows) < len(train_targets):
        model += f" (trained on {len(rows):,} of {len(train_targets):,} examples)"
    return metrics | {"model": model}


def linear_score(manifest: Manifest, examples: Store, stored: Any, split: str = "test") -> dict[str, Any] | None:
    """Return what `linear_baseline` does on the examples of a run: trained on the training split, scored on another.

    Args:
        manifest: With its splits.
        examples: Holds the good examples.
        stored: The preprocess that the store was made with.
        split: "test" or "val".
    """
    arguments: list[Any] = []
    for rows in (manifest.rows("train"), manifest.rows(split)):
        if manifest.modality == "text":
            arguments.append([manifest.raw_source(row) for row in rows])
        else:
            arguments.append(_OfRows(rows, examples, stored.finish if manifest.modality == "audio" else None))
        arguments.append(manifest.targets(rows))
    return linear_baseline(manifest.task, manifest.modality, *arguments)


class _OfRows:
    """The stored examples of some rows as an array of which only what is asked for is in memory; audio finished, as spectra."""

    def __init__(self, rows: np.ndarray, examples: Store, finish: Callable[[np.ndarray], tf.Tensor] | None):
        self._rows, self._examples, self._finish = rows, examples, finish
        self.shape = (len(rows), *self[:1].shape[1:])
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, positions: Any) -> np.ndarray:
        batch = self._examples.gather(self._rows[positions])
        return batch if self._finish is None else self._finish(batch).numpy()


def _sample(n: int, limit: int) -> np.ndarray:
    # Random positions rather than a stride: a stride over examples whose classes alternate can miss whole classes.
    return np.arange(n) if n <= limit else np.sort(np.random.default_rng(0).permutation(n)[:limit])


def _of_texts(train: Sequence[str], rows: np.ndarray, test: Sequence[str]) -> tuple[Any, Any, str]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    # Words and single punctuation marks, as the networks see them: a question mark is a feature.
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]", dtype=np.float32)
    features = vectorizer.fit_transform([train[row] for row in rows])
    return features, vectorizer.transform(test), "TF-IDF of words and word pairs"


def _of_images(train: np.ndarray, rows: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    features, name = image_features(train, rows)
    return features, image_features(test, np.arange(len(test)))[0], name


def _of_audio(train: np.ndarray, rows: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    features, name = audio_features(train, rows)
    return features, audio_features(test, np.arange(len(test)))[0], name


EXAMPLES = {"image": 10_000, "audio": 10_000, "text": 50_000}  # at most so many are trained on
_FEATURES: dict[str, Callable[..., tuple[Any, Any, str]]] = {
    "image": _of_images,
    "audio": _of_audio,
    "text": _of_texts,
}
