"""Training, validation and test splits, decided by hashes.

Every unit (a group, or where there is none the examples with the same content) has a value in [0, 1): the hash of its name
and the seed. A value below the test fraction means test, one from 1 - the validation fraction up means validation, the rest
is training. So a split does not depend on the other examples, and exact duplicates share a split.

No rule that looks at one unit alone can guarantee proportions, so there is one exception. A class whose share of a split
is off by more than two percentage points and more than one example (or is missing from a split where one is expected, or
from training) is repaired: the fewest units that repair it change their split, those whose values are nearest to the
threshold. Large classes stay within the bound by themselves and never move; in a class of a hundred, a few units at the
threshold may move when examples are added.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from multicnn.data.manifest import Manifest
from multicnn.data.proportions import TEST, TRAIN, VAL, Proportions, Units, units_of

_FEW_GROUPS = 10  # below this, whole groups in hash order until the fraction is met
_PASSES = 3  # over the classes out of bounds: repairing one may allow another repair
_NAMES = np.array(["train", "val", "test"], dtype=object)  # at TRAIN, VAL, TEST
_FRACTION = {TEST: "test_fraction", VAL: "validation_fraction"}


def assign(manifest: Manifest, validation_fraction: float = 0.1, test_fraction: float = 0.1, seed: int = 0) -> Manifest:
    """Keep the splits that the data has and make those it lacks.

    A data set without validation (or test) examples gets them from its training and undecided examples; but one that names
    training and validation examples has all its splits: no test examples are taken from it. Groups are never divided. With
    fewer than ten groups, whole groups are taken in hash order until the fraction is met, whatever their classes are, except
    that each class keeps training examples.

    Args:
        manifest: The examples to split; its bad rows are left as they are.
        validation_fraction: Share of the validation examples in [0, 1); ignored if there are validation examples.
        test_fraction: Share of the test examples in [0, 1); ignored if there are test, or training and validation examples.
        seed: Seed of the hash; another seed gives other splits.

    Raises:
        ValueError: A fraction is not in [0, 1) or both leave nothing, or there are too few groups or examples.
    """
    if not (0 <= validation_fraction and 0 <= test_fraction and validation_fraction + test_fraction < 1):
        received = f"validation_fraction={validation_fraction}, test_fraction={test_fraction}"
        raise ValueError(
            f"validation_fraction and test_fraction must be 0 or more, under 1 together. Received: {received}"
        )
    splits = manifest.table["split"].to_numpy(dtype=object).copy()
    good = manifest.rows()
    given = set(splits[good])
    pool = good[np.isin(splits[good], ["train", ""])]
    if not len(pool):
        raise ValueError(
            f"there are no training examples: all belong to other splits. Received: splits={sorted(given)}"
            if given
            else f"there are no training examples: none can be read and has a label. Received: {len(manifest)} examples"
        )
    fractions = np.zeros(3)
    fractions[VAL] = 0 if "val" in given else validation_fraction
    fractions[TEST] = 0 if "test" in given or given >= {"train", "val"} else test_fraction
    units, grouped = units_of(manifest, pool, seed)
    if grouped and len(units.values) < _FEW_GROUPS:
        side = _by_group(units, fractions)
    else:
        side = _by_value(units, fractions, lambda: _scarcity(manifest, pool, grouped))
    splits[pool] = _NAMES[side[units.of_row]]
    return manifest.with_splits(splits)


def leave_group_out(manifest: Manifest, group: str) -> Manifest:
    """Make one group the test set and all others the training set, and ignore the splits of the data.

    Raises:
        ValueError: There is no such group, or no other.
    """
    groups = manifest.table["group"].to_numpy(dtype=object)
    known = sorted(set(groups[manifest.rows()]))
    if group not in known or len(known) < 2:
        listed = ", ".join(filter(None, known)) or "the data have none"
        raise ValueError(
            f"`data.leave_out` must be one of two groups or more ({listed}). Received: data.leave_out={group!r}"
        )
    return manifest.with_splits(np.where(groups == group, "test", "train"))


def folds(manifest: Manifest, k: int, seed: int = 0) -> list[Manifest]:
    """Make k manifests for cross-validation: each has another fold as test set and the rest as training set.

    Where there are k groups each is a fold; more groups are spread whole over folds of about equal size; without groups
    the folds are stratified to within one unit per class. The splits of the data are ignored.

    Raises:
        ValueError: `k` is less than 2, or there are fewer groups or examples than k.
    """
    rows = manifest.rows()
    units, grouped = units_of(manifest, rows, seed)
    if k < 2 or len(units.values) < k:
        what = "groups" if grouped else "different examples"
        raise ValueError(f"folds must be 2 to the number of {what} ({len(units.values)}). Received: folds={k}")
    fold = _group_folds(units, k) if grouped else _deal(units, k)
    made = []
    for i in range(k):
        splits = np.full(len(manifest), "", dtype=object)
        splits[rows] = np.where(fold[units.of_row] == i, "test", "train")
        made.append(manifest.with_splits(splits))
    return made


def _scarcity(manifest: Manifest, pool: np.ndarray, grouped: bool) -> str:
    """Return in words how many units the class with the fewest has, and how many examples are bad."""
    units: dict[str, set[str]] = {}
    for row, group, content in zip(pool, *(manifest.table[name].iloc[pool] for name in ("group", "hash"))):
        for label in manifest.strata[row] or ("",):
            units.setdefault(label, set()).add(group or content)
    label = min(sorted(units), key=lambda each: len(units[each]))
    count, bad = len(units[label]), len(manifest.bad_rows())
    kind = ("group" if grouped else "distinct example") + ("" if count == 1 else "s")
    of = f" of class {label!r}" if label else ""
    skipped = f"; {bad:,} of {len(manifest):,} examples are bad" if bad else ""
    return f"the data have only {count:,} {kind}{of}{skipped}"


def _by_value(units: Units, fractions: np.ndarray, scarcity: Callable[[], str]) -> np.ndarray:
    """Return the side of each unit: its value decides, then the proportions of the classes are repaired.

    Args:
        units: What is not divided.
        fractions: The share of each split, float64 (3,).
        scarcity: Returns why there may be too few units, for the error.
    """
    side = np.full(len(units.values), TRAIN)
    side[units.values < fractions[TEST]] = TEST
    side[units.values >= 1 - fractions[VAL]] = VAL
    proportions = Proportions(units, side, fractions)
    for _ in range(_PASSES):
        if not proportions.repair():
            break
    for split in (TEST, VAL):
        if fractions[split] and not (side == split).any() and not proportions.give_one(split):
            received = f"{_FRACTION[split]}={fractions[split]:g} of {len(units.of_row)} examples"
            problem = f"{_FRACTION[split]} must leave every class a training example, and {scarcity()}"
            raise ValueError(f"{problem}. Received: {received}")
    return side


def _by_group(units: Units, fractions: np.ndarray) -> np.ndarray:
    """Return the side of each group: test from the low end of the hash order, validation from the high end."""
    n = len(units.values)
    side = np.full(n, TRAIN)
    counts = units.counts(np.arange(n), units.classes.max() + 1)
    for split, order in ((TEST, range(n)), (VAL, reversed(range(n)))):
        for unit in order:
            if counts[side == split].sum() >= fractions[split] * counts.sum() - 1e-9:
                break
            others = (side == TRAIN) & (np.arange(n) != unit)
            if side[unit] == TRAIN and (counts[others].sum(axis=0) >= 1).all():
                side[unit] = split
        if fractions[split] and not (side == split).any():
            problem = f"{_FRACTION[split]} needs more groups, so that every class keeps training examples"
            received = f"{_FRACTION[split]}={fractions[split]:g}, {n} groups ({', '.join(sorted(units.names))})"
            raise ValueError(f"{problem}; leave-one-group-out may serve instead. Received: {received}")
    return side


def _group_folds(units: Units, k: int) -> np.ndarray:
    n = len(units.values)
    fold = np.empty(n, dtype=np.int64)
    if n == k:
        fold[np.argsort(units.names, kind="stable")] = np.arange(k)
        return fold
    sizes = np.bincount(units.of_row, minlength=n)
    filled = np.zeros(k)
    for unit in np.argsort(-sizes, kind="stable"):  # the largest first, each to the emptiest fold
        fold[unit] = np.argmin(filled)
        filled[fold[unit]] += sizes[unit]
    return fold


def _deal(units: Units, k: int) -> np.ndarray:
    """Deal the units of each class out in hash order, each class starting where the last one stopped."""
    n = len(units.values)
    label = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(label, units.of_label, units.classes)
    fold = np.empty(n, dtype=np.int64)
    fold[np.argsort(label, kind="stable")] = np.arange(n) % k
    return fold
