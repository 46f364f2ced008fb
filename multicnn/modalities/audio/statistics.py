"""The usual length of training clips, and mean and deviation of their features."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from multicnn.modalities import absurd
from multicnn.modalities.audio import features
from multicnn.modalities.audio.features import FeatureSpec

_LEAST = 1e-3  # standard deviation
_LONGEST = 3.0  # times the median: a few long clips do not make all the others mostly silence


def usual_seconds(durations: Sequence[float], most: float) -> float:
    """Return the usual length of clips in seconds, rounded up to 0.1 s.

    It is the 95th percentile, but at most three times the median and at most `most`; an absurd one does not count.
    """
    real = np.array(durations)[absurd.believable(durations, absurd.LONG)]
    usual = min(np.percentile(real, 95), _LONGEST * np.median(real))
    return min(math.ceil(10 * usual - 1e-6) / 10, most)


def mean_and_std(
    clips: Sequence[np.ndarray], window: Callable[[np.ndarray], np.ndarray], spec: FeatureSpec
) -> tuple[float, float]:
    """Return mean and standard deviation of all features of clips; one of an absurd level does not count.

    Args:
        clips: Waveforms, each float32, shape (samples,).
        window: Returns a waveform in the length of `spec`.
        spec: The features.
    """
    means, powers = [], []
    # Of full scale at least: no clip of PCM is ever left out.
    levels = [max(float(np.square(clip, dtype=np.float64).mean()), 1.0) for clip in clips]
    for example in features.of_each(map(window, clips), spec):
        values = example.astype(np.float64)
        means.append(values.mean())
        powers.append(np.square(values).mean())
    used = np.flatnonzero(absurd.believable(levels, absurd.LOUD))
    total = squares = 0.0
    for i in used:  # one after another: their sum has the bits that it always had
        total += means[i]
        squares += powers[i]
    mean = total / len(used)
    return float(mean), float(max(math.sqrt(max(squares / len(used) - mean**2, 0.0)), _LEAST))
