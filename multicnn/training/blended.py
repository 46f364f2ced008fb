"""A network and its linear baseline in one flat network, whose logits are the sum of both, each times a number."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from multicnn.backends import keras_private
from multicnn.blocks import add, chain, network, scale, scope
from multicnn.predictor import Predictor
from multicnn.training.inner_network import BASELINE, NETWORK, copy_weights
from multicnn.training.linear_network import LinearNetwork, scaled
from multicnn.training.pretrained import heads

_PATH = f"main.{NETWORK}."  # of the layers of the network, below `add`
_FACTOR = "main.scale"
# What passes on a positive factor: f(c x) = c f(x).
_HOMOGENEOUS = (
    keras.layers.Add,
    keras.layers.Average,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.Concatenate,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.Identity,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.Reshape,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
)
_AFFINE = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Dense)  # in kernel and bias


def blended(predictor: Predictor, linear: LinearNetwork, factors: tuple[float, float]) -> Predictor:
    """Return one predictor whose logits are those of a predictor and of a linear baseline, times a number each, in sum.

    Both numbers are folded into kernel and bias of the last layers; where the way from these to the logits is not linear, a
    layer that multiplies is added.

    Args:
        predictor: The trained network.
        linear: The baseline, on the same input.
        factors: The positive numbers.
    """
    own, other = factors
    folded = _foldable(predictor.network)
    main = scope(NETWORK, predictor.block)
    block = add(main if folded is not None else chain(main, scale()), scope(BASELINE, linear.block))
    built = network(block, predictor.preprocess.input_shape, dtype="float32")
    copy_weights(predictor.network, built, _PATH)
    copy_weights(scaled(linear, other).network, built, f"shortcut.{BASELINE}.")
    for layer in built.layers:
        if (folded is None and layer.name == _FACTOR) or (
            folded is not None and layer.name.removeprefix(_PATH) in folded
        ):
            layer.set_weights([own * weight for weight in layer.get_weights()])
    return Predictor(predictor.preprocess, block, built, predictor.task, predictor.recipe)


def of_baseline(predictor: Predictor, linear: LinearNetwork, factor: float) -> Predictor:
    """Return a predictor of the baseline alone, its logits times a positive number, in the place of another predictor."""
    one = scaled(linear, factor)
    return Predictor(predictor.preprocess, one.block, one.network, predictor.task, predictor.recipe)


def _foldable(trained: keras.Model) -> set[str] | None:
    """Return the names of the layers whose weights scale the logits; None where a factor would not pass from there."""
    names = heads(trained)
    layers = {layer.name: layer for layer in trained.layers}
    if not names or not all(_is_affine(layers.get(name)) for name in names):
        return None
    return names if all(map(_is_homogeneous, _behind(trained, names))) else None


def _is_affine(layer: keras.Layer | None) -> bool:
    """Return True for a layer whose output is times c where its weights are, and that is applied once."""
    # A shared layer may stand further up as well, where it must not be scaled.
    return isinstance(layer, _AFFINE) and _is_linear(layer) and len(keras_private.parents_of(layer)) == 1


def _is_linear(operation: keras.Operation) -> bool:
    return getattr(operation, "activation", keras.activations.linear) is keras.activations.linear


def _is_homogeneous(operation: keras.Operation) -> bool:
    return isinstance(operation, (*_HOMOGENEOUS, keras.layers.Activation)) and _is_linear(operation)


def _behind(trained: keras.Model, names: set[str]) -> Iterator[keras.Operation]:
    """Yield the operations between the heads and the logits."""
    operations = [keras_private.operation_of(trained.output)]
    while operations:
        operation = operations.pop()
        if operation is not None and operation.name not in names:
            yield operation
            operations += keras_private.parents_of(operation)
