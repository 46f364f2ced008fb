"""Clips stored as waveforms, so that they can be changed before their features are computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, Self

import numpy as np
import tensorflow as tf

from multicnn.blocks import Block
from multicnn.modalities.audio import features, window_marks
from multicnn.modalities.base import Augmenter, Preprocess, Probe, Shown
from multicnn.modalities.finding import Finding
from multicnn.modalities.marks import Marked, Source
from multicnn.modalities.perturbations import Perturbations


class FromWaveforms(Preprocess, Protocol):
    """A preprocess whose stored examples are features of waveforms, as `AudioPreprocess`."""

    @property
    def sample_rate(self) -> int:
        """Sampling rate in Hz."""

    @property
    def samples(self) -> int:
        """Length of every example, in samples."""

    @property
    def feature_spec(self) -> features.FeatureSpec:
        """Everything that decides the features."""

    def window(self, raw: np.ndarray) -> np.ndarray:
        """Return the waveform in the length of every example."""


@dataclasses.dataclass(frozen=True)
class WaveformPreprocess(Preprocess):
    """A view of a preprocess that stores waveforms and computes their features in `finish`.

    So a change of the waveforms can come in between; without one the network's input is the same to the last bit.

    Args:
        preprocess: Decides the features.
    """

    preprocess: FromWaveforms

    @property
    def modality(self) -> str:
        """Name of the modality of what is viewed."""
        return self.preprocess.modality

    @property
    def fitted(self) -> bool:
        """True where nothing is left for `fit` to learn."""
        return self.preprocess.fitted

    def fit(self, raws: Iterable[np.ndarray]) -> Self:
        """Return a view of the fitted preprocess."""
        return dataclasses.replace(self, preprocess=self.preprocess.fit(raws))

    def decode(self, source: Any) -> np.ndarray:
        """Delegate to `AudioPreprocess.decode`."""
        return self.preprocess.decode(source)

    def example(self, raw: np.ndarray) -> np.ndarray:
        """Return the waveform itself, of the length of the window: float32, shape (samples,)."""
        return self.preprocess.window(raw)

    def marked_examples_of(self, sources: Sequence[Source]) -> Marked:
        """Return the windows of these sources, and a mark of each that is silent, cut or padded."""
        return window_marks.of_sources(self.preprocess, sources)

    def marked(self, marks: np.ndarray, rows: np.ndarray) -> list[Finding]:
        """Delegate to `AudioPreprocess.marked`."""
        return self.preprocess.marked(marks, rows)

    def windows(self, raw: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Delegate to `AudioPreprocess.windows`."""
        return self.preprocess.windows(raw)

    def position(self, start: float) -> str:
        """Delegate to `AudioPreprocess.position`."""
        return self.preprocess.position(start)

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape of `example`: (samples,)."""
        return (self.preprocess.samples,)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the features of one clip."""
        return self.preprocess.input_shape

    def finish(self, batch: np.ndarray | tf.Tensor) -> tf.Tensor:
        """Return the network's input of waveforms (batch, samples)."""
        return self.preprocess.finish(features.of_batch(batch, self.preprocess.feature_spec))

    @property
    def augment_stored(self) -> Augmenter | None:
        """Changes of waveforms."""
        return self.preprocess.augment_stored

    @property
    def augment(self) -> Augmenter | None:
        """Changes of the finished features."""
        return self.preprocess.augment

    @property
    def perturbations(self) -> Perturbations:
        """Delegate to `AudioPreprocess.perturbations`."""
        return self.preprocess.perturbations

    @property
    def default_model(self) -> str:
        """Delegate to `AudioPreprocess.default_model`."""
        return self.preprocess.default_model

    def baseline_features(
        self, train: np.ndarray, rows: np.ndarray, test: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """Delegate to `AudioPreprocess.baseline_features`."""
        return self.preprocess.baseline_features(train, rows, test)

    @property
    def linear_features(self) -> tuple[Block, str]:
        """Delegate to `AudioPreprocess.linear_features`."""
        return self.preprocess.linear_features

    def probe(self) -> Probe:
        """Delegate to `AudioPreprocess.probe`."""
        return self.preprocess.probe()

    def shown(self, raw: np.ndarray) -> Shown:
        """Delegate to `AudioPreprocess.shown`."""
        return self.preprocess.shown(raw)

    def shown_input(self, finished: np.ndarray, plain: np.ndarray, stored: np.ndarray) -> list[Shown]:
        """Return the features, and a player of the waveform that they were computed of: masks are in the features only."""
        shown = self.preprocess.shown_input(finished, plain, stored)
        if any(each.kind == "audio" for each in shown):
            return shown
        return [*shown, Shown("audio", stored, self.preprocess.sample_rate)]

    def receptive_field(self, steps: tuple[int, ...]) -> str:
        """Delegate to `AudioPreprocess.receptive_field`."""
        return self.preprocess.receptive_field(steps)
