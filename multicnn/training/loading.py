"""Reads every example of a run once; what is bad is listed in the run folder, and too much of it stops the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multicnn.backends.processes import Workers
from multicnn.data import store
from multicnn.data.checks.rows import examine_rows
from multicnn.data.manifest import Manifest
from multicnn.data.store import Store
from multicnn.training import run_folder
from multicnn.utils.reporter import Reporter


def read(
    manifest: Manifest, preprocess: Any, folder: Path, bad_limit: float, reporter: Reporter, workers: Workers
) -> tuple[Manifest, Store]:
    """Reads the good rows of a manifest and writes manifest.parquet and bad_files.csv.

    Args:
        manifest: With its splits, and what earlier readings found bad.
        preprocess: Fitted; gives the stored form.
        folder: The run folder.
        bad_limit: The share of bad rows beyond which the run stops.
        reporter: Told how far it is, and what is wrong with the data.
        workers: Each reads a part and gets all.

    Returns:
        The manifest with the bad rows, and the examples of the others.

    Raises:
        ValueError: Too much is bad, a class has no training example, or what could be read when the run began now cannot.
    """
    examples, reasons = _loaded(manifest, preprocess, reporter, workers)
    if reasons and (folder / run_folder.MANIFEST).exists():
        row, reason = next(iter(reasons.items()))
        raise ValueError(
            f"{len(reasons):,} examples could be read when the run began, the first {manifest.table['id'][row]!r}: "
            f"{reason}. Received: resume={str(folder)!r}"
        )
    manifest = manifest.with_bad(reasons)
    run_folder.keep_manifest(folder, manifest)
    bad, listed = len(manifest.bad_rows()), folder / run_folder.BAD_FILES
    if bad:
        reporter.log(f"{bad:,} of {len(manifest):,} examples are bad and skipped: {listed}")
    for finding in examine_rows(manifest):
        if finding.decision and finding.name != "bad examples":
            reporter.log(f"{finding.name}: {finding.message}")
    if bad > bad_limit * len(manifest):
        raise ValueError(
            f"{bad:,} of {len(manifest):,} examples are bad, more than `bad_limit` allows; they are listed in {listed}. "
            f"Received: bad_limit={bad_limit}"
        )
    for label, rows in manifest.rows_by_label("train").items():
        if not len(rows):
            raise ValueError(f"every class needs a good training example. Received: label={label!r}")
    return manifest, examples


def _loaded(manifest: Manifest, preprocess: Any, reporter: Reporter, workers: Workers) -> tuple[Store, dict[int, str]]:
    """Everybody's examples, and the reason for each that cannot be read."""
    own = manifest.rows()[workers.index :: workers.count]
    examples, reasons = store.load_examples(manifest, preprocess, own, reporter.reading)
    if workers.count == 1:
        return examples, reasons
    all_gather = [bad for part in workers.all_gather(reasons) for bad in part.items()]
    return store.merge_shards(examples, workers.all_gather), dict(sorted(all_gather))
