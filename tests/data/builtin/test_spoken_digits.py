import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest
import soundfile

from multicnn.data.builtin import spoken_digits

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TOOL = Path(__file__).parents[3] / "tools" / "make_spoken_digits.py"


@pytest.fixture(scope="module")
def table(embedded):
    return embedded("spoken_digits").table


@pytest.fixture(scope="module")
def clips(table):
    return [soundfile.read(path) for path in table["source"]]


@pytest.fixture(scope="module")
def spectra(clips):
    """Power in dB in 40 equal bands of 8 x 25 ms windows spread over each clip: (clips, 320)."""
    out = []
    for wave, _ in clips:
        starts = np.linspace(0, len(wave) - 400, 8).astype(int)
        windows = np.stack([wave[start : start + 400] for start in starts]) * np.hanning(400)
        power = np.abs(np.fft.rfft(windows))[:, :200] ** 2
        out.append(10 * np.log10(power.reshape(8, 40, 5).mean(axis=2) + 1e-6).ravel())
    return np.stack(out)


def test_every_voice_speaks_every_digit_once(table):
    assert len(table) == 660
    assert set(table["label"]) == set(DIGITS)
    assert (table.groupby("group")["label"].agg(["size", "nunique"]) == 10).all(axis=None)
    assert table["group"].nunique() == 66
    names = table["label"] + "_" + table["group"] + ".ogg"
    assert table["id"].tolist() == names.tolist()


def test_no_voice_is_in_two_splits(table):
    assert (table.groupby("group")["split"].nunique() == 1).all()
    voices = table.groupby("split")["group"].nunique()
    assert voices["train"] >= 40 and voices["val"] >= 8 and voices["test"] >= 12


def test_folder_holds_what_the_metadata_names_and_is_small(table):
    files = {path.name: path.stat().st_size for path in spoken_digits.FOLDER.iterdir()}
    assert set(files) == {*table["id"], "metadata.csv", "README.md"}
    assert sum(files.values()) < 2_000_000


def test_note_says_synthetic_and_names_synthesizers_and_licences(table):
    text = (spoken_digits.FOLDER / "README.md").read_text()
    for word in ("synthetic", "espeak-ng", "flite", "festival", "GPL-3.0-or-later", "licences", *set(table["group"])):
        assert word in text


def test_clips_are_mono_audible_unclipped_and_short(table, clips):
    for name, (wave, rate) in zip(table["id"], clips, strict=True):
        assert rate == 16000 and wave.ndim == 1, name
        assert 0.2 <= len(wave) / rate <= 1.2, name
        assert 0.3 < np.abs(wave).max() < 0.9, name
        assert 20 * np.log10(np.sqrt(np.square(wave).mean())) > -30, name


def test_voices_differ(table, spectra):
    # A synthesizer that does not know a voice may speak with its usual one and say nothing.
    mean = np.stack([spectra[table["group"] == voice].mean(axis=0) for voice in sorted(set(table["group"]))])
    distance = np.sqrt(np.square(mean[:, None] - mean[None]).mean(axis=2))
    assert distance[~np.eye(len(mean), dtype=bool)].min() > 2  # dB; one voice at other pitches and speeds: 1.1 to 1.6


def test_digits_can_be_told_apart_in_voices_never_heard(table, spectra):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = table["split"] == "train", table["split"] == "test"
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=200))
    model.fit(spectra[train], table["label"][train])
    assert model.score(spectra[test], table["label"][test]) > 0.7  # chance: 0.1


@pytest.fixture(scope="module")
def tool():
    if not TOOL.exists():
        pytest.skip("the tools are not beside the tests")
    spec = importlib.util.spec_from_file_location("make_spoken_digits", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tool_names_the_voices_of_the_folder(tool):
    with open(spoken_digits.FOLDER / "metadata.csv", newline="") as file:
        made = {(row["group"], row["split"]) for row in csv.DictReader(file)}
    assert {(voice.name, voice.split) for voice in tool.voices()} == made


def test_tool_page_checksums_are_those_of_the_encoder(tool, tmp_path):
    path = tmp_path / "tone.ogg"
    soundfile.write(path, np.sin(np.arange(8000) * 0.2) * 0.5, 16000, format="OGG", subtype="OPUS")
    data = path.read_bytes()
    assert tool.with_serial(data, int.from_bytes(data[14:18], "little")) == data
    path.write_bytes(tool.with_serial(data, 7))
    assert int.from_bytes(path.read_bytes()[14:18], "little") == 7
    assert len(soundfile.read(path)[0]) == 8000


def test_tool_trims_silence_and_keeps_a_margin(tool):
    tone = 0.5 * np.sin(np.arange(4800) * 0.3)
    wave = np.concatenate([np.zeros(3200), tone, np.zeros(1600)])
    assert len(tool.trim(wave)) == len(tone) + 2 * 320
