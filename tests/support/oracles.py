"""Slow NumPy oracles, written from the equations, for layers with a sliding window; and blocks with random weights."""

import itertools

import keras
import numpy as np

from multicnn.blocks import network

WAVEFORM, IMAGE = (13, 4), (9, 8, 4)


def example(shape, batch=3):
    return np.random.default_rng(0).normal(size=(batch, *shape)).astype("float32")


def built(block, shape):
    """Return the block as a model with random weights, biases and statistics."""
    model, rng = network(block, shape), np.random.default_rng(1)
    model.set_weights([rng.uniform(0.2, 1.0, w.shape) * rng.choice([-1, 1]) for w in model.get_weights()])
    return model


def array(x):
    """Return a tensor of any backend as a NumPy array."""
    return keras.ops.convert_to_numpy(x)


def close(model, x, expected):
    np.testing.assert_allclose(array(model(x, training=False)), expected, rtol=1e-4, atol=1e-5)


# Windows: one slow oracle for all -------------------------------------------------------------------------------------


def windows(x, reaches, strides, dilation, padding, fill):
    """Yield (output position, output shape, window) for every window of x.

    x has the shape (batch, *spatial, channels), a window (batch, *kernel, channels).
    """
    if padding == "same":
        around = [((r - 1) // 2, r - 1 - (r - 1) // 2) for r in reaches]
        x = np.pad(x, [(0, 0), *around, (0, 0)], constant_values=fill)
    counts = [(size - r) // s + 1 for size, r, s in zip(x.shape[1:-1], reaches, strides)]
    for position in itertools.product(*map(range, counts)):
        index = tuple(slice(p * s, p * s + r, d) for p, s, r, d in zip(position, strides, reaches, dilation))
        yield position, counts, x[(slice(None), *index)]


def slid(x, kernel, strides, dilation, padding, fill, reduce):
    reaches = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    out = None
    for position, counts, window in windows(x, reaches, strides, dilation, padding, fill):
        value = reduce(window)
        if out is None:
            out = np.zeros((len(x), *counts, value.shape[-1]))
        out[(slice(None), *position)] = value
    return out


def convolved(x, kernel, bias, strides, dilation, groups, padding):
    width, filters = kernel.shape[-2], kernel.shape[-1] // groups
    weights = [kernel[..., g * filters : (g + 1) * filters] for g in range(groups)]

    def reduce(window):
        slices = [window[..., g * width : (g + 1) * width] for g in range(groups)]
        axes = list(range(1, window.ndim)), list(range(window.ndim - 1))
        return np.concatenate([np.tensordot(p, w, axes) for p, w in zip(slices, weights)], axis=-1) + bias

    return slid(x, kernel.shape[:-2], strides, dilation, padding, 0.0, reduce)
