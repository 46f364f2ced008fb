"""Draw spectral features with librosa.display: seconds to the right, hertz or pitch classes upwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from multicnn.modalities.audio import librosa_features
from multicnn.modalities.audio.features import FeatureSpec

_SIZE, _DPI = (4.0, 2.2), 100  # inches, and pixels in one
_AXES = {"log_mel": "mel", "pcen": "mel", "cqt": "cqt_hz", "chroma_stft": "chroma"}  # an MFCC's has no unit
_FONT = {"fontsize": 8}
_NOISE = 0.25  # of the values of what is heard: the level of the background, which is to be dark


def draw(features: np.ndarray, spec: FeatureSpec, low: float, high: float) -> np.ndarray:
    """Return a figure of the features of one clip: uint8 pixels, shape (220, 400, 3).

    Args:
        features: Float features of shape `spec.shape`.
        spec: The kind of features, for the axes.
        low: The value of the darkest color.
        high: The value of the brightest color.
    """
    from librosa.display import specshow
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    canvas = FigureCanvasAgg(Figure(figsize=_SIZE, dpi=_DPI, facecolor="white"))
    axes = canvas.figure.add_axes((0.13, 0.17, 0.84, 0.78))
    values = features.reshape(features.shape[:2]).T
    specshow(values, ax=axes, vmin=low, vmax=high, cmap="magma", **_scales(spec))
    if not spec.stretch_db:  # a stretched clip has no seconds
        axes.xaxis.set(major_locator=MaxNLocator(4), major_formatter="{x:g}")
    axes.tick_params(labelsize=8, length=2, pad=1)
    axes.set_xlabel("" if spec.stretch_db else "seconds", **_FONT, labelpad=1)
    axes.set_ylabel("coefficient" if spec.kind == "mfcc" else axes.get_ylabel(), **_FONT, labelpad=1)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def limits(features: np.ndarray, spec: FeatureSpec) -> tuple[float, float]:
    """Return the values of the darkest and the brightest color, by which what is heard stands out from its background.

    Args:
        features: Float features of shape `spec.shape`.
        spec: The kind of features.
    """
    low, high = float(features.min()), float(features.max())
    if spec.kind in ("log_mel", "cqt"):
        heard = features[features > low]  # the padding is at the lowest level, far below any background
        low = float(np.quantile(heard, _NOISE)) if heard.size else low
    return low, high if high > low else low + 1.0  # silence is dark


def _scales(spec: FeatureSpec) -> dict[str, Any]:
    """Return the arguments of `librosa.display.specshow` that say what its axes are."""
    scales: dict[str, Any] = {
        "sr": spec.sample_rate,
        "hop_length": spec.hop_length,
        "x_axis": None if spec.stretch_db else "time",
        "y_axis": _AXES.get(spec.kind),
    }
    if scales["y_axis"] == "mel":
        scales |= {"fmin": spec.fmin, "fmax": spec.fmax, "htk": spec.htk}
    elif spec.kind == "cqt":
        scales |= {"fmin": librosa_features.cqt_bottom(spec.fmin), "bins_per_octave": spec.bins_per_octave}
    elif spec.kind == "chroma_stft":
        scales |= {"bins_per_octave": spec.n_chroma}
    return scales
