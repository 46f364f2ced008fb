"""Regression: one number for each example, in the unit of the data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from multicnn.tasks import intervals
from multicnn.tasks.base import Answer, LossSettings
from multicnn.tasks.linear_model import LinearModel
from multicnn.tasks.plain import PlainTargets
from multicnn.tasks.registry import register

if TYPE_CHECKING:
    import pandas as pd
    from scipy import sparse

    from multicnn.layers.types import Tensor

LOSSES = ("squared_error", "absolute_error", "huber")
_WORST = 25  # answers that are listed
_RANGES = 5  # of the truth, in which the errors are compared
_FOLDS = 3  # in which the penalty is chosen
_PENALTIES = np.geomspace(1e-2, 1e4, 13)


@dataclasses.dataclass(frozen=True)
class Errors:
    """Sums over examples, in the unit of the data; those of two sets of examples add up by `+`.

    Attributes:
        n: The examples.
        absolute: Of the absolute errors.
        squared: Of their squares.
        loss: Of the losses.
        of_mean: Of the absolute errors of the mean of the training examples.
        truth: Of the true numbers, less that mean.
        truth_squared: Of the squares of these.
    """

    n: int
    absolute: float
    squared: float
    loss: float
    of_mean: float
    truth: float
    truth_squared: float

    def __add__(self, other: Errors) -> Errors:
        return Errors(*(one + another for one, another in zip(dataclasses.astuple(self), dataclasses.astuple(other))))


@register
@dataclasses.dataclass(frozen=True)
class Regression(PlainTargets):
    """One number for each example; the network predicts it in standard deviations from the mean of the training examples.

    Attributes:
        mean: The mean of the training examples; None until the task is fitted.
        std: Their standard deviation.
    """

    name: ClassVar[str] = "regression"
    metric: ClassVar[str] = "mae"
    monitors: ClassVar[dict[str, Literal["max", "min"]]] = {"mae": "min", "rmse": "min", "r2": "max", "loss": "min"}
    default_loss: ClassVar[str] = "squared_error"
    mixes: ClassVar[bool] = False

    mean: float | None = None
    std: float = 1.0

    @property
    def labels(self) -> tuple[str, ...]:  # type: ignore[override]
        """The name of the one number."""
        return ("value",)

    @property
    def classes(self) -> tuple[str, ...]:
        """No classes."""
        return ()

    def read(self, cell: str) -> str:
        """Return the number as Python writes it; anything else makes the row a bad one."""
        try:
            number = float(cell)
        except ValueError:
            raise ValueError(f"{cell[:40]!r} is no number" if cell.strip() else "empty label") from None
        if not math.isfinite(number):
            raise ValueError(f"{cell.strip()!r} is no finite number")
        return repr(number)

    def strata(self, cell: str) -> tuple[str, ...]:
        """Return nothing: splits balance no numbers."""
        return ()

    def renamed(self, cell: str, names: Mapping[str, str]) -> str:
        """Return the cell: numbers have no other names."""
        return cell

    def fitted(self, cells: Sequence[str]) -> Regression:
        """Return the task with mean and standard deviation of the cells.

        Raises:
            ValueError: They are all the same, or their spread is no finite number.
        """
        if self.mean is not None:
            return self
        values = np.array(cells, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = float(values.mean()), float(values.std())
        if not math.isfinite(std):
            raise ValueError("numbers whose spread is a finite number (up to 1e150)")
        if not std > 0:
            raise ValueError(f"two different numbers or more (only {cells[0]})")
        return Regression(mean, std)

    def check(self, cell: str, owner: str) -> None:
        """Accept any number."""

    def targets(self, cells: Sequence[str]) -> np.ndarray:
        """Return float32 (n,), the numbers in standard deviations from the mean."""
        return ((np.array(cells, np.float64) - self._mean) / self.std).astype(np.float32)

    def output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (1,)."""
        return (1,)

    def check_loss(self, settings: LossSettings) -> None:
        """Raise ValueError if the loss, or label smoothing, is not for numbers."""
        name, parameters = _loss(settings)
        if name not in LOSSES:
            raise ValueError(f"`loss` must be one of {list(LOSSES)} for regression. Received: loss={name!r}")
        known = ["delta"] if name == "huber" else []
        for parameter, value in parameters.items():
            if parameter not in known:
                raise ValueError(f"the loss {name!r} takes {known}. Received: {parameter}={value!r}")
            if not isinstance(value, (int, float)) or not value > 0:
                raise ValueError(f"`loss.{parameter}` must be a number above 0. Received: {parameter}={value!r}")
        if settings.label_smoothing:
            received = f"label_smoothing={settings.label_smoothing!r}"
            raise ValueError(f"`label_smoothing` is for classes, not for regression. Received: {received}")

    def class_weights(self, targets: np.ndarray) -> np.ndarray:
        """Raise ValueError: there are no classes."""
        raise ValueError("`class_weights` is for classes, not for regression. Received: class_weights=True")

    def losses(self, logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
        """Return the loss of each example, of errors e in standard deviations of the training examples.

        `squared_error` is e^2, `absolute_error` |e|, `huber` e^2 / 2 up to `delta` and from there on a straight line (Huber 1964).
        """
        from keras import ops

        name, parameters = _loss(settings)
        errors = ops.abs(logits[:, 0] - targets)
        if name == "absolute_error":
            return errors
        if name == "huber":
            delta = parameters.get("delta", 1.0)
            return ops.where(errors <= delta, ops.square(errors) / 2, delta * (errors - delta / 2))
        return ops.square(errors)

    def score(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the absolute error of each example, in the unit of the data."""
        from keras import ops

        return self.std * ops.abs(logits[:, 0] - targets)

    def plain_losses(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the squared error of each example in standard deviations: for a Gaussian of deviation 0.7, its nats."""
        return np.square(_errors(logits, targets))

    def counts(self, logits: np.ndarray, targets: np.ndarray) -> Errors:
        """Return the sums of errors.

        Raises:
            ValueError: A logit is not finite.
        """
        errors, truth = self.std * _errors(logits, targets), self.std * targets.astype(np.float64)
        if broken := int((~np.isfinite(errors)).sum()):
            raise ValueError(
                f"logits must be finite; has training diverged? Received: {broken} of {len(errors)} rows with NaN or inf"
            )
        sums = np.abs(errors), errors**2, (errors / self.std) ** 2, np.abs(truth), truth, truth**2
        return Errors(len(errors), *(float(each.sum()) for each in sums))

    def summary(self, counts: Errors) -> dict[str, float]:
        """Return the mean absolute error with its interval and that of predicting the mean, RMSE, R2 and the loss."""
        n = counts.n
        low, high = intervals.of_mean(counts.absolute, counts.squared, n)
        variance = max(counts.truth_squared - counts.truth**2 / n, 0.0)  # about the mean of these examples, times n
        return {
            "mae": counts.absolute / n,
            "mae_low": max(low, 0.0),
            "mae_high": high,
            "mae_of_mean": counts.of_mean / n,
            "rmse": math.sqrt(counts.squared / n),
            **({"r2": 1 - counts.squared / variance} if variance > 0 else {"r2": 0.0}),
            "loss": counts.loss / n,
            "n": n,
        }

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return float64 (n, 1), the numbers in the unit of the data."""
        return self._mean + self.std * logits.astype(np.float64)

    def merge(self, outputs: np.ndarray) -> np.ndarray:
        """Return the mean of the windows' numbers."""
        return np.mean(outputs, axis=0)

    def answer(self, output: np.ndarray) -> Answer:
        """Return the number, as text with as many digits as its spread deserves."""
        number = float(output[0])
        digits = max(2 - math.floor(math.log10(self.std)), 0)
        return Answer(f"{number:.{min(digits, 12)}f}", values={"value": number})

    def tables(self, logits: np.ndarray, targets: np.ndarray) -> dict[str, pd.DataFrame]:
        """Return `by_truth`: number of examples, mean absolute error and mean error (`bias`) in ranges of the truth."""
        import pandas as pd

        truth, errors = self._truth(targets), self.std * _errors(logits, targets)
        order = np.array_split(np.argsort(truth, kind="stable"), min(_RANGES, len(truth)))
        rows = [{"n": len(rows), "mae": np.abs(errors[rows]).mean(), "bias": errors[rows].mean()} for rows in order]
        names = [f"{truth[rows[0]]:.4g} to {truth[rows[-1]]:.4g}" for rows in order]
        return {"by_truth": pd.DataFrame(rows, index=pd.Index(names, name="truth"))}

    def confusion(self, logits: np.ndarray, targets: np.ndarray) -> None:
        """Return None: there are no classes."""
        return None

    def mistakes(self, logits: np.ndarray, targets: np.ndarray, ids: Sequence[str]) -> pd.DataFrame:
        """Return the answers with the largest errors: `id`, `truth`, `predicted`, `error`, `row`."""
        import pandas as pd

        truth, predicted = self._truth(targets), self.outputs(logits)[:, 0]
        rows = np.argsort(-np.abs(predicted - truth), kind="stable")[:_WORST]
        numbers = {"truth": truth[rows], "predicted": predicted[rows], "error": (predicted - truth)[rows]}
        return pd.DataFrame({"id": [str(ids[row]) for row in rows], **numbers, "row": rows})

    def headline(self, test: intervals.Metrics, linear: intervals.Metrics | None) -> str:
        """Return the mean absolute error in a sentence, beside predicting the mean and the linear baseline."""
        lead = (
            f"Test mean absolute error: {test['mae']:.4g} (95 % interval {test['mae_low']:.4g} to {test['mae_high']:.4g}) "
            f"on {test['n']:,} examples; always predicting the mean: {test['mae_of_mean']:.4g}."
        )
        return lead + (f" Linear baseline: {linear['mae']:.4g}." if linear else "")

    def baseline(
        self, train: Any, train_targets: np.ndarray, test: Any, test_targets: np.ndarray
    ) -> tuple[dict[str, float], str]:
        """Train a ridge regression and return its metrics on other examples, and its name."""
        kernel, bias, name = self.linear_model(train, train_targets)
        return self.summary(self.counts(np.asarray(test @ kernel + bias), test_targets)), name

    def linear_model(self, features: np.ndarray | sparse.csr_matrix, targets: np.ndarray) -> LinearModel:
        """Fit a ridge regression, on standardised features where they are dense; cross-validation chooses its penalty."""
        kernel, bias = _ridge(features, np.asarray(targets, np.float64))
        return LinearModel(kernel[:, None].astype(np.float32), np.array([bias], np.float32), "ridge regression")

    def linear_head(self, features: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel (features, 1) and bias (1,) of a ridge regression on standardised features."""
        kernel, bias, _ = self.linear_model(features, targets)
        return kernel, bias

    @property
    def _mean(self) -> float:
        if self.mean is None:
            raise ValueError("the task must be fitted first. Received: mean=None")
        return self.mean

    def _truth(self, targets: np.ndarray) -> np.ndarray:
        return self._mean + self.std * targets.astype(np.float64)


def _loss(settings: LossSettings) -> tuple[str, dict[str, Any]]:
    return (settings.loss, {}) if isinstance(settings.loss, str) else settings.loss


def _errors(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return predicted less true numbers, float64 (n,), in standard deviations."""
    return np.asarray(logits)[:, 0].astype(np.float64) - np.asarray(targets, np.float64)


def _ridge(features: np.ndarray | sparse.csr_matrix, targets: np.ndarray) -> tuple[np.ndarray, float]:
    """Return kernel (features,) and bias of the ridge regression whose penalty has the least error in cross-validation."""
    from scipy import sparse
    from sklearn.linear_model import Ridge, RidgeCV
    from sklearn.preprocessing import StandardScaler

    if not sparse.issparse(features):
        scaler = StandardScaler()
        model = RidgeCV(_PENALTIES).fit(scaler.fit_transform(np.asarray(features, np.float64)), targets)
        kernel = model.coef_ / scaler.scale_
        return kernel, float(model.intercept_ - scaler.mean_ @ kernel)
    rows = np.random.default_rng(0).permutation(len(targets))
    errors = np.zeros(len(_PENALTIES))
    for i, penalty in enumerate(_PENALTIES[: len(_PENALTIES) if len(rows) >= _FOLDS else 0]):
        for fold in range(_FOLDS):
            own, others = rows[fold::_FOLDS], np.delete(rows, slice(fold, None, _FOLDS))
            model = Ridge(penalty, solver="lsqr").fit(features[others], targets[others])
            errors[i] += np.square(model.predict(features[own]) - targets[own]).sum()
    best = errors.argmin() if errors.any() else len(_PENALTIES) // 2
    model = Ridge(float(_PENALTIES[best]), solver="lsqr").fit(features, targets)
    return model.coef_, float(model.intercept_)
