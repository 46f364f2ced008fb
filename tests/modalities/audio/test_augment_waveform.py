"""Speed, pitch, level and noise on sounds whose answer is known."""

import numpy as np
import pytest
import soundfile

from multicnn.modalities.audio.augment_waveform import _sum_before, augment, noise_of
from multicnn.modalities.randomness import around, uniform

RATE, N = 8000, 16
SEEDS = np.stack([np.arange(N), np.full(N, 3)], 1)
TIME = np.arange(RATE) / RATE


def tones(hertz=440.0, seconds=1.0):
    tone = 0.5 * np.sin(2 * np.pi * hertz * TIME) * (TIME < seconds)
    return np.tile(tone.astype(np.float32), (N, 1))


def frequencies(batch):
    spectra = np.abs(np.fft.rfft(batch * np.hanning(batch.shape[1]), 8 * batch.shape[1]))
    return spectra.argmax(1) * RATE / (8 * batch.shape[1])


@pytest.mark.parametrize("hertz", [300.0, 1500.0])
def test_speed_is_the_sound_read_faster(hertz):
    batch = tones(hertz) * np.hanning(RATE).astype(np.float32)  # no click at the ends
    made = augment(batch, SEEDS, RATE, speed=0.2).numpy()
    factors = 1.2 ** around(SEEDS, "speed", 1).numpy()
    assert factors.min() < 0.9 and factors.max() > 1.1
    places = TIME * factors[:, None]
    level = np.interp(places, TIME, np.hanning(RATE), right=0.0)
    np.testing.assert_allclose(made, 0.5 * np.sin(2 * np.pi * hertz * places) * level, atol=5e-3)


def test_speed_folds_nothing_down():
    batch = tones(3600.0) * np.hanning(RATE).astype(np.float32)
    made = augment(batch, SEEDS, RATE, speed=0.3).numpy()
    reached = 3600 * 1.3 ** around(SEEDS, "speed", 1).numpy()
    assert (reached > 4020).any() and np.abs(made[reached > 4020]).max() < 1e-3
    assert np.abs(made[reached < 3980]).max(1).min() > 0.4


@pytest.mark.parametrize("steps", [1, 2, 31, 32, 33, 67, 300])
def test_the_phase_runs_on_through_a_sound_of_any_length(steps):
    turns = np.random.default_rng(0).uniform(-np.pi, np.pi, (3, steps, 5))
    found = _sum_before(turns.astype(np.float32)).numpy()
    np.testing.assert_allclose(found, turns.cumsum(axis=1) - turns, atol=1e-4)


def test_pitch_moves_the_frequency_and_not_the_length():
    made = augment(tones(440.0, seconds=0.6), SEEDS, RATE, pitch=4).numpy()
    semitones = 12 * np.log2(frequencies(made) / 440)
    np.testing.assert_allclose(semitones, 4 * around(SEEDS, "pitch", 1).numpy(), atol=0.15)
    levels = np.sqrt((made.reshape(N, 20, -1) ** 2).mean(2))
    assert (levels[:, 2:10] > 0.25).all() and (levels[:, 2:10] < 0.45).all()  # .354 was there
    assert (levels[:, 14:] < 0.02).all()


def test_gain():
    made = augment(tones(), SEEDS, RATE, gain_db=12).numpy()
    factors = 10 ** (12 * around(SEEDS, "gain", 1).numpy() / 20)
    np.testing.assert_allclose(made, tones() * factors[:, None], rtol=1e-5)


@pytest.mark.parametrize("kind", ["white", "pink"])
def test_noise_has_the_drawn_ratio_and_colour(kind):
    batch = tones(seconds=0.5)
    made = augment(batch, SEEDS, RATE, noise=kind, snr_db=(0.0, 20.0)).numpy()
    noise = made - batch
    ratio = 10 * np.log10((batch[:, : RATE // 2] ** 2).mean(1) / (noise**2).mean(1))
    np.testing.assert_allclose(ratio, 20 * uniform(SEEDS, 1, "snr").numpy()[:, 0], atol=0.05)
    assert abs(np.corrcoef(noise)[0, 1]) < 0.2
    power = (np.abs(np.fft.rfft(noise)) ** 2 / (noise**2).mean(1, keepdims=True)).mean(0)
    low, high = power[100:200].mean(), power[1000:2000].mean()
    assert low / high == pytest.approx({"white": 1, "pink": 10}[kind], rel=0.35)


def test_noise_from_a_folder(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "licence.txt").write_text("free")
    soundfile.write(tmp_path / "inside" / "hum.wav", 0.1 * np.sin(2 * np.pi * 100 * np.arange(4000) / 4000), 4000)
    made = augment(tones(), SEEDS, RATE, noise=str(tmp_path), snr_db=(10.0, 10.0)).numpy()
    np.testing.assert_allclose(frequencies(made - tones()), 100, atol=1)
    for folder in (tmp_path / "nowhere", tmp_path / "inside" / "hum.wav"):
        with pytest.raises(ValueError, match="noise must be 'white', 'pink' or a folder"):
            augment(tones(), SEEDS, RATE, noise=str(folder))
    (tmp_path / "inside" / "hum.wav").unlink()
    noise_of.cache_clear()
    with pytest.raises(ValueError, match="noise must hold audio clips that can be read"):
        augment(tones(), SEEDS, RATE, noise=str(tmp_path))


def test_silence_stays_silent():
    silent = np.zeros((N, 1000), np.float32)
    made = augment(silent, SEEDS, RATE, speed=0.1, pitch=1, gain_db=6, noise="white").numpy()
    np.testing.assert_array_equal(made, silent)


@pytest.mark.parametrize(
    "setting", [{"speed": -0.1}, {"pitch": 13}, {"gain_db": 61}, {"snr_db": (3, 1)}, {"snr_db": (3,)}]
)
def test_wrong_settings_are_named(setting):
    ((name, _),) = setting.items()
    with pytest.raises(ValueError, match=f"{name} must be .* Received: {name}="):
        augment(tones(), SEEDS, RATE, **setting)
