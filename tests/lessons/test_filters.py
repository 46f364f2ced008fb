"""Notebook 3: fixed filters, the pattern as a filter, cells, and filters that are learned."""

import numpy as np
import pytest

from multicnn.lessons import filters, gabor, learned_filters


def test_edges_of_a_flat_image_are_0_and_a_blur_keeps_it():
    flat = filters.filtered(np.full((6, 7), 0.4))
    for name, values in flat.outputs.items():
        np.testing.assert_allclose(values, 0.4 * round(flat.sums[name]), atol=1e-6)
    assert {name for name, total in flat.sums.items() if abs(total) < 1e-6} == {"edge4", "edge8", "sobel_x", "sobel_y"}


def test_an_unknown_filter_is_refused():
    with pytest.raises(ValueError, match="Received: names='blur'"):
        filters.filtered(np.ones((3, 3)), ["blur"])


def test_sobel_filters_have_a_direction():
    upright = np.zeros((8, 8))
    upright[:, 4:] = 1
    outputs = filters.filtered(upright, ("sobel_x", "sobel_y")).outputs
    assert np.abs(outputs["sobel_x"]).max() == 4
    assert np.abs(outputs["sobel_y"]).max() == 0
    turned = filters.filtered(upright.T, ("sobel_x", "sobel_y")).outputs
    np.testing.assert_array_equal(turned["sobel_y"], outputs["sobel_x"].T)


def test_a_spectrogram_is_an_image():
    values, word = filters.spectrogram(0)
    assert values.ndim == 2 and values.std() > 1
    assert word in "zero one two three four five six seven eight nine".split()


def test_a_pattern_is_found_by_itself_in_noise():
    plane = np.random.default_rng(3).random((40, 50))
    detection = filters.detect(plane, 12, 20, size=10, noise=0.1)
    assert detection.highest == (12, 20)
    assert filters.detect(plane, 12, 20, size=10, noise=0).scores.max() == pytest.approx(1)
    assert filters.detect(plane, 12, 20, size=10, noise=20).highest != (12, 20)  # drowned


def test_simple_cells_answer_in_turns_and_complex_cells_all_the_time():
    cells = gabor.cells()
    assert gabor.modulation(cells.simple) == 1
    assert gabor.modulation(cells.complex) < 0.05
    alone = np.abs(cells.simple)  # the cause: both filters of the pair
    assert gabor.modulation(alone) > 0.9
    assert cells.angles[cells.tuning.argmax()] == 0
    assert cells.tuning[0] < 0.05 * cells.tuning.max()


def test_a_gabor_filter_is_fitted_by_itself():
    settings = [
        {"wavelength": 5.3, "angle": 0.4, "phase": 1.0, "sigma": (2.2, 3.1), "centre": (1.4, -2.2)},
        {"wavelength": 8.0, "angle": 2.5, "phase": 0.2, "sigma": (3.0, 2.0), "centre": (-3.0, 2.0)},
    ]
    made = np.stack([gabor.gabor(16, **each) for each in settings])
    np.testing.assert_allclose(np.linalg.norm(made, axis=(1, 2)), 1)
    np.testing.assert_allclose(made.mean(axis=(1, 2)), 0, atol=1e-12)
    fits = gabor.fit(-3 * made + 1)  # height, sign and mean do not matter
    assert fits.correlations.min() > 0.99


@pytest.mark.slow
def test_learned_filters_are_gabor_filters_and_random_ones_are_not():
    learned = learned_filters.learn(filters=64, steps=1500)
    assert learned.share(learned.correlations) >= 0.5
    assert learned.share(learned.random) < 0.1
    assert learned.losses[-100:].mean() < 0.8 * learned.losses[:10].mean()
    dense = learned_filters.learn(filters=64, steps=300, sparsity=0.0)  # the cause: being quiet most of the time
    assert dense.share(dense.correlations) < 0.25
