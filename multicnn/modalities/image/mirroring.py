"""Is the mirror image of an image one of its class? A linear model of the training images is asked, as a cheap witness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from multicnn.modalities.image import decode, resize

_SIDE = 16  # pixels of what the model sees
_FOLDS = 3
_FEWEST = 60  # examples without which nobody can tell
_FEWEST_OF_CLASS = 6
_PENALTY = 0.1  # of the mean square of an example
_LEAST = 1e-3  # standard deviation of a pixel
_MOST_LOST = 0.25  # of what the model knows beyond the commonest class


def small(image: np.ndarray) -> np.ndarray:
    """Return a decoded image, uint8 (height, width, 1 or 3), as `keeps_classes` sees it: uint8 (16, 16, 3)."""
    return resize.resized(decode.in_channels(image, 3), (_SIDE, _SIDE))


def keeps_classes(images: Sequence[np.ndarray], labels: Sequence[str]) -> bool:
    """Return True if a linear model recognizes mirror images about as well as the images that it was not trained on.

    It says no where it knows too little to tell, and where a single class is lost, such as that of the arrows to the left.

    Args:
        images: Images of `small`.
        labels: The class of each.
    """
    _, classes, counts = np.unique(np.array(labels, dtype=str), return_inverse=True, return_counts=True)
    used = np.flatnonzero(counts[classes] >= _FEWEST_OF_CLASS)
    if len(used) < _FEWEST or len(np.unique(classes[used])) < 2:
        return False
    targets = classes[used]
    plain, mirrored = _recognized(np.stack(images)[used].astype(np.float32) / 255, targets)
    known = plain.mean() - np.bincount(targets).max() / len(targets)
    if known < 3 * np.sqrt(plain.mean() * (1 - plain.mean()) / len(plain)):
        return False
    if plain.mean() - mirrored.mean() > _MOST_LOST * known:
        return False
    recalls = [(plain[targets == i].mean(), mirrored[targets == i].mean()) for i in np.unique(targets)]
    return all(after >= before / 2 for before, after in recalls if before >= 0.5)


def _recognized(images: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whether each image, and its mirror image, is recognized by a model of the others: bool, shape (images,)."""
    fold = np.zeros(len(targets), int)
    for each in np.unique(targets):
        rows = np.flatnonzero(targets == each)
        fold[rows] = np.arange(len(rows)) % _FOLDS
    images = (images - images.mean(axis=0)) / np.maximum(images.std(axis=0), _LEAST)
    pixels, flipped = images.reshape(len(images), -1), images[:, :, ::-1].reshape(len(images), -1)
    plain, mirrored = np.zeros(len(targets), bool), np.zeros(len(targets), bool)
    for k in range(_FOLDS):
        others = pixels[fold != k]
        weights = _ridge(others @ others.T, np.eye(targets.max() + 1)[targets[fold != k]])
        for answers, features in ((plain, pixels), (mirrored, flipped)):
            scores = features[fold == k] @ others.T @ weights
            answers[fold == k] = scores.argmax(axis=1) == targets[fold == k]
    return plain, mirrored


def _ridge(products: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the dual weights (n, classes) of a ridge regression on one-hot targets, of inner products (n, n)."""
    penalty = _PENALTY * np.trace(products) / len(products)
    return np.linalg.solve(products + penalty * np.eye(len(products)), targets - targets.mean(axis=0))
