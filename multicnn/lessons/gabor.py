"""Gabor filters, the simple and complex cells of Hubel and Wiesel, and the Gabor filter that is nearest to a learned one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from multicnn.lessons.drawing import BLUE, RED, Drawing, image, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_REFINEMENTS = 200  # evaluations after the grid


def gabor(
    size: int,
    *,
    wavelength: float,
    angle: float,
    phase: float = 0.0,
    sigma: tuple[float, float] = (2.5, 2.5),
    centre: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """Return a Gabor filter, a wave under a bell: float64 (size, size), of mean 0 and length 1.

    Args:
        size: Its rows and columns.
        wavelength: The distance between two crests in pixels.
        angle: The direction in which the wave runs, in radians; 0 is to the right, so that the stripes stand upright.
        phase: 0 for a crest in the middle, pi / 2 for a slope.
        sigma: The width of the bell along the wave and across it, in pixels.
        centre: The middle of the bell, right of and below that of the filter, in pixels.
    """
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    x, y = x - centre[0], y - centre[1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bell = np.exp(-0.5 * ((along / sigma[0]) ** 2 + (across / sigma[1]) ** 2))
    values = bell * np.cos(2 * np.pi * along / wavelength + phase)
    values -= values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-12)


@dataclasses.dataclass(frozen=True)
class Bank(Drawing):
    """Gabor filters of several angles on an image.

    Attributes:
        filters: float64 (angles, size, size).
        outputs: float64 (angles, rows, columns), what each finds in the image, rectified.
    """

    kind = "jpeg"

    filters: np.ndarray
    outputs: np.ndarray

    def draw(self) -> Figure:
        """Return the filters above what they find."""
        count = len(self.filters)
        figure, axes = panels(count, rows=2, width=9.8, height=1.5)
        limit, most = float(np.abs(self.filters).max()), float(np.quantile(self.outputs, 0.995))
        for one, values in zip(axes[:count], self.filters):
            image(one, values, vmin=-limit, vmax=limit)
        for one, values in zip(axes[count:], self.outputs):
            image(one, values, vmin=0, vmax=most)
        return figure


def bank(plane: np.ndarray, *, angles: int = 6, size: int = 13, wavelength: float = 6.0) -> Bank:
    """Apply a bank of Gabor filters to an image.

    Args:
        plane: float (rows, columns).
        angles: The number of filters, evenly around half a turn.
        size: The rows and columns of a filter.
        wavelength: The distance between two crests in pixels.
    """
    turns = np.pi * np.arange(angles) / angles
    filters = np.stack([gabor(size, wavelength=wavelength, angle=turn) for turn in turns])
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(plane, dtype=np.float64), (size, size))
    return Bank(filters, np.maximum(np.einsum("ijkl,akl->aij", windows, filters), 0))


@dataclasses.dataclass(frozen=True)
class Cells(Drawing):
    """A simple and a complex cell in front of moving stripes.

    Attributes:
        pair: float64 (2, size, size), a Gabor filter with a crest in the middle, and one with a slope.
        phases: float64 (steps,), how far the stripes have moved, in radians.
        simple: The answer of the simple cell to each phase: the first filter, rectified.
        complex: That of the complex cell: the length of the answers of both.
        angles: float64 (steps,), the angle of the stripes in degrees.
        tuning: The answer of the complex cell to each angle.
    """

    pair: np.ndarray
    phases: np.ndarray
    simple: np.ndarray
    complex: np.ndarray
    angles: np.ndarray
    tuning: np.ndarray

    def draw(self) -> Figure:
        """Return the two filters, both cells by the phase, and the complex cell by the angle of the stripes."""
        figure, axes = panels(4, width=9.8, height=2.5)
        for one, values, name in zip(axes, self.pair, ("crest in the middle", "slope in the middle")):
            image(one, values, name)
        axes[2].plot(np.degrees(self.phases), self.simple, color=RED, label="simple")
        axes[2].plot(np.degrees(self.phases), self.complex, color=BLUE, label="complex")
        axes[2].set(title="moving stripes", xlabel="moved by (degrees)", ylim=(0, None), xticks=(0, 180, 360))
        axes[2].legend(loc="lower right")
        axes[3].plot(self.angles, self.tuning, color=BLUE)
        axes[3].set(title="turning stripes", xlabel="angle (degrees)", ylim=(0, None), xticks=(-90, 0, 90))
        return figure


def modulation(answers: np.ndarray) -> float:
    """Return how much answers change, (largest - smallest) / (largest + smallest): 0 if not at all, 1 down to nothing."""
    return float((answers.max() - answers.min()) / (answers.max() + answers.min()))


def cells(*, size: int = 21, wavelength: float = 6.0, steps: int = 73) -> Cells:
    """Show stripes to a simple and a complex cell: moving ones, and ones of all angles.

    Args:
        size: The rows and columns of the cells' filters.
        wavelength: The distance between two stripes, and between two crests of the filters.
        steps: The number of phases and of angles.
    """
    pair = np.stack(
        [gabor(size, wavelength=wavelength, angle=0.0, phase=p, sigma=(3.5, 3.5)) for p in (0.0, np.pi / 2)]
    )
    phases, angles = np.linspace(0, 2 * np.pi, steps), np.linspace(-90, 90, steps)
    moved = np.stack([_stripes(size, wavelength, 0.0, phase) for phase in phases])
    turned = np.stack([_stripes(size, wavelength, np.radians(angle), 0.0) for angle in angles])
    answers, by_angle = (np.einsum("nij,pij->np", stripes, pair) for stripes in (moved, turned))
    return Cells(
        pair,
        phases,
        np.maximum(answers[:, 0], 0),
        np.linalg.norm(answers, axis=1),
        angles,
        np.linalg.norm(by_angle, axis=1),
    )


def _stripes(size: int, wavelength: float, angle: float, phase: float) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.cos(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / wavelength + phase)


class Fits(NamedTuple):
    """The Gabor filter nearest to each of some filters.

    Attributes:
        gabors: float64 (filters, size, size).
        correlations: float64 (filters,), of each filter with its Gabor filter, 0 to 1.
    """

    gabors: np.ndarray
    correlations: np.ndarray


def fit(filters: np.ndarray) -> Fits:
    """Fit a Gabor filter to each of some filters: the best of a grid, refined by the simplex method.

    Phase and height need no search: a wave of any phase is a sum of two, onto which the filter is projected.

    Args:
        filters: float (filters, size, size).
    """
    from scipy.optimize import minimize

    size = filters.shape[-1]
    flat = filters.reshape(len(filters), -1) - filters.mean(axis=(1, 2))[:, None]
    flat = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    grid = _grid(size)
    spans = np.stack([_span(size, parameters) for parameters in grid])
    lengths = np.linalg.norm(np.einsum("gkp,fp->fgk", spans, flat), axis=2)
    gabors = []
    for values, start in zip(flat, grid[lengths.argmax(axis=1)]):
        best = minimize(
            lambda parameters: -float(np.linalg.norm(_span(size, parameters) @ values)),  # noqa: B023 - called at once
            start,
            method="Nelder-Mead",
            options={"maxfev": _REFINEMENTS, "initial_simplex": start + np.vstack([np.zeros(6), np.diag(_STEPS)])},
        ).x
        span = _span(size, best)
        gabors.append((span @ values) @ span)
    nearest = np.stack(gabors)
    return Fits(nearest.reshape(filters.shape), np.linalg.norm(nearest, axis=1))


_STEPS = np.array([0.3, 0.15, 0.4, 0.4, 1.0, 1.0])  # of log wavelength, angle, log sigmas, centre


def _grid(size: int) -> np.ndarray:
    """Return parameters to begin with: float64 (number, 6)."""
    positions = np.linspace(-0.3, 0.3, 4) * size
    axes = (
        np.log([3.0, 4.5, 6.5, 10.0, 15.0]),
        np.pi * np.arange(8) / 8,
        np.log([1.3, 2.6]),
        np.log([1.3, 2.6]),
        positions,
        positions,
    )
    return np.stack([each.ravel() for each in np.meshgrid(*axes, indexing="ij")], axis=1)


def _span(size: int, parameters: np.ndarray) -> np.ndarray:
    """Return two orthonormal rows, float64 (2, size * size), which span the Gabor filters of all phases."""
    wavelength, along, across = np.exp(np.clip(parameters[[0, 2, 3]], np.log(0.7), np.log(3.0 * size)))
    y, x = np.mgrid[:size, :size].reshape(2, -1) - (size - 1) / 2
    x, y = x - parameters[4], y - parameters[5]
    cos, sin = np.cos(parameters[1]), np.sin(parameters[1])
    wave = (x * cos + y * sin) * (2j * np.pi / max(wavelength, 2.0))
    bell = -0.5 * (((x * cos + y * sin) / along) ** 2 + ((y * cos - x * sin) / across) ** 2)
    both = np.exp(bell + wave)  # its real part has a crest in the middle, its imaginary part a slope
    both -= both.mean()
    even, odd = both.real / max(float(np.linalg.norm(both.real)), 1e-12), both.imag
    odd = odd - (odd @ even) * even
    return np.stack([even, odd / max(float(np.linalg.norm(odd)), 1e-12)])
