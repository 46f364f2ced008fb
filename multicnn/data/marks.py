"""Report what was understood of a source of data, and what became of its examples when they were decoded."""

from __future__ import annotations

import logging

from multicnn.data.manifest import Manifest
from multicnn.data.store import Store
from multicnn.modalities.marks import Marking
from multicnn.utils.reporter import Reporter


def report_remarks(manifest: Manifest, reporter: Reporter) -> None:
    """Log a warning for each remark on a manifest."""
    for remark in manifest.remarks:
        reporter.warn(f"{remark.name}: {remark.message}")


def report_marks(examples: Store, preprocess: Marking, reporter: Reporter) -> None:
    """Log a line for each thing that happened to examples: a warning for those that became constant.

    Args:
        examples: The stored examples, with their marks.
        preprocess: The preprocess that stored them.
        reporter: Receives the lines.
    """
    if len(examples):
        for finding in preprocess.marked(examples.marks, examples.rows):
            level = logging.WARNING if finding.decision else logging.INFO
            reporter.log(f"{finding.name}: {finding.message}", level)
