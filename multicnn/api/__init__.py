"""The commands as Python functions; the command line adds nothing to them but text on the screen."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import tensorflow as tf

from multicnn.backends import forks, random_state
from multicnn.backends.processes import Workers
from multicnn.data.inputs import inputs_of, source_of
from multicnn.data.load import load_manifest, load_unsplit
from multicnn.data.manifest import Manifest
from multicnn.data.marks import report_remarks
from multicnn.data.sources.memory import in_memory
from multicnn.data.sources.unused import given_options, load_inherited
from multicnn.evaluation import figures
from multicnn.evaluation import inspect as inspection
from multicnn.evaluation.doctor import Diagnosis, diagnose
from multicnn.evaluation.evaluate import Evaluation
from multicnn.evaluation.explanation import write_explanations
from multicnn.evaluation.headline import saved_in_words
from multicnn.evaluation.inspect import Inspection
from multicnn.evaluation.preview import write_preview
from multicnn.explanations import Explainer, Explanation, Findings, of_inputs, over_texts
from multicnn.explanations.of_inputs import InputShares
from multicnn.modalities import Preprocess
from multicnn.models.trust import allowing, check_recipe
from multicnn.predictor import Predictor, load
from multicnn.recipe import Recipe
from multicnn.training import budget as budgets
from multicnn.training import (
    cross_validation,
    ensemble,
    experiment,
    linear_probe,
    preparation,
    rate_finder,
    run_folder,
    weight_files,
)
from multicnn.training import dry_run as dry_runs
from multicnn.training import transfer_curves as curves
from multicnn.training.context import RunContext
from multicnn.training.cross_validation import CrossValidation
from multicnn.training.defaults import completed, weights_of
from multicnn.training.dry_run import DryRun
from multicnn.training.inner_network import network_of_file, stage_name
from multicnn.training.linear_probe import Features
from multicnn.training.preparation import Prepared, augmentation_of, fit_preprocess, fit_stem
from multicnn.training.pretrained import pretrained
from multicnn.training.rate_finder import RateCurve
from multicnn.training.run import complete
from multicnn.training.setup import Data, Source, check_free, new_folder, of_memory, settled, settled_experiment
from multicnn.training.suggested import given_names
from multicnn.training.transfer_curves import TransferCurves
from multicnn.utils.outputs import check_file
from multicnn.utils.reporter import Reporter, SilentReporter

if TYPE_CHECKING:
    from multicnn.modalities.text.preprocess import TextPreprocess


def train(
    data: Data | None = None,
    out: str | os.PathLike | None = None,
    *,
    resume: str | os.PathLike | None = None,
    allow: Sequence[str] = (),
    budget: str | None = None,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> Predictor:
    """Train a predictor and write a run folder.

    Where `data` is no recipe, what suits the data is chosen for every field that is not given; recipe.json has it all.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe. It may be
            omitted where a run is resumed.
        out: The run folder; by default a new one in runs/.
        resume: The folder of a run that was interrupted, or killed at any moment. The resumed run ends with the same bits
            as one that was never stopped. Its data and recipe must be those it was started with; only the path of the data,
            how often the run is saved, `data.bad_limit`, and, under a constant schedule, a larger number of epochs may change.
        allow: What the recipe of a resumed run may do: "code" lets it import the module or file of its `model.name`, "pickle"
            read word vectors that gensim saved.
        budget: The time that the training may take, such as "5min", in the place of `epochs`: it is measured how many fit.
        reporter: Receives messages and progress.
        settings: Changes of the recipe as "a.b=1".
        **fields: Fields of the recipe, such as `epochs=5, model="res8"`.

    Returns:
        The predictor that is saved (see `Recipe.baseline`); its `metrics` are those of metrics.json.

    Raises:
        ValueError: The data or the recipe cannot be used; the message says why, in a line.
        KeyboardInterrupt: Ctrl-C (after SIGTERM: SystemExit); the run folder then holds model.keras with the best weights
            so far, and can be resumed.

    The global random state, TensorFlow's determinism, the environment and the signal handlers are afterwards as they were.
    What TensorFlow settles when it starts (devices, threads, XLA) stays. While it runs, all of them are the training's: do not
    draw random numbers in another thread.
    """
    workers = Workers()
    context = RunContext(reporter=(reporter or Reporter()) if workers.first else SilentReporter(), workers=workers)
    if budget is not None:
        budgets.check(budget, given_names(settings, fields), resume is not None, context)
    if resume is None:
        check_free("runs/new" if out is None else out)  # before the data are read
        recipe, manifest = settled(data, settings, fields)
        if budget is not None:
            recipe, manifest = budgets.within(recipe, manifest, budget, context)
        with workers.folder(workers.broadcast(lambda: new_folder(out, recipe))) as folder:
            return ensemble.train(recipe, manifest, dataclasses.replace(context, folder=folder))
    if out is not None:
        raise ValueError(f"`resume` is the folder of the run: omit `out`. Received: out={str(out)!r}")
    with workers.folder(Path(resume)) as folder:
        saved = run_folder.saved_recipe(folder)
        if saved is None and (data is None or not run_folder.started(folder)):
            raise ValueError(
                f"`resume` must be the folder of a run that was started; `out` names a new one. Received: resume={str(resume)!r}"
            )
        if saved is not None and not isinstance(data, Recipe):  # what is not given is the recorded recipe's
            with allowing(*allow):
                check_recipe(saved, "resume", resume, [*settings, *fields])
        if saved is not None and data is None and not settings and not fields:
            if (done := run_folder.finished(folder, saved, context.log)) is not None:
                return done  # its data need not be there any more
        recipe, manifest = settled(data, settings, fields, started=saved)
        return ensemble.train(recipe, manifest, dataclasses.replace(context, folder=folder))


def prepare(
    data: Data,
    *,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> Prepared:
    """Load a data set for a training loop of your own: splits, fitted preprocessing, augmentation and batches as in `train`.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe.
        reporter: Receives messages and progress.
        settings: Changes of the recipe as "a.b=1".
        **fields: Fields of the recipe, such as `batch_size=64, augment={"mirror": True}`.

    Returns:
        The data: `dataset("train")`, `dataset("val")` and `dataset("test")` are `tf.data.Dataset`s of (inputs, targets);
        `preprocess` is fitted on the training split alone; `labels` are the classes and `input_shape` is the shape of an input.

    Raises:
        ValueError: The data or the recipe cannot be used; the message says why, in a line.
    """
    recipe, manifest = settled(data, settings, fields)
    context = RunContext(reporter=reporter or Reporter())
    with random_state.preserved():
        recipe, pretrained = complete(recipe, manifest, context)
        return preparation.prepare(recipe, manifest, context, pretrained, with_network=False)


def dataset(
    data: Data,
    split: str,
    *,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> tf.data.Dataset:
    """Return the batches of a split, `prepare(data, ...).dataset(split)`.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe.
        split: "train", "val" or "test"; the preprocessing is fitted on the training split whichever it is.
        reporter: Receives messages and progress.
        settings: Changes of the recipe as "a.b=1".
        **fields: Fields of the recipe.

    Returns:
        A dataset of (inputs, targets); see `Prepared.dataset`.

    Raises:
        ValueError: The data or the recipe cannot be used, or the split has no examples.
    """
    return prepare(data, reporter=reporter, settings=settings, **fields).dataset(split)


def preview(
    data: Data,
    out: str | os.PathLike = "preview.html",
    *,
    settings: Sequence[str] = (),
    examples: int = 12,
    draws: int = 4,
    **fields: Any,
) -> Path:
    """Write a contact sheet: training examples as they are, as the network sees them, and augmented.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe.
        out: The HTML file to write.
        settings: Changes of the recipe as "a.b=1".
        examples: Number of examples, spread over the classes.
        draws: Number of epochs whose augmentation is shown.
        **fields: Fields of the recipe.

    Returns:
        The path of the page.

    Raises:
        ValueError: The data or the recipe cannot be used; the message says why, in a line.
    """
    check_file(out)
    recipe, manifest = settled(data, settings, fields)
    report_remarks(manifest, Reporter())
    recipe = completed(recipe, manifest, weights_of(recipe))
    stem = fit_stem(recipe, manifest, RunContext())
    augmented = augmentation_of(recipe, stem, manifest)
    return write_preview(recipe, manifest, stem.preprocess, augmented, Path(out), examples, draws)


def find_rate(
    data: Data,
    plot: str | os.PathLike | None = None,
    *,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> RateCurve:
    """Run the learning-rate range test: a few steps at rising rates, of which nothing is left but the plot.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe.
            The recipe's own learning rate and schedule are ignored.
        plot: The PNG file to write, if any.
        reporter: Receives messages and progress.
        settings: Changes of the recipe as "a.b=1".
        **fields: Fields of the recipe.

    Returns:
        The rates, the losses, and the `suggestion`: a learning rate to start with, or to rise to.

    Raises:
        ValueError: The data or the recipe cannot be used, or the loss falls at no rate.
    """
    check_file(plot, "plot")
    curve = rate_finder.find_rate(*settled(data, settings, fields), reporter or Reporter())
    if plot is not None:
        Path(plot).parent.mkdir(parents=True, exist_ok=True)
        figures.rate_curve(curve.rates, curve.losses, curve.smoothed, curve.suggestion, Path(plot))
    return curve


def dry_run(
    data: Data,
    *,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> DryRun:
    """Build everything that `train` would, take two steps, and leave nothing: shapes, memory, the expected time.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe.
        reporter: Receives messages and progress.
        settings: Changes of the recipe as "a.b=1".
        **fields: Fields of the recipe.

    Raises:
        ValueError: The data or the recipe cannot be used; the message says why, in a line.
    """
    return dry_runs.dry_run(*settled(data, settings, fields), reporter or Reporter())


def doctor(
    data: Data,
    out: str | os.PathLike = "doctor.html",
    *,
    compare_splits: bool = False,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> Diagnosis:
    """Examine a data set: unreadable, odd, duplicate, leaking and contradicting examples, and the score of a linear baseline.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe.
        out: The HTML page to write.
        compare_splits: Also score the linear baseline over folds that keep groups together, and over random folds.
        reporter: Receives messages and progress.
        settings: Changes of the recipe as "a.b=1".
        **fields: Fields of the recipe.

    Returns:
        The findings, the scores and the page; `clean` is True if no issue needs attention.

    Raises:
        ValueError: The data cannot be used at all; the message says why, in a line.
    """
    check_file(out)
    recipe, manifest = settled(data, settings, fields)

    def fit(examined: Manifest) -> Preprocess:
        return fit_preprocess(completed(recipe, examined, weights_of(recipe)), examined)

    return diagnose(recipe, manifest, fit, Path(out), reporter or Reporter(), compare_splits)


def crossval(
    data: Data | None = None,
    out: str | os.PathLike | None = None,
    *,
    folds: int | None = 10,
    resume: str | os.PathLike | None = None,
    allow: Sequence[str] = (),
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> CrossValidation:
    """Cross-validate a recipe: train once for each fold, which is the test set of that run.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe. Its own
            splits are ignored; it may be omitted where runs are resumed.
        out: The folder of the run folders and crossval.json; by default a new one in runs/.
        folds: Number of folds; None leaves each group (a speaker, a fold of metadata.csv) out in turn.
        resume: The folder of an interrupted cross-validation to resume: it has data, recipe and number of folds.
        allow: What the recipe of resumed runs may do, as in `train`.
        reporter: Receives messages and progress.
        settings: Changes of the recipe as "a.b=1".
        **fields: Fields of the recipe.

    Returns:
        The metrics of each run, with `table()` of them and `summary()`: mean and standard deviation over the folds.

    Raises:
        ValueError: The data or the recipe cannot be used, or there are too few groups or examples.
    """
    with allowing(*allow):
        recipe, manifest, folder, saved = settled_experiment(
            cross_validation.COMMAND, resume, data, out, settings, fields, load=load_unsplit
        )
    folds = experiment.as_started(saved, "folds", folds, default=10)
    return cross_validation.run(recipe, manifest, folds, folder, reporter)


def features(
    model: Predictor | str | os.PathLike,
    data: Source,
    out: str | os.PathLike | None = None,
    *,
    stage: str | None = None,
    start: str | os.PathLike | None = None,
    head: str | None = None,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
) -> tuple[Features, Predictor | None]:
    """Extract the outputs of a stage of a trained network for each example, and train a predictor on them if asked to.

    Args:
        model: A predictor or the path of one; weights of a known model, as a recipe's `start.path`; or with `start`, a registered
            model's name.
        data: A source of labelled examples; the training data of the predictor are split as in the training.
        out: The .npz file to write: `features` (n, d) float32, averaged over positions, `labels`, `splits`, `ids`.
        stage: The dotted name of a stage; None takes the input of the last layer with weights.
        start: The file of weights that another library trained, as a recipe's `start.path`.
        head: "linear" trains a logistic regression on the features of the training examples; the predictor of network and
            head is saved beside `out` as .keras.
        reporter: Receives messages and progress.
        settings: Changes of the data source, as "data.b=1".

    Returns:
        The features, and the predictor, which has its metrics, or None without a head.

    Raises:
        ValueError: The model, the stage or the data cannot be used.
    """
    if head not in (None, "linear"):
        raise ValueError(f"`head` must be 'linear', or none. Received: head={head!r}")
    check_file(out)
    if out is not None and Path(out).suffix != ".npz":
        raise ValueError(f"`out` must end in .npz. Received: out={str(out)!r}")
    forks.check()
    if start is not None:
        predictor = pretrained(str(model), str(start))
    elif not isinstance(model, Predictor) and weight_files.is_read(model):
        predictor = pretrained(None, str(model))
    else:
        predictor = network_of_file(_loaded(model), "model", str(model))
    source = predictor.source(data, settings, split_as_trained=True)
    task, memory = predictor.recipe.get("task"), in_memory(data)
    given = given_options(data, settings)
    manifest = load_inherited(lambda each: load_manifest(each, task, memory), source, given)
    report_remarks(manifest, reporter or Reporter())
    extractor, name = linear_probe.feature_extractor(predictor, stage)
    extracted = linear_probe.extract(extractor, manifest, name, reporter or Reporter())
    recorded = Recipe(data=source if memory is None else of_memory(source, manifest), task=task)
    made = linear_probe.linear_head(extractor, extracted, recorded) if head else None
    if out is not None:
        extracted.save(out)
        if made is not None:
            made.save(Path(out).with_suffix(".keras"))
    return extracted, made


def transfer_curves(
    data: Data | None = None,
    start: str | os.PathLike | None = None,
    out: str | os.PathLike | None = None,
    *,
    sizes: Sequence[int] = (),
    seeds: int = 3,
    resume: str | os.PathLike | None = None,
    allow: Sequence[str] = (),
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
    **fields: Any,
) -> TransferCurves:
    """Compare pretrained weights with training from scratch, on growing numbers of training examples.

    Args:
        data: The path or name of a source, data in memory such as (x, y), a DataSource, or a whole Recipe. It may be
            omitted where runs are resumed.
        start: The file of the weights, as a recipe's `start.path`.
        out: The folder of the run folders, of the table and of the plot; by default a new one in runs/.
        sizes: Numbers of training examples.
        seeds: Number of runs of each kind and size.
        resume: The folder of interrupted curves to resume: it has data, recipe, weights, sizes and seeds.
        allow: What the recipe of resumed runs may do, as in `train`.
        reporter: Receives messages and progress.
        settings: Changes of the recipe as "a.b=1".
        **fields: Fields of the recipe.

    Returns:
        The runs, with `table()` of means and deviations, and `claims()` of a higher start, a steeper slope and a higher
        asymptote; `table_over_time()` and `claims_over_time()` are those along training.

    Raises:
        ValueError: The data, the weights or the recipe cannot be used.
    """
    if start is not None:
        settings = [*settings, f"start.path={json.dumps(str(start))}"]
    if resume is None and not (
        isinstance(data, Recipe) and data.start.staged
    ):  # both sides of the comparison are trained alike
        settings = ['start.finetune="off"', *settings]
    with allowing(*allow):
        recipe, manifest, folder, saved = settled_experiment(
            curves.COMMAND, resume, data, out, settings, fields, load=load_manifest
        )
    sizes = experiment.as_started(saved, "sizes", sorted({int(size) for size in sizes}), default=[])
    seeds = experiment.as_started(saved, "seeds", seeds, default=3)
    return curves.run(recipe, manifest, sizes, seeds, folder, reporter)


def evaluate(
    predictor: Predictor | str | os.PathLike,
    data: Source,
    *,
    split: str | None = None,
    reporter: Reporter | None = None,
    settings: Sequence[str] = (),
) -> Evaluation:
    """Measure a predictor on labelled examples.

    Args:
        predictor: A predictor, or the path of its .keras file.
        data: A source of labelled examples, or such data in memory; a path is read as in the training of the predictor.
        split: "train", "val" or "test" of a source that has them, or of that of the training as it was divided there; by default
            the test examples, or if there are none all, but of the data of the training those that they name for validation.
        reporter: Receives messages and progress.
        settings: Changes of how the source is read, as "data.b=1".

    Raises:
        ValueError: No usable example is there.
    """
    return _loaded(predictor).evaluation(data, split=split, reporter=reporter, settings=settings)


def inspect(
    model: str | os.PathLike,
    input_shape: tuple[int, ...] | None = None,
    *,
    classes: int | None = None,
    arguments: dict[str, Any] | None = None,
    modality: str | None = None,
) -> Inspection:
    """Return the stages of a network, counted without building it.

    Args:
        model: A name from `multicnn.models`, "module:function", or the path of a saved .keras file.
        input_shape: Shape of one example, without the batch; by default the one of the paper (or of the saved predictor).
        classes: Number of classes; by default the paper's.
        arguments: The model's hyperparameters.
        modality: "image", "log-mel", "waveform" or "text": the unit of the receptive fields, where the model suits several.

    Raises:
        ValueError: The model is unknown, or pools its input away; the message names the stage and the smallest input that
            would do.
    """
    if str(model).endswith(".keras"):
        predictor = load(model)
        table = inspection.of_block(predictor.block, predictor.preprocess, str(model))
        rows = [row | {"stage": stage_name(predictor.block, row["stage"])} for row in table.rows]
        return dataclasses.replace(table, rows=rows, saved=saved_in_words(predictor.metrics))
    return inspection.inspect(str(model), input_shape, classes=classes, arguments=arguments, modality=modality)


def explain_texts(
    predictor: Predictor | str | os.PathLike,
    texts: Iterable[object],
    out: str | os.PathLike | None = None,
    *,
    label: str | None = None,
) -> list[Explanation]:
    """Explain the decision on each text: which n-grams fired which filters, and how much they added to the logit.

    Args:
        predictor: A text predictor, or the path of its .keras file.
        texts: One text, or many, as `Predictor.predict` takes them.
        out: The HTML page to write, if any.
        label: The class to explain; None is the one predicted for each text.

    Raises:
        ValueError: The predictor is none of texts, the class is unknown, or there is no text, or nothing in one.
    """
    check_file(out)
    explainer = _explainer(_loaded(predictor))
    given = (source_of(text, explainer.preprocess) for text in inputs_of(texts, explainer.preprocess))
    decoded = [explainer.preprocess.decode(cast("str | bytes", text)) for text in given]
    if not decoded:
        raise ValueError("`texts` must hold at least one text. Received: texts=[]")
    explanations = list(explainer.explain(decoded, label))
    if out is not None:
        write_explanations(Path(out), "What moved the decisions", explanations)
    return explanations


def explain_inputs(
    predictor: Predictor | str | os.PathLike, inputs: object, *, label: str | None = None
) -> list[InputShares]:
    """Explain decisions on examples of several inputs: what each input added to the logit.

    Args:
        predictor: A predictor of several inputs, or the path of its .keras file.
        inputs: Dicts, tables or frames, as `Predictor.predict` takes them.
        label: The class to explain; None is the one predicted for each example.

    Raises:
        ValueError: The predictor has one input or no classes, or the class is unknown.
    """
    predictor = _loaded(predictor)
    return list(
        of_inputs.explain(predictor.preprocess, predictor.logits, predictor.task, predictor.inputs(inputs), label)
    )


def explain_data(
    predictor: Predictor | str | os.PathLike,
    data: Source,
    out: str | os.PathLike | None = None,
    *,
    label: str | None = None,
    split: str | None = None,
    examples: int = 20,
    top: int = 10,
) -> tuple[Findings, list[Explanation]]:
    """Explain the decisions over labelled texts.

    Args:
        predictor: A text predictor, or the path of its .keras file.
        data: A source of labelled texts; a path is read as in the training of the predictor.
        out: The HTML page to write, if any.
        label: The class to explain; None is the one predicted for each text.
        split: "train", "val" or "test" of the data, as in `evaluate`.
        examples: Number of texts explained one by one: those whose true class has the lowest probability.
        top: Number of n-grams listed for each class, and of filters.

    Returns:
        The findings over all texts, and the explanations of the examples.

    Raises:
        ValueError: As in `explain_texts` and `evaluate`.
    """
    check_file(out)
    predictor = _loaded(predictor)
    explainer = _explainer(predictor)
    evaluation = predictor.evaluation(data, split=split)
    manifest, rows = evaluation.manifest, evaluation.rows
    findings = over_texts(explainer, (predictor.preprocess.decode(manifest.raw_source(row)) for row in rows), top)
    worst = np.argsort(-predictor.task.plain_losses(evaluation.logits, evaluation.targets), kind="stable")[:examples]
    texts = [predictor.preprocess.decode(manifest.raw_source(rows[i])) for i in worst]
    explanations = list(explainer.explain(texts, label, [manifest.table["label"][rows[i]] for i in worst]))
    if out is not None:
        name = Path(predictor.source(data).path).name
        write_explanations(Path(out), f"What moved the decisions on {name}", explanations, findings)
    return findings, explanations


def _explainer(predictor: Predictor) -> Explainer:
    # It refuses any other preprocess than one of texts.
    return Explainer(predictor.network, cast("TextPreprocess", predictor.preprocess), predictor.task)


def _loaded(predictor: Predictor | str | os.PathLike) -> Predictor:
    forks.check()
    return predictor if isinstance(predictor, Predictor) else load(predictor)
