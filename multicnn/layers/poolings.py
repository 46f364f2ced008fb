"""The poolings over windows that Keras lacks: minimum and root mean square."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from multicnn.layers.masked_windows import MaskedAveragePooling1D, MaskedMaxPooling1D
from multicnn.layers.types import LayerMixin, Tensor


class _Minimum(LayerMixin):
    """The minimum is the negative of the maximum of the negative."""

    def call(self, inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return -super().call(-inputs, *args, **kwargs)


class _RootMeanSquare(LayerMixin):
    """In float32, where squares neither overflow nor vanish; the least square keeps the gradient at zero finite."""

    def call(self, inputs: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        mean = super().call(ops.square(ops.cast(inputs, "float32")), *args, **kwargs)
        return ops.cast(ops.sqrt(ops.maximum(mean, 1e-12)), inputs.dtype)


@keras.saving.register_keras_serializable("multicnn")
class MaskedMinPooling1D(_Minimum, MaskedMaxPooling1D):
    """The minimum of each window of (batch, time, channels), never of a masked step."""

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        return super().call(inputs, mask=mask)


@keras.saving.register_keras_serializable("multicnn")
class MinPooling2D(_Minimum, keras.layers.MaxPooling2D):
    """The minimum of each window of (batch, height, width, channels)."""


@keras.saving.register_keras_serializable("multicnn")
class MaskedRMSPooling1D(_RootMeanSquare, MaskedAveragePooling1D):
    """The root mean square of each window of (batch, time, channels), masked steps being zero."""

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        return super().call(inputs, mask=mask)


@keras.saving.register_keras_serializable("multicnn")
class RMSPooling2D(_RootMeanSquare, keras.layers.AveragePooling2D):
    """The root mean square of each window of (batch, height, width, channels)."""
