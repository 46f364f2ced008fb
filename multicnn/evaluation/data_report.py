"""The doctor's page: counts, scores without a network, and each finding with examples of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from multicnn.evaluation import page
from multicnn.utils.files import write_text
from multicnn.utils.spreadsheets import harmless

if TYPE_CHECKING:
    import pandas as pd

    from multicnn.modalities import Shown
    from multicnn.modalities.finding import Finding

GROUPS, MEMBERS = 8, 4  # of a finding that are shown


def write_data_report(
    path: str | Path,
    title: str,
    findings: Sequence[Finding],
    tables: Mapping[str, pd.DataFrame],
    scores: Sequence[Mapping[str, Any]],
    examples: Mapping[int, tuple[str, str, Sequence[Shown]]],
    metric: str,
    listed: Path | None = None,
) -> Path:
    """Write the page, that needs no other file.

    Args:
        path: The HTML file to write.
        title: The title of the page.
        findings: What the checks found, in the order of the page.
        tables: Counts by their caption; empty ones are left out.
        scores: Rows with `guess`, `split`, the metric and `n`: what is to be had without a network.
        examples: Id, label and the example as it is shown (none or more of what `media.embed` takes) by row.
        metric: The name of the score in `scores`.
        listed: The file that lists every example of every finding.

    Returns:
        `path`.
    """
    issues = sum(finding.decision for finding in findings)
    return page.write(
        path,
        "data_report",
        title=title,
        lead=f"{issues or 'No'} issue{'s' * (issues != 1)} need{'s' * (issues == 1)} your attention.",
        findings=[(finding, shown_members(finding)) for finding in findings],
        most_groups=GROUPS,
        examples=examples,
        listed="" if listed is None else listed.name,
        scores=scores,
        metric=metric,
        tables={caption: frame for caption, frame in tables.items() if len(frame)},
    )


def write_list(path: Path, findings: Sequence[Finding], table: pd.DataFrame) -> Path | None:
    """Write a row for each example of each finding; return the path, or None where no finding has examples.

    Args:
        path: The CSV file to write, beside the page.
        findings: What the checks found.
        table: The manifest's table of the examples.
    """
    rows = [
        (finding.name, "yes" if finding.decision else "no", number, row)
        for finding in findings
        for number, group in enumerate(finding.groups, start=1)
        for row in group
    ]
    if not rows:
        path.unlink(missing_ok=True)  # of an earlier look at the same data
        return None
    import pandas as pd

    columns = ["finding", "needs_attention", "group", "row"]
    listed = pd.DataFrame(rows, columns=columns).set_index("row")
    listed = listed.join(table[["id", "label", "split", "source", "reason"]])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, listed.map(harmless).to_csv(index=False))
    return path


def shown_members(finding: Finding) -> list[tuple[int, int]]:
    """Return the row and the number of the group, from 1, of each example that the page shows of a finding."""
    groups = enumerate(finding.groups[:GROUPS], start=1)
    return [(row, number) for number, group in groups for row in group[:MEMBERS]]


def shown_rows(findings: Sequence[Finding]) -> list[int]:
    """Return the rows of the manifest that the page shows, sorted."""
    return sorted({row for finding in findings for row, _ in shown_members(finding)})
