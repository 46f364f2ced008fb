"""JAX: compiled functions from values to values; the variables of Keras get theirs after each step."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding, PartitionSpec

from multicnn.backends import keras_private

Losses = Callable[[Any, Any], Any]  # (logits, targets) -> (batch,)

with suppress(ImportError, RuntimeError):  # it is not installed, or has begun to work
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")  # it only reads and preprocesses, and would take all of the memory

# The same bits from the same seed; said to the compiler of GPUs only.
_DETERMINISTIC = {"xla_gpu_deterministic_ops": True}


def compute_capabilities() -> list[tuple[int, int]]:
    """Of each GPU, as (major, minor)."""
    said = (str(device.compute_capability).split(".") for device in _gpus())
    return [tuple(map(int, each)) if "".join(each).isdigit() else (0, 0) for each in said]


def cpu_multiplies_bfloat16() -> bool:
    """Never: it was not measured whether XLA gains by it on a processor."""
    return False


def peak_bytes() -> int | None:
    """The most memory of the first GPU that was held at once; None without a GPU."""
    return _gpus()[0].memory_stats()["peak_bytes_in_use"] if _gpus() else None


def join() -> tuple[int, int]:
    """Join the other workers, if the environment says that there are any, before anything is computed: (which, of how many)."""
    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ and not jax.distributed.is_initialized():
        keras.distribution.initialize()
    return jax.process_index(), jax.process_count()


def exchange(data: bytes) -> list[bytes]:
    """What each worker gives, in their order; all must call it."""
    lengths = multihost_utils.process_allgather(np.array(len(data), np.uint32))
    padded = np.zeros(1 << int(lengths.max()).bit_length(), np.uint8)  # few sizes: each is a program of its own
    padded[: len(data)] = np.frombuffer(data, np.uint8)
    return [row[:n].tobytes() for row, n in zip(multihost_utils.process_allgather(padded), lengths)]


def scope(devices: int) -> AbstractContextManager[Any]:
    """Where variables are made that so many devices of each worker have in common.

    Raises:
        ValueError: A worker has fewer.
    """
    if devices > jax.local_device_count():
        raise ValueError(f"there are {jax.local_device_count()} devices here. Received: devices={devices}")
    if devices * jax.process_count() == 1:
        return nullcontext()
    taken: list[Any] = []
    for device in jax.devices():  # in the order of the workers
        if sum(each.process_index == device.process_index for each in taken) < devices:
            taken.append(device)
    return keras.distribution.DataParallel(devices=taken, auto_shard_dataset=False).scope()


def training_step(network: keras.Model, losses: Losses, correct: Losses) -> Callable[[Any, Any], np.ndarray]:
    """Return a compiled step: forwards, backwards, update.

    Args:
        network: Compiled with its optimizer.
        losses: Returns the loss of each example, float32 (batch,), of logits and targets.
        correct: Returns True for each example that is answered as it should be, bool (batch,), of logits and targets.

    Returns:
        A function of a batch's inputs and targets, which gives float64 (3,): the sum of the losses, the examples that are
        correct, all examples. It raises MemoryError where the batch does not fit. Of several devices each takes an
        equal part of the batch, or all of it where that leaves a rest; they compute what one would, norms and dropout too.
    """
    optimizer = network.optimizer
    if not optimizer.built:  # it may already be, for variables that are frozen still
        optimizer.build(network.trainable_variables)
    variables = [*network.variables, *optimizer.variables]

    def loss_of(values, now, inputs, targets):
        logits, rest, penalties = network.stateless_call(
            values, now(network.non_trainable_variables), inputs, training=True, return_losses=True
        )
        each = losses(logits, targets)
        with keras.StatelessScope(zip(optimizer.variables, now(optimizer.variables))):  # where the scale is
            loss = optimizer.scale_loss(jnp.mean(each) + sum(penalties))
        return loss, (logits, each, rest)

    def update(values, inputs, targets):
        known = {id(variable): value for variable, value in zip(variables, values)}

        def now(some):
            return [known[id(variable)] for variable in some]

        slope_of = jax.grad(loss_of, has_aux=True)
        slopes, (logits, each, rest) = slope_of(now(network.trainable_variables), now, inputs, targets)
        known |= zip(map(id, network.non_trainable_variables), rest)
        slopes = dict(zip(map(id, network.trainable_variables), slopes))
        all_that_ever_learn = keras_private.optimized_variables(
            optimizer
        )  # some may be frozen still: they have no gradient
        with warnings.catch_warnings(action="ignore"):  # of variables without a gradient
            learned, slots = optimizer.stateless_apply(
                now(optimizer.variables), [slopes.get(id(v)) for v in all_that_ever_learn], now(all_that_ever_learn)
            )
        known |= zip(map(id, all_that_ever_learn), learned)
        known |= zip(map(id, optimizer.variables), slots)
        return now(variables), jnp.stack([each.sum(), correct(logits, targets).sum(), len(targets)])

    place, everywhere = _placing(network)
    compiled = _jit(update, donate_argnums=0, out_shardings=everywhere)

    def step(inputs, targets):
        values = [variable.value for variable in variables]
        try:
            values, sums = compiled(values, *place(np.asarray(inputs), np.asarray(targets)))
        except jax.errors.JaxRuntimeError as error:
            if "RESOURCE_EXHAUSTED" in str(error):
                raise MemoryError(str(error)) from error
            raise
        for variable, value in zip(variables, values):
            variable.assign(value)
        return np.asarray(sums, np.float64)

    return step


def outputs(model: keras.Model, inputs: Any) -> Any:
    """What a model puts out in training."""
    return model.stateless_call(*_values(model), np.asarray(inputs), training=True)[0]


def gradients(model: keras.Model, inputs: Any, loss: Callable[[Any], Any]) -> tuple[Any, list[Any]]:
    """What a model puts out in training, and the gradient of `loss(outputs)` for each trainable variable; nothing changes."""
    learning, rest = _values(model)

    def loss_of(values):
        found, _ = model.stateless_call(values, rest, np.asarray(inputs), training=True)
        return loss(found), found

    slopes, found = jax.grad(loss_of, has_aux=True)(learning)
    return found, slopes


def inference(network: keras.Model) -> Callable[[Any], np.ndarray]:
    """A compiled function from a batch of network inputs to float32 logits: one program for each power of two examples."""
    dtype = network.inputs[0].dtype
    run = _jit(lambda values, batch: network.stateless_call(*values, batch, training=False)[0])

    def logits(batch):
        batch = np.asarray(batch, dtype)
        missing = (1 << (len(batch) - 1).bit_length()) - len(batch)
        padded = np.pad(batch, [(0, missing), *[(0, 0)] * (batch.ndim - 1)])
        return np.asarray(run(_values(network), padded))[: len(batch)]

    return logits


def _values(model: keras.Model) -> tuple[list[Any], list[Any]]:
    """Of the trainable and of the other variables, on the first of this worker's devices."""
    return tuple(
        [variable.value.addressable_data(0) for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )


def _placing(network: keras.Model) -> tuple[Callable[[np.ndarray, np.ndarray], tuple[Any, Any]], NamedSharding | None]:
    """How a batch is laid on the devices of a network, and the sharding of what all of them have in whole.

    Inputs are divided; those of a batch that leaves a rest go to each device in whole, as all targets do. Of several workers
    each has its own part of the inputs (`Workers.part`).
    """
    sharding = network.variables[0].value.sharding
    if not isinstance(sharding, NamedSharding):
        return lambda inputs, targets: (inputs, targets), None
    mesh = sharding.mesh
    each_in_whole, divided = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), mesh.axis_names))

    def place(inputs, targets):
        over = each_in_whole if len(targets) % mesh.size else divided
        shape = len(targets), *inputs.shape[1:]
        return (
            jax.make_array_from_process_local_data(over, inputs, shape),
            jax.make_array_from_process_local_data(each_in_whole, targets, targets.shape),
        )

    return place, each_in_whole


def _jit(function: Callable[..., Any], **arguments: Any) -> Callable[..., Any]:
    return jax.jit(function, compiler_options=_DETERMINISTIC if _gpus() else None, **arguments)


def _gpus() -> Sequence[Any]:
    return [device for device in jax.local_devices() if device.platform == "gpu"]
