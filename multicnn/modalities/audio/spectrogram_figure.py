"""Draw spectral features with librosa.display: seconds to the right, hertz or pitch classes upwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from multicnn.modalities.audio import features, librosa_features
from multicnn.modalities.audio.features import FeatureSpec
from multicnn.modalities.maps import AGAINST, FOR

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

_SIZE, _DPI = (4.0, 2.2), 100  # inches, and pixels in one
_AXES = {"log_mel": "mel", "pcen": "mel", "cqt": "cqt_hz", "chroma_stft": "chroma"}  # an MFCC's has no unit
_FONT = {"fontsize": 8}
_NOISE = 0.25  # of the values of what is heard: the level of the background, which is to be dark


def draw(values: np.ndarray, spec: FeatureSpec, low: float, high: float, cells: np.ndarray | None = None) -> np.ndarray:
    """Return a figure of the features of one clip: uint8 pixels, shape (220, 400, 3).

    Args:
        values: Float features of shape `spec.shape`.
        spec: The kind of features, for the axes.
        low: The value of the darkest color.
        high: The value of the brightest color.
        cells: A map of the same times and bands in [-1, 1], which is laid in color over the features in gray.
    """
    from librosa.display import specshow
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    canvas = FigureCanvasAgg(Figure(figsize=_SIZE, dpi=_DPI, facecolor="white"))
    axes = canvas.figure.add_axes((0.13, 0.17, 0.84, 0.78))
    drawn = values.reshape(values.shape[:2]).T
    colors = "magma" if cells is None else _grays()
    specshow(drawn, ax=axes, vmin=low, vmax=high, cmap=colors, **_scales(spec))
    if cells is not None:
        specshow(cells.reshape(drawn.T.shape).T, ax=axes, vmin=-1, vmax=1, cmap=_tints(), **_scales(spec))
    if not spec.stretch_db:  # a stretched clip has no seconds
        axes.xaxis.set(major_locator=MaxNLocator(4), major_formatter="{x:g}")
    axes.tick_params(labelsize=8, length=2, pad=1)
    axes.set_xlabel("" if spec.stretch_db else "seconds", **_FONT, labelpad=1)
    axes.set_ylabel("coefficient" if spec.kind == "mfcc" else axes.get_ylabel(), **_FONT, labelpad=1)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def of_clip(waveform: np.ndarray, spec: FeatureSpec, cells: np.ndarray) -> np.ndarray:
    """Return a figure of the features of one clip under a map of them, as `draw`."""
    values = features.of_one(waveform, spec)
    return draw(values, spec, *limits(values, spec), cells)


def limits(values: np.ndarray, spec: FeatureSpec) -> tuple[float, float]:
    """Return the values of the darkest and the brightest color, by which what is heard stands out from its background.

    Args:
        values: Float features of shape `spec.shape`.
        spec: The kind of features.
    """
    low, high = float(values.min()), float(values.max())
    if spec.kind in ("log_mel", "cqt"):
        heard = values[values > low]  # the padding is at the lowest level, far below any background
        low = float(np.quantile(heard, _NOISE)) if heard.size else low
    return low, high if high > low else low + 1.0  # silence is dark


def _grays() -> Colormap:
    """Return gray as a map is laid over: what is heard is dark."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(np.linspace(1.0, 0.25, 256)[:, None].repeat(3, axis=1))


def _tints() -> Colormap:
    """Return the colors of a map from -1 to 1, transparent in the middle."""
    from matplotlib.colors import ListedColormap

    strength = np.linspace(-1, 1, 255)
    colors = np.where(strength[:, None] > 0, np.array(FOR), np.array(AGAINST)) / 255
    return ListedColormap(np.concatenate([colors, 0.85 * np.abs(strength)[:, None]], axis=1))


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
