"""The doctor on copies of good data in which everything that it looks for was planted."""

import io
import tarfile

import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

from multicnn import data
from multicnn.recipe import DataSource

RNG = np.random.default_rng(0)


def examined(source):
    """The examination, its findings by name, and the ids of a finding's groups."""
    made = data.examine(source)
    named = {finding.name: finding for finding in made.findings}
    ids = made.manifest.table["id"]

    def groups(name):
        return (
            {tuple(ids[row].split("/")[-1] for row in group) for group in named[name].groups}
            if name in named
            else set()
        )

    return made, named, groups


def photo(seed, size=(48, 36)):
    """Smooth colours with an edge or two, as in photographs."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


def plant_pictures(root, pictures):
    """Saves good pictures as root/{train,test}/{a,b}/*.png, and bad ones among them."""
    for i, picture in enumerate(pictures):
        folder = root / ("train" if i % 4 else "test") / "ab"[i // 4 % 2]
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{i:03}.png")
    first, second = pictures[1], pictures[2]  # both in train/a
    first.save(root / "test" / "a" / "leak.png")
    second.save(root / "train" / "b" / "contradiction.png")
    larger = first.resize((first.width * 2, first.height * 2), Image.Resampling.BICUBIC)
    larger.save(root / "test" / "a" / "resized.jpg", quality=70)
    Image.new("RGB", (40, 40), "teal").save(root / "train" / "a" / "blank.png")
    photo(999, (200, 20)).save(root / "train" / "b" / "narrow.png")
    (root / "train" / "a" / "empty.png").touch()
    (root / "train" / "b" / "sound.png").write_bytes(wav(np.ones(100)))
    return root


def wav(waveform, rate=8000):
    file = io.BytesIO()
    soundfile.write(file, waveform, rate, format="WAV")
    return file.getvalue()


def check_pictures(root):
    made, named, groups = examined(str(root))
    assert not made.clean
    assert groups("exact duplicates") == {("leak.png", "001.png"), ("002.png", "contradiction.png")}
    assert groups("leaks of exact duplicates") == {("leak.png", "001.png")}
    assert groups("contradictions among exact duplicates") == {("002.png", "contradiction.png")}
    assert groups("near duplicates") == groups("leaks of near duplicates") == {("leak.png", "resized.jpg", "001.png")}
    assert "contradictions among near duplicates" not in named
    assert groups("blank images") == {("blank.png",)}
    assert groups("narrow images") == {("narrow.png",)}
    assert groups("bad examples") == {("empty.png",), ("sound.png",)}
    assert "audio" in named["bad examples"].message and "RGB" in named["modes"].message
    decisions = [finding.decision for finding in made.findings]
    assert decisions == sorted(decisions, reverse=True)


def test_planted_pictures(tmp_path):
    check_pictures(plant_pictures(tmp_path, [photo(i) for i in range(80)]))


def test_planted_in_real_photographs(tmp_path, shared_data):
    with tarfile.open(shared_data / "cifar10-jpeg.tar.gz") as tar:
        files = (tar.extractfile(member) for member in tar if member.isfile())
        pictures = [
            Image.open(io.BytesIO(file.read())).convert("RGB") for file, _ in zip(files, range(400), strict=False)
        ]
    check_pictures(plant_pictures(tmp_path, pictures))


def voice(seed, samples=6000):
    """A glide with harmonics and a syllable's level, different for each seed."""
    rng = np.random.default_rng(seed)
    time = np.arange(samples) / 8000
    pitch = np.cumsum(np.interp(time, np.linspace(0, time[-1], 5), rng.uniform(90, 300, 5))) / 8000
    level = np.interp(time, np.linspace(0, time[-1], 7), [0, *rng.uniform(0.2, 1, 5), 0])
    harmonics = sum(rng.uniform(0, 1) * np.sin(2 * np.pi * k * pitch) for k in range(1, 9))
    return (0.1 * level * harmonics + 1e-4 * rng.standard_normal(samples)).astype(np.float32)


def plant_sounds(root, sounds):
    for i, waveform in enumerate(sounds):
        folder = root / ("train" if i % 4 else "test") / "ab"[i // 4 % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i:03}.wav").write_bytes(wav(waveform))
    first, second = sounds[1], sounds[2]
    (root / "test" / "a" / "leak.wav").write_bytes(wav(first))
    (root / "train" / "b" / "contradiction.wav").write_bytes(wav(second))
    soundfile.write(root / "test" / "a" / "quieter.flac", 0.3 * np.r_[np.zeros(801), first, np.zeros(555)], 8000)
    soundfile.write(root / "train" / "b" / "packed.ogg", sounds[3], 8000)
    (root / "train" / "a" / "silent.wav").write_bytes(wav(np.full(4000, 1e-4)))
    loud = np.clip(30 * sounds[5], -1, 1 - 2**-15)
    soundfile.write(root / "train" / "a" / "clipped.wav", np.stack([loud, loud], 1), 16000)
    (root / "train" / "a" / "click.wav").write_bytes(wav(0.5 * RNG.standard_normal(80).clip(-1, 1)))
    (root / "train" / "b" / "cut.wav").write_bytes(wav(first)[:400])
    return root


def check_sounds(root):
    made, named, groups = examined(str(root))
    assert groups("leaks of exact duplicates") == {("leak.wav", "001.wav")}
    assert groups("contradictions among exact duplicates") == {("002.wav", "contradiction.wav")}
    leak, packed = ("leak.wav", "quieter.flac", "001.wav"), ("003.wav", "packed.ogg")
    assert groups("near duplicates") == {leak, packed}
    # An ogg has random bytes, by which it may become a validation example.
    split = {row.id.split("/")[-1]: row.split for row in made.manifest.table.itertuples()}
    assert groups("leaks of near duplicates") == {leak} | (
        {packed} if split["003.wav"] != split["packed.ogg"] else set()
    )
    assert groups("contradictions among near duplicates") == {packed}
    assert groups("silent audio") == {("silent.wav",)}
    assert groups("clipped audio") == {("clipped.wav",)}
    assert groups("short audio") == {("click.wav",)}
    assert groups("bad examples") == {("cut.wav",)}
    assert "16,000 Hz (1)" in named["sample rates"].message and "2 (1)" in named["channels"].message
    assert not made.clean


def test_planted_sounds(tmp_path):
    check_sounds(plant_sounds(tmp_path, [voice(i) for i in range(60)]))


def test_planted_in_real_recordings(tmp_path, shared_data):
    with tarfile.open(shared_data / "fsdd.tar.gz") as tar:
        members = [member for member in tar.getmembers() if member.name.endswith(".wav")]
        datas = [tar.extractfile(member).read() for member in members[::15]]
    sounds = [soundfile.read(io.BytesIO(one), dtype="float32")[0] for one in datas]
    check_sounds(plant_sounds(tmp_path, sounds))


def sentence(seed):
    return " ".join(np.random.default_rng(seed).choice(list("αβγδεζηθικλμνξοπρστυφχψω"), 30).tolist())


def test_planted_texts(tmp_path):
    words = [f"{sentence(i)} number{i}" for i in range(60)]
    rows = [
        {"text": text, "label": "ab"[i % 2], "split": "test" if i % 5 == 0 else "train"} for i, text in enumerate(words)
    ]
    rows += [
        {"text": words[1], "label": "b", "split": "test"},
        {"text": words[2], "label": "b", "split": "train"},
        {"text": words[4].upper() + " !", "label": "a", "split": "test"},
        {"text": "  ", "label": "a", "split": "train"},
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "table.csv", index=False)
    made, named, groups = examined(
        DataSource(path=str(tmp_path / "table.csv"), split_column="split", validation_fraction=0)
    )
    assert groups("leaks of exact duplicates") == {("table.csv:2", "table.csv:61")}
    assert groups("contradictions among exact duplicates") == {("table.csv:3", "table.csv:62")}
    assert groups("leaks of near duplicates") == {("table.csv:5", "table.csv:63")}
    assert groups("bad examples") == {("table.csv:64",)}
    assert "31 words" in named["lengths"].message
    # Of 14 test texts of 31 words (one has an exclamation mark besides), 12 have a word of their own, and the mark is new.
    assert named["unknown words"].message.startswith("3.0%") and not named["unknown words"].decision
    assert not made.clean


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("spoken_digits", "docstrings")]


@pytest.mark.parametrize("name", ["digits", *SLOW])
def test_the_embedded_sets(name):
    made, named, _ = examined(name)
    assert not [found for found in named if "leaks of exact" in found or "bad" in found or "imbalance" in found]
    assert made.counts.loc["all", "all"] == len(made.manifest.rows())
    train, test = (made.manifest.targets(made.manifest.rows(split)) for split in ("train", "test"))
    assert made.majority["test"] == np.mean(test == np.bincount(train).argmax())
