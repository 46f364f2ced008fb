"""The doctor's page: counts, scores without a network, and each finding with examples of it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from multicnn.evaluation.page import Html, page, section, table
from multicnn.evaluation.previews import preview

GROUPS, MEMBERS = 8, 4  # of a finding that are shown


def write_data_report(
    path: str | Path,
    title: str,
    findings: Sequence[Any],
    tables: Mapping[str, pd.DataFrame],
    scores: Sequence[Mapping[str, Any]],
    examples: Mapping[int, tuple[str, str, Any]],
) -> Path:
    """Writes the page, that needs no other file.

    Args:
        path: the HTML file to write.
        title: of the page.
        findings: each with `name`, `says`, `decision` and `groups` of rows.
        tables: counts by their caption.
        scores: rows with `guess`, `split`, `accuracy` and `n`: what is to be had without a network.
        examples: id, label and raw example (what `previews.preview` takes, None where there is nothing to see) by row.

    Returns:
        `path`.
    """
    decisions = sum(finding.decision for finding in findings)
    lead = f"{decisions} findings ask for a decision." if decisions else "Nothing asks for a decision."
    parts = [f'<p class="lead">{lead}</p>', *(_finding(finding, examples) for finding in findings)]
    if scores:
        columns = ["guess", "split", "accuracy", "n"]
        parts.append(section("Scores without a network", table("What every network has to beat", columns, scores)))
    counted = [
        table(caption, ["", *frame.columns], [{"": name, **row} for name, row in frame.to_dict("index").items()])
        for caption, frame in tables.items()
        if len(frame)
    ]
    parts.append(section("Examples", "".join(counted)))
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(title, parts), encoding="utf-8", errors="backslashreplace")
    return path


def shown_rows(findings: Sequence[Any]) -> list[int]:
    """The rows that the page shows."""
    return sorted({row for finding in findings for group in finding.groups[:GROUPS] for row in group[:MEMBERS]})


def _finding(finding: Any, examples: Mapping[int, tuple[str, str, Any]]) -> str:
    says = f"<p>{html.escape(finding.says)}</p>"
    rows = []
    for number, group in enumerate(finding.groups[:GROUPS]):
        for row in group[:MEMBERS]:
            name, label, raw = examples[row]
            seen = "" if raw is None else Html(preview(raw, name))
            rows.append({"id": name, "label": label, "what": seen, "group": number + 1})
    if rows:
        grouped = any(len(group) > 1 for group in finding.groups)
        columns = ["id", "label", "what", *(["group"] if grouped else [])]
        hidden = len(finding.groups) - GROUPS
        caption = f"The first {GROUPS:,} of {len(finding.groups):,}" if hidden > 0 else "All of them"
        says += table(caption, columns, rows)
    return section(("! " if finding.decision else "") + finding.name, says)
