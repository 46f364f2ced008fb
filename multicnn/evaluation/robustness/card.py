"""The card of a predictor's robustness: a row for each attack and each degree of a change, and what the card checks of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from multicnn.evaluation import page
from multicnn.modalities.base import Shown
from multicnn.modalities.perturbations import Attack
from multicnn.tasks.intervals import wilson
from multicnn.utils.files import write_json

CLEAN, FGSM, PGD, TARGETED, NOISE = "unchanged", "fgsm", "pgd", "pgd targeted", "noise"
ATTACKS = (FGSM, PGD, TARGETED)


class Instance(NamedTuple):
    """An example as a row changed it.

    Attributes:
        id: The name of the example.
        label: Its true label.
        predicted: What is predicted for the changed file.
        before: The example, unchanged.
        after: The example, changed.
    """

    id: str
    label: str
    predicted: str
    before: list[Shown]
    after: list[Shown]


@dataclasses.dataclass(frozen=True)
class Row:
    """Accuracy on examples that were changed in one way.

    Attributes:
        test: The change: "fgsm", "pgd", "pgd targeted", the noise beside them, or the name of a sweep.
        level: Its size, in `unit`.
        unit: The unit of the level; "" for none.
        shown_level: The level and its unit in words.
        accuracy: The share of files that are predicted right.
        n: Number of examples.
        reached: The share predicted as the class that a targeted attack aims at; None of any other.
        instance: An example that one can see or hear: if there is one, one that was right before and is wrong now.
    """

    test: str
    level: float | str | None
    unit: str
    shown_level: str
    accuracy: float
    n: int
    reached: float | None = None
    instance: Instance | None = None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson(self.accuracy, self.n)

    def to_dict(self) -> dict[str, object]:
        """Return plain data, without the pictures."""
        low, high = self.interval
        found = None
        if self.instance is not None:
            found = {"id": self.instance.id, "label": self.instance.label, "predicted": self.instance.predicted}
        return {
            "test": self.test,
            "level": self.level,
            "unit": self.unit,
            "accuracy": self.accuracy,
            "accuracy_low": low,
            "accuracy_high": high,
            "n": self.n,
            **({} if self.reached is None else {"reached": self.reached}),
            "example": found,
        }


class Check(NamedTuple):
    """A comparison that must come out so, if an attack works.

    Attributes:
        claim: The comparison in words, with both numbers.
        passed: True where it came out so.
    """

    claim: str
    passed: bool


@dataclasses.dataclass(frozen=True)
class Card:
    """The robustness of a predictor.

    Attributes:
        model: The name of the predictor.
        data: The name of the data.
        n: Number of examples.
        steps: Steps of PGD.
        seed: Seeds the choice of the examples and all that is drawn.
        rows: The rows; the first is of the unchanged examples.
        checks: What the card checks of its own attacks.
        remarks: What is to be known beside, such as why there is no attack.
    """

    model: str
    data: str
    n: int
    steps: int
    seed: int
    rows: tuple[Row, ...]
    checks: tuple[Check, ...]
    remarks: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[str, ...]:
        """The claims that did not come out: there the attack failed, and its rows say nothing of the network."""
        return tuple(f"the attack failed: {check.claim}" for check in self.checks if not check.passed)

    def to_dict(self) -> dict[str, object]:
        """Return plain data that goes through JSON unchanged."""
        return {
            "model": self.model,
            "data": self.data,
            "n": self.n,
            "steps": self.steps,
            "seed": self.seed,
            "rows": [row.to_dict() for row in self.rows],
            "checks": [check._asdict() for check in self.checks],
            "remarks": list(self.remarks),
        }

    def write(self, path: str | Path) -> Path:
        """Write the page, which needs no other file, and beside it the same numbers as .json.

        Returns:
            `path`.
        """
        path = Path(path)
        write_json(path.with_suffix(".json"), self.to_dict())
        title = f"Robustness of {self.model} on {self.data}"
        return page.write(path, "robustness", title=title, lead=self._lead(), card=self)

    def _lead(self) -> str:
        first = self.rows[0]
        low, high = first.interval
        return (
            f"{self.n:,} examples, {first.accuracy:.1%} predicted right ({low:.1%} to {high:.1%}) as they are. Each row counts "
            "the predictions for files that were changed and read again."
        )


def checks(rows: Sequence[Row], attack: Attack | None) -> tuple[Check, ...]:
    """Return what must come out of the rows of each level, if the attack works."""
    return () if attack is None else tuple(_compared(rows, attack))


def _compared(rows: Sequence[Row], attack: Attack) -> Iterator[Check]:
    by_name = {(row.test, row.level): row for row in rows}
    names = [attack.noise if name == NOISE else name for name in attack.order]
    for level in dict.fromkeys(row.level for row in rows if row.test in ATTACKS):
        there = [by_name[name, level] for name in names if (name, level) in by_name]
        for weaker, stronger in zip(there[1:], there):
            words = f"{stronger.test} ({stronger.accuracy:.3f}) must not be above {weaker.test} ({weaker.accuracy:.3f})"
            yield Check(f"{words} at {stronger.shown_level}", stronger.accuracy <= weaker.accuracy)
