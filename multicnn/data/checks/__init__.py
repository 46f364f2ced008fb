"""Examine a data set before a network is trained on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from multicnn.data import store
from multicnn.data.checks.near import groups_of
from multicnn.data.checks.rows import counts, duplicates, examine_rows, examine_splits, group_counts
from multicnn.data.manifest import Manifest
from multicnn.modalities import Probe, lookup
from multicnn.modalities.finding import Finding
from multicnn.utils import quiet

NEAR_EXAMPLES = 100_000  # all pairs of so many are compared: a minute on two cores


@dataclass(frozen=True, eq=False)
class DataReport:
    """Findings about a data set.

    Attributes:
        manifest: The examined manifest; examples that turned out to be unreadable are bad now.
        findings: The findings, those that need a decision first.
        counts: Number of good examples by class and split.
        groups: Number of good examples by group and split; empty where there are no groups.
        majority: Accuracy of always guessing the commonest training class, by split.
    """

    manifest: Manifest
    findings: tuple[Finding, ...]
    counts: pd.DataFrame
    groups: pd.DataFrame
    majority: dict[str, float]

    @property
    def clean(self) -> bool:
        """True if no finding needs a decision."""
        return not any(finding.decision for finding in self.findings)


@quiet.decoders()
def examine(manifest: Manifest, progress: Callable[[int, int], None] | None = None) -> DataReport:
    """Decode every example of a manifest and look for what would spoil training or its scores.

    Args:
        manifest: The examples, with their splits decided.
        progress: Called with (examples done, examples in all) from time to time.
    """
    probe = lookup(manifest.modality)().probe()
    records, reasons = store.load_examples(manifest, probe, manifest.rows(), progress)
    manifest = manifest.with_bad(reasons)
    findings = examine_rows(manifest) + examine_splits(manifest)
    if len(records):
        findings += probe.findings(manifest, records.rows, records.array)
        findings += _near(manifest, probe, records.rows[:NEAR_EXAMPLES], records.array[:NEAR_EXAMPLES])
    if len(records) > NEAR_EXAMPLES:
        findings.append(
            Finding("near duplicates", f"looked for among the first {NEAR_EXAMPLES:,} examples only", False)
        )
    findings.sort(key=lambda finding: not finding.decision)
    return DataReport(manifest, tuple(findings), counts(manifest), group_counts(manifest), _majority(manifest))


def _near(manifest: Manifest, probe: Probe, rows: np.ndarray, records: np.ndarray) -> list[Finding]:
    """Return the findings about near duplicates that are not exact ones."""
    hashes = manifest.table["hash"].to_numpy(dtype=object)[rows]
    pairs = probe.alike(manifest, rows, records)
    different = [group for group in groups_of(pairs) if len(set(hashes[group])) > 1]
    return duplicates(manifest, [rows[group] for group in different], "near duplicates", "nearly the same content")


def _majority(manifest: Manifest) -> dict[str, float]:
    labels_of = {split: manifest.table["label"].iloc[manifest.rows(split)] for split in ("train", "val", "test")}
    if not len(labels_of["train"]) or not manifest.task.classes:
        return {}
    commonest = labels_of["train"].mode()[0]
    return {split: float(np.mean(labels == commonest)) for split, labels in labels_of.items() if len(labels)}
