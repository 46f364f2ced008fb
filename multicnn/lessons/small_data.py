"""Networks on few examples: dropout, fewer parameters, augmentation and early stopping against overfitting."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from multicnn import blocks
from multicnn.lessons.drawing import COLOURS, Drawing, panels

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

Augmentation = Callable[[np.ndarray, np.random.Generator], np.ndarray]
_EVERY = 10  # steps between two measurements


def network(width: int = 32, *, dropout: float = 0.0) -> blocks.Block:
    """Return a small convolutional network for the digits of 8 x 8 pixels.

    Args:
        width: The filters of the first convolution; everything else grows with it.
        dropout: The dropout rate before the last layer.
    """
    conv = [
        blocks.conv(filters, 3, activation="relu", kernel_initializer=("he_normal", {"seed": filters + number}))
        for number, filters in enumerate((width, 2 * width))
    ]
    hidden = blocks.dense(4 * width, activation="relu", kernel_initializer=("he_normal", {"seed": 7}))
    last = blocks.dense(10, kernel_initializer=("glorot_uniform", {"seed": 8}))
    return blocks.chain(conv[0], blocks.max_pool(2), conv[1], blocks.flatten(), hidden, blocks.drop(dropout), last)


def shifted(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return images (rows, 8, 8, 1), each moved by up to one pixel in either direction; what leaves is lost."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    corners = random.integers(0, 3, (len(images), 2))
    return np.stack([image[top : top + 8, left : left + 8] for image, (top, left) in zip(padded, corners)])


@dataclasses.dataclass(frozen=True)
class Runs(Drawing):
    """Networks that were trained on few digits, measured on the way.

    Attributes:
        steps: int (measurements,).
        train_losses: For each network, float64 (measurements,), the cross-entropy of the examples that are learned.
        test_losses: For each, that of the others.
        test_errors: For each, float64 (measurements,), the share of wrong answers on the others.
        networks: For each, the trained Keras model.
    """

    steps: np.ndarray
    train_losses: dict[str, np.ndarray]
    test_losses: dict[str, np.ndarray]
    test_errors: dict[str, np.ndarray]
    networks: dict[str, keras.Model] = dataclasses.field(repr=False)

    def best_step(self, name: str) -> int:
        """Return the step at which the loss on the others is lowest: where early stopping would have stopped."""
        return int(self.steps[self.test_losses[name].argmin()])

    def draw(self) -> Figure:
        """Return the losses of both and the errors over the steps, a colour for each network."""
        figure, axes = panels(2, width=9.6, height=3.2)
        for (name, losses), colour in zip(self.test_losses.items(), COLOURS):
            axes[0].semilogy(self.steps, losses, color=colour, label=f"{name}, test")
            axes[0].semilogy(self.steps, self.train_losses[name], color=colour, ls=":", lw=1.3)
            axes[0].plot(self.best_step(name), losses.min(), "o", color=colour, markersize=6)
            axes[1].plot(
                self.steps, self.test_errors[name], color=colour, label=f"{name}: {self.test_errors[name][-1]:.1%}"
            )
        axes[0].set(title="loss: test (lines), training (dots)", xlabel="step", ylim=(1e-4, 5))
        axes[1].set(title="wrong answers on test digits", xlabel="step", ylim=(0, 0.4))
        for one in axes:
            one.grid(axis="y")
        axes[1].legend()
        return figure


def run(
    networks: Mapping[str, blocks.Block],
    augmentations: Mapping[str, Augmentation] | None = None,
    *,
    examples: int = 100,
    steps: int = 400,
    seed: int = 0,
) -> Runs:
    """Train networks on few digits by Adam, each on the same batches, and measure them on the others every ten steps.

    Args:
        networks: For each name, a network for images (8, 8, 1) and ten classes.
        augmentations: For some of the names, what changes the images of a batch.
        examples: The digits that are learned.
        steps: The number of steps, of 50 digits each.
        seed: The random seed of examples, batches, augmentation and dropout.
    """
    import keras

    x, classes = _images()
    order = np.random.default_rng(seed).permutation(len(x))
    rows, rest = order[:examples], order[examples:]
    done = Runs(np.arange(0, steps + 1, _EVERY), {}, {}, {}, {})
    for name, block in networks.items():
        random = np.random.default_rng(seed + 1)
        augment = (augmentations or {}).get(name)
        keras.utils.set_random_seed(seed)  # of dropout
        built = blocks.network(block, x.shape[1:])
        step, measured = _step(built), []
        for number in range(steps + 1):
            if number % _EVERY == 0:
                measured.append([*_losses(built, x[rows], classes[rows]), *_losses(built, x[rest], classes[rest])])
            chosen = random.choice(rows, 50, replace=False)
            images = x[chosen] if augment is None else augment(x[chosen], random)
            step(images, classes[chosen])
        table = np.array(measured, dtype=np.float64).T
        done.train_losses[name], done.test_losses[name], done.test_errors[name] = table[0], table[2], table[3]
        done.networks[name] = built
    return done


def _images() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    return (pixels.reshape(-1, 8, 8, 1) / 16).astype(np.float32), classes.astype(np.int32)


def _step(network: keras.Model) -> Callable[[np.ndarray, np.ndarray], object]:
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam(3e-3)
    optimizer.build(network.trainable_variables)

    @tf.function(reduce_retracing=True)
    def step(images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = network(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))
        gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
        optimizer.apply(gradients, network.trainable_variables)
        return loss

    return lambda images, targets: step(tf.constant(images), tf.constant(targets))


def _losses(network: keras.Model, images: np.ndarray, classes: np.ndarray) -> tuple[float, float]:
    """Return the cross-entropy and the share of wrong answers."""
    logits = np.asarray(network(images, training=False), dtype=np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(classes)), classes].mean()), float(np.mean(logits.argmax(axis=1) != classes))


@dataclasses.dataclass(frozen=True)
class Masks(Drawing):
    """Dropout on the answers of a layer.

    Attributes:
        rate: p, the share that is dropped.
        answers: float32 (units,), without dropout.
        masked: float32 (draws, units), with it.
    """

    rate: float
    answers: np.ndarray
    masked: np.ndarray

    def draw(self) -> Figure:
        """Return the answers, the first draws, and their mean over all draws."""
        figure, axes = panels(4, width=9.6, height=2.2)
        named = {"no dropout": self.answers, "one mask": self.masked[0], "another": self.masked[1]}
        named[f"mean of {len(self.masked):,} masks"] = self.masked.mean(axis=0)
        top = float(self.masked.max()) * 1.1
        for one, (name, values) in zip(axes, named.items()):
            one.bar(np.arange(len(values)), values, color=COLOURS[0], width=0.7)
            one.set(title=name, ylim=(0, top), xlabel="unit")
        return figure


def masks(rate: float = 0.5, *, units: int = 12, draws: int = 2000) -> Masks:
    """Return the answers of some units with and without dropout, by the package's block in training.

    Args:
        rate: p, the dropout rate.
        units: The number of units.
        draws: The number of masks.
    """
    import keras

    keras.utils.set_random_seed(0)
    answers = np.random.default_rng(0).uniform(0.3, 1, units).astype(np.float32)
    network = blocks.network(blocks.drop(rate), (units,))
    return Masks(rate, answers, np.asarray(network(np.tile(answers, (draws, 1)), training=True)))


def ensemble(trained: keras.Model, *, draws: int = 50, examples: int = 300) -> tuple[float, float, float]:
    """Return what a network with dropout gets wrong with one mask on average, with the mean of many, and without dropout.

    Args:
        trained: A network of `run`.
        draws: The number of masks.
        examples: The digits that are tested, the last of the set.
    """
    x, classes = (values[-examples:] for values in _images())
    logits = np.stack([np.asarray(trained(x, training=True), dtype=np.float64) for _ in range(draws)])
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    mean = (odds / odds.sum(axis=-1, keepdims=True)).mean(axis=0)
    without = np.asarray(trained(x, training=False))
    wrong = [float(np.mean(each.argmax(axis=-1) != classes)) for each in (logits, mean, without)]
    return wrong[0], wrong[1], wrong[2]
