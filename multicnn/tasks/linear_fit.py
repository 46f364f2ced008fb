"""The models of `linear.classifier` as a kernel and a bias whose logits give probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from multicnn.tasks.linear import PENALTY
from multicnn.tasks.linear_model import LinearModel
from multicnn.tasks.metrics import log_likelihoods
from multicnn.utils import quiet

if TYPE_CHECKING:
    from scipy import sparse

_FOLDS = 3
_FEW = 500  # examples up to which all folds are asked; of more, one has enough
_SCALES = np.geomspace(0.1, 30, 118)  # 5 % apart

Weights = tuple[np.ndarray, np.ndarray]  # kernel float64 (features, outputs), bias (outputs,)
Features: TypeAlias = "np.ndarray | sparse.csr_matrix"
ClassWeights: TypeAlias = "np.ndarray | None"  # what each class counts; of several labels a yes, where a no counts 1
Model = Callable[[Features, np.ndarray, int, ClassWeights], Weights]
Fitted = Callable[
    [np.ndarray, ClassWeights], Weights
]  # of targets of two classes or more, and what each example counts


@quiet.few_examples()
def fit(features: Features, targets: np.ndarray, outputs: int, class_weights: np.ndarray | None = None) -> LinearModel:
    """Fit a linear model of logits; the same bits each time.

    Dense features get a logistic regression, standardisation included, sparse ones (words) a linear SVM. The logits of the
    one, and the margins of the other, are multiplied by the number that makes the truth likeliest in cross-validation (Platt
    1999, without an offset): few examples with many features make it too sure, and margins are no probabilities.

    Args:
        features: float32 (n, features).
        targets: int (n,), of 0 to outputs - 1 each at least once; or (n, outputs), 0 or 1: a model for each label.
        outputs: The number of logits.
        class_weights: float (outputs,), what an example of each class counts, or of several labels a yes where a no counts 1;
            None weighs nothing.
    """
    from scipy import sparse

    model, name = (_machine, "linear SVM") if sparse.issparse(features) else (_regression, "logistic regression")
    kernel, bias = model(features, targets, outputs, class_weights)
    scale = _scale(model, features, targets, outputs, class_weights)
    return LinearModel((scale * kernel).astype(np.float32), (scale * bias).astype(np.float32), name)


def _regression(features: Features, targets: np.ndarray, outputs: int, class_weights: ClassWeights) -> Weights:
    """Fit the logistic regression of `linear.classifier`; its weights are on the features before standardisation."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    standard = scaler.fit_transform(features)

    def fitted(targets: np.ndarray, counts: ClassWeights) -> Weights:
        model = LogisticRegression(C=1 / (PENALTY * len(features)), max_iter=300, tol=1e-3)
        model.fit(standard, targets, sample_weight=counts)
        return model.coef_.T, model.intercept_

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # close enough for a baseline
        kernel, bias = _by_targets(fitted, targets, features.shape[1], outputs, class_weights)
    kernel = kernel / scaler.scale_[:, None]
    return kernel, bias - scaler.mean_ @ kernel


def _machine(features: Features, targets: np.ndarray, outputs: int, class_weights: ClassWeights) -> Weights:
    """Fit the linear SVM of `linear.classifier`."""
    from sklearn.svm import LinearSVC

    def fitted(targets: np.ndarray, counts: ClassWeights) -> Weights:
        model = LinearSVC(random_state=0).fit(features, targets, sample_weight=counts)
        return model.coef_.T, model.intercept_

    return _by_targets(fitted, targets, features.shape[1], outputs, class_weights)


def _by_targets(
    fitted: Fitted, targets: np.ndarray, features: int, outputs: int, class_weights: ClassWeights
) -> Weights:
    """Return the weights with a column for each output, also for those that the targets lack, and for each label its own."""
    if targets.ndim == 2:
        of_yes = [None] * outputs if class_weights is None else [np.array([1.0, weight]) for weight in class_weights]
        pairs = [_by_targets(fitted, column, features, 2, weights) for column, weights in zip(targets.T, of_yes)]
        each = [(kernel[:, 1] - kernel[:, 0], bias[1] - bias[0]) for kernel, bias in pairs]  # the log odds of a yes
        return np.stack([kernel for kernel, _ in each], axis=1), np.array([bias for _, bias in each])
    present = np.unique(targets)
    kernel, bias = np.zeros((features, outputs)), np.zeros(outputs)
    if len(present) == 1:
        bias[present] = np.log(len(targets) + 1)
        return kernel, bias
    weights, intercept = fitted(targets, None if class_weights is None else class_weights[targets])
    if len(present) == 2:  # one column, for the second
        weights, intercept = np.concatenate([-weights, weights], axis=1) / 2, np.append(-intercept, intercept) / 2
    kernel[:, present], bias[:] = weights, intercept.min() - 1
    bias[present] = intercept
    return kernel, bias


def _scale(model: Model, features: Features, targets: np.ndarray, outputs: int, class_weights: ClassWeights) -> float:
    """Return the factor of the logits by which examples that a model was not fitted to are likeliest to be what they are."""
    rows = np.random.default_rng(0).permutation(len(targets))
    if targets.ndim == 1:  # each fold has its share of each class
        rows = rows[np.argsort(targets[rows], kind="stable")]
    losses = np.zeros(len(_SCALES))
    for fold in range(_FOLDS if len(rows) <= _FEW else 1):
        others, own = np.delete(rows, slice(fold, None, _FOLDS)), rows[fold::_FOLDS]
        if len(others) and len(own):
            kernel, bias = model(features[others], targets[others], outputs, class_weights)
            logits = features[own] @ kernel + bias
            counts = 1 if class_weights is None or targets.ndim == 2 else class_weights[targets[own]]
            losses -= [(counts * log_likelihoods(scale * logits, targets[own])).sum() for scale in _SCALES]
    return float(_SCALES[np.argmin(losses)]) if losses.any() else 1.0
