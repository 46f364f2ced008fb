"""Everything private in Keras and TensorFlow that this package touches: for each function, since which version, and why.

Nothing here imports a backend, so that `blocks` and `models` may use it anywhere. Each function has a test that names the version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    import tensorflow as tf

GradientAndVariable = tuple[Any, Any]


def mask_of(tensor: keras.KerasTensor) -> keras.KerasTensor | None:
    """Return the mask that travels with a tensor, or None.

    Keras 3.15: a layer receives its mask as an argument, but a Block must know of it before it chooses the layer.
    """
    return getattr(tensor, "_keras_mask", None)


def operation_of(tensor: keras.KerasTensor) -> keras.Operation | None:
    """Return the layer or operation whose output a symbolic tensor is, or None if nothing made it.

    Keras 3.15: the way from a tensor back to its layer is private.
    """
    history = getattr(tensor, "_keras_history", None)
    return None if history is None else history.operation


def inputs_of(tensor: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Return the tensors to which the operation that made `tensor` was applied then; its mask is not one of them.

    Keras 3.15: the public `layer.input` refuses a layer that was applied more than once.
    """
    history = tensor._keras_history
    inputs = history.operation._inbound_nodes[history.node_index].arguments.args[0]
    return list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]


def parents_of(operation: keras.Operation) -> list[keras.Operation]:
    """Return the operations on whose outputs an operation was called, over all its calls.

    Keras 3.15: the nodes of a functional model's graph are private.
    """
    return [parent.operation for node in operation._inbound_nodes for parent in node.parent_nodes]


def layers_inside(layer: keras.Layer) -> list[keras.Layer]:
    """Return a layer or model and every layer inside it, at any depth.

    Keras 3.15: the public `model.layers` leaves out the layers inside a layer.
    """
    return layer._flatten_layers()


def optimized_variables(optimizer: keras.optimizers.Optimizer) -> list[keras.Variable]:
    """Return the variables that an optimizer was built for, in its order, those that are frozen by now too.

    Keras 3.15: the public `optimizer.variables` are its own; these are what `stateless_apply` takes.
    """
    return optimizer._trainable_variables


def variable_index(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> int:
    """Return the index of a variable among `optimized_variables`, also of the backend's own variable in an update.

    Keras 3.15: `update_step` receives a variable, and an optimizer of one's own must find its slots.
    """
    return optimizer._get_variable_index(variable)


def track_momentum_product(optimizer: keras.optimizers.Nadam) -> None:
    """Add Nadam's running product of momenta to the variables of the optimizer, if it is not among them.

    Keras 3.15: a loss-scaling optimizer around it leaves it out, so that it is neither saved nor, on JAX, changed by a step.
    """
    if not any(variable is optimizer._u_product for variable in optimizer.variables):
        optimizer._track_variable(optimizer._u_product)


def strategy_of(optimizer: keras.optimizers.Optimizer) -> tf.distribute.Strategy:
    """Return the `tf.distribute` strategy under whose scope an optimizer was made.

    Keras 3.15 on TensorFlow: outside the scope there is no public way to it.
    """
    return optimizer._distribution_strategy


def combine_gradients_by(
    optimizer: keras.optimizers.Optimizer, combine: Callable[[Iterable[GradientAndVariable]], list[GradientAndVariable]]
) -> None:
    """Let an optimizer combine the gradients of several devices by a function of (gradient, variable) pairs.

    Keras 3.15 on TensorFlow: it sums what each device has clipped for itself, and no argument changes that.

    Raises:
        RuntimeError: This version of Keras combines them elsewhere, so that setting a function would do nothing.
    """
    if not hasattr(optimizer, "_all_reduce_sum_gradients"):
        raise RuntimeError(f"Keras 3.15 or compatible is needed for several devices. Received: {keras.__version__}")
    optimizer._all_reduce_sum_gradients = combine
