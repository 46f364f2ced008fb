"""Ridge regression on the labels of examples, for more labels than a model for each of them has time for.

It is solved in its dual form: what costs time and memory is the number of examples, of which a sample is enough, and not that
of the labels (Saunders, Gammerman, Vovk 1998). The targets stay sparse.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from multicnn.tasks.linear_model import NotFitted

Matrix: TypeAlias = Any  # an array of NumPy, or a matrix of scipy.sparse

MOST_EXAMPLES = 5_000  # that it is fitted to
_PENALTY = 0.1  # of the mean square of an example
_MOST_OPERATIONS = 1e12  # about 30 s on two cores
_TOGETHER = 128  # examples that are scored at once


def scores(train: Matrix, targets: Matrix, test: Matrix) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the scores of labels, 1 for a label that is there and 0 for one that is not, of some examples after others.

    Args:
        train: Features, float (n, features), dense or scipy.sparse.
        targets: scipy.sparse (n, labels), 1 for each label of an example.
        test: The features of the examples to score.

    Yields:
        The examples, and their scores, float32 (examples, labels).

    Raises:
        NotFitted: It would take too long.
    """
    from scipy import linalg

    rows = np.sort(np.random.default_rng(0).permutation(train.shape[0])[:MOST_EXAMPLES])
    n, m = len(rows), test.shape[0]
    if (operations := n**3 / 3 + 2 * m * (n**2 + targets.nnz + 4 * targets.shape[1])) > _MOST_OPERATIONS:
        raise NotFitted(f"{m:,} examples of {targets.shape[1]:,} labels would take {operations / 3e10:.0f} s to score")
    train, test = _standardised(train[rows], test)
    products = _dense(train @ train.T)
    products[np.diag_indices(n)] += _PENALTY * float(np.mean(np.diag(products))) or 1.0
    factor = linalg.cho_factor(products, overwrite_a=True, check_finite=False)
    own = targets[rows].tocsr().astype(np.float32)
    mean = np.asarray(own.mean(axis=0), np.float32)
    for start in range(0, m, _TOGETHER):
        part = slice(start, min(start + _TOGETHER, m))
        weights = linalg.cho_solve(factor, _dense(train @ test[part].T), check_finite=False).T.astype(np.float32)
        # Of centred targets: (y - mean) w + mean.
        yield part, np.asarray(weights @ own) + (1 - weights.sum(axis=1, keepdims=True)) * mean


def classifier(
    train: Matrix, train_targets: np.ndarray, test: Matrix, test_targets: np.ndarray, classes: int
) -> tuple[dict[str, float], str]:
    """Train it on classes, int (n,), or labels, 0 or 1 of (n, classes), and return metrics of other examples and its name.

    Raises:
        NotFitted: It would take too long.
    """
    from scipy import sparse

    from multicnn.tasks.metrics import count_predictions

    if train_targets.ndim == 2:
        targets = sparse.csr_matrix(train_targets.astype(np.float32))
    else:
        ones = np.ones(len(train_targets), np.float32)
        targets = sparse.csr_matrix((ones, train_targets, np.arange(len(ones) + 1)), shape=(len(ones), classes))
    predicted = [
        (each > 0.5).astype(np.int64) if train_targets.ndim == 2 else each.argmax(axis=1)
        for _, each in scores(train, targets, test)
    ]
    counts = count_predictions(np.concatenate(predicted), test_targets, n_classes=classes)
    return counts.summary(), name_of(len(train_targets))


def name_of(examples: int) -> str:
    """Return the model in words, of so many training examples."""
    sample = f" on {MOST_EXAMPLES:,} of them" if examples > MOST_EXAMPLES else ""
    return f"ridge regression of all labels{sample}"


def _standardised(train: Matrix, test: Matrix) -> tuple[Matrix, Matrix]:
    from scipy import sparse
    from sklearn.preprocessing import StandardScaler

    if sparse.issparse(train):
        return train.tocsr().astype(np.float32), test.tocsr().astype(np.float32)
    scaler = StandardScaler().fit(train)
    return scaler.transform(train).astype(np.float32), scaler.transform(test).astype(np.float32)


def _dense(matrix: Matrix) -> np.ndarray:
    return np.asarray(matrix.todense() if hasattr(matrix, "todense") else matrix, np.float32)
