"""The TensorFlow backend: compiled functions that update variables in place."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from multicnn.backends import batch_norm, keras_private

Tensor = Any  # of this backend
Losses = Callable[[Tensor, Tensor], Tensor]  # (logits, targets) -> (batch,)
Step = Callable[[np.ndarray, np.ndarray], np.ndarray]  # (inputs, targets) -> float64 (3,)
LossesAndGradients = Callable[..., tuple[np.ndarray, np.ndarray]]  # (inputs, *arrays) -> losses (batch,), gradients


def compute_capabilities() -> list[tuple[int, int]]:
    """Return the compute capability of each GPU, as (major, minor)."""
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [each.get("compute_capability", (0, 0)) for each in details]


_CPU = Path("/proc/cpuinfo")


def cpu_multiplies_bfloat16() -> bool:
    """Return whether Linux reports AVX-512 BF16 or AMX instructions and oneDNN may use them."""
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" or not _CPU.exists():
        return False
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(_CPU.read_text().split())


def peak_bytes() -> int | None:
    """Return the peak memory use of the first GPU in bytes, or None without a GPU."""
    if not tf.config.list_physical_devices("GPU"):
        return None
    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


def join() -> tuple[int, int]:
    """Return the index and number of the workers, (0, 1): there is only this process.

    Raises:
        ValueError: The environment names other workers.
    """
    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ:
        received = os.environ["KERAS_DISTRIBUTION_JOB_ADDRESSES"]
        raise ValueError(
            f"KERAS_BACKEND must be jax for several workers. Received: KERAS_DISTRIBUTION_JOB_ADDRESSES={received}"
        )
    return 0, 1


def exchange(data: bytes) -> list[bytes]:
    """Return the data of each worker."""
    return [data]


def scope(devices: int) -> AbstractContextManager[Any]:
    """Return the scope in which to create variables that each of `devices` devices has a copy of.

    Raises:
        ValueError: There are fewer devices.
    """
    if devices == 1:
        return nullcontext()
    known = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if devices > len(known):
        raise ValueError(f"`devices` must be at most {len(known)} on this machine. Received: devices={devices}")
    return tf.distribute.MirroredStrategy([device.name for device in known[:devices]]).scope()


def out_of_memory(error: Exception) -> bool:
    """Return True for the error of an array that does not fit into memory."""
    return isinstance(error, (MemoryError, tf.errors.ResourceExhaustedError))


def training_step(network: keras.Model, losses: Losses, score: Losses) -> Step:
    """Return a compiled training step: forward pass, backward pass, update.

    Args:
        network: A network that is compiled with its optimizer.
        losses: Function of logits and targets that returns the loss of each example, float32 (batch,).
        score: Function of logits and targets that returns what is added up of each example, bool or float (batch,).

    Returns:
        A function of the inputs and targets of a batch, which returns float64 (3,): the sum of the losses, that of
        the scores and the number of examples. It raises MemoryError if the batch does not fit. Each of several
        devices takes an equal shard of the batch, or all of it if it cannot be divided; norms use the statistics of the
        whole batch, dropout the same mask for each shard.
    """
    optimizer = network.optimizer
    if not optimizer.built:  # it may be built already, for variables that are still frozen
        optimizer.build(network.trainable_variables)
    strategy = keras_private.strategy_of(optimizer)
    devices = strategy.num_replicas_in_sync
    compiled = network.jit_compile and devices == 1
    if devices > 1:
        _join_devices(network)

    def update(inputs: Tensor, targets: Tensor) -> Tensor:
        with tf.GradientTape() as tape, nullcontext() if compiled else batch_norm.fused(network):
            logits = network(inputs, training=True)
            each = losses(logits, targets)
            loss = tf.reduce_mean(each)
            # `network.losses` are the terms of the regularizers.
            scaled = optimizer.scale_loss(loss + tf.add_n(network.losses) if network.losses else loss)
        variables = network.trainable_variables
        gradients = [_summed(slope, compiled or devices > 1) for slope in tape.gradient(scaled, variables)]
        if devices > 1:
            gradients = tf.distribute.get_replica_context().all_reduce("MEAN", gradients)
        optimizer.apply_gradients(zip(gradients, variables))
        sums = tf.reduce_sum(each), tf.reduce_sum(tf.cast(score(logits, targets), tf.float64)), tf.shape(targets)[0]
        return tf.stack([tf.cast(value, tf.float64) for value in sums])

    @tf.function(jit_compile=compiled, reduce_retracing=True)
    def learn(inputs: Tensor, targets: Tensor) -> Tensor:
        return update(inputs, targets) if devices == 1 else strategy.run(update, (inputs, targets))

    learn_alone = learn if compiled else _of_any_size(learn)

    def divided(values: np.ndarray) -> Tensor:
        shards = [values] * devices if len(values) % devices else tf.split(values, devices)
        return strategy.experimental_distribute_values_from_function(lambda at: shards[at.replica_id_in_sync_group])

    def step(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        try:
            if devices == 1:
                return learn_alone(inputs, targets).numpy()
            sums = strategy.reduce("SUM", learn(divided(inputs), divided(targets)), axis=None).numpy()
            return sums / devices if len(targets) % devices else sums
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError(error.message) from error

    return step


def outputs(model: keras.Model, inputs: np.ndarray) -> Tensor:
    """Return the outputs of a model in training mode."""
    return model(inputs, training=True)


def gradients(
    model: keras.Model, inputs: np.ndarray, loss: Callable[[Tensor], Tensor]
) -> tuple[Tensor, list[Tensor | None]]:
    """Return the outputs of a model in training mode, and the gradient of `loss(outputs)` for each trainable variable.

    No variable changes. A gradient is None where the loss does not depend on the variable.
    """
    saved = [np.array(variable) for variable in model.non_trainable_variables]  # statistics of norms, seeds of dropout
    with tf.GradientTape() as tape:
        result = model(inputs, training=True)
        value = loss(result)
    slopes = tape.gradient(value, model.trainable_variables)
    for variable, before in zip(model.non_trainable_variables, saved):
        variable.assign(before)
    return result, [slope if slope is None else tf.convert_to_tensor(slope) for slope in slopes]


def input_gradients(
    function: Callable[[dict[str, Tensor]], tuple[Tensor, Tensor]], at: dict[str, np.ndarray]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return what goes with the value of a function, and the value's gradient for each of the function's arrays.

    Args:
        function: Returns a number, and anything else.
        at: The float32 arrays to which it is applied.
    """
    tensors = {name: tf.convert_to_tensor(array) for name, array in at.items()}
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value, other = function(tensors)
    return other, tape.gradient(value, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def losses_and_gradients(network: keras.Model, losses: Callable[..., Tensor]) -> LossesAndGradients:
    """Return a compiled function to the losses of examples, float32 (batch,), and their gradients for the inputs.

    The network works as in prediction, and nothing of it changes.

    Args:
        network: A network of numbers.
        losses: Function of the inputs, the outputs of the network and further arrays that returns the loss of each example.
    """

    @tf.function(reduce_retracing=True)
    def run(inputs: Tensor, *given: Tensor) -> tuple[Tensor, Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            with batch_norm.fused(network):
                each = losses(inputs, network(inputs, training=False), *given)
        return each, tape.gradient(each, inputs)

    compiled = _of_any_size(run)

    def values(*arrays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        each, slopes = compiled(*arrays)
        return each.numpy(), slopes.numpy()

    return values


def inference(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Return a compiled function from a batch of network inputs to float32 logits: one graph for every batch size."""
    dtype = network.inputs[0].dtype
    signature, compiled = tf.TensorSpec(network.input_shape, dtype), bool(tf.config.list_physical_devices("GPU"))

    @tf.function(input_signature=[signature], jit_compile=compiled)
    def run(batch: Tensor) -> Tensor:
        with batch_norm.fused(network):
            return network(batch, training=False)

    # TensorFlow takes the functions of several networks for one that is traced again and again, and warns; of a graph it does not.
    graph = (lambda: run) if compiled else functools.cache(run.get_concrete_function)
    return lambda batch: graph()(tf.convert_to_tensor(batch, dtype)).numpy()


def _join_devices(network: keras.Model) -> None:
    """Make norms and the optimizer compute on several devices what they compute on one.

    Raises:
        ValueError: Keras cannot skip an update on several devices, or normalize masked texts over them.
    """
    optimizer = network.optimizer
    norms = [each for each in keras_private.layers_inside(network) if isinstance(each, keras.layers.BatchNormalization)]
    unsupported = {
        "mixed_float16": isinstance(optimizer, keras.optimizers.LossScaleOptimizer),
        "gradient_accumulation_steps": optimizer.gradient_accumulation_steps,
        "batch normalisation of texts": norms and any(each.dtype == "int32" for each in network.inputs),
    }
    if used := [name for name, uses in unsupported.items() if uses]:
        raise ValueError(
            f"`devices` must be 1 on TensorFlow for this setting; KERAS_BACKEND=jax supports it. Received: {used[0]}"
        )
    for layer in norms:
        layer.synchronized = True
    keras_private.combine_gradients_by(optimizer, list)  # ours are means already


def _of_any_size(function: Any) -> Callable[..., Tensor]:
    """Trace a `tf.function` once for batches of every size: the last one of an epoch is smaller, and tracing is slow."""
    graph = functools.cache(function.get_concrete_function)

    def call(*batch: np.ndarray) -> Tensor:
        tensors = [tf.convert_to_tensor(values) for values in batch]
        return graph(*(tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in tensors))(*tensors)

    return call


def _summed(gradient: Tensor | None, dense: bool) -> Tensor | None:
    """Return the gradient of an embedding with one slice per row: Keras squares repeated slices one by one.

    Args:
        gradient: A tensor, IndexedSlices or None.
        dense: Return a tensor instead: XLA cannot compile `unique`.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    if dense:
        return tf.convert_to_tensor(gradient)
    rows, indices = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, indices, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)
