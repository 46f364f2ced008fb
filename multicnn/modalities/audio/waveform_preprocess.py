"""Recordings kept as waveforms, so that they can be changed before their features are made."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from multicnn.modalities.audio import features
from multicnn.modalities.audio.preprocess import AudioPreprocess


@dataclasses.dataclass(frozen=True)
class WaveformPreprocess:
    """An AudioPreprocess that stores waveforms and makes the features of them in `finish`.

    So what changes a waveform can come in between; without it, what the network sees is the same to the last bit.
    """

    preprocess: AudioPreprocess

    @property
    def fitted(self) -> bool:
        """Whether nothing is left for `fit` to learn."""
        return self.preprocess.fitted

    @property
    def stored_shape(self) -> tuple[int]:
        """Shape of `example`: (samples,)."""
        return (self.preprocess.samples,)

    @property
    def stored_dtype(self) -> str:
        """Dtype of `example`."""
        return "float32"

    def decode(self, source: Any) -> np.ndarray:
        """As `AudioPreprocess.decode`."""
        return self.preprocess.decode(source)

    def example(self, raw: np.ndarray) -> np.ndarray:
        """The waveform itself, of the length of the window: float32, shape (samples,)."""
        return self.preprocess.window(raw)

    def finish(self, batch: np.ndarray | tf.Tensor) -> tf.Tensor:
        """What the network sees, of waveforms (batch, samples)."""
        return self.preprocess.finish(features.of_batch(batch, self.preprocess.feature_spec))
