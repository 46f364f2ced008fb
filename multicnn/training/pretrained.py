"""Load pretrained weights into every layer whose name and shape match."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from multicnn.backends import keras_private
from multicnn.blocks import network
from multicnn.data.paths import locate
from multicnn.modalities import Preprocess, lookup
from multicnn.models import MODELS, create
from multicnn.models.recognition import models_of
from multicnn.models.weights import KERAS, TORCH, Source, source_of, translate
from multicnn.predictor import Predictor, load
from multicnn.recipe import Model, Recipe, Start
from multicnn.tasks import Classification
from multicnn.training import weight_files
from multicnn.training.inner_network import network_of_file

_EMBEDDINGS = "embeddings"


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """The result of loading weights into a network.

    Attributes:
        taken: The layers that have loaded weights now, by name.
        new: The layers that keep their initial weights.
        numbers: Number of loaded parameters.
        remarks: Messages on layers whose weights were adapted.
    """

    taken: list[str]
    new: list[str]
    numbers: int
    remarks: list[str]


class PretrainedWeights:
    """The weights that a recipe's `start` names.

    Args:
        recipe: A recipe with a `start.path`.

    Raises:
        ValueError: There is no such file, or it cannot be read.
    """

    def __init__(self, recipe: Recipe):
        self.start = recipe.start
        if recipe.start.path is None:
            raise ValueError("`start.path` must name the file of the weights. Received: start.path=None")
        path = Path(locate(recipe.start.path))
        self.predictor: Predictor | None = None
        self.arrays: dict[str, np.ndarray] = {}
        if recipe.start.path in weight_files.NAMED and not path.exists():
            self.arrays = weight_files.of_name(recipe.start.path)
        elif weight_files.is_ours(path):
            self.predictor = network_of_file(load(path), "start.path", recipe.start.path)
        elif recipe.start.path == "keras.applications":
            self.arrays = weight_files.of_applications(str(recipe.model.name))
        else:
            self.arrays = weight_files.read(path)
        self._source = None if self.predictor or self.start.names else source_of(str(recipe.model.name), self.arrays)

    def completed(self, recipe: Recipe, modality: str) -> Recipe:
        """Return the recipe with the model and the preprocessing of the weights, where it names none itself.

        Raises:
            ValueError: The names in the file are those of no known model, or of several, or of another than the recipe says.
        """
        if self.predictor is not None:
            return self._like(self.predictor, recipe, modality)
        recipe = self._recognised(recipe)
        if self._source is None:
            return recipe
        arguments = {**self._source.arguments, **recipe.model.arguments}
        known = {"size": MODELS[str(recipe.model.name)].input_shape[:2], "channels": 3}
        known |= {"mean": self._source.mean, "std": self._source.std}
        preprocess = (recipe.preprocess or lookup(modality)()).filled(known)
        model = dataclasses.replace(recipe.model, arguments=arguments)
        return dataclasses.replace(recipe, model=model, preprocess=preprocess)

    def _recognised(self, recipe: Recipe) -> Recipe:
        """Return the recipe with the model that the arrays are of, where it names none."""
        name = recipe.model.name
        if self.start.names or not (name is None or (isinstance(name, str) and name in MODELS)):
            return recipe
        models, received = models_of(self.arrays), f"start.path={self.start.path!r}"
        if name is not None and models and name not in models:
            raise ValueError(
                f"`model.name` is {name!r}, but the weights are those of {', '.join(models)}. Received: {received}"
            )
        if name is not None:
            return recipe
        if len(models) != 1:
            fits = (
                f"{', '.join(models)} fit"
                if models
                else "none of `multicnn models` has layers of these names and sizes"
            )
            raise ValueError(f"`model.name` must say which model the weights are of: {fits}. Received: {received}")
        self._source = source_of(models[0], self.arrays)
        return dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, name=models[0]))

    def predicts(self, modality: str, labels: Sequence[str]) -> bool:
        """Return True for an artefact that predicts these classes from data of this modality."""
        predictor = self.predictor
        return predictor is not None and predictor.preprocess.modality == modality and predictor.labels == tuple(labels)

    def _like(self, predictor: Predictor, recipe: Recipe, modality: str) -> Recipe:
        """Return the recipe with the model and the preprocessing of a predictor, where it names none."""
        trained, preprocess = Recipe.from_dict(predictor.recipe).model, predictor.preprocess
        if recipe.model.name is None:
            tables = [_named(layer, _EMBEDDINGS) for layer in predictor.network.layers]
            dims = [table.shape[1] for table in tables if table is not None] or [trained.embedding.dims]
            if isinstance(trained.name, str) and trained.name not in MODELS:
                raise ValueError(
                    f"`model.name` must be given: this file's is {trained.name!r}, and no file may say what code is run. "
                    f"Received: start.path={self.start.path!r}"
                )
            embedding = dataclasses.replace(recipe.model.embedding, dims=dims[0])
            if not embedding.ngrams:
                embedding = dataclasses.replace(embedding, ngrams=trained.embedding.ngrams)
            model = dataclasses.replace(
                recipe.model, name=trained.name, arguments=trained.arguments, embedding=embedding
            )
            recipe = dataclasses.replace(recipe, model=model)
        if preprocess.modality != modality:
            return recipe
        if recipe.preprocess is None:
            return dataclasses.replace(recipe, preprocess=preprocess.for_new_data())
        assert dataclasses.is_dataclass(preprocess)
        known = {field.name: getattr(preprocess, field.name) for field in dataclasses.fields(preprocess)}
        return dataclasses.replace(recipe, preprocess=recipe.preprocess.filled(known))

    def load_into(self, network: keras.Model, preprocess: Preprocess, labels: Sequence[str]) -> LoadReport:
        """Load the weights of every layer whose name and shapes match; the heads of other classes stay new.

        Args:
            network: The network of the run, built.
            preprocess: The preprocess of the run, with the vocabulary of the network's embeddings.
            labels: The classes of the run.

        Raises:
            ValueError: Nothing fits.
        """
        given, remarks = self._by_layer(network, preprocess, labels), []
        ours = {layer.name: layer for layer in network.layers if layer.weights}
        first = next((path for path, layer in ours.items() if _named(layer, "kernel") is not None), None)
        taken, numbers = [], 0
        for path, layer in ours.items():
            arrays = dict(given.get(path, {}))
            if path == first and "kernel" in arrays:
                arrays["kernel"], remark = _with_channels(arrays["kernel"], _named(layer, "kernel").shape)
                remarks += [f"{path}: {remark}"] if remark else []
            if [tuple(np.shape(arrays.get(w.name, ()))) for w in layer.weights] != [
                tuple(w.shape) for w in layer.weights
            ]:
                continue
            for weight in layer.weights:
                weight.assign(arrays[weight.name])
                numbers += int(np.prod(weight.shape))
            taken.append(path)
        if not taken:
            theirs = sorted(given) or sorted(self.arrays)
            raise ValueError(
                f"`start.path` must hold weights that fit: the network has {', '.join(list(ours)[:4])} ..., the file "
                f"{', '.join(theirs[:4])} ...; `start.names` says which is which. Received: start.path={self.start.path!r}"
            )
        return LoadReport(taken, [path for path in ours if path not in taken], numbers, remarks)

    def _by_layer(
        self, network: keras.Model, preprocess: Preprocess, labels: Sequence[str]
    ) -> Mapping[str, Mapping[str, np.ndarray]]:
        """Return our name of a layer -> Keras's name of an array -> the array."""
        if self.predictor is None:
            return translate(network, self.arrays, self._source or self._named_source(network))
        trained = self.predictor.network
        of_other_classes = heads(trained) if self.predictor.labels != tuple(labels) else set()
        taken = [layer for layer in trained.layers if layer.weights and layer.name not in of_other_classes]
        given = {layer.name: {w.name: np.array(w) for w in layer.weights} for layer in taken}
        then = self.predictor.preprocess
        return preprocess.transferred(given, network, then) if then.modality == preprocess.modality else given

    def _named_source(self, network: keras.Model) -> Source:
        """Return the names that the recipe gives, or else our own."""
        names = self.start.names or {layer.name: layer.name for layer in network.layers if layer.weights}
        torch = any(name.endswith(".weight") for name in self.arrays)
        return Source(names, TORCH if torch else KERAS, channels_first=torch)

    def fingerprint(self) -> str:
        """Return the SHA-256 of all arrays."""
        digest = hashlib.sha256()
        arrays = self.arrays
        if self.predictor is not None:
            arrays = {str(i): weight for i, weight in enumerate(self.predictor.network.get_weights())}
        for name in sorted(arrays):
            digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
        return digest.hexdigest()


def heads(network: keras.Model) -> set[str]:
    """Return the names of the last layers with weights on every path to the logits."""
    names: set[str] = set()
    last = keras_private.operation_of(network.output)
    operations = [] if last is None else [last]
    while operations:
        operation = operations.pop()
        if getattr(operation, "weights", None):
            names.add(operation.name)
        else:
            operations += keras_private.parents_of(operation)
    return names


def pretrained(model: str | None, path: str) -> Predictor:
    """Return a network with the weights that another library trained, as a predictor whose labels are class numbers.

    Args:
        model: The name of a registered model; None recognises it by the names in the file.
        path: The file of the weights, or a name, as a recipe's `start.path`.

    Raises:
        ValueError: The weights do not fit, or the preprocessing that they were trained with is not known.
    """
    recipe = Recipe(model=Model(name=model), start=Start(path=path))
    weights = PretrainedWeights(recipe)
    recipe = weights.completed(recipe, "image")
    if recipe.preprocess is None or not recipe.preprocess.fitted:
        raise ValueError(
            f"`model` must be one whose names of arrays are known. Received: model={model!r}, from={path!r}"
        )
    name = str(recipe.model.name)
    labels = tuple(map(str, range(MODELS[name].classes)))
    block = create(name, len(labels), **recipe.model.arguments)
    built = network(block, recipe.preprocess.input_shape)
    weights.load_into(built, recipe.preprocess, labels)
    return Predictor(recipe.preprocess, block, built, Classification(labels), recipe.to_dict())


def _with_channels(kernel: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, str]:
    """Return a first kernel (*window, in, out) for another number of input channels, with the same output for grey input."""
    there, here = kernel.shape[-2], shape[-2]
    if there == here or 1 not in (there, here) or len(kernel.shape) != len(shape):
        return kernel, ""
    if here == 1:
        return kernel.sum(axis=-2, keepdims=True), f"its {there} input channels are summed into one"
    return np.repeat(kernel / here, here, axis=-2), f"its one input channel is divided among {here}"


def _named(layer: keras.Layer, name: str) -> Any:
    return next((weight for weight in layer.weights if weight.name == name), None)
