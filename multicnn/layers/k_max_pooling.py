"""k-max pooling: the largest values of each channel, in their order (Kalchbrenner et al. 2014, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from multicnn.layers.time_mask import at_least, fill_masked, lowest
from multicnn.layers.types import Shape, Tensor


def k_largest(x: Tensor, k: Any, most: int, mask: Tensor | None = None) -> Any:
    """Return the `k` largest real values of each channel of `x` (batch, time, channels), in their order, then zeros.

    Args:
        x: Float (batch, time, channels).
        k: A number, or int32 (batch, 1, 1).
        most: The largest `k`; the size of the output's time axis.
        mask: Boolean (batch, time), True for real steps.
    """
    if mask is not None:
        x = fill_masked(x, mask, lowest(x.dtype))
        k = ops.minimum(k, _lengths(mask)[..., None])
    x = ops.swapaxes(at_least(x, most, lowest(x.dtype)), 1, 2)
    steps = ops.shape(x)[2]
    _, positions = ops.top_k(x, most)
    largest = ops.logical_and(ops.arange(most) < k, ops.take_along_axis(x, positions, axis=2) > lowest(x.dtype))
    # The other positions go behind the end, to a zero.
    positions = ops.sort(ops.where(largest, ops.cast(positions, "int32"), steps), axis=2)
    x = ops.pad(x, [[0, 0], [0, 0], [0, 1]])
    return ops.swapaxes(ops.take_along_axis(x, positions, axis=2), 1, 2)


@keras.saving.register_keras_serializable("multicnn")
class KMaxPooling(keras.layers.Layer):
    """The `k` largest values of each channel, in their order: (batch, *spatial, channels) to (batch, k, channels).

    The positions of an image are taken row by row. Where there are fewer than `k` (real) ones, zeros stand behind them.
    """

    def __init__(self, k: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k = k
        self.supports_masking = True

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        x = ops.reshape(inputs, (ops.shape(inputs)[0], -1, inputs.shape[-1])) if len(inputs.shape) == 4 else inputs
        return k_largest(x, self.k, self.k, mask)

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        if mask is None:
            return None
        return ops.less(ops.arange(self.k)[None], _lengths(mask))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.k, input_shape[-1])

    def compute_output_spec(self, inputs: Tensor, mask: Tensor | None = None) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}


def _lengths(mask: Tensor) -> Tensor:
    """Return the number of real steps: int32 (batch, 1)."""
    return ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True)


@keras.saving.register_keras_serializable("multicnn")
class DynamicKMaxPooling(keras.layers.Layer):
    """k-max pooling whose k follows the length s of the sentence: k = max(k_top, ceil((layers - layer) / layers * s)).

    Applied to [x, sentence], two tensors (batch, time, channels); s is the number of real steps of `sentence`, and the output
    has as many steps as the k of a sentence without padding. Zeros, and False in the mask, stand behind an example's own k.
    """

    def __init__(self, k_top: int, layer: int, layers: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k_top, self.layer, self.layers = k_top, layer, layers
        self.supports_masking = True

    def k(self, s: Any) -> Any:
        """Return k for a length (or a tensor of lengths)."""
        return _k(s, self.k_top, self.layer, self.layers)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        x, sentence = inputs
        most = self.k(ops.shape(sentence)[1])
        if mask is None or mask[1] is None:
            return k_largest(x, most, most, None if mask is None else mask[0])
        return k_largest(x, self.k(_lengths(mask[1]))[..., None], most, mask[0])

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        if mask is None or mask[0] is None:
            return None
        return KMaxMask(self.k_top, self.layer, self.layers)(*mask)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        x, sentence = input_shape
        known = sentence[1] is not None or self.layer == self.layers  # the last k is k_top
        return (x[0], self.k(sentence[1] or 0) if known else None, x[-1])

    def compute_output_spec(self, inputs: Tensor, mask: Tensor | None = None) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape([x.shape for x in inputs]), dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k_top": self.k_top, "layer": self.layer, "layers": self.layers}


@keras.saving.register_keras_serializable("multicnn", name="KeptSteps")  # its name in saved networks
class KMaxMask(keras.Operation):
    """The mask behind a dynamic k-max pooling; an operation of its own, since a free length has no symbolic `arange`."""

    def __init__(self, k_top: int, layer: int, layers: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arguments = {"k_top": k_top, "layer": layer, "layers": layers}

    def call(self, real: Tensor, sentence: Tensor) -> Tensor:
        steps = ops.minimum(_lengths(real), _k(_lengths(sentence), **self.arguments))
        return ops.less(ops.arange(_k(ops.shape(sentence)[1], **self.arguments))[None], steps)

    def compute_output_spec(self, real: Tensor, sentence: Tensor) -> keras.KerasTensor:
        length = sentence.shape[1]
        return keras.KerasTensor(
            (real.shape[0], None if length is None else _k(length, **self.arguments)), dtype="bool"
        )

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, **self.arguments}


def _k(s: Any, k_top: int, layer: int, layers: int) -> Any:
    share = (s * (layers - layer) + layers - 1) // layers
    return max(k_top, share) if isinstance(share, int) else ops.maximum(k_top, share)
