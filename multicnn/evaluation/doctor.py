"""The doctor of a data set: its findings, scores that need no network, and the page."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from multicnn.data import checks, splits, store
from multicnn.data.manifest import Manifest
from multicnn.data.targets import stored_as, with_targets
from multicnn.evaluation.baseline import linear_score
from multicnn.evaluation.data_report import shown_rows, write_data_report, write_list
from multicnn.evaluation.headline import judged_split
from multicnn.modalities import Preprocess, Shown, lookup
from multicnn.recipe import Recipe
from multicnn.tasks.linear_model import NotFitted
from multicnn.utils.reporter import Reporter

_FOLDS = 5  # in which both ways to split are compared
# What a task's metrics may hold of always answering the same, by the end of its name.
_GUESSES = {"of_mean": "the mean of the training examples", "of_commonest": "the commonest labels"}
_LISTED = 100  # groups of a finding in `to_dict`


@dataclasses.dataclass(frozen=True, eq=False)
class Diagnosis:
    """The findings in a data set, and the scores of a linear model.

    Attributes:
        examination: The findings, counts and the majority's score.
        linear: `accuracy`, `macro_f1`, `n` and `model` of a linear model on the `scored` split; None where there is none.
        page: The HTML page.
        listed: The CSV file with every example of every finding; None where no finding has any.
        by_split: That model's `accuracy` and `n` over folds, by the way to split: "examples at random", "groups whole".
    """

    examination: checks.DataReport
    linear: dict[str, Any] | None
    page: Path
    by_split: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    listed: Path | None = None

    @property
    def clean(self) -> bool:
        """True where no finding asks for a decision."""
        return self.examination.clean

    @property
    def metric(self) -> str:
        """The main metric of the task."""
        return self.examination.manifest.task.metric

    @property
    def scored(self) -> str | None:
        """The split that the linear model is scored on."""
        return judged_split(self.examination.manifest)

    def scores(self) -> list[dict[str, Any]]:
        """Return rows with `guess`, `split`, the task's `metric` and `n`."""
        manifest = self.examination.manifest
        rows = [
            {"guess": "the commonest class", "split": split, self.metric: accuracy, "n": len(manifest.rows(split))}
            for split, accuracy in self.examination.majority.items()
        ]
        if self.linear:
            for name, guess in _GUESSES.items():
                if (score := self.linear.get(f"{self.metric}_{name}")) is not None:
                    rows.append({"guess": guess, "split": self.scored, self.metric: score, "n": self.linear["n"]})
            rows.append({"guess": self.linear["model"], "split": self.scored, **self.linear})
        rows += [
            {"guess": "the linear model over folds", "split": way, **score} for way, score in self.by_split.items()
        ]
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; of each finding the number of groups, and the ids of up to 100; `listed` names the file of all."""
        ids = self.examination.manifest.table["id"].to_numpy(dtype=object)
        findings = [
            {
                "name": finding.name,
                "message": finding.message,
                "decision": finding.decision,
                "groups": len(finding.groups),
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
            "by_split": self.by_split,
            "listed": None if self.listed is None else str(self.listed),
        }


def diagnose(
    recipe: Recipe,
    manifest: Manifest,
    fit: Callable[[Manifest], Preprocess],
    page: str | Path,
    reporter: Reporter,
    compare_splits: bool = False,
) -> Diagnosis:
    """Examine every example, score a linear model, and write the page.

    Args:
        recipe: The recipe, whose data these are.
        manifest: The data, every split decided.
        fit: Returns the preprocessing, fitted on the training split of a manifest.
        reporter: The reporter of messages and progress.
        page: The HTML file to write.
        compare_splits: Score the linear model over folds of whole groups, and over folds of examples at random.

    Raises:
        ValueError: The splits cannot be compared, since there are no groups.
    """
    if compare_splits and len(set(manifest.table["group"].iloc[manifest.rows()]) - {""}) < 2:
        raise ValueError("compare_splits needs data with two groups or more. Received: compare_splits=True")
    examination = checks.examine(manifest, reporter.reading)
    manifest = examination.manifest
    split = judged_split(manifest)
    scored = split is not None and manifest.table["label"].iloc[manifest.rows("train")].nunique() > 1
    linear, by_split = None, {}
    if scored or compare_splits:
        preprocess = stored_as(manifest, fit(manifest), manifest.rows())
        examples, reasons = store.load_examples(manifest, preprocess, manifest.rows(), reporter.reading)
        if manifest.task.placed:
            manifest, more = with_targets(manifest, preprocess, examples.rows)
            manifest = manifest.with_bad({**reasons, **more})
        try:
            linear = linear_score(manifest, examples, preprocess, split) if scored and split else None
        except NotFitted as reason:
            reporter.log(f"linear baseline: not fitted: {reason}")
        by_split = _by_split(manifest, examples, preprocess) if compare_splits else {}
    listed = write_list(Path(page).with_suffix(".findings.csv"), examination.findings, manifest.table)
    diagnosis = Diagnosis(examination, linear, Path(page), by_split, listed)
    tables = {"By class": examination.counts, "By group": examination.groups}
    title = f"The state of {recipe.data.path}"
    members = {row: _shown(manifest, row) for row in shown_rows(examination.findings)}
    metric = manifest.task.metric
    write_data_report(page, title, examination.findings, tables, diagnosis.scores(), members, metric, listed)
    return diagnosis


def _by_split(manifest: Manifest, examples: store.Store, preprocess: Preprocess) -> dict[str, dict[str, float]]:
    """Return the linear model's score where the test set has groups of its own, and where it shares them with training."""
    groups = len(set(manifest.table["group"].iloc[manifest.rows()]))
    alone = dataclasses.replace(manifest, table=manifest.table.assign(group=""))
    scored = {}
    for way, of in (("examples at random", alone), ("groups whole", manifest)):
        folds = splits.folds(of, min(_FOLDS, groups))
        scores = [score for fold in folds if (score := linear_score(fold, examples, preprocess))]
        if not scores:  # the task has no linear baseline
            continue
        n = sum(score["n"] for score in scores)
        metric = manifest.task.metric
        scored[way] = {metric: sum(score[metric] * score["n"] for score in scores) / n, "n": n}
    return scored


def _shown(manifest: Manifest, row: int) -> tuple[str, str, list[Shown]]:
    """Return id, label and example of a row, which is empty where it cannot be decoded."""
    preprocess, source = lookup(manifest.modality)(), manifest.raw_source(row)
    shown: list[Shown] = []
    # A pipe, say, would be waited for.
    if not manifest.is_file(row) or (isinstance(source, str) and os.path.isfile(source)):
        with suppress(ValueError):
            shown = preprocess.pictured(preprocess.decode(source))
    reason = manifest.table["reason"][row]
    return manifest.table["id"][row] + (f": {reason}" if reason else ""), manifest.table["label"][row], shown
