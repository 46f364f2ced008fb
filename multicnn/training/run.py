"""One training run: from a recipe and a manifest to a run folder."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from multicnn.backends import engine, random_state
from multicnn.data import pipeline
from multicnn.data.manifest import SPLITS, Manifest
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe
from multicnn.training import run_folder
from multicnn.training.build import Built, build
from multicnn.training.context import RunContext
from multicnn.training.defaults import completed, weights_of
from multicnn.training.measuring import measured
from multicnn.training.nan_check import NotFinite
from multicnn.training.preparation import Prepared, prepare
from multicnn.training.pretrained import PretrainedWeights
from multicnn.utils import signals
from multicnn.utils.counted import counted
from multicnn.utils.files import write_text
from multicnn.utils.spreadsheets import csv_text


def run(recipe: Recipe, manifest: Manifest, context: RunContext) -> Predictor:
    """Train and measure one network, and write everything that belongs in the run folder; what is there is resumed.

    Raises:
        ValueError: The recipe or the data cannot be used, or are not those that the run in this folder was started with.
    """
    recipe, pretrained = complete(recipe, manifest, context)
    folder, count = context.run_folder, context.workers.count
    with random_state.preserved(), run_folder.claim(folder, recipe, manifest, context.log, count) as manifest:
        if (predictor := run_folder.finished(folder, recipe, context.log)) is not None:
            return predictor
        with _resumable(context):
            return fit(prepare(recipe, manifest, context, pretrained), context)


@contextlib.contextmanager
def _resumable(context: RunContext) -> Iterator[None]:
    """Log the command that resumes the run, if it is interrupted before or after its steps, which log it themselves."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as error:
        if not signals.is_reported(error) and not context.temporary:
            context.log(f"interrupted; resume with: multicnn train --resume {context.run_folder}")
        raise


def complete(recipe: Recipe, manifest: Manifest, context: RunContext) -> tuple[Recipe, PretrainedWeights | None]:
    """Return the recipe of a run with nothing left open but the precision, and the weights that it starts with.

    Raises:
        ValueError: A field fits neither the data nor the others; nothing has been read or written then.
    """
    folder = context.folder
    # A run that is resumed by its own recipe has all its weights in its checkpoints.
    resumed = folder is not None and recipe.preprocess is not None and any((folder / "checkpoints").glob("epoch-*.npz"))
    pretrained = None if resumed else weights_of(recipe)
    recipe = completed(recipe, manifest, pretrained, context.workers.count)
    saved = None if folder is None else run_folder.saved_recipe(folder)
    if recipe.runtime.precision == "auto" and saved is not None:
        # What was chosen where the run started, whatever this machine is good at.
        runtime = dataclasses.replace(recipe.runtime, precision=saved.runtime.precision)
        recipe = dataclasses.replace(recipe, runtime=runtime)
    return recipe, pretrained


def fit(prepared: Prepared, context: RunContext) -> Predictor:
    """Train what was prepared and measure it; the run folder gets the predictor, its metrics and the report.

    Raises:
        ValueError: The loss is no longer finite, or a step does not fit into memory.
        KeyboardInterrupt: The run was interrupted (after SIGTERM: SystemExit); it can be resumed.
    """
    folder = context.run_folder
    built = _built(prepared, context)
    loop, predictor = built.loop, built.predictor
    context.log(_summary(prepared, loop.settings.steps))
    try:
        loop.run()
    except NotFinite as error:
        raise _with_batch(error, prepared, context) from None
    predictor.save(folder / "model.keras")  # at once, lest anything below is interrupted
    predictor = measured(prepared, built, context)
    predictor.save(folder / "model.keras")
    if loop.interrupted:
        best = f"the best weights so far are in {folder / 'model.keras'}"
        line = f"interrupted; {best}; resume with: multicnn train --resume {folder}"
        context.log(line)
        raise signals.reported(loop.interrupted, line)
    context.log(f"the predictor is {folder / 'model.keras'}")
    return predictor


def _built(prepared: Prepared, context: RunContext) -> Built:
    try:
        return build(prepared, context)
    except Exception as error:
        if not engine.out_of_memory(error):
            raise
        count = prepared.measured.parameters
        raise ValueError(f"`model.name` must fit into memory. Received: {count:,} parameters") from None


def _with_batch(error: NotFinite, prepared: Prepared, context: RunContext) -> ValueError:
    """Return the error with the examples of the batch, and list them in the run folder."""
    recipe, manifest = prepared.recipe, prepared.manifest
    rows = pipeline.order(manifest.rows("train"), recipe.seed, error.epoch)
    rows = rows[error.step * recipe.batch_size :][: recipe.batch_size]
    listed = context.run_folder / run_folder.NOT_FINITE
    examples = manifest.table.loc[rows, ["id", "label"]]
    write_text(listed, csv_text(examples))
    return ValueError(
        f"{error}; the examples of the batch ({', '.join(examples['id'].iloc[:3])} ...) are listed in {listed}. Lower "
        "optimizer.learning_rate, clip the gradients (optimizer.arguments.global_clipnorm), or train in float32. "
        f"Received: optimizer.learning_rate={recipe.optimizer.learning_rate!r}, runtime.precision={recipe.runtime.precision!r}"
    )


def _summary(prepared: Prepared, steps: int) -> str:
    manifest, model = prepared.manifest, prepared.recipe.model.name
    classes = manifest.task.classes
    predicted = f"{len(classes)} classes" if classes else manifest.task.name
    counts = ", ".join(f"{len(manifest.rows(split)):,} {split}" for split in SPLITS)
    name = model if isinstance(model, str) else "the given network"
    return (
        f"{predicted}, {counts}; {name} with {prepared.measured.parameters:,} parameters on "
        f"{prepared.input_shape}; {counted(steps, 'step')} an epoch; the examples are kept: {prepared.store.description}"
    )
