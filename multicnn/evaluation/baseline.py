"""What a linear model scores on the same split: the number every network has to beat.

Texts: TF-IDF and a linear SVM (Wang and Manning 2012 is the classic argument for this baseline).
Images and sounds: a fixed, small summary of each example, standardised, and multinomial logistic regression.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from multicnn.evaluation.summaries import audio_features, image_features
from multicnn.tasks.metrics import decided, log_likelihoods, scores

IMAGE_EXAMPLES = 10_000
AUDIO_EXAMPLES = 10_000
TEXT_EXAMPLES = 50_000
PENALTY = 0.01  # of the squared weights, beside the mean loss over the training examples


def linear_baseline(
    modality: Literal["image", "audio", "text"],
    train: np.ndarray | Sequence[str],
    train_targets: np.ndarray,
    test: np.ndarray | Sequence[str],
    test_targets: np.ndarray,
) -> dict[str, Any]:
    """Trains a linear model on `train` and scores it on `test`; the same answer each time.

    Args:
        modality: what the examples are.
        train: for text, the raw strings. For images, (n, height, width[, channels]) pixels, uint8 or float: scaling
            and centring them changes nothing. For sounds, (n, time, bands[, 1]) log-mel or MFCC, or (n, samples[, 1])
            waveforms. A memory map will do: examples are read in small batches.
        train_targets: (n,) int class positions; or (n, classes), 0 or 1 for each of several labels: a model for each.
        test: as `train`.
        test_targets: as `train_targets`.

    Returns:
        `accuracy`, F1 and `n` as in `metrics.summarise`, `loss` as well unless the model gives no
        probabilities (text) or a test class is missing from the training examples, and `model`: what was trained on
        what, in words. From large sets only a sample is used, and `model` says so.

    Raises:
        ValueError: an unknown modality, lengths or shapes that do not fit, or fewer than two classes to learn.
    """
    if modality not in ("image", "audio", "text"):
        raise ValueError(f"modality must be one of image, audio, text. Received: modality={modality!r}")
    train_targets, test_targets = np.asarray(train_targets), np.asarray(test_targets)
    for name, examples, targets in (("train", train, train_targets), ("test", test, test_targets)):
        if len(examples) != len(targets) or not len(targets):
            raise ValueError(
                f"{name} must have one target per example and at least one example. "
                f"Received: {len(examples)} examples and {len(targets)} targets"
            )
    limit = {"image": IMAGE_EXAMPLES, "audio": AUDIO_EXAMPLES, "text": TEXT_EXAMPLES}[modality]
    rows = _sample(len(train_targets), limit)
    if len(np.unique(train_targets[rows], axis=0)) < 2:
        raise ValueError(f"train_targets must hold two classes or more. Received: {np.unique(train_targets).tolist()}")

    if modality == "text":
        chosen = [train[row] for row in rows]
        predicted, loss, model = _text(chosen, train_targets[rows], test)
    else:
        features = image_features if modality == "image" else audio_features
        train_features, model = features(train, rows)
        test_features, _ = features(test, np.arange(len(test)))
        predicted, loss = _logistic(train_features, train_targets[rows], test_features, test_targets)
    if len(rows) < len(train_targets):
        model += f" (trained on {len(rows):,} of {len(train_targets):,} examples)"
    return scores(test_targets, predicted, loss) | {"model": model}


def _sample(n: int, limit: int) -> np.ndarray:
    # Random positions rather than a stride: a stride over examples whose classes alternate can miss whole classes.
    return np.arange(n) if n <= limit else np.sort(np.random.default_rng(0).permutation(n)[:limit])


def _text(train: list[str], targets: np.ndarray, test: Sequence[str]) -> tuple[np.ndarray, None, str]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    # Words and single punctuation marks, as the networks see them: a question mark is a feature.
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]", dtype=np.float32)
    predictor = _for_each(LinearSVC(random_state=0), targets).fit(vectorizer.fit_transform(train), targets)
    return predictor.predict(vectorizer.transform(test)), None, "TF-IDF of words and word pairs, linear SVM"


def _for_each(model: Any, targets: np.ndarray) -> Any:
    """The model; of several labels, one for each of them."""
    from sklearn.multiclass import OneVsRestClassifier

    return OneVsRestClassifier(model) if targets.ndim == 2 else model


def _logistic(
    train: np.ndarray, targets: np.ndarray, test: np.ndarray, test_targets: np.ndarray
) -> tuple[np.ndarray, float | None]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler(copy=False)
    predictor = _for_each(LogisticRegression(C=1 / (PENALTY * len(train)), max_iter=300, tol=1e-3), targets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # close enough for a baseline
        predictor.fit(scaler.fit_transform(train), targets)
    logits = predictor.decision_function(scaler.transform(test))
    if targets.ndim == 2:
        return decided(logits, True), float(-np.mean(log_likelihoods(logits, test_targets)))
    if logits.ndim == 1:  # two classes: the log odds of the second
        logits = np.stack([np.zeros_like(logits), logits], axis=1)
    predicted = predictor.classes_[decided(logits, False)]
    if not np.isin(test_targets, predictor.classes_).all():
        return predicted, None
    columns = np.searchsorted(predictor.classes_, test_targets)
    return predicted, float(-np.mean(log_likelihoods(logits, columns)))
