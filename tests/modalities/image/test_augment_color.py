"""Colours against Pillow and the standard library's YIQ."""

import colorsys

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from multicnn.modalities.image.augment_color import augment
from multicnn.modalities.randomness import around

N = 32
SEEDS = np.stack([np.arange(N), np.full(N, 3)], 1)
# Not near 0 or 255, so that clipping hides nothing.
BATCH = np.random.default_rng(0).integers(80, 150, (N, 7, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "enhance"),
    [("brightness", ImageEnhance.Brightness), ("contrast", ImageEnhance.Contrast), ("saturation", ImageEnhance.Color)],
)
def test_as_pillow(name, enhance):
    ours = augment(BATCH, SEEDS, **{name: 0.5}).numpy()
    for one, made, factor in zip(BATCH, ours, 1 + 0.5 * around(SEEDS, name, 1).numpy(), strict=True):
        np.testing.assert_allclose(made, np.asarray(enhance(Image.fromarray(one)).enhance(factor)), atol=1.5)
    assert np.abs(ours - BATCH).max() > 10


def test_hue_turns_the_chroma_and_keeps_the_luma():
    ours = augment(BATCH, SEEDS, hue=60).numpy()
    for i, turn in enumerate(np.radians(60 * around(SEEDS, "hue", 1).numpy())):
        for pixel, made in zip(BATCH[i, 0], ours[i, 0], strict=True):
            y, a, b = colorsys.rgb_to_yiq(*(pixel / 255))
            u, v, w = colorsys.rgb_to_yiq(*(made / 255))
            assert u == pytest.approx(y, abs=0.01)
            # Either modality of turning is as good: draws are symmetrical.
            turned = complex(a, b) * np.exp(1j * turn)
            assert complex(v, w) == pytest.approx(turned, abs=0.01)


def test_all_at_once_is_one_after_the_other():
    settings = {"saturation": 0.3, "hue": 20, "brightness": 0.2, "contrast": 0.3}
    step = BATCH
    for name, value in settings.items():
        step = augment(step, SEEDS, **{name: value})
    np.testing.assert_allclose(augment(BATCH, SEEDS, **settings), step, atol=0.01)


def test_grey_pictures_and_clipping():
    grey = BATCH[..., :1]
    made = augment(grey, SEEDS, brightness=1, contrast=0.9).numpy()
    assert made.shape == grey.shape and made.min() >= 0 and made.max() == 255 and made.dtype == np.float32
    np.testing.assert_array_equal(augment(grey, SEEDS), grey)
    with pytest.raises(ValueError, match=r"need 3 channels\. Received: saturation=0, hue=10"):
        augment(grey, SEEDS, saturation=0, hue=10)


@pytest.mark.parametrize("setting", [{"brightness": -0.1}, {"contrast": 1.5}, {"saturation": 2}, {"hue": 200}])
def test_wrong_settings_are_named(setting):
    ((name, value),) = setting.items()
    with pytest.raises(ValueError, match=f"{name} must be .* Received: {name}={value}"):
        augment(BATCH, SEEDS, **setting)
