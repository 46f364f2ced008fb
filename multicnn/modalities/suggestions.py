"""The settings of a run where nothing is asked for: by modality, by the number of training examples, and by their shape.

`TABLE` is what people look for; the functions below it add what depends on the shape of an example. Networks learn in steps, not
in epochs: two hundred examples need many passes for a thousand steps, a hundred thousand need few.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

_MOST_SIDE = 96  # pixels: a network of ours sees 44 of them, and nine times as many cost nine times as much
_IMAGES, _CLIPS = 300, 48  # that are decoded to learn their shape, and what a mirror image is
_LEAST_SIDE = 8  # of `vgg_small`
_MOST_SECONDS = 10.0  # of a window that is learned
_READ, _PASSES = 200_000, (5, 50)  # texts that word vectors are learned from in all, and passes over them
_VOCABULARY = 40_000  # a file has words that only unseen texts have
_IN_DECIBELS = ("log_mel", "mfcc", "cqt")


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        most: The largest number of training examples that it is for.
        batch_size: Examples a step.
        steps: Training steps of the run, about.
        epochs: The fewest and the most passes over the examples.
        settings: Further fields of the recipe, whatever the network is.
        of_model: Fields that suit the usual network of the modality, and perhaps no other.
    """

    most: float
    batch_size: int
    steps: int
    epochs: tuple[int, int]
    settings: Mapping[str, object]
    of_model: Mapping[str, object] = {}


_COSINE = {"optimizer.schedule": "cosine"}
_SMALL = {**_COSINE, "label_smoothing": 0.1}
_FAST = {"optimizer.learning_rate": 2e-3}
_FAST_TEXT = {"optimizer.learning_rate": 2e-3, "model.embedding.dropout": 0.3}

TABLE: dict[str, tuple[Row, ...]] = {
    "image": (
        Row(500, 16, 800, (10, 80), _SMALL, _FAST),
        Row(5_000, 32, 2000, (10, 100), _SMALL, _FAST),
        Row(50_000, 64, 8000, (10, 60), _COSINE, _FAST),
        Row(math.inf, 128, 12000, (4, 20), _COSINE, _FAST),
    ),
    "audio": (
        Row(500, 16, 800, (10, 80), _SMALL, _FAST),
        Row(5_000, 32, 1500, (10, 60), {**_SMALL, "mixup": 0.2}, _FAST),
        Row(math.inf, 64, 12000, (5, 30), {**_COSINE, "mixup": 0.2}, _FAST),
    ),
    "text": (
        # A few dozen examples for validation: their accuracy is a matter of luck, their loss less so.
        Row(500, 16, 300, (4, 30), {**_COSINE, "monitor": "loss"}, _FAST_TEXT),
        Row(5_000, 32, 800, (4, 40), {**_COSINE, "patience": 5}, _FAST_TEXT),
        Row(50_000, 50, 800, (4, 40), {**_COSINE, "patience": 5}, _FAST_TEXT),
        Row(math.inf, 100, 4000, (3, 10), {**_COSINE, "patience": 3}),
    ),
    "": (Row(math.inf, 32, 1000, (10, 100), _COSINE),),  # a modality of the user's own
}


class Suggestion(NamedTuple):
    """Values for fields of a recipe, by dotted name.

    Attributes:
        settings: Those that suit any network.
        of_model: Those that suit the usual network of the modality, which may be among them.
    """

    settings: dict[str, object]
    of_model: dict[str, object]


class OfModality(Protocol):
    """The part of a preprocess that chooses the rows."""

    @property
    def modality(self) -> str:
        """Name of the modality."""


class OfImages(Protocol):
    """The part of an `ImagePreprocess` that is used here."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width in pixels; None where they are learned."""


class OfClips(Protocol):
    """The part of an `AudioPreprocess` that is used here."""

    @property
    def features(self) -> str:
        """Kind of the features."""

    @property
    def seconds(self) -> float | None:
        """Length of an example; None where it is learned."""

    @property
    def sample_rate(self) -> int:
        """Hz."""

    @property
    def hop_length(self) -> int:
        """Samples from frame to frame."""

    @property
    def n_mels(self) -> int:
        """Number of mel bands."""


def suggestion(
    preprocess: OfModality, examples: Iterable[tuple[object, str]], count: int, batch_size: int | None = None
) -> Suggestion:
    """Return what suits a number of examples like these.

    Args:
        preprocess: The preprocess, perhaps not fitted.
        examples: Some decoded training examples and their labels, in random order.
        count: Number of training examples.
        batch_size: Examples a step, where that is settled.
    """
    row = next(row for row in TABLE.get(preprocess.modality, TABLE[""]) if count <= row.most)
    size = batch_size or row.batch_size
    fewest, most = row.epochs
    epochs = min(max(math.ceil(row.steps / math.ceil(max(count, 1) / size)), fewest), most)
    by_shape = Suggestion({}, {})
    if preprocess.modality in _BY_SHAPE:
        by_shape = _BY_SHAPE[preprocess.modality](preprocess, examples)
    settings = {"epochs": epochs, "batch_size": size, **row.settings, **by_shape.settings}
    return Suggestion(settings, {**row.of_model, **by_shape.of_model})


def _of_images(preprocess: OfImages, examples: Iterable[tuple[np.ndarray, str]]) -> Suggestion:
    """Small shifts, which change no label, and mirror images where they keep their class; large images smaller."""
    from multicnn.modalities.image import mirroring  # it brings TensorFlow

    looked_at = [
        (image.shape[:2], mirroring.small(image), label) for image, label in itertools.islice(examples, _IMAGES)
    ]
    if not looked_at:
        return Suggestion({}, {})
    shapes, images, labels = zip(*looked_at, strict=True)
    size = list(preprocess.size or np.median(shapes, axis=0).astype(int).tolist())
    of_model: dict[str, object] = {}
    shrunk = _MOST_SIDE / max(size)
    if shrunk < 1 and preprocess.size is None:
        size = [max(round(shrunk * side), 1) for side in size]
        of_model["preprocess.size"] = size
    if min(size) < _LEAST_SIDE:
        of_model["model.name"] = "mlp"
    augment: dict[str, object] = {"augment.shift": min(max(round(min(size) / 12), 1), min(size) - 1)}
    augment["augment.mirror"] = mirroring.keeps_classes(images, labels)
    return Suggestion({name: value for name, value in augment.items() if value}, of_model)


def _of_clips(preprocess: OfClips, examples: Iterable[tuple[np.ndarray, str]]) -> Suggestion:
    """Decibels below the loudest of the clip: how far the microphone was is no class. Shifts in time, and masks (SpecAugment)."""
    durations = [len(clip) / preprocess.sample_rate for clip, _ in itertools.islice(examples, _CLIPS)]
    if preprocess.features == "waveform" or not durations:
        return Suggestion({}, {})
    settings: dict[str, object] = {"preprocess.top_db": 80.0} if preprocess.features in _IN_DECIBELS else {}
    seconds = preprocess.seconds or min(float(np.median(durations)), _MOST_SECONDS)
    tenth = round(seconds * preprocess.sample_rate / preprocess.hop_length) // 10
    if tenth:
        settings |= {"augment.time_shift": tenth, "augment.time_mask": tenth}
    if preprocess.features == "log_mel" and preprocess.n_mels >= 8:
        settings["augment.frequency_mask"] = preprocess.n_mels // 8
    return Suggestion(settings, {})


def with_vectors(vectors: str, count: int) -> dict[str, object]:
    """Return what suits the usual network of texts where its word vectors are given.

    Args:
        vectors: As in a recipe's `model.embedding`.
        count: Number of training examples.
    """
    from multicnn.modalities.text.word_vectors import KINDS

    settings: dict[str, object] = {"model.embedding.length": 1.0}
    if vectors in KINDS:
        fewest, most = _PASSES
        return settings | {"model.embedding.passes": min(max(math.ceil(_READ / max(count, 1)), fewest), most)}
    return settings | {"preprocess.max_vocabulary": _VOCABULARY}


_BY_SHAPE: dict[str, Callable[..., Suggestion]] = {"image": _of_images, "audio": _of_clips}
