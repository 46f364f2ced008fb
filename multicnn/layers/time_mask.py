"""The arithmetic of time masks: which steps of a padded sequence are real, before and after a window slides over it.

A time mask is a boolean (batch, time) tensor whose real steps come first: padding stands at the end. A sequence of n real
steps gives what the network would give for a sequence of length max(n, reach) alone, however much padding follows.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from multicnn.layers.types import LayerMixin, Tensor


def fill_masked(x: Tensor, mask: Tensor, value: float = 0.0) -> Any:
    """Return `x` (batch, time, channels) with `value` in the steps where `mask` (batch, time) is False."""
    mask = ops.expand_dims(mask, -1)
    if value == 0.0:
        return x * ops.cast(mask, x.dtype)
    return ops.where(mask, x, ops.cast(value, x.dtype))


def lowest(dtype: str) -> float:
    """Return the most negative finite number of a float dtype, for maxima that must not see a step."""
    return -65504.0 if dtype == "float16" else -3.38e38


def at_least(x: Tensor, steps: int, value: float = 0.0) -> Any:
    """Return `x` (batch, time, channels) padded at the end with `value` up to `steps` time steps, if it has fewer."""
    length = ops.shape(x)[1]
    missing = max(0, steps - length) if isinstance(length, int) else ops.maximum(0, steps - length)
    if isinstance(missing, int) and missing == 0:
        return x
    return ops.pad(x, [[0, 0], [0, missing], [0, 0]], constant_values=value)


def slide(mask: Tensor, reach: int, strides: int) -> Any:
    """Return the mask of a valid window of `reach` steps that moves by `strides`: True where it lies in real steps only.

    The first window always counts, so that a sequence shorter than `reach` has one output instead of none.
    """
    first = ops.ones_like(mask[:, :1])
    return ops.concatenate([first, mask[:, reach - 1 + strides :: strides]], axis=1)


class TimeWindows(LayerMixin):
    """Mixin for Keras's one-dimensional convolution and pooling layers: masked steps never count, and the mask is passed on.

    For layers with padding "valid", or "same" with a stride of 1. Without a mask the layer is Keras's own.

    Args:
        zeroed: The masked steps of the input are known to be zero, so that a convolution need not zero them again.
    """

    takes_maximum = False  # so that masked steps must be lower than any other, and not zero

    def __init__(self, *args: Any, zeroed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zeroed = zeroed
        self.supports_masking = True

    def _window(self) -> tuple[int, int]:
        if hasattr(self, "pool_size"):
            return _single(self.pool_size), _single(self.strides)
        return (_single(self.kernel_size) - 1) * _single(self.dilation_rate) + 1, _single(self.strides)

    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return super().call(inputs)
        value = lowest(inputs.dtype) if self.takes_maximum else 0.0
        if not self.zeroed:
            inputs = fill_masked(inputs, mask, value)
        outputs = super().call(at_least(inputs, self._window()[0], value) if self.padding == "valid" else inputs)
        # The lowest number must not leave the layer: a norm or a sum would make it infinite, and its gradient NaN.
        return fill_masked(outputs, self.compute_mask(inputs, mask)) if self.takes_maximum else outputs

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor | None:
        if mask is None or self.padding == "same":
            return mask
        return slide(mask, *self._window())

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "zeroed": self.zeroed}


def _single(value: int | tuple[int, ...]) -> int:
    return value if isinstance(value, int) else value[0]
