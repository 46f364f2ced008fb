"""Where in a clip the frames of its features are, and how they move with it."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from multicnn.modalities.randomness import integers, uniform


def spans(
    starts: list[float], frames: int, hop_seconds: float, center: bool, window_seconds: float, seconds: float
) -> np.ndarray:
    """Return start and stop in seconds of each frame of each window, float64 (windows * frames, 2): empty behind the clip's end.

    A frame stands for the time from half a hop before its centre to half a hop after it.

    Args:
        starts: The start of each window in seconds.
        frames: The frames of a window.
        hop_seconds: From a frame to the next.
        center: True where frame t is centred on t hops, False where it starts there.
        window_seconds: Length of a window.
        seconds: Length of the clip.
    """
    middle = np.arange(frames) * hop_seconds + (0.0 if center else hop_seconds / 2)
    edges = np.stack([middle - hop_seconds / 2, middle + hop_seconds / 2], axis=1).clip(0, window_seconds)
    return np.concatenate([(start + edges).clip(0, seconds) for start in starts])


@dataclasses.dataclass(frozen=True, eq=False)
class Shift:
    """A movement of each example by a number of frames; the first or last frame is repeated where nothing comes in.

    Attributes:
        frames: int32 (batch, 1).
    """

    frames: tf.Tensor

    def labels(self, maps: tf.Tensor, fill: int) -> tf.Tensor:
        """Return maps of labels, (batch, time), moved as `augment_spectrogram.augment` moves the frames."""
        length = tf.shape(maps)[1]
        rows = tf.clip_by_value(tf.range(length) - self.frames, 0, length - 1)
        return tf.ensure_shape(tf.gather(maps, rows, batch_dims=1), maps.shape)

    def boxes(self, boxes: tf.Tensor) -> tf.Tensor:
        """Return the boxes: a spectrogram has none that are known."""
        return boxes


def movement(shape: tuple[int, ...], seeds: tf.Tensor, *, time_shift: int = 0, **_: object) -> Shift:
    """Return the shift that `augment_spectrogram.augment` draws by the same seeds."""
    return Shift(integers(uniform(seeds, 1, "time shift"), -time_shift, time_shift))
