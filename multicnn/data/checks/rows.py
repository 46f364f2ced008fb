"""Checks of the manifest: counts, bad rows, exact duplicates, leaks, contradictions, imbalance. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from multicnn.data.manifest import SPLITS, Manifest
from multicnn.modalities.finding import Finding, listed
from multicnn.tasks.intervals import wilson

_IMBALANCE = 10  # times as many examples in the largest class as in the smallest
_REPEATED = 5  # times that something stands in several classes before it is taken for a placeholder
_FEW = 10  # training examples of a class
FEW_TO_CHOOSE = 50  # validation examples: with fewer, accuracies of 80 % and 90 % do not differ by more than chance


def counts(manifest: Manifest) -> pd.DataFrame:
    """Count the good examples by class and split, with a row and a column for all."""
    good = manifest.table.iloc[manifest.rows()]
    splits = [split for split in (*SPLITS, "") if (good["split"] == split).any()]
    each = good.assign(label=[manifest.strata[row] for row in good.index]).explode("label", ignore_index=True)
    table = pd.crosstab(each["label"], each["split"])
    table = table.reindex(index=list(manifest.task.classes), columns=splits, fill_value=0)
    table.loc["all"] = good["split"].value_counts()
    table["all"] = table.sum(axis=1)
    return table.rename(columns={"": "undecided"})


def group_counts(manifest: Manifest) -> pd.DataFrame:
    """Count the good examples by group and split; empty where there are no groups."""
    good = manifest.table.iloc[manifest.rows()]
    good = good[good["group"] != ""]
    table = pd.crosstab(good["group"], good["split"])
    return table[[split for split in SPLITS if split in table]].assign(all=table.sum(axis=1))


def examine_rows(manifest: Manifest) -> list[Finding]:
    """Return the findings that need no decoded example."""
    return [
        *_bad(manifest),
        *manifest.remarks,
        *duplicates(manifest, _same_content(manifest), "exact duplicates", "the same content"),
        *_divided_groups(manifest),
        *_imbalance(manifest),
    ]


def examine_splits(manifest: Manifest) -> list[Finding]:
    """Return the finding that the validation set, if there is one, is too small to choose an epoch by."""
    n = len(manifest.rows("val"))
    if not 0 < n < FEW_TO_CHOOSE or not manifest.task.classes:
        return []
    low, high = wilson(round(0.9 * n) / n, n)
    message = (
        f"{n:,} validation examples are too few to choose an epoch by: if {round(0.9 * n)} of them are right, the accuracy is "
        f"anything from {low:.0%} to {high:.0%}; see data.validation_fraction, or use `multicnn crossval`"
    )
    return [Finding("small validation set", message, False)]


def duplicates(manifest: Manifest, groups: Sequence[np.ndarray], name: str, like: str) -> list[Finding]:
    """Return the findings about groups of duplicates: their number, leaks between splits, and different labels.

    Args:
        manifest: The examples.
        groups: The rows of the manifest in each group of duplicates.
        name: Name of the finding, such as "near duplicates".
        like: The property that the examples of a group share, such as "the same content".
    """
    table = manifest.table
    splits, decided_by = table["split"].to_numpy(dtype=object), "target" if table["target"].any() else "label"
    labels = table[decided_by].to_numpy(dtype=object)
    leaks = [rows for rows in groups if "train" in splits[rows] and len(set(splits[rows])) > 1]
    conflicts = [rows for rows in groups if len(set(labels[rows])) > 1]
    findings = []
    if groups:
        extra = sum(len(rows) - 1 for rows in groups)
        message = f"{extra:,} examples have {like} as another, in {len(groups):,} groups"
        findings.append(Finding(name, message, False, _tuples(groups)))
    if leaks:
        tested = sum(int(np.isin(splits[rows], ["val", "test"]).sum()) for rows in leaks)
        message = (
            f"{tested:,} validation or test examples have {like} as a training example: the scores will be too good"
        )
        findings.append(Finding(f"leaks of {name}", message, True, _tuples(leaks)))
    if placeholders := [rows for rows in groups if len(rows) >= _REPEATED and len(set(labels[rows])) > 1]:
        classes = len(set(labels[np.concatenate(placeholders)]))
        message = (
            f"{sum(map(len, placeholders)):,} examples of {classes:,} classes have {like}, {max(map(len, placeholders)):,} times "
            "the commonest: a placeholder, such as 'image not available'? Leave it out"
        )
        findings.append(Finding(f"placeholders among {name}", message, True, _tuples(placeholders)))
    if conflicts:
        message = f"{len(conflicts):,} groups of examples with {like} have different labels"
        findings.append(Finding(f"contradictions among {name}", message, True, _tuples(conflicts)))
    return findings


def _tuples(groups: Sequence[np.ndarray]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(row) for row in rows) for rows in groups)


def _bad(manifest: Manifest) -> list[Finding]:
    rows = np.flatnonzero((manifest.table["status"] == "bad").to_numpy())
    if not len(rows):
        return []
    reasons = listed(manifest.table["reason"].iloc[rows])
    message = f"{len(rows):,} of {len(manifest):,} cannot be used: {reasons}"
    return [Finding("bad examples", message, True, tuple((int(row),) for row in rows))]


def _same_content(manifest: Manifest) -> list[np.ndarray]:
    good = manifest.rows()
    by_hash = pd.Series(good).groupby(manifest.table["hash"].to_numpy()[good], sort=False)
    return [rows.to_numpy() for _, rows in by_hash if len(rows) > 1]


def _divided_groups(manifest: Manifest) -> list[Finding]:
    table = group_counts(manifest).drop(columns="all")
    divided = table.index[(table > 0).sum(axis=1) > 1]
    if not len(divided):
        return []
    message = f"{len(divided):,} of {len(table):,} groups stand in more than one split: {listed(divided)}"
    return [Finding("leaks of groups", message, True)]


def _imbalance(manifest: Manifest) -> list[Finding]:
    table = counts(manifest).drop(index="all")
    findings: list[Finding] = []
    if table.empty:  # the task has no classes
        return findings
    largest, smallest = table["all"].idxmax(), table["all"].idxmin()
    if table["all"].max() >= _IMBALANCE * max(table["all"].min(), 1):
        numbers = f"{table['all'].max():,} of {largest!r}, {table['all'].min():,} of {smallest!r}"
        message = f"the classes are of very different sizes: {numbers}; see class_weights, and judge by macro F1"
        findings.append(Finding("imbalance", message, True))
    for split in [name for name in SPLITS if name in table]:
        few = table.index[table[split] < (_FEW if split == "train" else 1)]
        if len(few):
            what = f"fewer than {_FEW} training examples" if split == "train" else f"no {split} example"
            message = f"{len(few):,} of {len(table):,} classes have {what}: {', '.join(few[:8])}"
            findings.append(Finding("small classes", message, split == "train"))
    return findings
