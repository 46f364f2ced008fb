"""The doctor: what is to be known about a data set before a network learns from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from multicnn.data import store
from multicnn.data.checks import pictures, sounds, texts
from multicnn.data.checks.finding import Finding
from multicnn.data.checks.near import groups_of
from multicnn.data.checks.rows import counts, duplicates, examine_rows, group_counts
from multicnn.data.manifest import Manifest

NEAR_EXAMPLES = 100_000  # all pairs of so many are compared: a minute on two cores


@dataclass(frozen=True, eq=False)
class DataReport:
    """What was found.

    Attributes:
        manifest: what was examined; examples that turned out to be unreadable are bad now.
        findings: most important first: those that ask for a decision.
        counts: good examples by class and split.
        groups: good examples by group and split; empty where there are no groups.
        majority: the score of always guessing the commonest training class, by split.
    """

    manifest: Manifest
    findings: tuple[Finding, ...]
    counts: pd.DataFrame
    groups: pd.DataFrame
    majority: dict[str, float]

    @property
    def clean(self) -> bool:
        """Whether nothing asks for a decision."""
        return not any(finding.decision for finding in self.findings)


def examine(manifest: Manifest, progress: Callable[[int, int], None] | None = None) -> DataReport:
    """Decodes every example of a manifest and looks for what would spoil a training or its scores.

    Args:
        manifest: with its splits decided.
        progress: called with (examples done, examples in all) from time to time.
    """
    module, probe = {
        "image": (pictures, pictures.ImageProbe()),
        "audio": (sounds, sounds.AudioProbe(manifest.sample_rate)),
        "text": (texts, texts.TextProbe()),
    }[manifest.modality]
    kept, reasons = store.load_examples(manifest, probe, manifest.rows(), progress)
    manifest = manifest.with_bad(reasons)
    found = examine_rows(manifest)
    if len(kept):
        found += module.findings(manifest, kept.rows, kept.array)
        found += _near(manifest, module, kept.rows[:NEAR_EXAMPLES], kept.array[:NEAR_EXAMPLES])
    if len(kept) > NEAR_EXAMPLES:
        found.append(Finding("near duplicates", f"looked for among the first {NEAR_EXAMPLES:,} examples only", False))
    found.sort(key=lambda finding: not finding.decision)
    return DataReport(manifest, tuple(found), counts(manifest), group_counts(manifest), _majority(manifest))


def _near(manifest: Manifest, module, rows: np.ndarray, records: np.ndarray) -> list[Finding]:
    """The findings about examples that are alike and not the same."""
    hashes = manifest.table["hash"].to_numpy(dtype=object)[rows]
    pairs = module.alike(manifest, rows, records)
    different = [group for group in groups_of(pairs) if len(set(hashes[group])) > 1]
    return duplicates(manifest, [rows[group] for group in different], "near duplicates", "nearly the same content")


def _majority(manifest: Manifest) -> dict[str, float]:
    parts = {split: manifest.table["label"].iloc[manifest.rows(split)] for split in ("train", "val", "test")}
    if not len(parts["train"]):
        return {}
    commonest = parts["train"].mode()[0]
    return {split: float(np.mean(labels == commonest)) for split, labels in parts.items() if len(labels)}
