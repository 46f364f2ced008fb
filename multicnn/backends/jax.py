"""The JAX backend: compiled functions from values to values; Keras's variables are assigned after each step."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, TypeAlias, TypeVar

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding, PartitionSpec

from multicnn.backends import keras_private

_T = TypeVar("_T")
Tensor: TypeAlias = jax.Array
Values = list[jax.Array]
Variables = Iterable[keras.Variable]
Losses = Callable[[Tensor, Tensor], Tensor]  # (logits, targets) -> (batch,)
Step = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (inputs, targets) -> float64 (3,)
LossesAndGradients = Callable[..., tuple[np.ndarray, np.ndarray]]  # (inputs, *arrays) -> losses (batch,), gradients

with suppress(ImportError, RuntimeError):  # it is not installed, or has been initialized
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")  # it only decodes and preprocesses, and would reserve all memory

# The same bits from the same seed; only the GPU compiler knows the option.
_DETERMINISTIC = {"xla_gpu_deterministic_ops": True}


def compute_capabilities() -> list[tuple[int, int]]:
    """Return the compute capability of each GPU, as (major, minor)."""
    versions = (str(device.compute_capability).partition(".") for device in _gpus())
    return [(int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0) for major, _, minor in versions]


def cpu_multiplies_bfloat16() -> bool:
    """Return False: it was not measured whether XLA is faster with it on a CPU."""
    return False


def peak_bytes() -> int | None:
    """Return the peak memory use of the first GPU in bytes, or None without a GPU."""
    return _gpus()[0].memory_stats()["peak_bytes_in_use"] if _gpus() else None


def join() -> tuple[int, int]:
    """Join the other workers that the environment names, before anything is computed; return this one's index and the count."""
    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ and not jax.distributed.is_initialized():
        keras.distribution.initialize()
    return jax.process_index(), jax.process_count()


def exchange(data: bytes) -> list[bytes]:
    """Return the data of each worker, in their order; all must call it."""
    lengths = multihost_utils.process_allgather(np.array(len(data), np.uint32))
    padded = np.zeros(1 << int(lengths.max()).bit_length(), np.uint8)  # few sizes, since each is compiled
    padded[: len(data)] = np.frombuffer(data, np.uint8)
    return [row[:n].tobytes() for row, n in zip(multihost_utils.process_allgather(padded), lengths)]


def scope(devices: int) -> AbstractContextManager[Any]:
    """Return the scope in which to create variables that `devices` devices of each worker share.

    Raises:
        ValueError: A worker has fewer devices.
    """
    if devices > jax.local_device_count():
        raise ValueError(
            f"`devices` must be at most {jax.local_device_count()} on this machine. Received: devices={devices}"
        )
    if devices * jax.process_count() == 1:
        return nullcontext()
    taken: list[jax.Device] = []
    for device in jax.devices():  # in the order of the workers
        if sum(each.process_index == device.process_index for each in taken) < devices:
            taken.append(device)
    return keras.distribution.DataParallel(devices=taken, auto_shard_dataset=False).scope()


def out_of_memory(error: Exception) -> bool:
    """Return True for the error of an array that does not fit into memory."""
    return isinstance(error, MemoryError) or (
        isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)
    )


def training_step(network: keras.Model, losses: Losses, score: Losses) -> Step:
    """Return a compiled training step: forward pass, backward pass, update.

    Args:
        network: A network that is compiled with its optimizer.
        losses: Function of logits and targets that returns the loss of each example, float32 (batch,).
        score: Function of logits and targets that returns what is added up of each example, bool or float (batch,).

    Returns:
        A function of the inputs and targets of a batch, which returns float64 (3,): the sum of the losses, that of
        the scores and the number of examples. It raises MemoryError if the batch does not fit. Each of several
        devices takes an equal shard of the batch, or all of it if it cannot be divided; they compute the same as one
        device, in norms and dropout too.
    """
    optimizer = network.optimizer
    if not optimizer.built:  # it may be built already, for variables that are still frozen
        optimizer.build(network.trainable_variables)
    variables = [*network.variables, *optimizer.variables]

    def loss_of(
        values: Values, now: Callable[[Variables], Values], inputs: jax.Array, targets: jax.Array
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array, Values]]:
        logits, rest, penalties = network.stateless_call(
            values, now(network.non_trainable_variables), inputs, training=True, return_losses=True
        )
        each = losses(logits, targets)
        with keras.StatelessScope(zip(optimizer.variables, now(optimizer.variables))):  # which has the scale
            loss = optimizer.scale_loss(jnp.mean(each) + sum(penalties))
        return loss, (logits, each, rest)

    def update(values: Values, inputs: jax.Array, targets: jax.Array) -> tuple[Values, jax.Array]:
        known = {id(variable): value for variable, value in zip(variables, values)}

        def now(some: Variables) -> Values:
            return [known[id(variable)] for variable in some]

        slope_of = jax.grad(loss_of, has_aux=True)
        slopes, (logits, each, rest) = slope_of(now(network.trainable_variables), now, inputs, targets)
        known |= zip(map(id, network.non_trainable_variables), rest)
        slopes = dict(zip(map(id, network.trainable_variables), slopes))
        optimized = keras_private.optimized_variables(optimizer)  # those that are still frozen have no gradient
        with warnings.catch_warnings(action="ignore"):  # about variables without a gradient
            updated, slots = optimizer.stateless_apply(
                now(optimizer.variables), [slopes.get(id(v)) for v in optimized], now(optimized)
            )
        known |= zip(map(id, optimized), updated)
        known |= zip(map(id, optimizer.variables), slots)
        return now(variables), jnp.stack([each.sum(), score(logits, targets).sum(), len(targets)])

    put, replicated = _distribution(network)
    compiled = _jit(update, donate_argnums=0, out_shardings=replicated)

    def step(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        values = [variable.value for variable in variables]
        try:
            values, sums = compiled(values, *put(np.asarray(inputs), np.asarray(targets)))
        except jax.errors.JaxRuntimeError as error:
            if out_of_memory(error):
                raise MemoryError(str(error)) from error
            raise
        for variable, value in zip(variables, values):
            variable.assign(value)
        return np.asarray(sums, np.float64)

    return step


def outputs(model: keras.Model, inputs: np.ndarray) -> Tensor:
    """Return the outputs of a model in training mode."""
    return model.stateless_call(*_values(model), np.asarray(inputs), training=True)[0]


def gradients(
    model: keras.Model, inputs: np.ndarray, loss: Callable[[Tensor], Tensor]
) -> tuple[Tensor, list[Tensor | None]]:
    """Return the outputs of a model in training mode, and the gradient of `loss(outputs)` for each trainable variable."""
    trainable, rest = _values(model)

    def loss_of(values: Values) -> tuple[jax.Array, jax.Array]:
        result, _ = model.stateless_call(values, rest, np.asarray(inputs), training=True)
        return loss(result), result

    slopes, result = jax.grad(loss_of, has_aux=True)(trainable)
    return result, slopes


def input_gradients(
    function: Callable[[dict[str, Tensor]], tuple[Tensor, Tensor]], at: dict[str, np.ndarray]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return what goes with the value of a function, and the value's gradient for each of the function's arrays.

    Args:
        function: Returns a number, and anything else.
        at: The float32 arrays to which it is applied.
    """
    slopes, other = jax.grad(function, has_aux=True)({name: jnp.asarray(array) for name, array in at.items()})
    return other, slopes


def losses_and_gradients(network: keras.Model, losses: Callable[..., Tensor]) -> LossesAndGradients:
    """Return a compiled function to the losses of examples, float32 (batch,), and their gradients for the inputs.

    The network works as in prediction, and nothing of it changes.

    Args:
        network: A network of numbers.
        losses: Function of the inputs, the outputs of the network and further arrays that returns the loss of each example.
    """

    def total(
        inputs: jax.Array, values: tuple[Values, Values], given: Sequence[jax.Array]
    ) -> tuple[jax.Array, jax.Array]:
        each = losses(inputs, network.stateless_call(*values, inputs, training=False)[0], *given)
        return each.sum(), each

    run = _jit(jax.grad(total, has_aux=True))

    def values(inputs: np.ndarray, *given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        slopes, each = run(np.asarray(inputs), _values(network), [np.asarray(array) for array in given])
        return np.asarray(each), np.asarray(slopes)

    return values


def inference(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Return a compiled function from a batch of network inputs to float32 logits: one program for each power of two examples."""
    dtype = network.inputs[0].dtype
    run = _jit(lambda values, batch: network.stateless_call(*values, batch, training=False)[0])

    def logits(batch: np.ndarray) -> np.ndarray:
        batch = np.asarray(batch, dtype)
        missing = (1 << (len(batch) - 1).bit_length()) - len(batch)
        padded = np.pad(batch, [(0, missing), *[(0, 0)] * (batch.ndim - 1)])
        return np.asarray(run(_values(network), padded))[: len(batch)]

    return logits


def _values(model: keras.Model) -> tuple[Values, Values]:
    """Return the values of the trainable and of the other variables, on the first of this worker's devices."""

    def local(variables: Variables) -> Values:
        return [variable.value.addressable_data(0) for variable in variables]

    return local(model.trainable_variables), local(model.non_trainable_variables)


def _distribution(
    network: keras.Model,
) -> tuple[Callable[[np.ndarray, np.ndarray], tuple[jax.Array, jax.Array]], NamedSharding | None]:
    """Return a function that puts a batch on the devices of a network, and the sharding of replicated values.

    Inputs are sharded, or replicated if they cannot be divided evenly; targets are replicated. Each of several workers has
    its own slice of the inputs (see `Workers`).
    """
    sharding = network.variables[0].value.sharding
    if not isinstance(sharding, NamedSharding):
        return lambda inputs, targets: (inputs, targets), None
    mesh = sharding.mesh
    replicated, divided = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), mesh.axis_names))

    def put(inputs: np.ndarray, targets: np.ndarray) -> tuple[jax.Array, jax.Array]:
        over = replicated if len(targets) % mesh.size else divided
        shape = len(targets), *inputs.shape[1:]
        return (
            jax.make_array_from_process_local_data(over, inputs, shape),
            jax.make_array_from_process_local_data(replicated, targets, targets.shape),
        )

    return put, replicated


def _jit(function: Callable[..., _T], **arguments: Any) -> Callable[..., _T]:
    return jax.jit(function, compiler_options=_DETERMINISTIC if _gpus() else None, **arguments)


def _gpus() -> list[jax.Device]:
    return [device for device in jax.local_devices() if device.platform == "gpu"]
