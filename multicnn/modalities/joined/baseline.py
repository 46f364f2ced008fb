"""The linear baseline of several inputs: one linear model of the features of all of them, and of which are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

from multicnn.blocks import Block, dense, join, network, unpacked, where_given
from multicnn.modalities.base import Preprocess
from multicnn.modalities.joined import packing
from multicnn.modalities.joined.cells import of_source
from multicnn.modalities.joined.packing import Preprocesses
from multicnn.modalities.linear_form import Inputs, LinearForm
from multicnn.modalities.marks import Source

if TYPE_CHECKING:
    from scipy import sparse

GIVEN = "given"
Features: TypeAlias = "np.ndarray | sparse.csr_matrix"


class _Scaling(NamedTuple):
    """The scaling of dense features by which their rows get a length of about 1, as those of TF-IDF have.

    Attributes:
        shift: What is subtracted of each feature, float32 (features,).
        factor: What it is then multiplied by.
    """

    shift: np.ndarray
    factor: np.ndarray


def linear_form(
    preprocesses: Preprocesses, inputs: Inputs, rows: np.ndarray, outputs: int, most_numbers: int
) -> LinearForm:
    """Return the sum of a linear model for each input that is given, and of one of which are given, fitted as one model.

    Arguments and errors are those of `Preprocess.linear_form`.
    """
    forms = {
        name: preprocess.linear_form(
            _OneInput(preprocesses, name, inputs), rows, outputs, most_numbers // len(preprocesses)
        )
        for name, preprocess in preprocesses.items()
    }
    if any(len(form.rows) != len(rows) for form in forms.values()):
        raise ValueError("the texts are too long for it")
    given = np.concatenate(
        [np.asarray(inputs[rows[i : i + 1024]])[:, : len(preprocesses)] for i in range(0, len(rows), 1024)]
    )
    scalings = {name: _scaling(forms[name].features, given[:, i] > 0) for i, name in enumerate(preprocesses)}
    pieces = [_scaled(forms[name].features, scalings[name], given[:, i : i + 1]) for i, name in enumerate(preprocesses)]
    shapes = {name: preprocess.input_shape for name, preprocess in preprocesses.items()}
    blocks: dict[str, Block] = {name: where_given(form.block) for name, form in forms.items()}
    block = unpacked(
        shapes, packing.input_dtypes(preprocesses), join(blocks | {GIVEN: dense(outputs)}, "add"), tell=True
    )
    length = len(preprocesses) + sum(int(np.prod(shape)) for shape in shapes.values())
    weights = _weights(block, length, forms, scalings)
    words = " + ".join(form.description for form in forms.values())
    return LinearForm(rows, _beside([given, *pieces]), words, block, weights)


def features(
    preprocesses: Preprocesses, train: Sequence[Source], rows: np.ndarray, test: Sequence[Source]
) -> tuple[Features, Features, str]:
    """Return the features of the printed baseline: those of each input, and which are given.

    Args:
        preprocesses: The preprocess of each input, fitted.
        train: Sources of the training examples.
        rows: int64 (n,), the indices of those to use.
        test: Sources of the examples that are scored.
    """
    here, there = _examples(preprocesses, [train[row] for row in rows]), _examples(preprocesses, test)
    pieces: tuple[list[Features], list[Features]] = ([here[GIVEN]], [there[GIVEN]])
    words = []
    for i, (name, preprocess) in enumerate(preprocesses.items()):
        fitted, scored, described = preprocess.baseline_features(here[name], np.arange(len(rows)), there[name])
        scaling = _scaling(fitted, here[GIVEN][:, i] > 0)
        for kept, made, flags in zip(pieces, (fitted, scored), (here[GIVEN], there[GIVEN]), strict=True):
            kept.append(_scaled(made, scaling, flags[:, i : i + 1]))
        words.append(described)
    return _beside(pieces[0]), _beside(pieces[1]), " + ".join(words)


class _OneInput:
    """One input of the inputs of a network.

    Args:
        preprocesses: The preprocess of each input.
        name: The name of this one.
        inputs: The inputs of the network, (n, values).
    """

    def __init__(self, preprocesses: Preprocesses, name: str, inputs: Inputs):
        self._preprocesses, self._name, self._inputs = preprocesses, name, inputs

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, positions: np.ndarray, /) -> np.ndarray:
        batch = tf.convert_to_tensor(np.asarray(self._inputs[positions]))
        return packing.of_vector(self._preprocesses, batch)[1][self._name].numpy()


def _examples(preprocesses: Preprocesses, sources: Sequence[Source]) -> dict[str, Source]:
    """Return the examples of each input as its `baseline_features` takes them, and which are given, float32 (n, inputs)."""
    given = np.zeros((len(sources), len(preprocesses)), np.float32)
    own: dict[str, list[Source]] = {name: [] for name in preprocesses}
    zeros = {
        name: np.zeros(preprocess.stored_shape, preprocess.stored_dtype) for name, preprocess in preprocesses.items()
    }
    for row, source in enumerate(sources):
        cells = of_source(source)
        for i, (name, preprocess) in enumerate(preprocesses.items()):
            raw = _decoded(preprocess, cells[name]) if name in cells else None
            given[row, i] = raw is not None
            if preprocess.baseline_input == "sources":
                own[name].append("" if raw is None else cells[name])
            else:
                own[name].append(zeros[name] if raw is None else preprocess.example(raw))
    examples: dict[str, Source] = {GIVEN: given}
    for name, preprocess in preprocesses.items():
        stacked = own[name] if preprocess.baseline_input == "sources" else np.stack(own[name])
        if preprocess.baseline_input == "finished":
            stacked = np.concatenate(
                [preprocess.finish(stacked[i : i + 256]).numpy() for i in range(0, len(stacked), 256)]
            )
        examples[name] = stacked
    return examples


def _decoded(preprocess: Preprocess, cell: object) -> Source:
    try:
        return preprocess.decode(cell)
    except (ValueError, MemoryError):  # it is listed already
        return None


def _scaling(features: np.ndarray | sparse.csr_matrix, given: np.ndarray) -> _Scaling | None:
    """Return how dense features of the examples that are given are standardised; None for sparse ones."""
    if not isinstance(features, np.ndarray) or not given.any():
        return None
    known = features[given].astype(np.float64)
    std = known.std(axis=0)
    factor = np.where(std > 0, 1 / np.where(std > 0, std, 1), 0) / np.sqrt(features.shape[1])
    return _Scaling(known.mean(axis=0).astype(np.float32), factor.astype(np.float32))


def _scaled(features: Features, scaling: _Scaling | None, given: np.ndarray) -> Features:
    """Return the features of one input, those of examples without it all 0."""
    if isinstance(features, np.ndarray):
        scaled = features if scaling is None else (features - scaling.shift) * scaling.factor
        return (scaled * given).astype(np.float32)
    return features.multiply(given).tocsr()


def _beside(pieces: Sequence[Features]) -> Features:
    """Return matrices side by side, sparse where one is."""
    if all(isinstance(piece, np.ndarray) for piece in pieces):
        return np.concatenate(pieces, axis=1)
    from scipy import sparse

    return sparse.hstack([sparse.csr_matrix(piece) for piece in pieces], format="csr", dtype=np.float32)


def _weights(
    block: Block, length: int, forms: dict[str, LinearForm], scalings: dict[str, _Scaling | None]
) -> Callable[[np.ndarray, np.ndarray], Sequence[np.ndarray]]:
    """Return the function that gives the weights of the Block: those of each input undo what its features were scaled by."""

    def weights(kernel: np.ndarray, bias: np.ndarray) -> Sequence[np.ndarray]:
        first = kernel[: len(forms)].copy()
        start, each = len(forms), {}
        for i, (name, form) in enumerate(forms.items()):
            stop = start + form.features.shape[1]
            own, scaling = kernel[start:stop], scalings[name]
            if scaling is not None:
                own = own * scaling.factor[:, np.newaxis]
                first[i] -= scaling.shift @ own
            each[name] = form.weights(own.astype(np.float32), np.zeros_like(bias))
            start = stop
        each[GIVEN] = [first.astype(np.float32), bias]
        layers = [layer for layer in network(block, (length,), dtype="float32").layers if layer.weights]
        return [weight for layer in layers for weight in each[layer.name.partition(".")[0]]]

    return weights
