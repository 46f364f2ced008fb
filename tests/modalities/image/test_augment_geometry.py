"""Geometry of pictures against scipy's interpolation at coordinates worked out with complex numbers."""

import itertools

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from multicnn.data.pipeline import augmentation_seeds
from multicnn.modalities.image.augment_geometry import augment
from multicnn.modalities.randomness import around

N = 64
SEEDS = np.stack([np.arange(N), np.full(N, -5)], 1)


def pictures(height=8, width=9, channels=3):
    return np.random.default_rng(0).random((N, height, width, channels), np.float32) + 1


def test_an_alternating_mirror_shows_each_image_from_both_sides_in_any_two_epochs():
    batch, rows = pictures(), np.arange(N)
    epochs = [augment(batch, augmentation_seeds(rows, 7, epoch), mirror="alternating").numpy() for epoch in range(4)]
    turned = [(epoch == batch[:, :, ::-1]).all((1, 2, 3)) for epoch in epochs]
    assert all(((epoch == batch).all((1, 2, 3)) == ~mirrored).all() for epoch, mirrored in zip(epochs, turned))
    assert N / 4 < turned[0].sum() < 3 * N / 4  # the first side is drawn
    for before, after in itertools.pairwise(turned):
        np.testing.assert_array_equal(before, ~after)


def test_mirror_and_shift_move_whole_pixels():
    batch = pictures()
    mirrored = augment(batch, SEEDS, mirror=True).numpy()
    same = (mirrored == batch).all((1, 2, 3))
    assert ((mirrored == batch[:, :, ::-1]).all((1, 2, 3)) == ~same).all() and N / 4 < same.sum() < 3 * N / 4
    shifted = augment(batch, SEEDS, shift=2).numpy()
    padded = np.pad(batch, ((0, 0), (2, 2), (2, 2), (0, 0)))
    found = set()
    for one, wide in zip(shifted, padded, strict=True):
        places = [(y, x) for y in range(5) for x in range(5) if (wide[y : y + 8, x : x + 9] == one).all()]
        assert len(places) == 1
        found.update(places)
    assert len(found) > 15
    np.testing.assert_array_equal(augment(batch, SEEDS), batch)


def expected(batch, move):
    """Each picture read at `move(points, i)` for points x + iy about the centre, outside of it 0."""
    height, width = batch.shape[1:3]
    y, x = np.mgrid[:height, :width]
    centre = complex((width - 1) / 2, (height - 1) / 2)
    made = np.empty_like(batch)
    for i, picture in enumerate(batch):
        points = move(x + 1j * y - centre, i) + centre
        for c in range(picture.shape[-1]):
            made[i, ..., c] = map_coordinates(
                picture[..., c], [points.imag, points.real], order=1, mode="grid-constant"
            )
    return made


@pytest.mark.parametrize(("height", "width"), [(8, 9), (12, 5)])
def test_rotation_scale_and_shear_against_scipy(height, width):
    batch = pictures(height, width)
    turn, zoom, slant = (around(SEEDS, name, 1).numpy() for name in ("rotation", "scale", "shear"))
    angle = np.radians(30 * turn)
    cases = {
        "rotation": lambda p, i: p * np.exp(1j * angle[i]),
        "scale": lambda p, i: p * 1.5 ** zoom[i],
        "shear": lambda p, i: p + np.tan(np.radians(30 * slant[i])) * p.imag,
    }
    for (name, move), value in zip(cases.items(), (30, 0.5, 30), strict=True):
        ours = augment(batch, SEEDS, **{name: value}).numpy()
        np.testing.assert_allclose(ours, expected(batch, move), atol=2e-4)
        assert np.abs(ours - batch).max() > 0.1
    together = augment(batch, SEEDS, rotation=30, scale=0.5, shear=30).numpy()
    ours = expected(batch, lambda p, i: cases["rotation"](cases["scale"](cases["shear"](p, i), i), i))
    np.testing.assert_allclose(together, ours, atol=2e-4)


def test_a_crop_is_a_part_of_the_picture_enlarged():
    """On a ramp from left to right the values at the edges say what was cut out."""
    side = 33
    seeds = np.stack([np.arange(500), np.zeros(500)], 1)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    ramps = np.broadcast_to(np.stack([y, x], -1) + 100, (500, side, side, 2))
    made = augment(ramps, seeds, crop=0.25).numpy() - 100
    assert made.min() >= -0.51 * 100 and (made > -0.01).mean() > 0.99  # the outermost half pixel is all that is new
    inner = made[:, 1:-1, 1:-1]
    sides = np.stack([inner[:, -1, 0, 0] - inner[:, 0, 0, 0], inner[:, 0, -1, 1] - inner[:, 0, 0, 1]], 1) / (side - 3)
    area, ratio = sides.prod(1), sides[:, 0] / sides[:, 1]
    assert area.min() > 0.2 and area.max() <= 1.001 and sides.max() <= 1.001
    assert abs(area.mean() - 0.62) < 0.04 and ratio.min() > 0.74 and ratio.max() < 1.35
    middles = inner.mean((1, 2))
    assert middles[:, 0].std() > 1 and middles[:, 1].std() > 1 and abs(np.corrcoef(middles.T)[0, 1]) < 0.15


def test_erase_sets_a_rectangle_to_the_mean():
    batch = np.ones((500, 20, 30, 1), np.float32)
    seeds = np.stack([np.arange(500), np.zeros(500)], 1)
    erased = augment(batch, seeds, erase=0.3).numpy()[..., 0] == 0
    for one in erased:
        rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
        if len(rows):
            assert one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    shares = erased.mean((1, 2))
    assert shares.max() < 0.33 and abs(shares.mean() - 0.15) < 0.02
    assert erased.any(0).mean() > 0.97


@pytest.mark.parametrize(
    "setting",
    [{"shift": -1}, {"rotation": 181}, {"scale": -0.1}, {"shear": 85}, {"crop": 0}, {"crop": 1.1}, {"erase": 1}],
)
def test_wrong_settings_are_named(setting):
    ((name, value),) = setting.items()
    with pytest.raises(ValueError, match=f"{name} must be .* Received: {name}={value}"):
        augment(pictures(), SEEDS, **setting)
