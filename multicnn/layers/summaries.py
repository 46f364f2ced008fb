"""Fixed summaries of images and audio, from which a linear model can learn."""

from __future__ import annotations

import math

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor

_SMALLEST = 1e-12  # a variance; the gradient of its root stays finite


@keras.saving.register_keras_serializable("multicnn")
class AdaptiveAveragePooling(keras.layers.Layer):
    """Means over nearly equal windows side by side: (batch, *spatial, channels), of known size, to `output_size` positions.

    Of `size` steps, the i-th of n windows begins at step i * size // n. An axis with no more steps stays as it is.

    Args:
        output_size: The number of windows along each spatial axis.
    """

    def __init__(self, output_size: tuple[int, ...], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.output_size = tuple(output_size)

    def call(self, inputs: Tensor) -> Tensor:
        x, sizes = inputs, list(inputs.shape[1:])
        for axis, size in enumerate(self.output_size):
            if size < sizes[axis]:
                # A product for each example (and line), so that neighbours in a batch change no bit.
                x = ops.reshape(x, (-1, *sizes[: axis + 1], math.prod(sizes[axis + 1 :])))
                x = ops.matmul(ops.convert_to_tensor(_means(_starts(sizes[axis], size), sizes[axis]), x.dtype), x)
                sizes[axis] = size
        return ops.reshape(x, (-1, *sizes))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = (min(size, steps) for size, steps in zip(self.output_size, input_shape[1:-1], strict=True))
        return (input_shape[0], *sizes, input_shape[-1])

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "output_size": self.output_size}


@keras.saving.register_keras_serializable("multicnn")
class StandardDeviation(keras.layers.Layer):
    """The standard deviation along one spatial axis of (batch, *spatial, channels), which stays with size 1."""

    def __init__(self, axis: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs: Tensor) -> Tensor:
        away = inputs - ops.mean(inputs, axis=self.axis + 1, keepdims=True)
        return ops.sqrt(ops.maximum(ops.mean(ops.square(away), axis=self.axis + 1, keepdims=True), _SMALLEST))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[: self.axis + 1], 1, *input_shape[self.axis + 2 :])

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "axis": self.axis}


@keras.saving.register_keras_serializable("multicnn")
class BandLevels(keras.layers.Layer):
    """The level in dB of bands of frequency, in half overlapping frames: (batch, samples, 1) to (batch, frames, bands).

    The bands are narrow at the bottom, as on the mel scale at 16 kHz; those that would have no bin of their own are left out.
    A waveform shorter than a frame is followed by zeros.

    Args:
        frame_length: Length of a frame in samples, an even number; each is weighted by a Hann window.
        bands: The most bands.
    """

    def __init__(self, frame_length: int, bands: int, **kwargs: object) -> None:
        super().__init__(autocast=False, **kwargs)  # squares of half precision overflow
        self.frame_length, self.bands = frame_length, bands

    def call(self, inputs: Tensor) -> Tensor:
        hop = self.frame_length // 2
        x = ops.cast(inputs[..., 0], "float32")
        halves = max(2, x.shape[1] // hop)
        missing = max(0, halves * hop - x.shape[1])
        x = ops.pad(x, ((0, 0), (0, missing)))[:, : halves * hop]
        x = ops.reshape(x, (-1, halves, hop))
        frames = ops.concatenate([x[:, :-1], x[:, 1:]], axis=2)
        spectrum = ops.reshape(ops.matmul(frames, _fourier(self.frame_length)), (-1, halves - 1, 2, hop + 1))
        power = ops.sum(ops.square(spectrum), axis=2)
        means = ops.convert_to_tensor(_means(_band_starts(self.frame_length, self.bands), hop + 1), "float32")
        level = ops.log(ops.maximum(ops.matmul(power, ops.transpose(means)), 1e-10))
        return ops.cast(level * (10 / math.log(10)), self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        halves = max(2, input_shape[1] // (self.frame_length // 2))
        return (input_shape[0], halves - 1, len(_band_starts(self.frame_length, self.bands)))

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "frame_length": self.frame_length, "bands": self.bands}


def _starts(steps: int, windows: int) -> list[int]:
    """Return where each of nearly equal windows begins."""
    return [window * steps // windows for window in range(windows)]


def _means(starts: list[int], steps: int) -> list[list[float]]:
    """Return the matrix of the means over windows that begin at these steps and end where the next begins: (windows, steps)."""
    stops = [*starts[1:], steps]
    return [[float(a <= step < b) / (b - a) for step in range(steps)] for a, b in zip(starts, stops)]


def _fourier(length: int) -> Tensor:
    """Return the discrete Fourier transform of a frame under a Hann window: float32 (length, 2 * bins), cosines, then sines."""
    step = ops.arange(length, dtype="int32")[:, None]
    turns = ops.cast(step * ops.arange(length // 2 + 1, dtype="int32") % length, "float32") * (2 * math.pi / length)
    window = 0.5 - 0.5 * ops.cos(ops.cast(step, "float32") * (2 * math.pi / (length - 1)))
    return window * ops.concatenate([ops.cos(turns), ops.sin(turns)], axis=1)


def _band_starts(length: int, bands: int) -> list[int]:
    """Return the first bin of each band: equally far apart on the mel scale from 0 to 8 kHz."""
    mel = (math.exp(band / bands * math.log(1 + 8000 / 700)) - 1 for band in range(bands))
    return sorted({int(700 * each / 8000 * (length // 2)) for each in mel})
