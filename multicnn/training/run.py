"""One training run: from a recipe and a manifest to a run folder."""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from multicnn.backends import engine
from multicnn.backends.processes import Workers
from multicnn.blocks import network
from multicnn.blocks.cost import measure
from multicnn.data import pipeline
from multicnn.data.manifest import SPLITS, Manifest
from multicnn.evaluation import run_report
from multicnn.evaluation.baseline_score import linear_score
from multicnn.evaluation.evaluator import Evaluator
from multicnn.modalities import mixup
from multicnn.modalities.augmentation import augmentation
from multicnn.modalities.text import word_vectors
from multicnn.predictor import Predictor
from multicnn.recipe import Recipe, preprocess_from_dict, preprocess_to_dict
from multicnn.training import given_vectors, loading, run_folder
from multicnn.training.defaults import completed, weights_of
from multicnn.training.fit_diagnosis import verdict
from multicnn.training.fitting import fitted, training_examples
from multicnn.training.freezing import Freezing, frozen_layers, rate_shares
from multicnn.training.loop import Loop
from multicnn.training.model import network_block
from multicnn.training.nan_check import NotFinite
from multicnn.training.optimizers import factory
from multicnn.training.precision import loss_scaled, policy
from multicnn.training.pretrained import PretrainedWeights
from multicnn.training.tensorboard import EventLog
from multicnn.utils import signals
from multicnn.utils.files import write_json
from multicnn.utils.reporter import Reporter


class Run:
    """One training run, from a manifest to a run folder. It goes on from what the folder holds of it already."""

    def __init__(
        self,
        recipe: Recipe,
        manifest: Manifest,
        folder: Path,
        reporter: Reporter,
        started: float,
        workers: Workers | None = None,
    ):
        self.workers = workers or Workers()
        self.manifest, self.folder, self.reporter, self.started = manifest, folder, reporter, started
        # A run that goes on by its own recipe has all its weights in its checkpoints.
        goes_on = recipe.preprocess is not None and any((folder / "checkpoints").glob("epoch-*.npz"))
        self.begun = None if goes_on else weights_of(recipe)
        self.recipe = completed(recipe, manifest, self.begun, self.workers.count)
        if self.recipe.precision == "auto" and (begun := run_folder.saved_recipe(folder)) is not None:
            # What was chosen where the run began, whatever this machine is good at.
            self.recipe = dataclasses.replace(self.recipe, precision=begun.precision)
        self.coverage: dict[str, float] = {}  # of the training texts by given word vectors

    def train(self) -> Predictor:
        """Trains, measures, and writes everything that belongs in the run folder."""
        log, count = self.reporter.log, self.workers.count
        with run_folder.claim(self.folder, self.recipe, self.manifest, log, count) as self.manifest:
            return run_folder.finished(self.folder, self.recipe, log) or self._trained()

    def _trained(self) -> Predictor:
        predictor, loop = self.prepared()
        self.reporter.log(self._summary(predictor, loop.steps))
        try:
            loop.run()
        except NotFinite as error:
            raise self._with_batch(error) from None
        predictor.save(self.folder / "model.keras")  # at once, lest anything below is interrupted
        predictor = self._measured(predictor, loop)
        predictor.save(self.folder / "model.keras")
        if loop.interrupted:
            best = f"the best weights so far are in {self.folder / 'model.keras'}"
            self.reporter.log(said := f"interrupted; {best}; go on with: multicnn train --resume {self.folder}")
            signals.stop(loop.interrupted, said)
        self.reporter.log(f"the predictor is {self.folder / 'model.keras'}")
        return predictor

    def prepared(self) -> tuple[Predictor, Loop]:
        """All that comes before the first step: the untrained predictor, and the loop that will train it."""
        recipe = self.recipe
        if recipe.members:
            raise ValueError(
                f"only `train` and `crossval` know ensembles: set members=[]. Received: members={recipe.members!r}"
            )
        # Everything that draws numbers draws them from the recipe's seed, in an order that does not change.
        keras.utils.set_random_seed(recipe.seed)
        tf.config.experimental.enable_op_determinism()
        preprocess, vectors = self._preprocess()
        block = network_block(recipe, preprocess, len(self.manifest.labels), None if vectors is None else vectors.dims)
        measured = measure(block, preprocess.input_shape)
        recipe = self._with_precision(measured.multiply_adds)
        rows = measured.layers()
        frozen = frozen_layers(rows, recipe.start.freeze_until)  # a stage that there is not is told before all is read
        nearest = given_vectors.nearest(recipe, vectors, preprocess)
        self.augmentation = augmentation(preprocess, recipe.augment, nearest)
        self.augmentation.check()
        self.manifest, self.store = loading.read(
            self.manifest, self.augmentation.stored, self.folder, recipe.bad_limit, self.reporter, self.workers
        )
        keras.utils.set_random_seed(recipe.seed)
        with engine.scope(recipe.devices):
            built = network(block, preprocess.input_shape, dtype=recipe.precision)
            if vectors is not None:
                self._lay(vectors, preprocess, built)
            if self.begun is not None:
                self._begin(self.begun, built, preprocess, frozen)
            predictor = Predictor(preprocess, block, built, self.manifest.labels, recipe.to_dict())
            on_stored = dataclasses.replace(predictor, preprocess=self.augmentation.stored)
            self.evaluator = Evaluator(on_stored, self.store, self.manifest, self.workers)
            return predictor, self._loop(predictor, rows)

    def _with_precision(self, multiply_adds: int) -> Recipe:
        """The recipe with the precision that it leaves open: once for all, wherever the run goes on."""
        if self.recipe.precision == "auto":
            self.recipe = dataclasses.replace(self.recipe, precision=policy("auto", multiply_adds))
            write_json(self.folder / "recipe.json", self.recipe.to_dict())
        return self.recipe

    def _preprocess(self) -> tuple[Any, word_vectors.WordVectors | None]:
        """The recipe's preprocessing, fitted: once for all, whatever becomes of the files. And its word vectors."""
        path = self.folder / "preprocess.json"
        if path.exists():
            preprocess = preprocess_from_dict(json.loads(path.read_text(encoding="utf-8")))
            return preprocess, given_vectors.given(
                self.recipe, preprocess, training_examples(self.recipe, self.manifest)
            )
        preprocess, vectors = fitted(self.recipe, self.manifest, self.workers)
        write_json(path, preprocess_to_dict(preprocess))
        return preprocess, vectors

    def _lay(self, vectors: word_vectors.WordVectors, preprocess: Any, built: keras.Model) -> None:
        """Lays the given vectors into the network, and says how much of the training texts they cover."""
        ids = self.store.gather(self.manifest.rows("train"))
        self.coverage = given_vectors.lay(vectors, preprocess, built, ids, self.recipe)
        types, tokens = self.coverage.values()
        source = self.recipe.embedding.vectors
        self.reporter.log(f"{source} covers {types:.1%} of the training words, {tokens:.1%} of their occurrences")

    def _begin(self, begun: PretrainedWeights, built: keras.Model, preprocess: Any, frozen: Sequence[str]) -> None:
        """Lays the weights that the run begins with into the network, and says what is new and what is frozen."""
        laid = begun.lay(built, preprocess, self.manifest.labels)
        run_folder.check_start(self.folder, begun.fingerprint())
        if unknown := [path for path in laid.new if path in frozen]:
            raise ValueError(
                f"`start.freeze_until` would freeze layers that got no weights: {', '.join(unknown[:4])}. "
                f"Received: freeze_until={self.recipe.start.freeze_until!r}"
            )
        all_of_it = f"{len(laid.taken)} of {len(laid.taken) + len(laid.new)} layers with weights"
        new = f"new: {', '.join(laid.new[:6])}{' ...' if len(laid.new) > 6 else ''}" if laid.new else "nothing is new"
        said = f"{all_of_it} ({laid.numbers:,} numbers) are those of {self.recipe.start.path}; {new}"
        self.reporter.log("; ".join([said, *laid.remarks]))

    def _with_batch(self, error: NotFinite) -> ValueError:
        """The error with the examples of the batch, listed in the run folder."""
        recipe, rows = self.recipe, self.manifest.rows("train")
        rows = pipeline.order(rows, recipe.seed, error.epoch)[error.step * recipe.batch_size :][: recipe.batch_size]
        listed = self.folder / "not_finite.csv"
        examples = self.manifest.table.loc[rows, ["id", "label"]]
        examples.to_csv(listed, index=False)
        return ValueError(
            f"{error}; the examples of the batch ({', '.join(examples['id'].iloc[:3])} ...) are listed in {listed}. Lower "
            "optimizer.learning_rate, clip the gradients (optimizer.arguments.global_clipnorm), or train in float32. "
            f"Received: optimizer.learning_rate={recipe.optimizer.learning_rate!r}, precision={recipe.precision!r}"
        )

    def _loop(self, predictor: Predictor, stages: dict[str, list[str]]) -> Loop:
        recipe, rows = self.recipe, self.manifest.rows("train")
        targets = self.manifest.targets(rows)
        steps = -(-len(rows) // recipe.batch_size)
        network = predictor.network
        shares = rate_shares(network, stages, recipe.start.rate_decay)
        optimizer = factory.discriminative(factory.make(recipe.optimizer, steps, recipe.epochs), shares)
        network.compile(optimizer=loss_scaled(optimizer, recipe.precision), jit_compile=recipe.jit_compile)
        freezing = None
        if recipe.start.freeze_until is not None:
            freezing = Freezing(network, stages, recipe.start)
            self.reporter.log(str(freezing))
        weights = None
        if recipe.class_weights:
            counts = np.array([len(of_label) for of_label in self.manifest.rows_by_label("train").values()])
            several = self.manifest.separator is not None
            weights = (len(targets) - counts) / counts if several else len(targets) / (len(counts) * counts)
            weights = weights.astype(np.float32)

        def batches(epoch: int, start_step: int, whole: bool = self.workers.count == 1) -> Iterator[tuple]:
            made = pipeline.batches(
                self.store,
                targets,
                rows,
                self.augmentation.stored,
                batch_size=recipe.batch_size,
                seed=recipe.seed,
                epoch=epoch,
                start_step=start_step,
                epochs=None,
                augment_stored=self.augmentation.before,
                augment=self.augmentation.after,
                mix=self._mix(),
                part=None if whole else self._part,
            )
            return pipeline.each(made)

        validate = functools.partial(self.evaluator.metrics, "val") if len(self.manifest.rows("val")) else None
        log, callbacks = self.reporter.log, [*self.reporter.callbacks()]
        if recipe.tensorboard:
            callbacks.append(EventLog(self.folder / "tensorboard"))
        return Loop(
            network, recipe, batches, steps, validate, self.folder, log, weights, callbacks, freezing, self.workers
        )

    def _part(self, n: int) -> slice:
        return self.workers.part(n, self.recipe.devices)

    def _mix(self) -> Callable[..., tuple[tf.Tensor, tf.Tensor]] | None:
        """What mixes the examples of a batch, if anything does."""
        for mix, alpha in ((mixup.mixup, self.recipe.mixup), (mixup.cutmix, self.recipe.cutmix)):
            if alpha:
                return functools.partial(mix, classes=len(self.manifest.labels), alpha=alpha)
        return None

    def _measured(self, predictor: Predictor, loop: Loop) -> Predictor:
        """The predictor with its metrics, and the run folder's tables and pictures."""
        finished = not loop.interrupted
        measured: dict[str, Any] = {
            split: self.evaluator.metrics(split) for split in SPLITS if finished and len(self.manifest.rows(split))
        }
        if "test" in measured:
            measured["linear_baseline"] = linear_score(self.manifest, self.store, self.augmentation.stored)
        if finished:
            measured["verdict"] = verdict(measured, loop.at.history)
            self.reporter.log(measured["verdict"])
        measured |= {
            "model": self.recipe.model if isinstance(self.recipe.model, str) else "custom",
            "parameters": measure(predictor.block, predictor.preprocess.input_shape).parameters,
            "bad": len(self.manifest.bad_rows()),
            **{f"vectors_{of}": share for of, share in self.coverage.items()},
            "waited": round(float(np.mean([row.get("waited", 0.0) for row in loop.at.history] or [0.0])), 4),
            "seconds": round(time.perf_counter() - self.started, 1),
        }
        write_json(self.folder / "metrics.json", measured)
        if finished:
            run_report.report(self.folder, predictor.preprocess, self.manifest, self.evaluator.logits)
        return dataclasses.replace(predictor, metrics=measured)

    def _summary(self, predictor: Predictor, steps: int) -> str:
        counts = ", ".join(f"{len(self.manifest.rows(s)):,} {s}" for s in SPLITS)
        parameters = measure(predictor.block, predictor.preprocess.input_shape).parameters
        name = self.recipe.model if isinstance(self.recipe.model, str) else "the given network"
        return (
            f"{len(self.manifest.labels)} classes, {counts}; {name} with {parameters:,} parameters on "
            f"{predictor.preprocess.input_shape}; {steps:,} steps an epoch; "
            f"the examples are kept: {self.store.description}"
        )
