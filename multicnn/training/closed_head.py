"""The head of a network in closed form: a linear model of what it is given by the layers below, as they are."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from multicnn.backends import keras_private
from multicnn.data.manifest import Manifest
from multicnn.tasks import Task
from multicnn.tasks.linear_model import Biased
from multicnn.training.evaluator import Evaluator
from multicnn.training.pretrained import heads

_POOLS = (keras.layers.GlobalAveragePooling1D, keras.layers.GlobalAveragePooling2D)
_LINEAR = keras.activations.linear
_FOLDS, _MOST = 3, 3000  # examples that are looked at
_SCALES = np.geomspace(1, 0.05, 25)


def linear_head_layer(network: keras.Model) -> keras.Layer | None:
    """Return the layer of a network whose weights alone are a linear model of the logits; None where there is no such layer.

    It is a fully connected one whose output the logits are, or a 1x1 convolution of which they are the mean over all positions.
    """
    names = heads(network)
    if len(names) != 1:
        return None
    layer = network.get_layer(names.pop())
    if not isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D)) or layer.activation is not _LINEAR:
        return None
    after = keras_private.operations_between([layer.output], network.output)
    pools = [operation for operation in after if isinstance(operation, _POOLS)]
    if not layer.use_bias or not all(operation in pools or _is_linear(operation) for operation in after):
        return None
    if isinstance(layer, keras.layers.Dense):
        return layer if len(layer.input.shape) == 2 and not pools else None
    pointwise = {*layer.kernel_size, *layer.strides, layer.groups} == {1}
    return layer if pointwise and len(pools) == 1 and keras_private.mask_of(layer.input) is None else None


def start_bias(network: keras.Model, manifest: Manifest) -> None:
    """Let the head start with the bias that the task has for it, if there is one and the head is one linear layer."""
    if isinstance(manifest.task, Biased) and (layer := linear_head_layer(network)) is not None:
        layer.bias.assign(manifest.task.initial_bias(manifest.targets(manifest.rows("train"))))


def fit(layer: keras.Layer, evaluator: Evaluator, manifest: Manifest) -> None:
    """Give the head the weights of a linear model of the training examples, on the features that reach it now.

    Args:
        layer: The head, as `linear_head_layer` gives it.
        evaluator: Evaluates the network of the head.
        manifest: The examples.

    Raises:
        ValueError: The task has no linear head.
    """
    features = ops.cast(layer.input, "float32")
    if len(features.shape) > 2:
        features = ops.mean(features, axis=tuple(range(1, len(features.shape) - 1)))
    train, task = manifest.rows("train"), manifest.task
    x, y = evaluator.of(features).logits(train), manifest.targets(train)
    kernel, bias = task.linear_head(x, y)
    scale = _calibration(x, y, task)
    layer.set_weights([scale * kernel.reshape(tuple(layer.kernel.shape)), scale * bias])


def _calibration(features: np.ndarray, targets: np.ndarray, task: Task) -> float:
    """Return the number, at most 1, by which logits are multiplied for the least loss on examples that were left out.

    A head that knows its few training examples by heart is as sure of all others, and leaves the layers below no gradient to
    learn from. Its answers stay the same.
    """
    rows = np.random.default_rng(0).permutation(len(features))[:_MOST]
    fold, losses = np.arange(len(rows)) % _FOLDS, np.zeros(len(_SCALES))
    for each in range(_FOLDS):
        rest, out = rows[fold != each], rows[fold == each]
        try:
            kernel, bias = task.linear_head(features[rest], targets[rest])
        except ValueError:  # of a class whose only example was left out
            continue
        logits = features[out] @ kernel + bias
        if logits.shape[1] == len(task.labels):
            losses += [task.plain_losses(scale * logits, targets[out]).sum() for scale in _SCALES]
    return float(_SCALES[np.argmin(losses)])


def _is_linear(operation: keras.Operation) -> bool:
    identity = isinstance(operation, keras.layers.Identity)  # where a stage ends
    return identity or (isinstance(operation, keras.layers.Activation) and operation.activation is _LINEAR)
