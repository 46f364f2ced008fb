"""Everything private in Keras, TensorFlow and JAX that this package touches: for each function, since which version, and why.

Nothing here imports a backend, so that `blocks` and `models` may use it anywhere. Each function has a test that names the version.
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import keras
from keras.src import backend as _backend  # Keras 3.15
from keras.src.ops import operation as _operation  # Keras 3.15
from keras.src.utils import naming as _naming  # Keras 3.15

if TYPE_CHECKING:
    import tensorflow as tf

_NAMING = threading.RLock()
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


def sizes_inside(network: keras.Model, shape: Sequence[int]) -> list[int]:
    """Return the number of values of each output of each operation inside a network for one example, without computing any.

    Keras 3.15: a layer inside another, or inside a network in a network, has no public output shape, and only the base class
    of all operations sees each call.
    """
    sizes: list[int] = []
    thread, original = threading.get_ident(), keras.Operation.__call__

    def call(operation: keras.Operation, *arguments: Any, **options: Any) -> Any:
        outputs = original(operation, *arguments, **options)
        if threading.get_ident() == thread:
            shapes = (getattr(each, "shape", ()) for each in keras.tree.flatten(outputs))
            sizes.extend(math.prod(side or 1 for side in each) for each in shapes)
        return outputs

    with _NAMING:
        keras.Operation.__call__ = call
        try:
            example = keras.KerasTensor((1, *shape), network.inputs[0].dtype)
            _backend.compute_output_spec(lambda inputs: network(inputs, training=False), example)
        finally:
            keras.Operation.__call__ = original
    return sizes


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


def operations_between(inputs: Sequence[keras.KerasTensor], output: keras.KerasTensor) -> list[keras.Operation]:
    """Return the layers and operations on the way from `inputs` to `output`, the last one last.

    Keras 3.15: a model of inner tensors, which could be asked for its layers, would apply all of them a second time.
    """
    operations, visited, tensors = {}, set(map(id, inputs)), [output]
    while tensors:
        tensor = tensors.pop()
        history = getattr(tensor, "_keras_history", None)
        if id(tensor) in visited or history is None:
            continue
        visited.add(id(tensor))
        operations[id(history.operation)] = history.operation
        tensors += history.operation._inbound_nodes[history.node_index].input_tensors
    return list(reversed(operations.values()))


def snake_case(name: str) -> str:
    """Return the name that Keras would give to the first layer of a class: "global_max_pooling2d".

    Keras 3.15: the function that does so is private.
    """
    return _naming.to_snake_case(name)


@contextlib.contextmanager
def automatic_names(name_of: Callable[[str], str]) -> Iterator[None]:
    """Let `name_of` name the layers and operations that this thread makes without a name; it is given "dense" for a Dense.

    Keras 3.15: automatic names count all layers of the process, so that they differ from one build of a network to the next.
    A name that is changed after a layer was built would not be that of its variables.
    """
    thread = threading.get_ident()

    def named(kind: str) -> str:
        return name_of(snake_case(kind)) if threading.get_ident() == thread else _naming.auto_name(kind)

    with _NAMING:  # one thread at a time
        automatic, _operation.auto_name = _operation.auto_name, named
        try:
            yield
        finally:
            _operation.auto_name = automatic


@contextlib.contextmanager
def preserved_seeds() -> Iterator[None]:
    """Restore the global seeds of Keras and TensorFlow after the block, and whether TensorFlow's operations are deterministic.

    Keras 3.15 and TensorFlow 2.21: public functions set all three, and none reads them.
    """
    from keras.src.backend.common import global_state
    from tensorflow.python.eager import context
    from tensorflow.python.framework import config

    keras_seeds = ("global_random_seed", "global_seed_generator")
    before = {name: global_state.get_global_attribute(name) for name in keras_seeds}
    eager, deterministic = context.context(), config.is_op_determinism_enabled()
    tensorflow_seed = {name: getattr(eager, name) for name in ("_seed", "_rng") if hasattr(eager, name)}
    try:
        yield
    finally:
        for name, value in before.items():
            global_state.set_global_attribute(name, value)
        for name, value in tensorflow_seed.items():
            setattr(eager, name, value)
        if not deterministic:
            config.disable_op_determinism()


def runtime_started() -> bool:
    """Return whether TensorFlow or JAX has computed something in this process, and so started its threads.

    TensorFlow 2.21 and JAX 0.6: their public functions start them in order to answer.
    """
    eager = sys.modules.get("tensorflow.python.eager.context")
    if eager is not None and eager._context is not None and eager._context._initialized:
        return True
    bridge = sys.modules.get("jax._src.xla_bridge")
    return bridge is not None and bridge.backends_are_initialized()
