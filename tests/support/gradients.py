"""Gradients of a layer's output under any backend."""

import inspect

import keras
import numpy as np


def gradients(layer, inputs, mask=None):
    """Return the gradients of a weighted sum of squares of the unmasked outputs, as two lists of arrays.

    The first list has one gradient for each trainable weight, the second one for each input; it is None for an input
    that the outputs do not depend on or whose dtype has no gradient.
    """
    inputs = [keras.ops.convert_to_tensor(x) for x in inputs]
    mask = None if mask is None else keras.ops.convert_to_tensor(mask)
    keywords = {"mask": mask} if mask is not None and "mask" in inspect.signature(layer.call).parameters else {}
    given = inputs if len(inputs) > 1 else inputs[0]
    layer(given, **keywords)  # build it
    if keras.backend.backend() == "jax":
        return _jax(layer, inputs, keywords, mask)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = _loss(layer, layer(given, **keywords), given, mask)
    weights = [weight.value for weight in layer.trainable_weights]
    grads = tape.gradient(loss, weights + inputs)
    grads = [None if g is None else tf.convert_to_tensor(g).numpy() for g in grads]
    return grads[: len(weights)], grads[len(weights) :]


def _jax(layer, inputs, keywords, mask):
    import jax

    floats = [x for x in inputs if "float" in str(x.dtype)]
    fixed = [weight.value for weight in layer.non_trainable_variables]

    def loss(weights, floats):
        rest = iter(floats)
        given = [next(rest) if "float" in str(x.dtype) else x for x in inputs]
        given = given if len(given) > 1 else given[0]
        outputs, _ = layer.stateless_call(weights, fixed, given, **keywords)
        return _loss(layer, outputs, given, mask)

    of_weights, of_floats = jax.grad(loss, argnums=(0, 1))([w.value for w in layer.trainable_variables], floats)
    rest = iter(of_floats)
    of_inputs = [np.asarray(next(rest)) if "float" in str(x.dtype) else None for x in inputs]
    return [np.asarray(g) for g in of_weights], of_inputs


def _loss(layer, outputs, inputs, mask):
    ops = keras.ops
    weights = np.random.default_rng(0).uniform(0.1, 1.0, outputs.shape).astype("float32")
    real = ops.where(ops.abs(outputs) < 1e4, outputs, 0.0)  # leave out the fill value of the padding
    mask = None if mask is None else layer.compute_mask(inputs, mask)
    if mask is not None:
        real = real * ops.cast(ops.expand_dims(mask, -1), real.dtype)
    return ops.sum(ops.square(real) * weights)


def value_and_gradient(layer, x, training):
    """Return the outputs of a layer without weights, and the gradient of their sum; its seeds go on."""
    if not layer.built:
        layer.build(x.shape)
    if keras.backend.backend() == "jax":
        import jax

        def total(x, state):
            outputs, state = layer.stateless_call([], state, x, training=training)
            return outputs.sum(), (outputs, state)

        state = [variable.value for variable in layer.non_trainable_variables]
        (_, (outputs, state)), gradient = jax.value_and_grad(total, has_aux=True)(keras.ops.convert_to_tensor(x), state)
        for variable, value in zip(layer.non_trainable_variables, state, strict=True):
            variable.assign(value)
        return np.asarray(outputs), np.asarray(gradient)
    import tensorflow as tf

    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=training)
        total = tf.reduce_sum(outputs)
    return outputs.numpy(), tape.gradient(total, x).numpy()
