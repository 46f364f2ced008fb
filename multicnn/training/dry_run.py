"""A dry run: everything that a run builds, and two of its steps; nothing is left behind."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from multicnn.backends import engine, random_state
from multicnn.data.manifest import Manifest
from multicnn.evaluation.inspect import Inspection, of_block
from multicnn.recipe import Recipe
from multicnn.training.build import Built, build
from multicnn.training.context import RunContext
from multicnn.training.preparation import Prepared, prepare
from multicnn.training.run import complete
from multicnn.utils.reporter import Reporter


@dataclasses.dataclass(frozen=True)
class DryRun:
    """The measurements of two training steps.

    Attributes:
        stages: The network, stage by stage.
        batch: Shape of the first batch.
        examples: Number of examples of each split.
        parameters: Number of trainable parameters of the network.
        weights_bytes: Size of the network's weights.
        optimizer_bytes: Size of the optimizer's slots.
        peak_bytes: The most memory that the process (with a GPU: the GPU) has held up to the end of the second step;
            None where the system does not tell.
        steps: Number of steps of an epoch.
        first_step_seconds: Seconds of the first step, with the compilation.
        step_seconds: Seconds of the second step.
        expected_seconds: Seconds of the training steps of all epochs at that speed.
    """

    stages: Inspection
    batch: tuple[int, ...]
    examples: dict[str, int]
    parameters: int
    weights_bytes: int
    optimizer_bytes: int
    peak_bytes: int | None
    steps: int
    first_step_seconds: float
    step_seconds: float
    expected_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that goes through JSON unchanged."""
        return {**dataclasses.asdict(self), "batch": list(self.batch)}


def dry_run(recipe: Recipe, manifest: Manifest, reporter: Reporter) -> DryRun:
    """Build everything that a run needs and take two steps of it.

    Raises:
        ValueError: The recipe cannot work; the message says why, in a line.
    """
    with untrained(recipe, manifest, reporter) as (prepared, built):
        loop, predictor, seconds = built.loop, built.predictor, []
        with loop.stream(0, 0) as iterator:
            shape = next(iterator)[0].shape
        with loop.stream(0, 0) as iterator:
            for _ in range(2):
                started = time.perf_counter()
                loop.step(iterator)
                seconds.append(time.perf_counter() - started)
        return DryRun(
            stages=of_block(predictor.block, predictor.preprocess, repr(prepared.recipe.model.name)),
            batch=tuple(shape),
            examples={split: len(prepared.manifest.rows(split)) for split in ("train", "val", "test")},
            parameters=sum(int(np.prod(weight.shape)) for weight in predictor.network.trainable_weights),
            weights_bytes=_bytes(predictor.network.variables),
            optimizer_bytes=_bytes(predictor.network.optimizer.variables),
            peak_bytes=_peak(),
            steps=loop.settings.steps,
            first_step_seconds=seconds[0],
            step_seconds=seconds[1],
            expected_seconds=seconds[1] * loop.settings.steps * prepared.recipe.epochs,
        )


@contextmanager
def untrained(recipe: Recipe, manifest: Manifest, reporter: Reporter) -> Iterator[tuple[Prepared, Built]]:
    """Prepare and build a run of which nothing is left after the block but a list of bad examples, if there are any."""
    with random_state.preserved(), _folder() as folder:
        context = RunContext(folder, reporter)
        recipe, pretrained = complete(recipe, manifest, context)
        prepared = prepare(recipe, manifest, context, pretrained)
        yield prepared, build(prepared, context)


def _bytes(variables: list[Any]) -> int:
    return sum(np.asarray(variable).nbytes for variable in variables)


def _peak() -> int | None:
    if (on_gpu := engine.peak_bytes()) is not None:
        return on_gpu
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes there, kilobytes on Linux


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a run folder for the time of the block; only a list of bad files stays, since it was reported to the user."""
    folder = Path(tempfile.mkdtemp(prefix="multicnn-"))
    try:
        yield folder
    finally:
        for path in folder.iterdir():
            if path.name == "bad_files.csv" and path.read_text(encoding="utf-8").count("\n") > 1:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
