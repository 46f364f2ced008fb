"""The one saved artefact: preprocessing, network and labels in one `.keras` file."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import tempfile
import textwrap
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import keras
import numpy as np
import tensorflow as tf

from multicnn.backends import engine, forks
from multicnn.backends.in_batches import TOO_SMALL, in_batches
from multicnn.blocks import Block, network
from multicnn.blocks.base import names_of_kinds
from multicnn.data.decoded import MOST, Decoded, batches
from multicnn.data.inputs import inputs_of
from multicnn.data.load import divided, load_unsplit
from multicnn.data.manifest import Manifest
from multicnn.data.marks import report_marks, report_remarks
from multicnn.data.paths import locate
from multicnn.data.sources.memory import PREFIX, in_memory, path_of
from multicnn.data.sources.unused import given_options, load_inherited
from multicnn.data.store import Store, load_examples
from multicnn.data.targets import stored_as, with_targets
from multicnn.data.unreadable import NoneReadable
from multicnn.evaluation.by_inputs import by_inputs
from multicnn.evaluation.evaluate import Evaluation, evaluate, rows_to_measure
from multicnn.evaluation.headline import saved_name
from multicnn.modalities import Preprocess
from multicnn.modalities.image import any_size, tiles
from multicnn.models.user_code import import_code, names_of_own_code
from multicnn.recipe import DataSource, Recipe, artefact, preprocess_to_dict
from multicnn.recipe.renames import with_current_names
from multicnn.tasks import Box, Segment, Task, task_to_dict
from multicnn.utils.archives import ArchiveError
from multicnn.utils.files import atomic_file
from multicnn.utils.limits import LimitError
from multicnn.utils.reporter import Reporter
from multicnn.utils.urls import REMEDY, is_url
from multicnn.version import __version__

_RECORDED = 16  # examples whose logits are held at once
_OF_INPUTS = ("text_column", "image_column", "audio_column", "sample_rate", "allow_outside")
_SHOWN = 300  # characters of what is wrong with an artefact: Keras repeats whole networks


@dataclass(frozen=True, repr=False)
class Prediction:
    """The prediction for one input, or the `error` of a bad one.

    Attributes:
        input: The path or the text, or the position of an array.
        label: The prediction as text, as the data would write it: a class, all labels of a multilabel task, or a number.
        probabilities: The probability of each class; empty where the task has no classes.
        error: Why there is no prediction.
        windows: Start (seconds, or tokens of a text) and probabilities, or values, of each window of a long input.
        labels: The predicted classes: one, or of a multilabel task those above one half.
        values: Predicted numbers by name, where the task predicts numbers.
        remark: Why the prediction says little: the input is blank, silent, or one token to the network; "" for nothing.
        boxes: Predicted objects, the most probable first, in pixels of the original; None where the task predicts no boxes.
        segments: Predicted segments, where the task predicts time steps.
        mask: The predicted mask, integers (height, width) of the original, where the task predicts one.
        maps: The probability of each class in each pixel, float32 (height, width, classes).
    """

    input: str
    label: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    windows: tuple[tuple[float, dict[str, float]], ...] = ()
    labels: tuple[str, ...] = ()
    values: dict[str, float] = field(default_factory=dict)
    remark: str = ""
    boxes: tuple[Box, ...] | None = None
    segments: tuple[Segment, ...] = ()
    mask: np.ndarray | None = field(default=None, compare=False)
    maps: np.ndarray | None = field(default=None, compare=False)

    @property
    def probability(self) -> float | None:
        """The probability of the one `label`; None of a bad input, and where there is no such class."""
        return None if self.label is None else self.probabilities.get(self.label)

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<Prediction {self.input!r}: error: {self.error}>"
        sure = "" if self.probability is None else f" ({self.probability:.3f})"
        remark = f"; {self.remark}" if self.remark else ""
        return f"<Prediction {self.input!r}: {self.label or 'no label'}{sure}{remark}>"


@dataclass(frozen=True, eq=False, repr=False)
class Predictor:
    """A trained network with its preprocessing and task.

    Attributes:
        preprocess: How an example becomes the tensor that the network sees.
        block: The network, as a value.
        network: The network of `block`, built and trained: preprocessed float32 (int32 ids for texts) to float32 logits.
        task: What is predicted, fitted: the classes, and how logits become a prediction.
        recipe: The recipe of its training, `Recipe.to_dict()`.
        metrics: The metrics of its training.
        versions: The versions of the software that trained it.
    """

    preprocess: Preprocess
    block: Block
    network: keras.Model
    task: Task
    recipe: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=lambda: software())
    _run: Callable[[np.ndarray], np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_run", engine.inference(self.network))

    def __repr__(self) -> str:
        model, labels = self.recipe.get("model", {}).get("name"), ", ".join(self.labels[:3])
        name = saved_name(model if isinstance(model, str) else "own network", self.metrics)
        more = f", ... {len(self.labels)} in all" if len(self.labels) > 3 else ""
        return f"<Predictor {name} on {self.preprocess.modality}: {self.task.name} of {labels}{more}>"

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each logit: the classes, where the task has classes."""
        return self.task.labels

    def logits(self, examples: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """Return the float32 logits (n, classes) of stored examples (n, *preprocess.stored_shape).

        Raises:
            MemoryError: There is not enough memory for one of them alone.
        """
        forks.check()
        logits = in_batches(lambda batch: self._run(self.preprocess.finish(batch)), examples, MOST)
        return np.concatenate(logits) if logits else np.zeros((0, len(self.labels)), np.float32)

    def logits_of_inputs(self, inputs: np.ndarray) -> np.ndarray:
        """Return the float32 logits (n, classes) of inputs of the network itself, (n, *preprocess.input_shape)."""
        return self._run(inputs)

    def outputs_at_positions(
        self, examples: Iterable[np.ndarray], of_logits: Callable[[np.ndarray], np.ndarray] = np.asarray
    ) -> Iterator[np.ndarray]:
        """Yield the logits at each position of stored examples of any size, float32 (positions..., classes), one by one.

        Args:
            examples: uint8 (height, width, channels) each; a large one is computed in tiles.
            of_logits: Function of logits (1, positions..., classes) whose results are yielded in their place.
        """
        forks.check()
        logits, grid = any_size.of_any_size(self.block, self.network)
        for example in examples:
            yield tiles.on_image(lambda batch: of_logits(logits(batch)), example, grid, self.preprocess.finish)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the float64 outputs of logits (n, classes): the probability of each class, as the task defines it."""
        return self.task.outputs(logits)

    def predict(self, inputs: object) -> list[Prediction]:
        """Predict one input or several: paths or folders, contents of files, texts, arrays, images of Pillow, uploads.

        An array may be a batch; a pair (waveform, rate) is one clip. A bad input gives a prediction with its `error`, in its
        place. An audio clip longer than the network's window is cut into windows, and their probabilities are averaged; so is
        a text whose preprocessing says `long="windows"`. Where an example has several inputs, it is a dict of them, or a row of a
        table or a frame; any but one may be missing.

        Raises:
            ValueError: `inputs` is no input and holds none, may be one or many, is a URL, or a folder without files.
        """
        return list(self.stream(self.inputs(inputs)))

    def inputs(self, given: object) -> Iterable[object]:
        """Return what `predict` was given one by one, as `stream` takes it; arguments and errors are those of `predict`."""
        known = self.recipe.get("data", {})
        trained_on = DataSource(**{name: known[name] for name in _OF_INPUTS if name in known})
        return inputs_of(given, self.preprocess, trained_on)

    def stream(self, inputs: Iterable[object]) -> Iterator[Prediction]:
        """Predict inputs one batch after another, in their order, without holding them all.

        Raises:
            RuntimeError: The process was forked from one in which TensorFlow had started.
        """
        forks.check()
        for batch in batches(inputs, self.preprocess):
            yield from map(self._prediction, batch, self._outputs(batch))

    def evaluate(
        self, data: str | os.PathLike | DataSource | Iterable[object], *, split: str | None = None
    ) -> dict[str, Any]:
        """Return `accuracy`, `loss`, `macro_f1` and `n` on a folder, table, (x, y) or other source of labelled examples.

        `split` is as in `multicnn.evaluate`, which gives the tables per class too.
        """
        return self.evaluation(data, split=split).metrics

    def evaluation(
        self,
        data: str | os.PathLike | DataSource | Iterable[object],
        *,
        split: str | None = None,
        reporter: Reporter | None = None,
        settings: Sequence[str] = (),
    ) -> Evaluation:
        """Measure the predictor on labelled examples; arguments and errors as in `multicnn.evaluate`."""
        forks.check()
        reporter = reporter or Reporter()
        memory = in_memory(data)
        source = self.source(data, settings, split_as_trained=split is not None)
        manifest = load_inherited(
            lambda each: load_unsplit(each, self.task, memory), source, given_options(data, settings)
        )
        if memory is not None:  # known by their contents
            source = self.source(path_of(manifest), settings, split_as_trained=split is not None)
        trained_on_it = self.was_trained_on(source.path)
        if source.leave_out is not None or (split is not None and trained_on_it):
            manifest = divided(manifest, source)
        report_remarks(manifest, reporter)
        rows, note = rows_to_measure(manifest, split, trained_on_it)
        if note:
            reporter.warn(note)
        preprocess = stored_as(manifest, self.preprocess, rows)
        stored, reasons = load_examples(manifest, preprocess, rows, reporter.reading)
        manifest, more = with_targets(manifest, preprocess, stored.rows)
        manifest, measured = manifest.with_bad({**reasons, **more}), np.setdiff1d(stored.rows, list(more))
        if not len(measured):
            raise NoneReadable(manifest, {**reasons, **more}, f"data={source.path!r}", "examples of a known label")
        report_marks(stored, self.preprocess, reporter)
        if self.task.recorded:
            logits = recorded(replace(self, preprocess=preprocess), stored, manifest, measured)
        else:
            logits = self.logits(stored.array)
        evaluation = evaluate(logits, manifest, measured, note)
        return replace(evaluation, by_inputs=by_inputs(self.preprocess, self.logits, stored, evaluation.manifest))

    def source(
        self,
        data: str | os.PathLike | DataSource | Iterable[object],
        settings: Sequence[str] = (),
        split_as_trained: bool = False,
    ) -> DataSource:
        """Return a source of labelled examples; a path is read as in training, unless the settings say otherwise.

        Args:
            data: The source; of data in memory only how they are read matters.
            settings: Changes of how it is read, as "data.b=1".
            split_as_trained: Divide the data of the training itself as they were divided there.

        Raises:
            ValueError: A setting does not fit, or labels are not divided as in training.
        """
        if not isinstance(data, DataSource):
            trained_on = self.recipe.get("data", {})
            columns = ("text_column", "image_column", "audio_column", "label_column")
            names = ("pattern", *columns, "label_separator", "label_names")
            path = str(data) if isinstance(data, (str, os.PathLike)) else PREFIX
            if self.was_trained_on(path):
                names = tuple(trained_on) if split_as_trained else (*names, "split_column", "group_column")
            same = {name: trained_on[name] for name in names if name in trained_on}
            data = DataSource(**same | {"path": path})
        changed = Recipe(data=data).replaced(settings)
        if replace(changed, data=DataSource()) != Recipe():
            raise ValueError(
                f"only fields of `data` can be set where nothing is trained. Received: set={list(settings)}"
            )
        data = changed.data
        trained = self.recipe.get("data", {}).get("label_separator")
        if (data.label_separator is None) != (trained is None):
            raise ValueError(
                f"`label_separator` must be {trained!r}, as in the training. "
                f"Received: label_separator={data.label_separator!r}"
            )
        return replace(data, modality=data.modality or self.preprocess.modality)

    def was_trained_on(self, path: str) -> bool:
        """Return whether a path is that of the training data; a relative one is looked for from here."""
        trained_on = self.recipe.get("data", {}).get("path")
        return trained_on is not None and os.path.realpath(locate(path)) == os.path.realpath(locate(trained_on))

    def save(self, path: str | os.PathLike) -> Path:
        """Save the predictor to one `.keras` file, atomically. Its weights are stored in float32.

        Raises:
            ValueError: The path does not end in .keras.
        """
        path = Path(path)
        if path.suffix != ".keras":
            raise ValueError(f"`path` must end in .keras. Received: path={str(path)!r}")
        forks.check()
        with atomic_file(path) as part:
            float32_copy(self.block, self.network).save(part)
            described = self._description() | {"checksums": artefact.checksums(part)}
            # Given the name, zipfile makes a new archive where it cannot open this one.
            with open(part, "r+b") as file, zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(artefact.MEMBER, json.dumps(described, ensure_ascii=False, indent=1))
        return path

    def __reduce__(self) -> tuple[Callable[..., Predictor | _Unusable], tuple[bytes, list[str]]]:
        """Pickle the artefact, and the names of the user's own code that `load` needs."""
        with tempfile.TemporaryDirectory() as folder:
            data = self.save(Path(folder) / "model.keras").read_bytes()
        kinds = [Block.kinds[name] for name in names_of_kinds(self.block.to_dict())]
        return _unpickled, (data, names_of_own_code(type(self.preprocess), type(self.task), *kinds))

    def _description(self) -> dict[str, Any]:
        return {
            "format": artefact.FORMAT,
            "preprocess": preprocess_to_dict(self.preprocess),
            "block": self.block.to_dict(),
            "task": task_to_dict(self.task),
            "recipe": self.recipe,
            "metrics": self.metrics,
            "versions": self.versions,
        }

    def _outputs(self, batch: Sequence[Decoded]) -> list[np.ndarray | str | None]:
        """Return the outputs of the windows of each input, (windows, classes), or why there are none; None for want of memory."""
        if self.preprocess.any_size:
            return [self._output_at_positions(each) for each in batch]
        try:
            outputs = self.probabilities(self.logits([example for each in batch for example in each.examples]))
        except MemoryError:
            if len(batch) == 1:
                return [None]
            return [output for each in batch for output in self._outputs([each])]
        return [*np.split(outputs, np.cumsum([len(each.examples) for each in batch])[:-1])]

    def _output_at_positions(self, given: Decoded) -> np.ndarray | str | None:
        try:
            return np.stack([*self.outputs_at_positions(given.examples, self.task.outputs)]) if given.examples else None
        except MemoryError:
            return None
        except ValueError as error:
            return str(error)

    def _prediction(self, given: Decoded, outputs: np.ndarray | str | None) -> Prediction:
        if given.error is not None or not isinstance(outputs, np.ndarray):
            reason = outputs if isinstance(outputs, str) else TOO_SMALL
            return Prediction(given.name, error=given.error or reason)
        whole = self.task.answer_at(self.task.merge(outputs), given.geometry)
        parts = [(start, self.task.answer(output)) for start, output in self._windows(given, outputs)]
        return Prediction(
            given.name,
            whole.label,
            whole.probabilities,
            windows=tuple((start, part.probabilities or part.values) for start, part in parts),
            labels=whole.labels,
            values=whole.values,
            remark=given.remark,
            boxes=whole.boxes,
            segments=whole.segments,
            mask=whole.mask,
            maps=whole.maps,
        )

    def _windows(self, given: Decoded, outputs: np.ndarray) -> Iterable[tuple[float, np.ndarray]]:
        """Return the start and the output of each window, where they are answers of their own."""
        return () if self.task.placed else zip(given.starts, outputs, strict=True)


def recorded(predictor: Predictor, examples: Store, manifest: Manifest, rows: np.ndarray) -> np.ndarray:
    """Return the `records` of the task on rows of a manifest with its targets: no more logits are held than of some.

    Args:
        predictor: The predictor, with the preprocess of the store.
        examples: The stored examples.
        manifest: Their manifest.
        rows: int64 (n,).
    """
    task, made = manifest.task, []
    for start in range(0, len(rows), _RECORDED):
        chunk = rows[start : start + _RECORDED]
        stored, targets = examples.gather(chunk), manifest.targets(chunk)
        if (sizes := task.sizes(targets)) is None:
            made.append(task.records(predictor.logits(stored), targets))
            continue
        cut = (one[tuple(slice(side) for side in size)] for one, size in zip(stored, sizes, strict=True))
        made.append(task.records([*predictor.outputs_at_positions(cut)], targets))
    return np.concatenate(made)


class ArtefactError(ValueError):
    """A file is no artefact, or it is damaged, or what it says does not fit together.

    Args:
        reason: Why, in a few words.
        path: The file.
    """

    def __init__(self, reason: str, path: str | os.PathLike):
        super().__init__(f"`path` must be a .keras file that multicnn saved ({reason}). Received: path={str(path)!r}")
        self.reason = reason


def load(path: str | os.PathLike, *, blocks: str | Sequence[str] = ()) -> Predictor:
    """Load a predictor, with Keras's safe mode on.

    Args:
        path: A .keras file that `Predictor.save` wrote.
        blocks: The modules or .py files that define Blocks of the user's own, which are imported first. The file itself never
            chooses the code that is run.

    Raises:
        ValueError: There is no such file, or it is not a predictor of this package, or a Block of its network is not defined.
    """
    forks.check()
    for code in (blocks,) if isinstance(blocks, str) else blocks:
        import_code(code)
    try:
        read = artefact.read(Path(path))
    except FileNotFoundError:
        missing = REMEDY if is_url(path) else "nothing is there"
        raise ValueError(f"`path` must name a .keras file; {missing}. Received: path={str(path)!r}") from None
    except (ArchiveError, LimitError) as error:
        raise ArtefactError(textwrap.shorten(str(error), _SHOWN, placeholder=" ..."), path) from error
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        problem = textwrap.shorten(problem, _SHOWN, placeholder=" ...")
        raise ValueError(
            f"`path` must be a .keras file that can be read ({problem}). Received: path={str(path)!r}"
        ) from error
    return Predictor(
        preprocess=read.preprocess,
        block=read.block,
        network=read.network,
        task=read.task,
        recipe=with_current_names(read.data["recipe"]),
        metrics=read.data["metrics"],
        versions=read.data["versions"],
    )


class _Unusable:
    """Stands for a predictor that was unpickled where TensorFlow cannot compute.

    To raise at once would kill the worker of a pool, whose parent then waits forever.
    """

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        forks.check()
        raise RuntimeError("this predictor was unpickled in a forked process, and is of no use elsewhere")


def _unpickled(data: bytes, code: Sequence[str]) -> Predictor | _Unusable:
    """Return the predictor of an artefact's bytes."""
    if forks.cannot_compute():
        return _Unusable()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(data)
        return load(path, blocks=code)


def float32_copy(block: Block, trained: keras.Model) -> keras.Model:
    """Return the same network with the same weights under a float32 policy, whatever it was trained under."""
    shape = {i.name: i.shape[1:] for i in trained.inputs} if len(trained.inputs) > 1 else trained.input_shape[1:]
    copy = network(block, shape, dtype="float32")
    copy.set_weights(trained.get_weights())
    return copy


def software() -> dict[str, str]:
    """Return the versions of the software that makes and runs a predictor."""
    backend = keras.backend.backend()
    return {
        "multicnn": __version__,
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": f"{backend} {importlib.metadata.version(backend)}",
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
    }
