"""Convolutional restricted Boltzmann machines: Lee, Grosse, Ranganath, Ng, "Convolutional deep belief networks", ICML 2009.

    visible units   Gaussian with variance 1 (whitened input), or binary (the pooled units of the layer below)
    hidden units    filters x positions of a valid convolution, in blocks; at most one of a block is on
    pooled units    one for each block: on where one of its hidden units is
    energy          E(v, h) = |v - c|^2 / 2 - sum of h (W * v + b)      (binary: - c v in the place of the square)
    learning        contrastive divergence, and a bias that drives the hidden units to a sparsity (section 3.2)

Speech (Lee, Largman, Pham, Ng, NIPS 2009): 80 whitened components of a spectrogram, 300 filters of 6 frames, blocks of 3.
The loss is the difference of the free energies of data and reconstruction; its gradient is contrastive divergence.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

import keras
from keras import ops

from multicnn.layers.probabilistic_max_pooling import blocks, unblocked
from multicnn.layers.types import Shape, Tensor

_STDDEV = 0.02  # of the filters that it starts with
_LEARNED = 0.05  # share of the reconstruction error that goes in any training worth the name


@keras.saving.register_keras_serializable("multicnn")
class ConvRBM(keras.Model):
    """A convolutional RBM with probabilistic max pooling, trained by `fit`, for inputs (batch, *spatial, channels) of any rank.

    Called, it gives the probabilities of the pooled units, float32 (batch, *pooled, filters): those of
    `chain(conv(filters, kernel_size, padding="valid"), probabilistic_max_pool(pool_size))` with its weights. Compile it with
    an optimizer alone; `fit` and `evaluate` report `reconstruction_error`, the mean square over the units seen.

    Args:
        filters: Number of filters.
        kernel_size: Steps of a filter along each spatial axis.
        pool_size: Steps of a block along each spatial axis.
        visible: "gaussian" for inputs of variance 1, "binary" for probabilities.
        sparsity: The share of positions at which a hidden unit is to be on.
        sparsity_rate: How strongly the biases are driven there.
        seed: Seeds filters and chain.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: tuple[int, ...],
        pool_size: tuple[int, ...],
        visible: Literal["gaussian", "binary"] = "gaussian",
        sparsity: float = 0.02,
        sparsity_rate: float = 0.1,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.pool_size = filters, tuple(kernel_size), tuple(pool_size)
        self.visible, self.sparsity, self.sparsity_rate = visible, sparsity, sparsity_rate
        self.seed = seed
        self._chain = keras.random.SeedGenerator(seed)
        self._error = keras.metrics.Mean(name="reconstruction_error")

    def build(self, input_shape: Shape) -> None:
        """Make filters and biases for inputs of this shape."""
        channels = input_shape[-1]
        drawn = keras.initializers.RandomNormal(stddev=_STDDEV, seed=self.seed)
        shape = (*self.kernel_size, channels, self.filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=drawn)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.visible_bias = self.add_weight(name="visible_bias", shape=(channels,), initializer="zeros")
        self.built = True

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the probabilities of the pooled units."""
        return ops.sigmoid(ops.logsumexp(self._energies(inputs), axis=-2))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the pooled units."""
        steps = zip(input_shape[1:-1], self.kernel_size, self.pool_size, strict=True)
        return (input_shape[0], *((size - kernel + 1) // pool for size, kernel, pool in steps), self.filters)

    def get_config(self) -> dict[str, object]:
        """Return the arguments."""
        names = (
            "filters",
            "kernel_size",
            "pool_size",
            "visible",
            "sparsity",
            "sparsity_rate",
            "seed",
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def hidden(self, visible: Tensor) -> Tensor:
        """Return the probability of each hidden unit, float32 (batch, *pooled, units of a block, filters)."""
        energies = self._energies(visible)
        return ops.exp(energies - ops.softplus(ops.logsumexp(energies, axis=-2, keepdims=True)))

    def reconstruct(self, hidden: Tensor, like: Tensor) -> Tensor:
        """Return the mean of the visible units, given the hidden ones by blocks, in the shape of `like`."""
        sums = ops.conv_transpose(unblocked(hidden, self.pool_size), self.kernel, strides=1, padding="valid")
        missing = [n - m for n, m in zip(like.shape[1:-1], sums.shape[1:-1])]  # seen by no whole block
        sums = ops.pad(sums, [[0, 0], *([0, n] for n in missing), [0, 0]]) + self.visible_bias
        return ops.sigmoid(sums) if self.visible == "binary" else sums

    def free_energy(self, visible: Tensor) -> Tensor:
        """Return the free energy of each example, float32 (batch,): its negative log probability, but for a constant."""
        axes = tuple(range(1, len(visible.shape)))
        on = ops.softplus(ops.logsumexp(self._energies(visible), axis=-2))
        if self.visible == "binary":
            own = -ops.sum(visible * self.visible_bias, axis=axes)
        else:
            own = ops.sum(ops.square(visible - self.visible_bias), axis=axes) / 2
        return own - ops.sum(on, axis=axes)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Return the difference of the free energies of data and reconstruction, a visible unit; its gradient is CD."""
        x = ops.cast(x, self.compute_dtype)
        hidden = self.hidden(x)
        rebuilt = ops.stop_gradient(self.reconstruct(self._sampled(hidden), x))
        self._error.update_state(ops.mean(ops.square(x - rebuilt)))
        units = ops.cast(ops.prod(ops.shape(x)[1:]), x.dtype)
        difference = ops.mean(self.free_energy(x) - self.free_energy(rebuilt)) / units
        on = ops.mean(hidden, axis=tuple(range(len(hidden.shape) - 1)))
        return difference - self.sparsity_rate * ops.sum(ops.stop_gradient(self.sparsity - on) * self.bias)

    def fit(self, x: Tensor, **options: Any) -> keras.callbacks.History:
        """Train on examples, float32 (n, *spatial, channels); options as of `keras.Model.fit`.

        A learning rate with which nothing is learned, or with which the weights diverge, is reported in a warning.
        """
        looked_at = x[:256]
        before = self.evaluate(looked_at, verbose=0, return_dict=True)["reconstruction_error"]
        history = super().fit(x, **{"verbose": 0, **options})
        after = self.evaluate(looked_at, verbose=0, return_dict=True)["reconstruction_error"]
        if line := rate_report(before, after, float(ops.convert_to_numpy(self.optimizer.learning_rate))):
            warnings.warn(line, stacklevel=2)
        return history

    def _energies(self, visible: Tensor) -> Tensor:
        return blocks(ops.conv(visible, self.kernel, padding="valid") + self.bias, self.pool_size)

    def _sampled(self, probabilities: Tensor) -> Tensor:
        """Return hidden units that are drawn: at most one of each block is 1."""
        off = ops.maximum(1 - ops.sum(probabilities, axis=-2, keepdims=True), 0)
        choices = ops.log(ops.concatenate([off, probabilities], axis=-2) + 1e-20)
        noise = keras.random.uniform(ops.shape(choices), minval=1e-12, maxval=1.0, seed=self._chain)
        chosen = ops.argmax(choices - ops.log(-ops.log(noise)), axis=-2)
        units = ops.reshape(ops.arange(1, probabilities.shape[-2] + 1), (-1, 1))
        return ops.stop_gradient(ops.cast(ops.equal(ops.expand_dims(chosen, -2), units), probabilities.dtype))


def rate_report(before: float, after: float, learning_rate: float) -> str:
    """Return that a learning rate learns nothing, or diverges, in a line; "" of one that does neither.

    Args:
        before: The reconstruction error before the training.
        after: That after it.
        learning_rate: The learning rate.
    """
    change = f"the reconstruction error went from {before:.4g} to {after:.4g}"
    if not math.isfinite(after) or after > (1 + _LEARNED) * before:  # the units are drawn, so a little is chance
        return f"learning_rate={learning_rate:g} diverges: {change}; take a tenth of it"
    if after > (1 - _LEARNED) * before:
        return f"learning_rate={learning_rate:g} learns nothing: {change}; take ten times as much"
    return ""


def pca_whitening(frames: Tensor, components: int, epsilon: float = 1e-5) -> tuple[Tensor, Tensor]:
    """Return a kernel and a bias that whiten: `frames @ kernel + bias` has mean 0 and uncorrelated columns of variance 1.

    As weights of `conv(components, 1)` they are a layer of a network.

    Args:
        frames: Spectra, float (n, bands).
        components: Number of principal components, those of the largest variance.
        epsilon: Share of the largest variance that is added to each, so that what hardly varies is not blown up.

    Returns:
        float32 (bands, components) and (components,).

    Raises:
        ValueError: There are fewer bands or frames than components.
    """
    frames = ops.cast(frames, "float32")
    if not 0 < components <= min(frames.shape):
        raise ValueError(f"`components` must be at most {min(frames.shape)}. Received: components={components}")
    mean = ops.mean(frames, axis=0)
    centered = frames - mean
    covariance = ops.matmul(ops.transpose(centered), centered) / (len(frames) - 1)
    variances, axes = ops.eigh(covariance)  # from the smallest on
    variances, axes = ops.flip(variances)[:components], ops.flip(axes, axis=1)[:, :components]
    kernel = axes / ops.sqrt(ops.maximum(variances, 0.0) + epsilon * variances[0])
    return kernel, -ops.matmul(mean, kernel)
