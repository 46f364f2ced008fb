"""Choose between a network, a linear baseline and their blend by the logits that both give to validation examples.

The blend is the weighted mean of calibrated log-probabilities (a logarithmic opinion pool, Genest and Zidek 1986, of two experts
with a temperature each, Guo et al. 2017): w z / T + (1 - w) z' / T'. Of one class for each example, logits differ from
log-probabilities by one number an example, which the softmax does not see; of several labels, it is the mean of log odds.

Validation sets are small, so what is estimated from them is shrunk: temperatures to 1, the weight to one half. Everything that
is compared was estimated on other examples (cross-fitting). One model alone is saved only where it is clearly ahead: the mean of
two models of like quality is rarely worse than either, and mostly better.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

Losses = Callable[[np.ndarray, np.ndarray], np.ndarray]  # logits (n, ...) and targets -> nats of each example, (n,)
Score = Callable[[np.ndarray, np.ndarray], float]  # likewise -> the task's metric, higher where it is better

Choice = Literal["network", "baseline", "blend"]

LOWEST, HIGHEST = 0.3, 10.0  # bounds of a temperature
FEWEST = 10  # validation examples from which anything is estimated
_MOST = 5_000  # examples that are looked at: more change no digit that matters
_FOLDS = 5
_SPREAD_OF_TEMPERATURE = 1.0  # of its logarithm around 0, before any example is seen: a factor of 2.7
_SPREAD_OF_WEIGHT = 0.25  # of the weight around one half, likewise
_SURE = 2.0  # standard errors by which a model is clearly ahead
# The epoch of the network was chosen on these very examples, the baseline has no such choice. The best of three draws, as
# different as some epochs are, is 0.85 standard deviations above their mean: the network has to be ahead by so much more.
_CHOSEN = 1.0
_NEITHER = "neither is ahead by two standard errors"


@dataclasses.dataclass(frozen=True)
class Decision:
    """The choice of what is saved.

    Attributes:
        choice: The model, or their blend.
        weight: The share of the network in the blend; 1 and 0 are one model alone.
        network_temperature: Temperature of the network's logits.
        baseline_temperature: Temperature of the baseline's logits.
        why: The reason, in words.
    """

    choice: Choice
    weight: float
    network_temperature: float = 1.0
    baseline_temperature: float = 1.0
    why: str = ""

    @property
    def factors(self) -> tuple[float, float]:
        """The numbers that the logits of the network and of the baseline are multiplied by before they are added."""
        return self.weight / self.network_temperature, (1 - self.weight) / self.baseline_temperature

    def to_dict(self) -> dict[str, object]:
        """Return the entry `saved` of metrics.json."""
        temperatures = {"network": self.network_temperature, "baseline": self.baseline_temperature}
        numbers = {name: round(value, 4) for name, value in temperatures.items()}
        return {"choice": self.choice, "weight": round(self.weight, 4), "temperatures": numbers, "why": self.why}


class _Fitted(NamedTuple):
    """The two temperatures and the weight of some examples."""

    network_temperature: float
    baseline_temperature: float
    weight: float


def choose(network: np.ndarray, baseline: np.ndarray, targets: np.ndarray, losses: Losses, score: Score) -> Decision:
    """Choose by the logits of validation examples, on which neither model was trained.

    Args:
        network: Logits of the network, float (n, ...); none where there are no such examples.
        baseline: Logits of the linear baseline, likewise.
        targets: The targets, (n, ...).
        losses: Returns the loss of each example in nats, minus the log-probability of its truth.
        score: Returns the metric of the task on some examples, higher where it is better.
    """
    n = len(targets)
    if n < FEWEST:
        few = f"{n} validation examples are too few to choose by" if n else "there are no validation examples"
        return Decision("blend", 0.5, why=few)
    rows = np.random.default_rng(0).permutation(n)[:_MOST]
    own, other, truth = (np.asarray(each)[rows] for each in (network, baseline, targets))
    own, other = own.astype(np.float64), other.astype(np.float64)
    calibrated, mixed = _cross_fitted(own, other, truth, losses)
    choice, why = _choice(calibrated, mixed, truth, losses, score)
    weight = blend_weight(*calibrated, truth, losses) if choice == "blend" else float(choice == "network")
    temperatures = temperature(own, truth, losses), temperature(other, truth, losses)
    return Decision(choice, weight, *temperatures, why=f"on {n:,} validation examples {why}")


def temperature(logits: np.ndarray, targets: np.ndarray, losses: Losses) -> float:
    """Return the temperature by which logits are divided for the least loss, shrunk to 1.

    The sum of the losses is minimised, plus the square of the logarithm of the temperature over twice that of its spread, as if
    that logarithm were known to be 0 up to the spread.

    Args:
        logits: float (n, ...).
        targets: (n, ...).
        losses: As of `choose`.
    """

    def penalised(log: float) -> float:
        return float(losses(logits / np.exp(log), targets).sum()) + (log / _SPREAD_OF_TEMPERATURE) ** 2 / 2

    return float(np.exp(_minimum(penalised, np.log(LOWEST), np.log(HIGHEST))))


def blend_weight(network: np.ndarray, baseline: np.ndarray, targets: np.ndarray, losses: Losses) -> float:
    """Return the weight of the network, from 0 to 1, in the blend of the least loss, shrunk to one half.

    Args:
        network: Calibrated logits of the network, float (n, ...).
        baseline: Calibrated logits of the baseline, likewise.
        targets: (n, ...).
        losses: As of `choose`.
    """

    def penalised(weight: float) -> float:
        mixed = weight * network + (1 - weight) * baseline
        return float(losses(mixed, targets).sum()) + ((weight - 0.5) / _SPREAD_OF_WEIGHT) ** 2 / 2

    return _minimum(penalised, 0.0, 1.0)


def _fitted(network: np.ndarray, baseline: np.ndarray, targets: np.ndarray, losses: Losses) -> _Fitted:
    own, other = temperature(network, targets, losses), temperature(baseline, targets, losses)
    return _Fitted(own, other, blend_weight(network / own, baseline / other, targets, losses))


def _cross_fitted(
    network: np.ndarray, baseline: np.ndarray, targets: np.ndarray, losses: Losses
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return the calibrated logits of both models, and of the blend; each row's numbers were estimated without its fold."""
    fold = np.arange(len(targets)) % _FOLDS  # the rows come in a drawn order
    own, other, mixed = np.empty_like(network), np.empty_like(baseline), np.empty_like(network)
    for each in range(_FOLDS):
        test, rest = fold == each, fold != each
        fitted = _fitted(network[rest], baseline[rest], targets[rest], losses)
        own[test] = network[test] / fitted.network_temperature
        other[test] = baseline[test] / fitted.baseline_temperature
        mixed[test] = fitted.weight * own[test] + (1 - fitted.weight) * other[test]
    return (own, other), mixed


def _choice(
    calibrated: tuple[np.ndarray, np.ndarray],
    mixed: np.ndarray,
    targets: np.ndarray,
    losses: Losses,
    score: Score,
) -> tuple[Choice, str]:
    """Return what is saved, and why."""
    own, other, both = (losses(each, targets) for each in (*calibrated, mixed))
    lead = _standard_errors(other - own)
    behind = lead < 0
    leader, follower = calibrated[::-1] if behind else calibrated
    words = f"the {'linear baseline' if behind else 'network'} is ahead by {abs(lead):.1f} standard errors"
    if abs(lead) <= _SURE:
        return "blend", _NEITHER
    if not behind and lead <= _SURE + _CHOSEN:
        return "blend", f"{words}, of which one may come from the choice of its epoch"
    if score(leader, targets) < score(follower, targets):
        return "blend", f"{words} of the loss, but not in the metric"
    better = both.mean() < (other if behind else own).mean() and score(mixed, targets) >= score(leader, targets)
    if better:
        return "blend", f"{words}, and the blend is better still"
    return (
        "baseline" if behind else "network",
        f"it is ahead by {abs(lead):.1f} standard errors, and a blend is no better",
    )


def _standard_errors(gains: np.ndarray) -> float:
    """Return the mean of paired differences in its standard errors; 0 where all are equal."""
    error = float(gains.std(ddof=1)) / np.sqrt(len(gains))
    return float(gains.mean()) / error if error > 0 else 0.0


def _minimum(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import minimize_scalar

    result = minimize_scalar(function, bounds=(low, high), method="bounded", options={"xatol": 1e-4})
    return float(result.x)
