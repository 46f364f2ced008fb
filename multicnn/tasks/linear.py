"""Linear models of classes, on features: the baseline of an evaluation, and the head of a linear probe."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from multicnn.tasks.metrics import count_predictions, decided, log_likelihoods
from multicnn.utils import quiet

PENALTY = 0.01  # of the squared weights, beside the mean loss over the training examples


@quiet.few_examples()
def classifier(
    train: Any, train_targets: np.ndarray, test: Any, test_targets: np.ndarray
) -> tuple[dict[str, float], str]:
    """Train a linear classifier and return its metrics on other examples, and its name.

    Sparse features (words) get a linear SVM (Wang and Manning 2012 is the classic argument for this baseline), dense ones
    logistic regression after standardisation.

    Args:
        train: The training features, float (n, features), dense or scipy.sparse.
        train_targets: int (n,) classes; or (n, classes), 0 or 1: a model for each label.
        test: The features of the examples to score, as `train`.
        test_targets: Their targets, as `train_targets`.

    Returns:
        The metrics as in `metrics.summarise`, without `loss` where the model gives no probabilities or a test class is
        missing from the training examples; and the model in words.
    """
    from scipy import sparse

    if sparse.issparse(train):
        from sklearn.svm import LinearSVC

        model = _for_each(LinearSVC(random_state=0), train_targets).fit(train, train_targets)
        predicted, loss, name = model.predict(test), None, "linear SVM"
    else:
        predicted, loss = _logistic(train, train_targets, test, test_targets)
        name = "logistic regression"
    return count_predictions(predicted, test_targets, loss).summary(), name


@quiet.few_examples()
def head(features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias of a logistic regression, standardisation included.

    Args:
        features: float (n, features).
        targets: int (n,), each class at least once.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features.astype(np.float64))
    model = LogisticRegression(C=1 / (PENALTY * len(features)), max_iter=2000)
    model.fit(scaler.transform(features), targets)
    coefficients, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # the log odds of the second
        coefficients, intercept = np.vstack([0 * coefficients, coefficients]), np.append(0.0, intercept)
    kernel = (coefficients / scaler.scale_).T
    return kernel, intercept - scaler.mean_ @ kernel


def _for_each(model: Any, targets: np.ndarray) -> Any:
    """Return the model; for multilabel targets, one for each label."""
    from sklearn.multiclass import OneVsRestClassifier

    return OneVsRestClassifier(model) if targets.ndim == 2 else model


def _logistic(
    train: np.ndarray, targets: np.ndarray, test: np.ndarray, test_targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """The predictions on the test examples, and the loss of each if there are probabilities of their classes."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler(copy=False)
    model = _for_each(LogisticRegression(C=1 / (PENALTY * len(train)), max_iter=300, tol=1e-3), targets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # close enough for a baseline
        model.fit(scaler.fit_transform(train), targets)
    logits = model.decision_function(scaler.transform(test))
    if targets.ndim == 2:
        return decided(logits, multilabel=True), -log_likelihoods(logits, test_targets)
    if logits.ndim == 1:  # two classes: the log odds of the second
        logits = np.stack([np.zeros_like(logits), logits], axis=1)
    predicted = model.classes_[decided(logits, multilabel=False)]
    if not np.isin(test_targets, model.classes_).all():
        return predicted, None
    columns = np.searchsorted(model.classes_, test_targets)
    return predicted, -log_likelihoods(logits, columns)
