"""The rules by which a gradient passes back through ReLU, and a network rebuilt on its own layers under one of them.

* "gradient": where the unit was above zero (Simonyan, Vedaldi, Zisserman 2014);
* "deconvnet": where the gradient is above zero, whatever the unit was (Zeiler & Fergus 2014, section 2.1);
* "guided": where both are (Springenberg et al. 2015, figure 1).

A deconvolution network is this backward pass: a convolution becomes its transpose without bias, max pooling puts values back by
its switches, and what normalizes (batch, layer and local response normalization) is a scale that does not depend on its input.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import keras
from keras import ops

from multicnn.layers import LocalResponseNormalization, RandomGradientReLU
from multicnn.layers.types import Shape, Tensor

RULES = ("gradient", "guided", "deconvnet")


class RuledReLU(keras.layers.Layer):
    """ReLU, up to `most`, whose gradient is that of a rule.

    Args:
        rule: "guided" or "deconvnet".
        most: The largest output.
    """

    def __init__(self, rule: str, most: float = math.inf, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.rule, self.most = rule, most
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return what ReLU makes of the inputs."""

        @ops.custom_gradient
        def rectified(x: Tensor) -> tuple[Tensor, object]:
            def backward(*gradients: Tensor, upstream: Tensor | None = None) -> Tensor:
                gradient = ops.relu(gradients[0] if upstream is None else upstream)
                if self.rule == "deconvnet":
                    return gradient
                return gradient * ops.cast(ops.logical_and(x > 0, x < self.most), gradient.dtype)

            return ops.clip(x, 0.0, self.most) if self.most < math.inf else ops.relu(x), backward

        return rectified(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shape


class _ScaleOnly(keras.layers.Layer):
    """A normalization whose gradient takes the divisor for a constant."""

    def __init__(self, normalization: keras.layers.Layer) -> None:
        super().__init__(dtype=normalization.dtype_policy)
        self.normalization = normalization
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
        """Return what the normalization makes of the inputs."""
        outputs, scale = self.normalization(inputs), ops.stop_gradient(self._scale(inputs))
        # The difference is 0, and its gradient 1.
        return ops.stop_gradient(outputs) + (inputs - ops.stop_gradient(inputs)) * ops.cast(scale, inputs.dtype)

    def _scale(self, inputs: Tensor) -> Tensor:
        layer = self.normalization
        x = ops.cast(inputs, "float32")
        if isinstance(layer, LocalResponseNormalization):
            return 1 / layer.divisor(x)
        scale = ops.rsqrt(ops.var(x, axis=layer.axis, keepdims=True) + layer.epsilon)
        return scale * layer.gamma if layer.scale else scale

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the input."""
        return input_shape


def has_relu(network: keras.Model) -> bool:
    """Return True if a rule for ReLU changes anything in a network."""
    return any(_ceiling(operation) is not None for operation in network.operations)


def ruled(operation: keras.Operation, rule: str) -> list[keras.Operation]:
    """Return the operations, one after another, that stand for one under a rule: itself where the rule says nothing of it."""
    if rule == "gradient":
        return [operation]
    normalizations = (LocalResponseNormalization, keras.layers.LayerNormalization)
    if rule == "deconvnet" and isinstance(operation, normalizations):
        return [_ScaleOnly(operation)]
    most = _ceiling(operation)
    if most is None:
        return [operation]
    return [*_without_activation(operation), RuledReLU(rule, most, dtype=getattr(operation, "dtype_policy", None))]


def _ceiling(operation: keras.Operation) -> float | None:
    """Return the largest output of an operation that ends in ReLU, infinite for plain ReLU; None for any other."""
    activation = getattr(operation, "activation", None)
    if isinstance(operation, RandomGradientReLU) or activation is keras.activations.relu:
        return math.inf
    if activation is keras.activations.relu6:
        return 6.0
    # Also the functions of `keras.ops` and `keras.activations` that a Block of one's own applies to a tensor.
    if type(operation).__name__ == "Relu6":
        return 6.0
    if type(operation).__name__ in ("Relu", "ReLU"):
        plain = not getattr(operation, "negative_slope", 0) and not getattr(operation, "threshold", 0)
        most = getattr(operation, "max_value", None)
        return (math.inf if most is None else float(most)) if plain else None
    return None


def _without_activation(operation: keras.Operation) -> Iterator[keras.Operation]:
    """Yield the convolution or dense layer that has ReLU as its `activation`, without it."""
    if isinstance(operation, keras.layers.Activation) or not getattr(operation, "weights", None):
        return
    config = operation.get_config() | {"activation": "linear", "name": f"{operation.name}.linear"}
    linear = type(operation).from_config(config)
    linear.build_from_config(operation.get_build_config())
    linear.set_weights(operation.get_weights())
    yield linear
