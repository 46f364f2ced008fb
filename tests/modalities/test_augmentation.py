"""What holds for every random change of every modality: the self-test of augmentation."""

import numpy as np
import pytest
import tensorflow as tf

from multicnn.data.pipeline import augmentation_seeds
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.audio.waveform_preprocess import WaveformPreprocess
from multicnn.modalities.augmentation import augmentation, settings_of
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess

N = 24
RNG = np.random.default_rng(0)
IMAGE = ImagePreprocess(size=(12, 10), channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.2))
AUDIO = AudioPreprocess(sample_rate=8000, seconds=0.3, n_fft=256, hop_length=80, mean=-40.0, std=15.0)
WORDS = TextPreprocess(length=20, vocabulary=tuple(f"w{i}" for i in range(50)))
CHARACTERS = TextPreprocess(length=20, level="characters", vocabulary=tuple(map(chr, range(97, 123))))
NEAREST = np.random.default_rng(2).integers(2, 28, (28, 4)).astype(np.int32)
NEAREST[0] = 0
SETTINGS = {
    "image": {
        "mirror": True, "shift": 2, "rotation": 15, "scale": 0.2, "shear": 10, "crop": 0.5, "erase": 0.3, "elastic": 1,
        "flip": True, "brightness": 0.3, "contrast": 0.3, "saturation": 0.3, "hue": 30,
    },
    "audio": {
        "speed": 0.1, "pitch": 2, "gain_db": 6, "noise": "pink", "frequency_warp": 0.1, "equalizer": 0.5, "time_shift": 4,
        "time_mask": 8, "frequency_mask": 6,
    },
    "text": {"neighbours": 0.3, "word_dropout": 0.2, "shuffle": 3, "typos": 0.2},
}  # fmt: skip
CASES = [(modality, {name: value}) for modality, named in SETTINGS.items() for name, value in named.items()]
CASES += list(SETTINGS.items())


def preprocess_of(modality, settings):
    return {"image": IMAGE, "audio": AUDIO, "text": CHARACTERS if "typos" in settings else WORDS}[modality]


def raws_of(modality):
    """Examples that differ, as `example` takes them."""
    if modality == "image":
        return list(RNG.integers(0, 256, (N, 12, 10, 3), dtype=np.uint8))
    if modality == "audio":
        # Sweeps, that no shift or speed leaves as they were, with noise: in silence rounding would be all there is.
        time, noise = np.arange(2400) / 8000, 0.01 * RNG.standard_normal((N, 2400))
        sweeps = [np.sin(2 * np.pi * (300 + 50 * i + 2000 * time) * time) / 2 for i in range(N)]
        return list((np.array(sweeps) + noise).astype(np.float32))
    return ["".join(chr(97 + (i + j) % 26) for j in range(15)) for i in range(N)]


def stored_of(made, modality):
    if modality == "text" and made.stored is WORDS:
        return RNG.integers(2, 50, (N, 20)).astype(np.int32)
    return np.stack([made.stored.example(raw) for raw in raws_of(modality)])


def apply(made, stored, seeds):
    batch = stored if made.before is None else made.before(stored, seeds)
    batch = made.stored.finish(batch)
    return batch if made.after is None else made.after(batch, seeds)


@pytest.fixture(
    scope="module", params=CASES, ids=lambda case: "+".join(case[1]) if len(case[1]) < 2 else f"all {case[0]}"
)
def case(request):
    modality, settings = request.param
    made = augmentation(preprocess_of(modality, settings), settings, {"nearest": NEAREST})
    made.check()
    return made, stored_of(made, modality), settings


def test_every_setting_is_in_the_table():
    for modality, named in SETTINGS.items():
        assert {*named, *(["snr_db"] if modality == "audio" else [])} == set(settings_of(preprocess_of(modality, {})))


def test_draws_differ_inside_a_batch_and_between_epochs(case):
    made, stored, settings = case
    same = np.repeat(stored[:1], N, axis=0)
    rows = np.arange(N)
    drawn = [apply(made, same, augmentation_seeds(rows, 0, epoch)).numpy() for epoch in range(3)]
    plain = made.stored.finish(stored[:1]).numpy()[0]
    for epoch in drawn:
        assert len({one.tobytes() for one in epoch}) > (1 if settings in ({"mirror": True}, {"flip": True}) else 4)
        assert sum((one != plain).any() for one in epoch) >= N / 4
    assert not np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[1], drawn[2])


def test_the_seed_decides_and_the_neighbours_do_not(case):
    """So no example changes because of another, and its label stays true; and any process makes the same."""
    made, stored, _ = case
    seeds = augmentation_seeds(np.arange(N), 1, 2)
    whole = apply(made, stored, seeds).numpy()
    assert whole.shape[1:] == made.stored.finish(stored[:1]).shape[1:]
    backwards = apply(made, stored[::-1], seeds[::-1]).numpy()[::-1]
    np.testing.assert_allclose(backwards, whole, atol=2e-4)
    np.testing.assert_allclose(apply(made, stored[3:5], seeds[3:5]), whole[3:5], atol=2e-4)
    assert not np.array_equal(apply(made, stored, augmentation_seeds(np.arange(N), 3, 2)), whole)


@pytest.mark.parametrize("modality", SETTINGS)
def test_the_pipeline_makes_the_same(modality):
    settings = SETTINGS[modality]
    made = augmentation(preprocess_of(modality, settings), settings, {"nearest": NEAREST})
    stored, seeds = stored_of(made, modality), augmentation_seeds(np.arange(N), 1, 2)
    data = tf.data.Dataset.from_tensor_slices((stored, seeds)).batch(7).map(lambda b, s: apply(made, b, s))
    assert data.element_spec.shape[1:] == made.stored.finish(stored).shape[1:]
    first, again = (np.concatenate(list(data.as_numpy_iterator())) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, apply(made, stored, seeds), atol=2e-4)


def test_what_one_setting_draws_does_not_depend_on_the_others():
    stored = np.stack(raws_of("image"))
    seeds = augmentation_seeds(np.arange(N), 0, 0)
    alone = augmentation(IMAGE, {"shift": 3}).after(stored.astype(np.float32), seeds).numpy()
    both = augmentation(IMAGE, {"shift": 3, "erase": 0.2}).after(stored.astype(np.float32), seeds).numpy()
    kept = both != 0
    np.testing.assert_array_equal(both[kept], alone[kept])
    assert kept.mean() > 0.6


def test_waveforms_are_stored_only_where_something_changes_them():
    for settings, view in (({"speed": 0.1}, True), ({"noise": "white"}, True), ({"time_mask": 3}, False), ({}, False)):
        made = augmentation(AUDIO, settings)
        assert isinstance(made.stored, WaveformPreprocess) == view
        assert (made.before is not None) == view
        assert made.stored.fitted
    made = augmentation(IMAGE, {"hue": 10})
    assert made.stored is IMAGE and made.after is None


@pytest.mark.parametrize(
    ("preprocess", "settings", "message"),
    [
        (IMAGE, {"wobble": 3}, r"`augment` of image takes \['brightness'.*'erase'\]. Received: augment.wobble=3"),
        (AUDIO, {"sample_rate": 3}, "Received: augment.sample_rate=3"),
        (IMAGE, {"shift": 2.5}, r"augment.shift: Input should be a valid integer.*Received: augment.shift=2.5"),
        (
            IMAGE,
            {"rotation": "10deg"},
            "augment.rotation: Input should be a valid number.*Received: augment.rotation='10deg'",
        ),
        (IMAGE, {"mirror": 3}, "augment.mirror: Input should be a valid boolean.*Received: augment.mirror=3"),
        (AUDIO, {"noise": 0.01}, "augment.noise: Input should be a valid string.*Received: augment.noise=0.01"),
        (AUDIO, {"snr_db": 10}, "augment.snr_db: Input should be a valid tuple.*Received: augment.snr_db=10"),
        (
            AUDIO,
            {"time_mask": 0.5},
            "augment.time_mask: Input should be a valid integer.*Received: augment.time_mask=0.5",
        ),
        (
            WORDS,
            {"word_dropout": "a"},
            "augment.word_dropout: Input should be a valid number.*Received: augment.word_dropout='a'",
        ),
        (WORDS, {"level": "characters"}, "Received: augment.level="),
    ],
)
def test_unknown_settings_are_named(preprocess, settings, message):
    with pytest.raises(ValueError, match=message):
        augmentation(preprocess, settings)


def test_a_wrong_value_is_told_before_anything_is_read():
    for preprocess, settings in (
        (IMAGE, {"shift": -1}),
        (IMAGE, {"shift": 1_000_000}),
        (IMAGE, {"erase": 5}),
        (AUDIO, {"speed": 5}),
        (AUDIO, {"time_mask": 99}),
        (WORDS, {"typos": 0.1}),
    ):
        with pytest.raises(ValueError, match=rf"Received: (augment\.)?{next(iter(settings))}="):
            augmentation(preprocess, settings).check()
