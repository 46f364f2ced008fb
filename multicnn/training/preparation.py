"""Preparation of a run, before a network is built: the fitted preprocessing and the loaded examples."""

from __future__ import annotations

import dataclasses
import functools
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from multicnn.blocks import Block
from multicnn.blocks.cost import Measure, measure
from multicnn.data import incomplete, pipeline, store
from multicnn.data.checks.rows import examine_rows, examine_splits
from multicnn.data.manifest import SPLITS, Manifest
from multicnn.data.marks import report_marks
from multicnn.data.moving import moving
from multicnn.data.paths import locate
from multicnn.data.store import Store
from multicnn.data.targets import load_targets, stored_as
from multicnn.data.unreadable import NoneReadable
from multicnn.modalities import Preprocess, mixup
from multicnn.modalities.augmentation import Augmentation, augmentation
from multicnn.modalities.base import Stem
from multicnn.modalities.finding import listed
from multicnn.recipe import Recipe, preprocess_from_dict, preprocess_to_dict
from multicnn.training import memory, run_folder
from multicnn.training.context import RunContext
from multicnn.training.freezing import frozen_layers
from multicnn.training.model import task_network
from multicnn.training.precision import policy
from multicnn.training.pretrained import PretrainedWeights
from multicnn.utils import quiet
from multicnn.utils.files import read_json, write_json

_MATTER = (
    "small classes",
    "small validation set",
)  # what is to be known before training, though nobody need decide on it


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """Everything that is settled before a network is built.

    Attributes:
        recipe: The completed recipe.
        manifest: The examples, those that could not be read marked as bad.
        augmentation: The random changes of training batches; its `stored` is the preprocess of `store`.
        store: The decoded examples.
        stem: The blocks in front of the model, and the weights that it starts with.
        pretrained: The weights that the network starts with, if any.
    """

    recipe: Recipe
    manifest: Manifest
    augmentation: Augmentation
    store: Store
    stem: Stem
    pretrained: PretrainedWeights | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.manifest.rows(split)):,} {split}" for split in SPLITS)
        return f"<Prepared: {self.preprocess.modality} {self.input_shape}, {len(self.labels)} classes, {counts}>"

    @property
    def preprocess(self) -> Preprocess:
        """The preprocessing, fitted on the training split."""
        return self.stem.preprocess

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes; the index of each is its target."""
        return self.manifest.labels

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the network's input, without the batch."""
        return self.preprocess.input_shape

    def dataset(self, split: str) -> tf.data.Dataset:
        """Return the batches of a split for a training loop of your own, such as `keras.Model.fit`.

        Those of "train" are shuffled and augmented; each iteration over the dataset is the next epoch, and the same seed gives
        the same epochs. Those of "val" and "test" come in the order of the manifest, unchanged.

        Args:
            split: "train", "val" or "test".

        Returns:
            A dataset of (inputs, targets): inputs float32 (batch, *input_shape), int32 of texts; targets int32 (batch,), the
            indices of the classes in `labels`, or of several labels (batch, classes). Where the recipe mixes examples, those
            of "train" are float32 (batch, classes).

        Raises:
            ValueError: The split is unknown or has no examples.
        """
        if split not in SPLITS or not len(self.manifest.rows(split)):
            known = [name for name in SPLITS if len(self.manifest.rows(name))]
            raise ValueError(f"`split` must be one of {known}. Received: split={split!r}")
        spec = self.batches_of(split)
        return pipeline.epoch_by_epoch(spec) if split == "train" else pipeline.batches(spec)

    def batches_of(self, split: str) -> pipeline.BatchSpec:
        """Return the specification of the batches of a split, with the random changes of the training."""
        rows, augmented = self.manifest.rows(split), self.augmentation
        return pipeline.BatchSpec(
            store=self.store,
            rows=rows,
            targets=self.manifest.stored if isinstance(self.manifest.stored, Store) else self.manifest.targets(rows),
            preprocess=augmented.stored,
            batch_size=self.recipe.batch_size,
            seed=self.recipe.seed,
            augment_stored=augmented.before,
            augment=augmented.after,
            moved=moving(self.manifest.task, augmented),
            mix=self._mix(),
        )

    def _mix(self) -> pipeline.Mix | None:
        """Return the function that mixes the examples of a batch, if the recipe asks for one."""
        for mix, alpha in ((mixup.mixup, self.recipe.mixup), (mixup.cutmix, self.recipe.cutmix)):
            if alpha:
                return functools.partial(mix, classes=len(self.labels), alpha=alpha)
        return None

    @functools.cached_property
    def block(self) -> Block:
        """The recipe's network, not yet built."""
        return task_network(self.recipe, self.stem, self.manifest.task)

    @functools.cached_property
    def measured(self) -> Measure:
        """Parameters, cost and layers of the network."""
        return measure(self.block, self.input_shape)


def prepare(
    recipe: Recipe,
    manifest: Manifest,
    context: RunContext,
    pretrained: PretrainedWeights | None = None,
    with_network: bool = True,
) -> Prepared:
    """Fit the preprocessing on the training split and load every example.

    Args:
        recipe: A recipe that `defaults.completed` gave.
        manifest: The examples, with every split decided, and those marked that earlier runs found bad.
        context: The context of the run; its folder, if any, gets the preprocessing, the manifest and a list of bad examples.
        pretrained: The weights of `recipe.start`.
        with_network: Check the recipe's network, and choose its precision, before the examples are loaded.

    Raises:
        ValueError: The recipe cannot work, too many examples are bad, or a class has no training example.
    """
    if recipe.members:
        raise ValueError(
            f"only `train` and `crossval` know ensembles: set members=[]. Received: members={recipe.members!r}"
        )
    # Everything that draws numbers draws them from the recipe's seed, in an order that does not change.
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    stem = _stem(recipe, manifest, context)
    if with_network:
        measured = measure(task_network(recipe, stem, manifest.task), stem.preprocess.input_shape)
        task = manifest.task.for_network(stem.preprocess.input_shape, measured.shape)
        manifest = dataclasses.replace(manifest, task=task)
        examples_a_step = min(recipe.batch_size, len(manifest.rows("train")))
        memory.check(measured, stem.preprocess.input_shape, examples_a_step)
        recipe = _with_precision(recipe, measured.multiply_adds, context.folder)
        frozen_layers(measured.layers(), recipe.start.freeze_until)  # fail on an unknown stage before reading the data
    augmented = augmentation_of(recipe, stem, manifest)
    augmented.check()
    if manifest.chosen:
        context.log(manifest.chosen)
    manifest, examples = load_examples(manifest, augmented.stored, recipe.data.bad_limit, context)
    return Prepared(recipe, manifest, augmented, examples, stem, pretrained)


def training_examples(recipe: Recipe, manifest: Manifest) -> Iterator[Any]:
    """Yield the training examples that can be decoded, in an order drawn from the seed.

    Raises:
        NoneReadable: None can.
    """
    preprocess = recipe.preprocess
    assert preprocess is not None  # the recipe is completed
    rows, reasons = list(manifest.rows("train")), {}
    random.Random(recipe.seed).shuffle(rows)
    for row in rows:
        try:
            yield preprocess.decode(manifest.raw_source(row))
        except ValueError as error:
            reasons[int(row)] = str(error)  # it is listed when everything is loaded
    if rows and len(reasons) == len(rows):
        raise NoneReadable(manifest, dict(sorted(reasons.items())), f"data={recipe.data.path!r}", "training examples")


@quiet.decoders()
def fit_preprocess(recipe: Recipe, manifest: Manifest) -> Preprocess:
    """Return the recipe's preprocessing, fitted on the training split."""
    assert recipe.preprocess is not None  # the recipe is completed
    return recipe.preprocess.fit(training_examples(recipe, manifest))


def fit_stem(recipe: Recipe, manifest: Manifest, context: RunContext) -> Stem:
    """Return the stem of the network, with the recipe's preprocessing fitted on the training split."""
    try:
        fitted = context.workers.broadcast(lambda: fit_preprocess(recipe, manifest))
    except NoneReadable as error:
        if context.lasting_folder is None:
            raise
        raise error.listed_in(run_folder.list_bad(context.lasting_folder, error.manifest)) from None
    return fitted.stem(recipe, training_examples(recipe, manifest), locate)


def augmentation_of(recipe: Recipe, stem: Stem, manifest: Manifest) -> Augmentation:
    """Return the random changes of training batches that the recipe asks for."""
    return augmentation(stored_as(manifest, stem.preprocess, manifest.rows()), recipe.augment, stem.given())


def _stem(recipe: Recipe, manifest: Manifest, context: RunContext) -> Stem:
    """Return the stem with its preprocessing, which is fitted once and then read from the run folder."""
    path = None if context.folder is None else context.folder / "preprocess.json"
    if path is not None and path.exists():
        preprocess = preprocess_from_dict(read_json(path))
        return preprocess.stem(recipe, training_examples(recipe, manifest), locate)
    stem = fit_stem(recipe, manifest, context)
    if path is not None:
        write_json(path, preprocess_to_dict(stem.preprocess))
    return stem


def _with_precision(recipe: Recipe, multiply_adds: int | None, folder: Path | None) -> Recipe:
    """Return the recipe with a precision, which is chosen once and kept wherever the run is resumed."""
    if recipe.runtime.precision == "auto":
        runtime = dataclasses.replace(recipe.runtime, precision=policy("auto", multiply_adds))
        recipe = dataclasses.replace(recipe, runtime=runtime)
        if folder is not None:
            write_json(folder / "recipe.json", recipe.to_dict())
    return recipe


def load_examples(
    manifest: Manifest, preprocess: Preprocess, bad_limit: float, context: RunContext
) -> tuple[Manifest, Store]:
    """Decode every good row of a manifest once; a run folder gets the manifest and the list of bad examples.

    Args:
        manifest: The examples, with every split decided, and those marked that earlier runs found bad.
        preprocess: The fitted preprocess, which gives the stored form.
        bad_limit: The share of bad rows above which the run stops.
        context: The context of the run; each of its workers decodes a shard and gets all.

    Returns:
        The manifest with the bad rows, and the examples of the others.

    Raises:
        ValueError: Too much is bad, a class has no training example, or what could be read when the run began now cannot.
    """
    examples, reasons = _decoded(manifest, preprocess, context)
    folder = context.folder
    if manifest.task.placed:
        manifest, more = _with_targets(manifest.with_bad(reasons), preprocess, context)
        reasons = dict(sorted({**reasons, **more}.items()))
    if reasons and folder is not None and (folder / run_folder.MANIFEST).exists():
        row, reason = next(iter(reasons.items()))
        raise ValueError(
            f"{len(reasons):,} examples could be read when the run began, the first {manifest.table['id'][row]!r}: "
            f"{reason}. Received: resume={str(folder)!r}"
        )
    manifest = incomplete.noted(manifest.with_bad(reasons), examples, preprocess)
    if folder is not None:
        run_folder.keep_manifest(folder, manifest)
    _check_examples(manifest, bad_limit, context)
    report_marks(examples, preprocess, context.reporter)
    return manifest, examples


def _check_examples(manifest: Manifest, bad_limit: float, context: RunContext) -> None:
    """Report what is odd about the examples, and raise ValueError if nothing can be trained on them."""
    bad = manifest.bad_rows()
    folder = context.lasting_folder
    in_file = "" if folder is None else f"; they are listed in {folder / run_folder.BAD_FILES}"
    too_many = len(bad) > bad_limit * len(manifest)
    if len(bad) and not too_many:
        first = f"the first {bad['id'].iloc[0]!r}: {bad['reason'].iloc[0]}"
        context.warn(f"{len(bad):,} of {len(manifest):,} examples are bad and skipped, {first}{in_file}")
    for finding in examine_rows(manifest) + examine_splits(manifest):
        matters = finding.decision or finding.name in _MATTER or finding in manifest.remarks
        if matters and finding.name != "bad examples":
            context.warn(f"{finding.name}: {finding.message}")
    if too_many:
        share = math.ceil(100 * len(bad) / len(manifest)) / 100
        raise ValueError(
            f"{len(bad):,} of {len(manifest):,} examples are bad, more than `data.bad_limit` allows: "
            f"{listed(bad['reason'], 3)}; the first is {bad['id'].iloc[0]!r}{in_file}. Remove or convert them, or pass "
            f"--set data.bad_limit={share:g} to train without them. Received: data.bad_limit={bad_limit}"
        )
    for label, rows in manifest.rows_by_class("train").items():
        if not len(rows):
            raise ValueError(f"every class needs a good training example. Received: label={label!r}")


def _decoded(manifest: Manifest, preprocess: Preprocess, context: RunContext) -> tuple[Store, dict[int, str]]:
    """Return the examples of all workers, and the reason for each row that cannot be read."""
    workers = context.workers
    own = manifest.rows()[workers.index :: workers.count]
    examples, reasons = store.load_examples(manifest, preprocess, own, context.reporter.reading)
    return _of_all(examples, reasons, context)


def _with_targets(manifest: Manifest, preprocess: Preprocess, context: RunContext) -> tuple[Manifest, dict[int, str]]:
    """Return the manifest with the stored targets of all workers, and the reason for each row that has none."""
    own = manifest.rows()[context.workers.index :: context.workers.count]
    stored, reasons = _of_all(*load_targets(manifest, preprocess, own), context)
    return dataclasses.replace(manifest, stored=stored), reasons


def _of_all(stored: Store, reasons: dict[int, str], context: RunContext) -> tuple[Store, dict[int, str]]:
    """Return what all workers have loaded."""
    workers = context.workers
    if workers.count == 1:
        return stored, reasons
    gathered = [bad for shard in workers.all_gather(reasons) for bad in shard.items()]
    return store.merge_shards(stored, workers.all_gather), dict(sorted(gathered))
