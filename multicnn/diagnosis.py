"""What the doctor says of a data set: the findings, the scores that need no network, the page."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from multicnn.data import checks, store
from multicnn.data.manifest import Manifest
from multicnn.evaluation.examination import shown_rows, write_examination
from multicnn.recipe import SENSES, Recipe
from multicnn.run import Reporter, Run, linear_score

_LISTED = 100  # groups of a finding in `to_dict`


@dataclasses.dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was found, and what a linear model scores.

    Attributes:
        examination: The findings, counts and the majority's score.
        linear: `accuracy`, `macro_f1`, `n` and `model` of a linear model on the test split; None where it has no examples.
        page: The page with pictures.
    """

    examination: checks.Examination
    linear: dict[str, Any] | None
    page: Path

    @property
    def clean(self) -> bool:
        """Whether nothing asks for a decision."""
        return self.examination.clean

    def scores(self) -> list[dict[str, Any]]:
        """Rows with `guess`, `split`, `accuracy` and `n`."""
        manifest = self.examination.manifest
        rows = [
            {"guess": "the commonest class", "split": split, "accuracy": accuracy, "n": len(manifest.rows(split))}
            for split, accuracy in self.examination.majority.items()
        ]
        if self.linear:
            rows.append({"guess": self.linear["model"], "split": "test", **self.linear})
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Plain data; of each finding up to 100 groups of ids."""
        ids = self.examination.manifest.table["id"].to_numpy(dtype=object)
        findings = [
            {
                "name": finding.name,
                "says": finding.says,
                "decision": finding.decision,
                "examples": [[ids[row] for row in group] for group in finding.groups[:_LISTED]],
            }
            for finding in self.examination.findings
        ]
        return {
            "clean": self.clean,
            "findings": findings,
            "counts": json.loads(self.examination.counts.to_json(orient="index")),
            "majority": self.examination.majority,
            "linear_baseline": self.linear,
        }


def diagnose(recipe: Recipe, manifest: Manifest, page: str | Path, reporter: Reporter) -> Diagnosis:
    """Examines every example, scores a linear model, and writes the page."""
    examination = checks.examine(manifest, reporter.reading)
    manifest = examination.manifest
    linear = None
    if len(manifest.rows("test")) and len(set(manifest.targets(manifest.rows("train")))) > 1:
        linear = _linear(recipe, manifest, reporter)
    diagnosis = Diagnosis(examination, linear, Path(page))
    tables = {"By class": examination.counts, "By group": examination.groups}
    title = f"The state of {recipe.data.path}"
    examples = {row: _shown(manifest, row) for row in shown_rows(examination.findings)}
    write_examination(page, title, examination.findings, tables, diagnosis.scores(), examples)
    return diagnosis


def _linear(recipe: Recipe, manifest: Manifest, reporter: Reporter) -> dict[str, Any]:
    """As at the end of a training: the preprocessing is that of the recipe."""
    run = Run(recipe, manifest, Path(), reporter, 0.0)
    preprocess = run.recipe.preprocess.fit(run.training_examples())
    examples, _ = store.materialise(manifest, preprocess, manifest.rows(), reporter.reading)
    return linear_score(manifest, examples, preprocess)


def _shown(manifest: Manifest, row: int) -> tuple[str, str, Any]:
    """Id, label and raw example of a row, None in its place if it cannot be decoded."""
    preprocess = SENSES[manifest.sense]()
    try:
        raw = preprocess.decode(manifest.raw_source(row))
    except ValueError:
        raw = None
    if raw is not None and manifest.sense == "audio":
        raw = (raw, preprocess.sample_rate)
    reason = manifest.table["reason"][row]
    return manifest.table["id"][row] + (f": {reason}" if reason else ""), manifest.table["label"][row], raw
