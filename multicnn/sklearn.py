"""A scikit-learn classifier of images, waveforms or texts, for `cross_val_score`, `GridSearchCV` and `Pipeline`."""

from __future__ import annotations

import json
import os
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data

from multicnn.modalities.registry import lookup

if TYPE_CHECKING:
    from multicnn.modalities import Preprocess

Inputs = Iterable[object]  # an array, a list or a column
_PCM = (np.int8, np.int16, np.int32)


class MulticnnClassifier(ClassifierMixin, BaseEstimator):
    """A network of this package as a scikit-learn classifier.

    It trains as `multicnn.train` does, on data in memory: images, waveforms or texts, one for each label. A tenth of the
    examples of `fit` chooses the epoch whose weights are used (`settings=["data.validation_fraction=0.2"]` takes a fifth); none
    is set aside for a test. The run folder is deleted, unless `out` names one.

    Args:
        modality: "image", "audio", "text" or another registered modality; None decides by the inputs. With "audio" the rows of
            a 2-D array are waveforms, at `preprocess.sample_rate` Hz (16,000).
        model: The name of a registered model, "module:function", or a Block as a dict; None is the usual one of the modality.
        epochs: Number of passes over the training examples; None chooses it for the data, as all that is not given here.
        batch_size: Number of examples in a training step; None likewise.
        learning_rate: The learning rate; None likewise.
        seed: Seeds weight initialization, shuffling, augmentation and dropout.
        settings: Further fields of the recipe, as in `multicnn.train`: ["augment.mirror=true", "optimizer.name=sgd"].
        out: The run folder, which must be new; for one `fit` only.

    Attributes:
        classes_: The classes, sorted, as they are in `y`.
        n_features_in_: The length of the waveforms, where `X` is a 2-D array of them.
        predictor_: The trained `multicnn.Predictor`: it can be saved, evaluated and explained.
    """

    classes_: NDArray
    n_features_in_: int

    def __init__(
        self,
        modality: str | None = None,
        *,
        model: str | dict[str, object] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        seed: int = 0,
        settings: Sequence[str] = (),
        out: str | os.PathLike | None = None,
    ):
        self.modality = modality
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.seed = seed
        self.settings = settings
        self.out = out

    def fit(self, X: Inputs, y: ArrayLike) -> Self:
        """Train on inputs and their classes.

        Args:
            X: An array with an input along its first axis, or a list or column of inputs, as `multicnn.train` takes them.
            y: The class of each input, shape (n,).

        Raises:
            ValueError: The inputs, the classes or a parameter cannot be used; the message says why.
        """
        from multicnn.training import ensemble
        from multicnn.training.context import RunContext
        from multicnn.training.setup import new_folder, settled

        if isinstance(self.settings, str):
            raise ValueError(f'`settings` must be a list of "field=value". Received: settings={self.settings!r}')
        inputs = self._inputs(X, fit=True)
        classes, indices = np.unique(self._labels(inputs, y), return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"`y` must have two classes at least, not one class. Received: classes={classes.tolist()}")
        names = _names(classes)
        given = {
            "data.modality": self.modality,
            "model.name": self.model,
            "optimizer.learning_rate": self.learning_rate,
        }
        settings = [f"{name}={json.dumps(value)}" for name, value in given.items() if value is not None]
        fields = {"epochs": self.epochs, "batch_size": self.batch_size, "seed": self.seed}
        recipe, manifest = settled(
            (self._with_rate(inputs), [names[i] for i in indices]),
            ["data.test_fraction=0", *settings, *self.settings],
            {name: value for name, value in fields.items() if value is not None},
        )
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "run" if self.out is None else new_folder(self.out, recipe)
            predictor = ensemble.train(recipe, manifest, RunContext(folder, temporary=self.out is None))
        self.classes_, self.predictor_ = classes, predictor
        self._columns = [predictor.labels.index(name) if name in predictor.labels else None for name in names]
        return self

    def predict_proba(self, X: Inputs) -> NDArray[np.float64]:
        """Return the probability of each class, float64 (n, classes), in the order of `classes_`.

        Args:
            X: Inputs, as in `fit`.

        Raises:
            ValueError: An input cannot be read; the message names the first.
        """
        check_is_fitted(self)
        inputs = self._inputs(X, fit=False)
        if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "fiub":  # understood as a whole, as in `fit`
            inputs = self.predictor_.preprocess.from_archive(inputs)
        predictions = self.predictor_.predict(list(inputs))
        bad = next((each for each in predictions if each.error is not None), None)
        if bad is not None:
            raise ValueError(f"`X` must hold inputs that can be read ({bad.error}). Received: {bad.input}")
        known = np.array([list(each.probabilities.values()) for each in predictions]).reshape(len(predictions), -1)
        none = np.zeros(len(predictions))
        return np.stack([none if at is None else known[:, at] for at in self._columns], axis=1)

    def predict(self, X: Inputs) -> NDArray:
        """Return the most probable class of each input, shape (n,).

        Args:
            X: Inputs, as in `fit`.

        Raises:
            ValueError: An input cannot be read; the message names the first.
        """
        indices = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[indices]

    def __sklearn_tags__(self) -> Tags:
        tags, kind = super().__sklearn_tags__(), self._kind()
        tags.input_tags.two_d_array = kind is not None and kind.sampled
        tags.input_tags.one_d_array = tags.input_tags.string = kind is not None and kind.inline
        tags.input_tags.three_d_array = kind is not None and not (kind.sampled or kind.inline)
        return tags

    def _kind(self) -> type[Preprocess] | None:
        return None if self.modality is None else lookup(self.modality)

    def _inputs(self, X: Inputs, fit: bool) -> Sequence[object] | NDArray:
        """Return an array or a list of inputs, with rows of numbers checked as scikit-learn does."""
        if isinstance(X, (str, bytes, os.PathLike)):
            raise ValueError(f"`X` must hold one input or more, not be one. Received: X={X!r}")
        X, kind = _column(X), self._kind()
        if kind is not None and kind.sampled and not _holds_inputs(X):
            rows = validate_data(self, X, reset=fit, ensure_min_samples=2 if fit else 1)
            return rows if rows.dtype in _PCM else rows.astype(np.float32, copy=False)
        if isinstance(X, pd.DataFrame):
            raise ValueError(f"`X` must be one column of inputs. Received: X with columns {[*map(str, X.columns)]}")
        if not isinstance(X, Iterable):
            raise ValueError(f"`X` must hold one input or more, not be one. Received: X of type {type(X).__name__}")
        inputs = X if isinstance(X, np.ndarray) else list(X)
        if not len(inputs):
            raise ValueError("`X` must hold one input or more; it has 0 samples. Received: X of no inputs")
        return inputs

    def _with_rate(self, inputs: Sequence[object] | NDArray) -> object:
        """Return waveforms with the rate that the settings name, so that it is not reported as unknown."""
        kind, name = self._kind(), "preprocess.sample_rate="
        given = [setting.removeprefix(name) for setting in self.settings if setting.startswith(name)]
        known = kind is not None and kind.sampled and isinstance(inputs, np.ndarray) and given and given[-1].isdecimal()
        return (inputs, int(given[-1])) if known else inputs

    def _labels(self, inputs: Sequence[object] | NDArray, y: ArrayLike) -> NDArray:
        if y is None:
            raise ValueError("`fit` requires y to be passed, but the target y is None. Received: y=None")
        labels = column_or_1d(y, warn=True)
        if (missing := np.flatnonzero(pd.isna(labels))).size:
            at = missing[0]
            raise ValueError(f"`y` must have a class for each input, without NaN. Received: y[{at}]={labels[at]!r}")
        check_consistent_length(inputs, labels)
        check_classification_targets(labels)
        return labels


def _column(X: Inputs) -> Inputs:
    """Return the column of a table that has one, of anything but numbers, as a list; other inputs as they are."""
    if isinstance(X, pd.DataFrame) and X.shape[1] == 1:
        X = X if pd.api.types.is_numeric_dtype(X.dtypes.iloc[0]) else X.iloc[:, 0]
    if isinstance(X, pd.Series) and not pd.api.types.is_numeric_dtype(X.dtype):
        return X.tolist()
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 1 and X.dtype.kind in "OUS":
        return X[:, 0]
    return X


def _holds_inputs(X: Inputs) -> bool:
    """Return True for a list or column of inputs, False for rows of numbers."""
    if isinstance(X, np.ndarray):
        return X.ndim > 2 or (X.ndim == 1 and X.dtype == object)
    first = next(iter(X), None) if isinstance(X, (list, tuple)) else None
    return first is not None and not isinstance(first, (list, int, float))


def _names(classes: NDArray) -> list[str]:
    """Return how the run calls each class: as text, or by its position where reading might join or change two texts."""
    names = [
        str(int(each)) if isinstance(each, float) and each.is_integer() else str(each) for each in classes.tolist()
    ]
    plain = all(name.isprintable() and name == unicodedata.normalize("NFC", name).strip() != "" for name in names)
    numbers = [name for name in names if name.replace(".", "").isdigit()]
    unlike = len(set(names)) == len(names) and all(name == str(int(float(name))) for name in numbers)
    return names if plain and unlike else [str(position) for position in range(len(names))]
