"""Keep the class proportions of each split while moving only units that must not be divided."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from multicnn.data.manifest import Manifest

TRAIN, VAL, TEST = 0, 1, 2
_POINTS = 0.02  # a class may be off by two points of its size, or one example
_NEVER = 1e6  # outweighs all else: a class must not lose all its training examples
_NOTHING = 1e-6  # smaller gains are rounding


class Units(NamedTuple):
    """Groups or examples that a split does not divide, in the order of their hash values.

    Attributes:
        of_row: int64 (rows,), the unit of each row.
        of_label: int64 (labels of all rows,), the unit of each label; rows without labels count as a class of their own.
        names: object (units,), the group or the hash of the content.
        values: float64 (units,), ascending in [0, 1).
        classes: int64 (labels of all rows,), counted from 0.
    """

    of_row: np.ndarray
    of_label: np.ndarray
    names: np.ndarray
    values: np.ndarray
    classes: np.ndarray

    def counts(self, chosen: np.ndarray, n_classes: int) -> np.ndarray:
        """Return the number of labels of each class in each chosen unit, float64 (chosen units, classes)."""
        index = np.full(len(self.values), -1)
        index[chosen] = np.arange(len(chosen))
        inside = np.flatnonzero(index[self.of_label] >= 0)
        counts = np.zeros((len(chosen), n_classes))
        np.add.at(counts, (index[self.of_label[inside]], self.classes[inside]), 1)
        return counts


def units_of(manifest: Manifest, rows: np.ndarray, seed: int) -> tuple[Units, bool]:
    """Return the units of these rows, and whether any of the rows has a group."""
    table = manifest.table.iloc[rows]
    groups, hashes = table["group"].tolist(), table["hash"].tolist()
    keys = [group or content for group, content in zip(groups, hashes, strict=True)]
    names, of_row = np.unique(np.array(keys, dtype=object), return_inverse=True)
    values = np.array([_value(name, seed) for name in names])
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    of_row, labels = rank[of_row], [manifest.strata[row] or ("",) for row in rows]
    of_label = np.repeat(of_row, [len(each) for each in labels])
    classes = np.unique(np.array([label for each in labels for label in each], dtype=object), return_inverse=True)[1]
    return Units(of_row, of_label, names[order], values[order], classes), any(groups)


def _value(name: str, seed: int) -> float:
    digest = hashlib.blake2b(f"{seed}:{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class Proportions:
    """The distance of each class from its share of each split, and the moves that bring it nearer.

    Args:
        units: The units to distribute.
        side: int64 (units,), the split of each unit (`TRAIN`, `VAL` or `TEST`); changed in place.
        fractions: float64 (3,), the wanted share of each split.
    """

    def __init__(self, units: Units, side: np.ndarray, fractions: np.ndarray):
        self.units, self.side, self.fractions = units, side, fractions
        self.made = [split for split in (TEST, VAL) if fractions[split]]
        self.totals = np.bincount(units.classes)
        self.counts = np.zeros((3, len(self.totals)))
        np.add.at(self.counts, (side[units.of_label], units.classes), 1)

    def off(self, counts: np.ndarray, split: int) -> np.ndarray:
        """Return by how many examples the counts (..., classes) of a split are out of bounds, at least 0."""
        if split == TRAIN:
            return np.where(counts < 1, _NEVER, 0.0)
        wanted = self.fractions[split] * self.totals
        slack = np.maximum(_POINTS * self.totals, 1)
        missing = np.where((counts < 1) & (wanted >= 1), self.totals, 0)
        return np.maximum(np.abs(counts - wanted) - slack - _NOTHING, 0) + missing

    def repair(self) -> bool:
        """Move units class by class, the worst class first, until no move helps; return whether any unit moved."""
        moved = False
        unfixable: set[tuple[int, int]] = set()
        while (problem := self.worst(unfixable)) is not None:
            if self.fix(*problem):
                moved = True
            else:
                unfixable.add(problem)
        return moved

    def worst(self, unfixable: set[tuple[int, int]]) -> tuple[int, int] | None:
        """Return the (class, split) that is furthest out of bounds, or None."""
        off = np.stack([self.off(self.counts[split], split) for split in (TRAIN, *self.made)])
        for label, split in unfixable:
            off[(TRAIN, *self.made).index(split), label] = 0
        row, column = np.unravel_index(np.argmax(off), off.shape)
        return (int(column), (TRAIN, *self.made)[row]) if off[row, column] > 0 else None

    def fix(self, label: int, split: int) -> bool:
        """Make the move that helps most (of equal ones that nearest to the threshold); return False if none helps."""
        units_of_class = np.unique(self.units.of_label[self.units.classes == label])
        if split == TRAIN:
            moves = [(units_of_class[self.side[units_of_class] == other], other, TRAIN) for other in self.made]
        elif self.counts[split, label] > self.fractions[split] * self.totals[label]:
            moves = [(units_of_class[self.side[units_of_class] == split], split, TRAIN)]
        else:
            moves = [(units_of_class[self.side[units_of_class] == TRAIN], TRAIN, split)]
        best = None
        for candidates, source, target in moves:
            if not len(candidates):
                continue
            candidates = candidates[np.argsort(self.distance(candidates, split or source), kind="stable")]
            gain = self.gain(candidates, source, target)
            first = int(np.argmax(gain))
            if gain[first] > _NOTHING and (best is None or gain[first] > best[0]):
                best = gain[first], candidates[first], target
        if best is None:
            return False
        self.move(best[1], best[2])
        return True

    def distance(self, candidates: np.ndarray, split: int) -> np.ndarray:
        """Return how far the values of the units are from the threshold of a split."""
        threshold = self.fractions[TEST] if split == TEST else 1 - self.fractions[VAL]
        return np.abs(self.units.values[candidates] - threshold)

    def gain(self, candidates: np.ndarray, source: int, target: int) -> np.ndarray:
        """Return by how many examples moving each unit from one split to another brings the classes nearer to bounds."""
        moved = self.units.counts(candidates, len(self.totals))
        now = sum(self.off(self.counts[split], split).sum() for split in (source, target))
        left = self.off(self.counts[source] - moved, source).sum(axis=1)
        return now - left - self.off(self.counts[target] + moved, target).sum(axis=1)

    def move(self, unit: int, target: int) -> None:
        """Move a unit to another split."""
        moved = self.units.counts(np.array([unit]), len(self.totals))[0]
        self.counts[self.side[unit]] -= moved
        self.counts[target] += moved
        self.side[unit] = target

    def give_one(self, split: int) -> bool:
        """Move the training unit nearest to the threshold that leaves every class a training example; return False if none does."""
        candidates = np.flatnonzero(self.side == TRAIN)
        candidates = candidates[np.argsort(self.distance(candidates, split), kind="stable")]
        left = self.counts[TRAIN] - self.units.counts(candidates, len(self.totals))
        allowed = candidates[(left >= 1).all(axis=1)]
        if not len(allowed):
            return False
        self.move(allowed[0], split)
        return True
