"""TensorFlow: compiled functions over variables that they change."""

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

Losses = Callable[[Any, Any], Any]  # (logits, targets) -> (batch,)


def compute_capabilities() -> list[tuple[int, int]]:
    """Of each GPU, as (major, minor)."""
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    return [each.get("compute_capability", (0, 0)) for each in details]


_CPU = Path("/proc/cpuinfo")


def cpu_multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it (AVX-512 BF16 or AMX), as far as Linux says, and oneDNN may use them."""
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" or not _CPU.exists():
        return False
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(_CPU.read_text().split())


def peak_bytes() -> int | None:
    """The most memory of the first GPU that was held at once; None without a GPU."""
    if not tf.config.list_physical_devices("GPU"):
        return None
    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


def join() -> tuple[int, int]:
    """This process alone: (which, of how many).

    Raises:
        ValueError: The environment says that there are others.
    """
    if "KERAS_DISTRIBUTION_JOB_ADDRESSES" in os.environ:
        received = os.environ["KERAS_DISTRIBUTION_JOB_ADDRESSES"]
        raise ValueError(
            f"several workers need KERAS_BACKEND=jax. Received: KERAS_DISTRIBUTION_JOB_ADDRESSES={received}"
        )
    return 0, 1


def exchange(data: bytes) -> list[bytes]:
    """What each worker gives."""
    return [data]


def scope(devices: int) -> AbstractContextManager[Any]:
    """Where variables are made of which so many devices have a copy each (`tf.distribute.MirroredStrategy`).

    Raises:
        ValueError: There are fewer.
    """
    if devices == 1:
        return nullcontext()
    known = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if devices > len(known):
        raise ValueError(f"there are {len(known)} devices here. Received: devices={devices}")
    return tf.distribute.MirroredStrategy([device.name for device in known[:devices]]).scope()


def training_step(network: keras.Model, losses: Losses, correct: Losses) -> Callable[[Any, Any], np.ndarray]:
    """Return a compiled step: forwards, backwards, update.

    Args:
        network: Compiled with its optimizer.
        losses: Returns the loss of each example, float32 (batch,), of logits and targets.
        correct: Returns True for each example that is answered as it should be, bool (batch,), of logits and targets.

    Returns:
        A function of a batch's inputs and targets, which gives float64 (3,): the sum of the losses, the examples that are
        correct, all examples. It raises MemoryError where the batch does not fit. Of several devices each takes an
        equal part of the batch, or all of it where that leaves a rest; norms take the statistics of the whole batch, dropout
        the same mask for each part.
    """
    optimizer = network.optimizer
    if not optimizer.built:  # it may already be, for variables that are frozen still
        optimizer.build(network.trainable_variables)
    strategy = keras_private.strategy_of(optimizer)
    devices = strategy.num_replicas_in_sync
    compiled = network.jit_compile and devices == 1
    if devices > 1:
        _join_devices(network)

    def update(inputs, targets):
        with tf.GradientTape() as tape, nullcontext() if compiled else batch_norm.fused(network):
            logits = network(inputs, training=True)
            each = losses(logits, targets)
            loss = tf.reduce_mean(each)
            # Regularisers' terms arrive in `losses` of the network.
            scaled = optimizer.scale_loss(loss + tf.add_n(network.losses) if network.losses else loss)
        variables = network.trainable_variables
        gradients = [_summed(slope, compiled or devices > 1) for slope in tape.gradient(scaled, variables)]
        if devices > 1:
            gradients = tf.distribute.get_replica_context().all_reduce("MEAN", gradients)
        optimizer.apply_gradients(zip(gradients, variables))
        sums = tf.reduce_sum(each), tf.math.count_nonzero(correct(logits, targets)), tf.shape(targets)[0]
        return tf.stack([tf.cast(value, tf.float64) for value in sums])

    @tf.function(jit_compile=compiled, reduce_retracing=True)
    def learn(inputs, targets):
        return update(inputs, targets) if devices == 1 else strategy.run(update, (inputs, targets))

    learn_alone = learn if compiled else _of_any_size(learn)

    def divided(values):
        parts = [values] * devices if len(values) % devices else tf.split(values, devices)
        return strategy.experimental_distribute_values_from_function(lambda at: parts[at.replica_id_in_sync_group])

    def step(inputs, targets):
        try:
            if devices == 1:
                return learn_alone(inputs, targets).numpy()
            sums = strategy.reduce("SUM", learn(divided(inputs), divided(targets)), axis=None).numpy()
            return sums / devices if len(targets) % devices else sums
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError(error.message) from error

    return step


def outputs(model: keras.Model, inputs: Any) -> Any:
    """What a model puts out in training."""
    return model(inputs, training=True)


def gradients(model: keras.Model, inputs: Any, loss: Callable[[Any], Any]) -> tuple[Any, list[Any]]:
    """What a model puts out in training, and the gradient of `loss(outputs)` for each trainable variable; nothing changes.

    A gradient is None where the loss does not depend on the variable.
    """
    kept = [np.array(variable) for variable in model.non_trainable_variables]  # statistics of norms, seeds of dropout
    with tf.GradientTape() as tape:
        found = model(inputs, training=True)
        value = loss(found)
    slopes = tape.gradient(value, model.trainable_variables)
    for variable, before in zip(model.non_trainable_variables, kept):
        variable.assign(before)
    return found, [slope if slope is None else tf.convert_to_tensor(slope) for slope in slopes]


def inference(network: keras.Model) -> Callable[[Any], np.ndarray]:
    """A compiled function from a batch of network inputs to float32 logits: one graph for every batch size."""
    dtype = network.inputs[0].dtype
    signature = tf.TensorSpec(network.input_shape, dtype)

    @tf.function(input_signature=[signature], jit_compile=bool(tf.config.list_physical_devices("GPU")))
    def run(batch):
        with batch_norm.fused(network):
            return network(batch, training=False)

    return lambda batch: run(tf.convert_to_tensor(batch, dtype)).numpy()


def _join_devices(network: keras.Model) -> None:
    """Make norms and the optimizer do with several devices what they do with one.

    Raises:
        ValueError: What Keras cannot do: to branch around an update of several devices, or to norm masked texts over them.
    """
    optimizer = network.optimizer
    norms = [each for each in keras_private.layers_inside(network) if isinstance(each, keras.layers.BatchNormalization)]
    cannot = {
        "mixed_float16": isinstance(optimizer, keras.optimizers.LossScaleOptimizer),
        "gradient_accumulation_steps": optimizer.gradient_accumulation_steps,
        "batch normalisation of texts": norms and any(each.dtype == "int32" for each in network.inputs),
    }
    if found := [name for name, asked in cannot.items() if asked]:
        raise ValueError(
            f"several devices cannot train with it on TensorFlow; KERAS_BACKEND=jax can. Received: {found[0]}"
        )
    for layer in norms:
        layer.synchronized = True
    keras_private.combine_gradients_by(optimizer, list)  # ours are means already


def _of_any_size(function: Callable) -> Callable:
    """One graph for batches of every size: the last one of an epoch is smaller, and tracing takes as long as many steps."""
    graph = functools.cache(function.get_concrete_function)

    def call(*batch):
        tensors = [tf.convert_to_tensor(values) for values in batch]
        return graph(*(tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in tensors))(*tensors)

    return call


def _summed(gradient: Any, dense: bool) -> Any:
    """An embedding's gradient with one slice for each row: Keras squares slices one by one where a word occurs twice.

    Args:
        gradient: A tensor, IndexedSlices or None.
        dense: Give a tensor instead: XLA compiles no `unique`.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    if dense:
        return tf.convert_to_tensor(gradient)
    rows, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)
