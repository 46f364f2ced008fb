"""Changes of examples by degrees, each against its definition; and the balls that attacks may not leave."""

import io

import numpy as np
import pytest
import scipy.signal
from PIL import Image

import multicnn
from multicnn.modalities.audio import perturbations as of_audio
from multicnn.modalities.image import perturbations as of_images
from multicnn.modalities.text import perturbations as of_texts

RNG = np.random.default_rng


def corner(size=21):
    pixels = np.zeros((size, size, 1), np.uint8)
    pixels[4, 10] = 255  # above the middle
    return pixels


def test_an_image_is_turned_moved_and_enlarged_about_its_middle():
    for seed in range(3):
        turned = of_images.rotated(corner(), 90, RNG(seed))
        assert {tuple(np.argwhere(turned[..., 0] > 200)[0])} <= {(10, 4), (10, 16)}
        moved = of_images.shifted(corner(), 0.1, RNG(seed))
        assert tuple(np.argwhere(moved[..., 0] > 200)[0]) in {(2, 8), (2, 12), (6, 8), (6, 12)}
    larger = of_images.scaled(corner(), 1.5, RNG(0))
    assert tuple(np.unravel_index(larger[..., 0].argmax(), (21, 21))) == (1, 10)
    half = of_images.scaled(corner(), 0.5, RNG(0))
    assert tuple(np.unravel_index(half[..., 0].argmax(), (21, 21))) == (7, 10)
    plain = RNG(0).integers(0, 256, (8, 10, 3)).astype(np.uint8)
    for change, nothing in (
        (of_images.rotated, 0),
        (of_images.shifted, 0),
        (of_images.scaled, 1),
        (of_images.contrasted, 1),
    ):
        np.testing.assert_array_equal(change(plain, nothing, RNG(0)), plain)


def test_contrast_blur_jpeg_and_tiles():
    pixels = RNG(0).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    assert of_images.contrasted(pixels, 0.5, RNG(0)).std() == pytest.approx(pixels.std() / 2, rel=0.02)
    blurred = of_images.blurred(corner().astype(np.uint8), 2, RNG(0)).astype(float)
    assert blurred.max() == pytest.approx(255 / (2 * np.pi * 4), abs=2)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=20)
    np.testing.assert_allclose(of_images.compressed(pixels, 20, RNG(0)), np.array(Image.open(file)), atol=2)
    for count in (2, 3, 4):
        shuffled = of_images.shuffled_tiles(pixels, count, RNG(0))
        assert (shuffled != pixels).any()
        np.testing.assert_array_equal(np.sort(shuffled, axis=None), np.sort(pixels, axis=None))
    whole = pixels.reshape(2, 6, 2, 6, 3).swapaxes(1, 2).reshape(4, -1)
    mixed = of_images.shuffled_tiles(pixels, 2, RNG(1)).reshape(2, 6, 2, 6, 3).swapaxes(1, 2).reshape(4, -1)
    assert {tuple(tile) for tile in mixed} == {tuple(tile) for tile in whole}


def test_noise_has_its_power_and_colour():
    waveform = np.sin(np.arange(80_000) / 9).astype(np.float32)
    for change, slope in ((of_audio.with_white_noise, 0), (of_audio.with_pink_noise, -1)):
        noise = change(waveform, 20, RNG(0)) - waveform
        assert 10 * np.log10((waveform**2).mean() / (noise**2).mean()) == pytest.approx(20, abs=1e-3)
        frequency, power = scipy.signal.welch(noise, nperseg=1024)
        fit = np.polyfit(np.log(frequency[5:400]), np.log(power[5:400]), 1)
        assert fit[0] == pytest.approx(slope, abs=0.1)


def test_speed_clipping_and_dropped_samples():
    audio = multicnn.AudioPreprocess(sample_rate=8000, seconds=1.0)
    tone = (0.5 * np.sin(2 * np.pi * 500 * np.arange(8000) / 8000)).astype(np.float32)
    (speed,) = [sweep for sweep in audio.perturbations.sweeps if sweep.name == "speed"]
    faster = speed.change(tone, 1.25, RNG(0))
    assert len(faster) == pytest.approx(6400, abs=2)
    assert np.abs(np.fft.rfft(faster[:6400])).argmax() * 8000 / 6400 == pytest.approx(625, abs=2)
    assert np.abs(of_audio.clipped(tone, 6, RNG(0))).max() == pytest.approx(0.5 * 10 ** (-6 / 20), rel=1e-4)
    dropped = of_audio.with_dropped_samples(tone + 1, 0.2, RNG(0))
    assert (dropped == 0).mean() == pytest.approx(0.2, abs=0.02)


def test_words_change_as_many_as_are_asked_for():
    text = "one  two three, four five six seven\n"
    for count in (1, 2, 4):
        assert sum(a != b for a, b in zip(text.split(), of_texts.with_typos(text, count, RNG(1)).split())) in range(
            1, count + 1
        )
        preprocess = multicnn.TextPreprocess(length=9, vocabulary=("one", "two"))
        (unknown,) = [sweep for sweep in preprocess.perturbations.sweeps if sweep.name == "unknown words"]
        changed = unknown.change(text, count, RNG(0)).split()
        assert sum(a != b for a, b in zip(text.split(), changed, strict=True)) == count
    swapped = of_texts.with_swapped_words(text, 1, RNG(0))
    assert (
        sorted(swapped.split()) == sorted(text.split())
        and sum(a != b for a, b in zip(text.split(), swapped.split())) == 2
    )
    assert of_texts.with_typos(text, 0, RNG(0)) == text and swapped.endswith("\n") and "  " in swapped


def test_rounded_changes_of_waveforms_stay_inside_the_ball():
    clips = [
        (RNG(0).normal(size=n) * loud).clip(-1, 1).astype(np.float32) for n, loud in ((50, 0.3), (80, 1e-4), (80, 0.0))
    ]
    space = of_audio.WaveformSpace(clips, 80)
    for level in (10, 30):
        radii = space.radii(level)
        changed = space.raws(space.start(radii, RNG(1)), radii)
        assert [len(clip) for clip in changed] == [50, 80, 80]  # nothing behind the end of a file
        for clip, points, radius in zip(changed, space.points, radii[:, 0]):
            samples = clip * 32768
            np.testing.assert_array_equal(samples, np.rint(samples))
            assert np.linalg.norm(samples - points[: len(clip)]) <= radius * (1 + 1e-6)
