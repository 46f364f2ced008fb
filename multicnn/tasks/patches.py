"""The linear baseline of masks: multinomial logistic regression on the patch of pixels around each position."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from multicnn.tasks.plain import Batches

SIDE = 7  # pixels
_POSITIONS = 20_000  # training positions, as many of each batch


def fit(train: Batches) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit the model to a random sample of the positions, the same one each time.

    Returns:
        Kernel (features, outputs) and bias (outputs,), and the class of each output.

    Raises:
        ValueError: The positions have one class only.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    share = max(_POSITIONS // max(sum(1 for _ in train()), 1), 1)
    rng, features, truth = np.random.default_rng(0), [], []
    for inputs, targets in train():
        known = np.argwhere(targets >= 0)
        chosen = known[np.sort(rng.permutation(len(known))[:share])]
        features.append(_patches(inputs, chosen))
        truth.append(targets[tuple(chosen.T)])
    x, y = np.concatenate(features), np.concatenate(truth)
    if len(np.unique(y)) < 2:
        raise ValueError(f"masks must have two classes or more. Received: {len(np.unique(y))}")
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(max_iter=300).fit(scaler.transform(x), y)
    kernel = model.coef_.T / scaler.scale_[:, None]
    bias = model.intercept_ - scaler.mean_ @ kernel
    if kernel.shape[1] == 1:  # of two classes the logits of the second alone
        kernel, bias = np.concatenate([0 * kernel, kernel], axis=1), np.append(0.0, bias)
    return kernel.astype(np.float32), bias.astype(np.float32), model.classes_


def logits(inputs: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return float32 (batch, height, width, outputs) of the network's inputs (batch, height, width, channels)."""
    height, width, channels = inputs.shape[1:]
    padded = _padded(inputs)
    out = np.broadcast_to(bias, (len(inputs), height, width, len(bias))).astype(np.float32)
    for step, (down, right) in enumerate(_shifts()):
        part = kernel[step * channels : (step + 1) * channels]
        out += padded[:, down : down + height, right : right + width] @ part
    return out


def _shifts() -> Iterator[tuple[int, int]]:
    return ((down, right) for down in range(SIDE) for right in range(SIDE))


def _padded(inputs: np.ndarray) -> np.ndarray:
    around = SIDE // 2
    return np.pad(inputs, ((0, 0), (around, around), (around, around), (0, 0)))


def _patches(inputs: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return the patches around positions (n, 3) of image, row and column: (n, SIDE * SIDE * channels)."""
    padded = _padded(inputs)
    example, row, column = positions.T
    return np.concatenate([padded[example, row + down, column + right] for down, right in _shifts()], axis=1)
