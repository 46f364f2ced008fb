"""Extreme multilabel classification: more labels than anyone counts one by one, of which an example has a few.

Targets are sparse from the source to the loss, an answer is the most probable labels, and what is measured is how many of the
first five are right (Bhatia et al. 2016, the extreme classification repository).
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn, cast

import numpy as np

from multicnn.tasks import dual_ridge, ranking
from multicnn.tasks.base import Answer, LossSettings
from multicnn.tasks.intervals import Metrics
from multicnn.tasks.multilabel import SPARSE, Multilabel
from multicnn.tasks.ragged import Ragged, ragged
from multicnn.tasks.registry import register

if TYPE_CHECKING:
    import pandas as pd

    from multicnn.layers.types import Tensor

MOST_LISTED = 20  # labels of an answer


@register
@dataclasses.dataclass(frozen=True)
class ExtremeMultilabel(Multilabel):
    """Any number of labels for each example, of so many that targets are sparse; data of more than 1,000 labels become it.

    A label that no training example has is none of the task's. An example that has others too keeps those.

    Attributes:
        labels: The labels, sorted alphanumerically.
        label_separator: The text between the labels of an example.
        commonest: The five most frequent labels of the training examples, which a guess would be.
    """

    name: ClassVar[str] = SPARSE
    metric: ClassVar[str] = f"precision_at_{ranking.FIRST}"
    monitors: ClassVar[dict[str, Literal["max", "min"]]] = {
        metric: "max",
        "precision_at_1": "max",
        f"recall_at_{ranking.FIRST}": "max",
        "micro_f1": "max",
        "loss": "min",
    }

    commonest: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "commonest", tuple(self.commonest))

    @property
    def classes(self) -> tuple[str, ...]:
        """None: so many are neither counted one by one nor balanced, and not each has a training example."""
        return ()

    def strata(self, cell: str) -> tuple[str, ...]:
        """Return nothing: splits balance no labels of a handful of examples."""
        return ()

    def renamed(self, cell: str, names: Mapping[str, str]) -> str:
        """Return the cell with the other names of its labels, each once."""
        return self.label_separator.join(sorted({names.get(label, label) for label in self.names(cell)}))

    def names(self, cell: str) -> tuple[str, ...]:
        """Return the labels of a canonical cell."""
        return Multilabel.strata(self, cell)

    def fitted(self, cells: Sequence[str]) -> ExtremeMultilabel:
        """Return the task with the labels of the cells, unless it has some, and the commonest.

        Raises:
            ValueError: There is one label only.
        """
        if self.commonest:
            return self
        counts = Counter(label for cell in cells for label in self.names(cell))
        labels = self.labels or tuple(sorted(counts))
        if len(labels) < 2:
            raise ValueError(f"two labels or more (only {labels[0]!r})" if labels else "two labels or more (none)")
        known = set(labels)
        frequent = sorted((label for label in counts if label in known), key=lambda label: (-counts[label], label))
        commonest = tuple(frequent[: ranking.FIRST]) or labels[:1]
        return dataclasses.replace(self, labels=labels, commonest=commonest)

    def check(self, cell: str, owner: str) -> None:
        """Raise ValueError where an example has labels and none of them is known."""
        names = self.names(cell)
        if names and not self._index.keys() & set(names):
            raise ValueError(f"label {names[0]!r} is not one of the {owner} labels")

    def targets(self, cells: Sequence[str]) -> np.ndarray:
        """Return the indices of the known labels of each example as `Ragged`, which is indexed as an array is."""
        index = self._index
        rows = Ragged.of([[index[name] for name in self.names(cell) if name in index] for cell in cells])
        return cast("np.ndarray", rows)

    def class_weights(self, targets: np.ndarray) -> np.ndarray:
        """Return float32 (labels,): what a yes of each label counts where a no counts 1; labels without a yes count 1."""
        counts = self._support(targets)
        return np.where(counts, (len(targets) - counts) / np.maximum(counts, 1), 1).astype(np.float32)

    def initial_bias(self, targets: np.ndarray) -> np.ndarray:
        """Return float32 (labels,), the log odds of each label among the training examples, half an example added to each side."""
        counts = self._support(targets)
        return np.log((counts + 0.5) / (len(targets) - counts + 0.5)).astype(np.float32)

    def losses(self, logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
        """Return the loss of each example, the sum over its labels; `targets` are padded indices, int (batch, most)."""
        from multicnn.tasks import losses

        return losses.sparse_label_losses(
            logits, targets, settings.loss, settings.label_smoothing, settings.class_weights
        )

    def score(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the share of right labels among the five most probable ones."""
        from multicnn.tasks import losses

        return losses.precision_at(logits, targets, min(ranking.FIRST, len(self.labels)))

    @property
    def recorded(self) -> bool:
        """True: a million logits for fifty examples are not kept."""
        return True

    def records(self, logits: Sequence[np.ndarray] | np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the loss of each example, its first five labels, and what else is measured (`ranking.records`)."""
        return ranking.records(np.asarray(logits), ragged(targets))

    def plain_losses(self, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return the negative log likelihood of all labels of each example together, float64 (n,), in nats, of its record."""
        return logits[:, ranking.LOSS]

    def counts(self, logits: np.ndarray, targets: np.ndarray) -> ranking.RankedCounts:  # type: ignore[override]
        """Return the counts of right and wrong labels among the first five of records."""
        return ranking.count(logits, ragged(targets), self._commonest, len(self.labels))

    def summary(self, counts: ranking.RankedCounts) -> dict[str, float]:  # type: ignore[override]
        """Return precision and recall at five, micro F1, the loss and `n`."""
        return counts.summary()

    def answer(self, output: np.ndarray) -> Answer:
        """Return the labels above one half, and the probabilities of the 20 most probable ones, the largest first."""
        best = {self.labels[i]: float(output[i]) for i in ranking.ranked(output, MOST_LISTED)}
        labels = tuple(label for label, probability in best.items() if probability > 0.5)
        return Answer(self.label_separator.join(labels), labels, best)

    def tables(self, logits: np.ndarray, targets: np.ndarray) -> dict[str, pd.DataFrame]:
        """Return `per_class`, of the first five labels, and `confused`: pairs of a missed label and a wrong one."""
        counts = self.counts(logits, targets)
        return {"per_class": counts.per_label(self.labels), "confused": counts.confusions(self.labels)}

    def mistakes(self, logits: np.ndarray, targets: np.ndarray, ids: Sequence[str]) -> pd.DataFrame:
        """Return the examples of the lowest likelihood: `id`, `label`, `predicted`, `label_probability`, `row`."""
        import pandas as pd

        truth = ragged(targets)
        rows = np.argsort(-self.plain_losses(logits, targets), kind="stable")[:25]
        own = [truth.values[truth.offsets[row] : truth.offsets[row + 1]] for row in rows]
        best = logits[rows, ranking.COLUMNS :].astype(np.int64)
        return pd.DataFrame(
            {
                "id": [str(ids[row]) for row in rows],
                "label": [self._joined(each) for each in own],
                "predicted": [self._joined(each) for each in best],
                "label_probability": self.outputs(logits[rows, ranking.LEAST]),
                "row": rows,
            }
        )

    def headline(self, test: Metrics, linear: Metrics | None) -> str:
        """Return the precision at five in a sentence, beside the commonest labels and the linear baseline."""
        name = self.metric
        low, high = test[f"{name}_low"], test[f"{name}_high"]
        lead = (
            f"Test precision at {ranking.FIRST}: {test[name]:.3f} (95 % interval {low:.3f} to {high:.3f}) on {test['n']:,} "
            f"examples; always the commonest labels: {test[f'{name}_of_commonest']:.3f}."
        )
        return lead + (f" Linear baseline: {linear[name]:.3f}." if linear else "")

    def baseline(
        self, train: dual_ridge.Matrix, train_targets: np.ndarray, test: dual_ridge.Matrix, test_targets: np.ndarray
    ) -> tuple[dict[str, float], str]:
        """Train one ridge regression of all labels and return its metrics on other examples, and its name."""
        sparse, truth = ragged(train_targets).matrix(len(self.labels)), ragged(test_targets)
        counts = [
            ranking.count(ranking.records(scores, truth[part], False), truth[part], self._commonest, len(self.labels))
            for part, scores in dual_ridge.scores(train, sparse, test)
        ]
        return sum(counts[1:], counts[0]).summary(), dual_ridge.name_of(len(train_targets))

    def linear_model(self, features: object, targets: np.ndarray, class_weights: np.ndarray | None = None) -> NoReturn:
        """Raise ValueError: a kernel of so many labels would be larger than any network."""
        raise ValueError(f"there are {len(self.labels):,} labels")

    @functools.cached_property
    def _index(self) -> dict[str, int]:
        return {label: i for i, label in enumerate(self.labels)}

    @functools.cached_property
    def _commonest(self) -> list[int]:
        return [self._index[label] for label in self.commonest]

    def _support(self, targets: np.ndarray) -> np.ndarray:
        return np.bincount(ragged(targets).values, minlength=len(self.labels))

    def _joined(self, indices: np.ndarray) -> str:
        return ", ".join(self.labels[i] for i in indices)
