"""Measure a predictor on changed examples. Each is written as a file and read again, so that what counts is what `predict` says."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import keras
import numpy as np

from multicnn.data.manifest import Manifest
from multicnn.evaluation.robustness import attacks, card
from multicnn.evaluation.robustness.card import Card, Instance, Row
from multicnn.modalities import Preprocess
from multicnn.modalities.perturbations import Attack, Perturbations, Raw, Sweep
from multicnn.tasks import Task
from multicnn.utils.files import write_text
from multicnn.utils.reporter import Reporter
from multicnn.utils.spreadsheets import csv_text

_CHUNK = 128  # examples attacked at once
Labels = frozenset[str]
Change = Callable[[Sequence[Raw]], list[Raw]]  # excerpts of all examples -> changed ones


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """The predictor that is measured.

    Attributes:
        name: Its name.
        data: The name of the data.
        network: The network.
        preprocess: The preprocess.
        task: The task.
        predicted: Returns the labels of each file, given as its content; none of a file that cannot be read.
    """

    name: str
    data: str
    network: keras.Model
    preprocess: Preprocess
    task: Task
    predicted: Callable[[Iterable[bytes]], Iterator[Sequence[str]]]


@dataclasses.dataclass(frozen=True)
class RobustnessSettings:
    """How a card is made.

    Attributes:
        tests: The names of the changes, such as "pgd" or "rotation"; () takes all.
        examples: Most examples, drawn by the seed.
        levels: The sizes of attacks; () takes the usual ones of the modality.
        steps: Steps of PGD.
        seed: Seeds all that is drawn.
        files: A folder for the changed files and the predictions for them; None keeps none.
    """

    tests: tuple[str, ...] = ()
    examples: int = 500
    levels: tuple[float, ...] = ()
    steps: int = attacks.STEPS
    seed: int = 0
    files: Path | None = None


def check(preprocess: Preprocess, task: Task, settings: RobustnessSettings) -> None:
    """Raise ValueError for what cannot be measured, before anything is read.

    Raises:
        ValueError: The task has no classes of whole examples, a test is unknown or impossible, or a level is out of range.
    """
    perturbations = preprocess.perturbations
    if not task.classes or task.output_shape(preprocess.input_shape) != (len(task.labels),):
        raise ValueError(f"`model` must predict classes of whole examples. Received: task={task.name!r}")
    known = _tests(perturbations)
    if not known:
        raise ValueError(f"no change of {preprocess.modality} is known. Received: modality={preprocess.modality!r}")
    for name in settings.tests:
        if name in card.ATTACKS and perturbations.attack is None:
            raise ValueError(
                f"`tests` must be of {', '.join(known)}: {perturbations.not_attacked}. Received: tests={name!r}"
            )
        if name not in known:
            raise ValueError(f"`tests` must be of {', '.join(known)}. Received: tests={name!r}")
    if settings.levels and perturbations.attack is None:
        raise ValueError(f"`levels` are of attacks: {perturbations.not_attacked}. Received: levels={settings.levels}")
    for level in settings.levels:
        if not 0 < level < float("inf"):
            raise ValueError(f"`levels` must be above 0 and finite. Received: levels={level!r}")


def measure(
    subject: Subject, manifest: Manifest, rows: np.ndarray, settings: RobustnessSettings, reporter: Reporter
) -> Card:
    """Measure a predictor on rows of a manifest, changed in every way.

    Args:
        subject: The predictor.
        manifest: The data.
        rows: The rows of the manifest to measure, int64 (n,).
        settings: How the card is made; `check` accepts them.
        reporter: Receives progress.

    Raises:
        ValueError: None of the examples can be read.
    """
    task, preprocess = subject.task, subject.preprocess
    perturbations = preprocess.perturbations
    if len(rows) > settings.examples:
        rows = np.sort(np.random.default_rng([settings.seed, 0]).permutation(rows)[: settings.examples])
    examples = [perturbations.excerpt(preprocess.decode(manifest.raw_source(int(row)))) for row in rows]
    cells = manifest.table["label"].to_numpy(dtype=object)[rows].tolist()
    ids = manifest.table["id"].to_numpy(dtype=object)[rows].tolist()
    truth = [frozenset(task.strata(cell)) for cell in cells]
    run = _Run(subject, examples, truth, ids, cells, settings)
    made = [run.row(card.CLEAN, None, "", "", list)]
    attack = perturbations.attack
    changes = [*_attacks(run, attack), *_sweeps(run, perturbations.sweeps)]
    for test, level, unit, words, change in changes:
        reporter.log(f"{test} {words}".strip())
        made.append(run.row(test, level, unit, words, change))
    remarks = () if attack is not None else (f"There is no attack along a gradient: {perturbations.not_attacked}.",)
    return Card(
        model=subject.name,
        data=subject.data,
        n=len(rows),
        steps=settings.steps,
        seed=settings.seed,
        rows=tuple(made),
        checks=card.checks(made, attack),
        remarks=remarks,
    )


_Planned = tuple[str, float | str, str, str, Change]  # test, level, unit, both in words, change


def _tests(perturbations: Perturbations) -> list[str]:
    attack = perturbations.attack
    of_attack = [] if attack is None else [*card.ATTACKS, attack.noise]
    return list(dict.fromkeys([*of_attack, *(sweep.name for sweep in perturbations.sweeps)]))


class _Run:
    """The examples, and the rows that are made of them."""

    def __init__(
        self,
        subject: Subject,
        examples: list[Raw],
        truth: list[Labels],
        ids: list[str],
        cells: list[str],
        settings: RobustnessSettings,
    ):
        self.subject, self.examples, self.truth, self.ids, self.cells = subject, examples, truth, ids, cells
        self.settings, self.perturbations = settings, subject.preprocess.perturbations
        self.right: np.ndarray | None = None  # of the unchanged examples

    @functools.cached_property
    def gradient(self) -> attacks.Gradient:
        return attacks.loss_gradient(self.subject.network, self.perturbations, self.subject.task)

    @functools.cached_property
    def targets(self) -> np.ndarray:
        return self.subject.task.targets(self.cells)

    @functools.cached_property
    def aims(self) -> list[str]:
        """A class for each example that it does not have, as the cell of a source."""
        rng, labels = np.random.default_rng([self.settings.seed, 1]), self.subject.task.classes
        others = [[label for label in labels if label not in own] or list(labels) for own in self.truth]
        return [other[rng.integers(len(other))] for other in others]

    def wanted(self, test: str) -> bool:
        return not self.settings.tests or test in self.settings.tests

    def row(self, test: str, level: float | str | None, unit: str, words: str, change: Change) -> Row:
        """Return the row of a change: every changed example as a file, and what is predicted for it."""
        changed = change(self.examples)
        files = [self.perturbations.file(raw) for raw in changed]
        predicted = [frozenset(labels) for labels in self.subject.predicted(data for _, data in files)]
        right = np.array([labels == truth for labels, truth in zip(predicted, self.truth, strict=True)])
        if self.settings.files is not None:
            self._keep(self.settings.files / _slug(f"{test} {words}"), files, predicted)
        reached = None
        if test == card.TARGETED:
            reached = float(np.mean([labels == {aim} for labels, aim in zip(predicted, self.aims)]))
        if self.right is None:
            self.right = right
        instance = self._instance(int(np.argmax(self.right & ~right)), changed, predicted)
        return Row(test, level, unit, words, float(right.mean()), len(right), reached, instance)

    def _instance(self, i: int, changed: Sequence[Raw], predicted: Sequence[Labels]) -> Instance:
        shown = self.subject.preprocess.shown
        words = " ".join(sorted(predicted[i])) or "nothing"
        return Instance(str(self.ids[i]), str(self.cells[i]), words, [shown(self.examples[i])], [shown(changed[i])])

    def _keep(self, folder: Path, files: Sequence[tuple[str, bytes]], predicted: Sequence[Labels]) -> None:
        import pandas as pd

        folder.mkdir(parents=True, exist_ok=True)
        names = [f"{i:05}{suffix}" for i, (suffix, _) in enumerate(files)]
        for name, (_, data) in zip(names, files):
            (folder / name).write_bytes(data)
        answers = {"file": names, "id": self.ids, "label": self.cells}
        answers["predicted"] = ["|".join(sorted(labels)) for labels in predicted]
        write_text(folder / "predictions.csv", csv_text(pd.DataFrame(answers)))


def _attacks(run: _Run, attack: Attack | None) -> Iterator[_Planned]:
    if attack is None:
        return
    settings = run.settings
    for level in settings.levels or attack.levels:
        words = f"{attack.describe(level)} {attack.unit}"
        wanted = [test for test in card.ATTACKS if run.wanted(test)]
        if wanted or run.wanted(attack.noise):  # without it an attack shows nothing
            wanted.append(attack.noise)
        for test in wanted:
            yield test, level, attack.unit, words, functools.partial(_attacked, run, test, level)


def _attacked(run: _Run, test: str, level: float, examples: Sequence[Raw]) -> list[Raw]:
    """Return the examples after an attack, or with the noise beside it."""
    changed: list[Raw] = []
    targets = run.subject.task.targets(run.aims) if test == card.TARGETED else run.targets
    for start in range(0, len(examples), _CHUNK):
        rng = np.random.default_rng([run.settings.seed, 2, start])
        space = run.perturbations.space(examples[start : start + _CHUNK])
        radii, aimed = space.radii(level), targets[start : start + _CHUNK]
        if test == card.FGSM:
            changes = attacks.fgsm(space, run.gradient, aimed, radii)
        elif test in card.ATTACKS:
            towards = test == card.TARGETED
            changes = attacks.pgd(space, run.gradient, aimed, radii, rng, run.settings.steps, towards)
        else:
            changes = space.noise(radii, rng)
        changed += space.raws(changes, radii)
    return changed


def _sweeps(run: _Run, sweeps: Sequence[Sweep]) -> Iterator[_Planned]:
    for number, sweep in enumerate(sweeps):
        for level in sweep.levels if run.wanted(sweep.name) else ():
            words = f"{level} {sweep.unit}".strip()
            yield sweep.name, level, sweep.unit, words, functools.partial(_swept, run, sweep, number, level)


def _swept(run: _Run, sweep: Sweep, number: int, level: float | str, examples: Sequence[Raw]) -> list[Raw]:
    """Return the examples at a degree of a change; what is drawn of an example is the same at each degree."""
    seed = run.settings.seed
    return [sweep.change(raw, level, np.random.default_rng([seed, 3, number, i])) for i, raw in enumerate(examples)]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-")
