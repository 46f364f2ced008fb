"""The linear baseline of a modality as a Block on the network's input, so that it can be saved and used like a network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

    from multicnn.blocks import Block

_TOGETHER = 64  # examples whose features are computed at once


class Inputs(Protocol):
    """Inputs of a network, (n, *input_shape), of which only what is asked for need be in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, positions: np.ndarray, /) -> np.ndarray: ...


class LinearForm(NamedTuple):
    """A linear model but for its kernel and bias.

    Attributes:
        rows: int64 (n,), the indices of the examples that it is fitted to.
        features: Their features, as the Block computes them: float32 (n, features).
        description: The features in words.
        block: The Block on the network's input, with its outputs.
        weights: Returns all weights of the Block's network, in Keras's order, for a kernel (features, outputs) and a bias
            (outputs,).
    """

    rows: np.ndarray
    features: np.ndarray | sparse.csr_matrix
    description: str
    block: Block
    weights: Callable[[np.ndarray, np.ndarray], Sequence[np.ndarray]]


class LinearForms(Protocol):
    """The members of a preprocess that give its linear baseline as a Block; by default one of every value of the input."""

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the network's input, without the batch."""

    @property
    def linear_features(self) -> tuple[Block, str]:
        """A Block without weights from the network's input to the features (features,), and the features in words."""
        from multicnn.blocks import flatten

        return flatten(), "all values"

    def linear_form(self, inputs: Inputs, rows: np.ndarray, outputs: int, most_numbers: int) -> LinearForm:
        """Return the linear baseline, all but its kernel and bias.

        Args:
            inputs: Inputs of the network.
            rows: int64 (n,), the indices of those that the baseline may be fitted to, rising.
            outputs: The number of its outputs.
            most_numbers: The most numbers that all its weights may have.

        Raises:
            ValueError: It would have more; the message is a short reason.
        """
        from multicnn.blocks import chain, dense

        block, description = self.linear_features
        features = _features(block, self.input_shape, inputs, rows)
        if (numbers := (features.shape[1] + 1) * outputs) > most_numbers:
            raise ValueError(f"its {numbers:,} weights are more than {most_numbers:,}")
        return LinearForm(
            rows, features, description, chain(block, dense(outputs)), lambda kernel, bias: [kernel, bias]
        )


def of_audio(input_shape: tuple[int, ...]) -> tuple[Block, str]:
    """Return the means and deviations of the bands over time, and their means in slices of time; bands of a waveform first.

    Args:
        input_shape: (time, bands[, 1]), or (samples, 1) of a waveform.
    """
    from multicnn.blocks import adaptive_average_pool, band_levels, chain, concat, deviation_over, flatten
    from multicnn.modalities.summaries import TIME_SLICES, WAVEFORM_BANDS, WAVEFORM_FRAME

    spectral = len(input_shape) == 3 or input_shape[1] > 1
    whole = input_shape[1] if spectral else WAVEFORM_BANDS  # all bands stay
    statistics = concat(
        chain(adaptive_average_pool((1, whole)), flatten()),
        chain(deviation_over(0), flatten()),
        chain(adaptive_average_pool((TIME_SLICES, whole)), flatten()),
    )
    if spectral:
        return statistics, "spectral features over time"
    return chain(band_levels(WAVEFORM_FRAME, WAVEFORM_BANDS), statistics), "band levels of the waveform over time"


def _features(block: Block, shape: tuple[int, ...], inputs: Inputs, rows: np.ndarray) -> np.ndarray:
    """Return what a Block without weights makes of inputs: float32 (rows, features)."""
    from multicnn.backends import engine
    from multicnn.blocks import network

    run: Callable[[np.ndarray], np.ndarray] = engine.inference(network(block, shape, dtype="float32"))
    batches = [run(np.asarray(inputs[rows[i : i + _TOGETHER]])) for i in range(0, len(rows), _TOGETHER)]
    return np.concatenate(batches)
