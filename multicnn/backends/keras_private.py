"""Everything private in Keras and TensorFlow that this package touches: for each function, since which version, and why.

Nothing here imports a backend, so that `blocks` and `models` may use it anywhere. Each function has a test that names the version.
"""

from __future__ import annotations

import keras


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
