"""Deep networks of dense layers looked at from inside: activations and gradients by layer, and how they train."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from multicnn import blocks
from multicnn.blocks.rank import Named
from multicnn.lessons.drawing import COLOURS, Drawing, panels

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure


_ACTIVATIONS = ("relu", "leaky_relu", "elu", "selu", "silu", "gelu", "tanh", "lecun_tanh", "sigmoid", "linear")


def digits(*, centred: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return scikit-learn's digits with every pixel centred and scaled: float32 (1797, 64), and int32 classes (1797,).

    Args:
        centred: False leaves the pixels from 0 to 16 but for a factor of 1/4, which makes them about as large.
    """
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    pixels = (pixels - pixels.mean(axis=0)) / np.maximum(pixels.std(axis=0), 1.0) if centred else pixels / 4
    return pixels.astype(np.float32), classes.astype(np.int32)


def deep(
    depth: int = 8,
    *,
    width: int = 64,
    classes: int = 10,
    activation: str = "relu",
    initializer: str | tuple[str, Mapping[str, float]] = "he_normal",
    norm: str | None = None,
) -> blocks.Block:
    """Return a network of dense layers as stages "hidden1", "hidden2" and so on, and a linear layer for the classes.

    Args:
        depth: The number of hidden layers.
        width: The units of each.
        classes: The number of classes.
        activation: The activation of the hidden layers.
        initializer: A Keras initializer of the hidden layers, by name or (name, parameters); a seed is added where it draws.
        norm: "batch" for batch normalisation before each activation.

    Raises:
        ValueError: The activation is unknown.
    """
    if activation not in _ACTIVATIONS:
        raise ValueError(f"`activation` must be one of {list(_ACTIVATIONS)}. Received: activation={activation!r}")
    stages = [
        blocks.stage(
            f"hidden{number}",
            blocks.dense(
                width, activation=activation, kernel_initializer=_seeded(initializer, number), norm=norm, use_bias=True
            ),
        )
        for number in range(1, depth + 1)
    ]
    return blocks.chain(*stages, blocks.dense(classes, kernel_initializer=_seeded("glorot_uniform", depth + 1)))


def _seeded(initializer: str | tuple[str, Mapping[str, float]], seed: int) -> Named:
    name, parameters = (initializer, {}) if isinstance(initializer, str) else initializer
    drawn = {} if name in ("zeros", "ones", "constant") else {"seed": seed}
    return (name, {**parameters, **drawn})


@dataclasses.dataclass(frozen=True)
class ByLayer(Drawing):
    """Answers and gradients of networks, layer by layer, before any training.

    Attributes:
        activations: For each network, float64 (layers,), the standard deviation of the layer's answers.
        gradients: For each network, float64 (layers,), the length of the loss's gradient for the layer's answers, of one
            example on average.
    """

    activations: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]

    def ratios(self, name: str) -> np.ndarray:
        """Return by what the gradient is multiplied on its way back through each layer: float64 (layers - 1,)."""
        gradients = self.gradients[name]
        return gradients[:-1] / gradients[1:]

    def draw(self) -> Figure:
        """Return both by layer, on a logarithmic scale."""
        figure, axes = panels(2, width=9.4, height=3.2)
        titles = ("spread of the answers, forward", "length of the gradient, backward")
        for one, title, measured in zip(axes, titles, (self.activations, self.gradients)):
            for (name, values), colour in zip(measured.items(), COLOURS * 3):
                layers = np.arange(1, len(values) + 1)
                one.plot(layers, np.maximum(values, 1e-14), "o-", markersize=4.5, color=colour, label=name)
            one.set(title=title, xlabel="layer", yscale="log")
            one.grid(axis="y")
        axes[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return figure


def by_layer(networks: Mapping[str, blocks.Block], *, examples: int = 256) -> ByLayer:
    """Measure activations and gradients of the stages of networks on digits.

    Args:
        networks: For each name, a network of `deep`.
        examples: The number of digits.
    """
    x, classes = (values[:examples] for values in digits())
    forward, backward = {}, {}
    for name, block in networks.items():
        activations, gradients = _through(blocks.network(block, x.shape[1:]), x, classes)
        forward[name] = np.array([values.std() for values in activations], dtype=np.float64)
        lengths = [np.linalg.norm(values, axis=1).mean() * len(x) for values in gradients]
        backward[name] = np.array(lengths, dtype=np.float64)
    return ByLayer(forward, backward)


def _through(network: keras.Model, x: np.ndarray, classes: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the answers of each stage, and the gradients of the mean cross-entropy for them."""
    import keras
    import tensorflow as tf

    inner = keras.Model(network.input, [*_stages(network), network.output])
    with tf.GradientTape() as tape:
        *answers, logits = inner(tf.constant(x))
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))
    gradients = tape.gradient(loss, answers, unconnected_gradients="zero")
    return [np.asarray(values) for values in answers], [np.asarray(values) for values in gradients]


def _stages(network: keras.Model) -> list[keras.KerasTensor]:
    """Return the outputs of the stages "hidden1", "hidden2" ... of a network."""
    names = {layer.name for layer in network.layers}
    count = 0
    while f"hidden{count + 1}" in names:
        count += 1
    return [network.get_layer(f"hidden{number}").output for number in range(1, count + 1)]


@dataclasses.dataclass(frozen=True)
class Trained(Drawing):
    """How networks trained.

    Attributes:
        losses: For each network, float64 (steps,), the loss of each batch.
        gradients: For each, float64 (steps,), the length of the gradient for the first layer's weights.
        accuracies: For each, the share of the held-out digits that it gets right in the end.
        dead: For each, the share of hidden units that answer 0 to every held-out digit.
        networks: For each, the trained Keras model.
    """

    losses: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]
    accuracies: dict[str, float]
    dead: dict[str, float]
    networks: dict[str, keras.Model] = dataclasses.field(repr=False)

    def draw(self) -> Figure:
        """Return the losses and the gradients over the steps."""
        figure, axes = panels(2, width=9.4, height=3.2)
        smooth = np.ones(8) / 8
        for (name, losses), colour in zip(self.losses.items(), COLOURS * 3):
            axes[0].plot(np.convolve(losses, smooth, "valid"), color=colour, label=name)
            gradients = np.maximum(np.convolve(self.gradients[name], smooth, "valid"), 1e-12)
            axes[1].plot(gradients, color=colour, label=f"{name}: {self.accuracies[name]:.0%} right")
        axes[0].set(title="loss", xlabel="step", ylim=(0, 3.2))
        axes[1].set(title="length of the first layer's gradient", xlabel="step", yscale="log")
        for one in axes:
            one.grid(axis="y")
        axes[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return figure


def train(
    networks: Mapping[str, blocks.Block],
    *,
    steps: int = 150,
    learning_rate: float = 0.05,
    batch: int = 64,
    centred: bool = True,
) -> Trained:
    """Train networks by plain gradient descent on 1,400 digits, each on the same batches, and test them on the others.

    Args:
        networks: For each name, a network of `deep`.
        steps: The number of steps.
        learning_rate: The learning rate.
        batch: The examples of a step.
        centred: False leaves the inputs as they come, all above 0.
    """
    x, classes = digits(centred=centred)
    order = np.random.default_rng(0).permutation(len(x))
    train_rows, test_rows = order[:1400], order[1400:]
    random = np.random.default_rng(1)
    batches = [random.choice(train_rows, batch, replace=False) for _ in range(steps)]
    trained = Trained({}, {}, {}, {}, {})
    for name, block in networks.items():
        network = blocks.network(block, x.shape[1:])
        losses, gradients = _descend(network, x, classes, batches, learning_rate)
        trained.losses[name], trained.gradients[name] = losses, gradients
        logits = np.asarray(network(x[test_rows], training=False))
        trained.accuracies[name] = float(np.mean(logits.argmax(axis=1) == classes[test_rows]))
        answers, _ = _through(network, x[test_rows], classes[test_rows])
        trained.dead[name] = float(np.mean([~np.any(values != 0, axis=0) for values in answers]))
        trained.networks[name] = network
    return trained


def _descend(
    network: keras.Model, x: np.ndarray, classes: np.ndarray, batches: list[np.ndarray], learning_rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Train a network in place; return the loss and the length of the first gradient of each step."""
    import tensorflow as tf

    variables = [variable.value for variable in network.trainable_variables]

    @tf.function(jit_compile=False)
    def step(inputs: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            logits = network(inputs, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))
        gradients = tape.gradient(loss, variables)
        for variable, gradient in zip(variables, gradients):
            variable.assign_sub(learning_rate * gradient)
        return loss, tf.norm(gradients[0])

    measured = [step(tf.constant(x[rows]), tf.constant(classes[rows])) for rows in batches]
    losses, lengths = (np.array([float(pair[which]) for pair in measured]) for which in (0, 1))
    return losses, lengths


def running_statistics(trained: Trained, name: str, number: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return the running means of a batch normalisation, and the means of all digits in its place: both float64 (units,).

    Args:
        trained: What `train` returned.
        name: One of its networks, with batch normalisation.
        number: The number of the hidden layer.
    """
    import keras

    network = trained.networks[name]
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    inner = keras.Model(network.input, norms[number - 1].input)
    running = np.asarray(norms[number - 1].moving_mean, dtype=np.float64)
    return running, np.asarray(inner(digits()[0])).mean(axis=0).astype(np.float64)
