"""Cards of robustness: each row is what `predict` says of files, and the attacks stay inside their balls."""

import functools
import json

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image
from sklearn.linear_model import LogisticRegression

import multicnn
from multicnn.blocks import chain, dense, embed, flatten, global_max_pool, network
from multicnn.data.load import load_manifest
from multicnn.evaluation import robustness
from multicnn.evaluation.robustness import RobustnessSettings, Row
from multicnn.evaluation.robustness.card import checks
from multicnn.recipe import DataSource
from multicnn.tasks import Classification

N = 12
DATA = {
    "texts": (
        [f"{word} {animal} number {i}" for i in range(3) for word in ("The", "A") for animal in ("cat", "dog")],
        ["cat", "dog"] * 6,
    )
}


def untrained(preprocess, labels, block):
    """A predictor that was never trained: a card counts what it says, right or wrong."""
    keras.utils.set_random_seed(0)
    built = network(block, preprocess.input_shape)
    return multicnn.Predictor(preprocess, block, built, Classification(tuple(labels)))


@functools.cache
def predictor_of(name):
    if name == "texts":
        preprocess = multicnn.TextPreprocess(length=20, vocabulary=("the", "a", "cat", "dog"))
        block = chain(embed(preprocess.vocabulary_size, 4), global_max_pool(), dense(2))
        return untrained(preprocess, ["cat", "dog"], block)
    data = load_manifest(DataSource(path=name))
    labels = sorted(set(data.table["label"]))
    if name == "digits":
        preprocess = multicnn.ImagePreprocess(size=(8, 8), channels=1, mean=(0.3,), std=(0.4,))
        predictor = untrained(preprocess, labels, chain(flatten(), dense(len(labels))))
        pixels = np.stack([preprocess.decode(data.raw_source(row)) for row in range(0, len(data), 3)])
        fit = LogisticRegression(C=0.01, max_iter=200).fit(
            preprocess.finish(pixels).numpy().reshape(len(pixels), -1), data.table["label"][::3]
        )
        predictor.network.set_weights([fit.coef_.T, fit.intercept_])
        return predictor
    preprocess = multicnn.AudioPreprocess(
        sample_rate=8000, seconds=0.7, n_fft=256, hop_length=200, n_mels=8, mean=-40.0, std=20.0
    )
    return untrained(preprocess, labels, chain(flatten(), dense(len(labels))))


def card_of(predictor, name, folder, **chosen):
    return multicnn.robustness(
        predictor,
        DATA.get(name, name),
        folder / "card.html",
        chosen=RobustnessSettings(**{"examples": N, "files": folder, **chosen}),
    )


def files_of(folder, row):
    return pd.read_csv(folder / row / "predictions.csv", dtype=str, keep_default_na=False)


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("digits", {"levels": (0.1,), "tests": ("fgsm", "pgd", "pgd targeted", "rotation")}),
        ("spoken_digits", {"levels": (20,), "tests": ("pgd", "clipping")}),
        ("texts", {"tests": ("typos", "casing")}),
    ],
)
def test_every_changed_file_read_again_gives_the_counted_answer(name, chosen, tmp_path):
    predictor = predictor_of(name)
    card = card_of(predictor, name, tmp_path, steps=3, **chosen)
    folders = [path.parent for path in sorted(tmp_path.glob("*/predictions.csv"))]
    assert len(folders) == len(card.rows)
    attack = predictor.preprocess.perturbations.attack
    assert attack is None or attack.noise in {row.test for row in card.rows}  # beside each attack, asked for or not
    accuracies = []
    for folder in folders:
        table = files_of(tmp_path, folder.name)
        paths = [folder / file for file in table["file"]]
        inputs = [path.read_bytes() for path in paths] if name == "texts" else paths
        assert [each.label for each in predictor.predict(inputs)] == table["predicted"].tolist()
        accuracies.append((table["predicted"] == table["label"]).mean())
    assert sorted(accuracies) == pytest.approx(sorted(row.accuracy for row in card.rows))
    if name == "digits":
        clean = np.stack([np.array(Image.open(path), int) for path in sorted((tmp_path / "unchanged").glob("*.png"))])
        for row in ("fgsm", "pgd", "pgd-targeted", "random-signs"):
            attacked = [np.array(Image.open(p), int) for p in sorted(tmp_path.glob(f"{row}-0.1-*/*.png"))]
            assert 20 <= np.abs(np.stack(attacked) - clean).max() <= 25  # floor(.1 * 255)
    if name == "spoken_digits":
        for path in sorted((tmp_path / "unchanged").glob("*.wav")):
            (other,) = tmp_path.glob(f"pgd-20-*/{path.name}")
            before, after = (soundfile.read(p, dtype="int16")[0].astype(float) for p in (path, other))
            assert np.linalg.norm(after - before) <= 0.1 * np.linalg.norm(before) * (1 + 1e-6)  # -20 dB
            assert np.linalg.norm(after - before) >= 0.09 * np.linalg.norm(before)
    page = (tmp_path / "card.html").read_text()
    assert page.count("<tr>") >= len(card.rows) and "http" not in page
    written = json.loads((tmp_path / "card.json").read_text())
    assert [row["accuracy"] for row in written["rows"]] == [row.accuracy for row in card.rows]
    assert all(row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"] for row in written["rows"])


def test_attacks_are_worse_than_noise_as_large_and_repeat(tmp_path):
    predictor = predictor_of("digits")
    chosen = {"levels": (0.2,), "tests": ("fgsm", "pgd"), "examples": 40, "steps": 10}
    card = card_of(predictor, "digits", tmp_path / "a", **chosen)
    accuracy = {row.test: row.accuracy for row in card.rows}
    assert accuracy["pgd"] <= accuracy["fgsm"] < accuracy["random signs"]
    assert len(card.checks) == 2 and not card.failed
    assert card_of(predictor, "digits", tmp_path / "b", **chosen).to_dict() == card.to_dict()


def test_a_weak_attack_says_that_it_failed(tmp_path):
    preprocess = predictor_of("digits").preprocess
    rows = [
        Row(test, 0.1, "", "0.1", accuracy, 10)
        for test, accuracy in (("pgd", 0.5), ("fgsm", 0.4), ("random signs", 0.9))
    ]
    first, second = checks(rows, preprocess.perturbations.attack)
    assert not first.passed and "pgd (0.500) must not be above fgsm (0.400) at 0.1" in first.claim
    assert second.passed
    card = robustness.Card("m", "d", 10, 40, 0, tuple(rows[:1]), (first, second))
    assert card.failed == (f"the attack failed: {first.claim}",)


@pytest.mark.parametrize(
    ("name", "chosen", "message"),
    [
        ("texts", {"tests": ("pgd",)}, r"of typos, .*token ids, which have no gradient\. Received: tests='pgd'"),
        ("texts", {"levels": (0.1,)}, "token ids, which have no gradient. Received: levels"),
        ("digits", {"tests": ("typos",)}, "of fgsm, pgd, .*shuffled tiles. Received: tests='typos'"),
        ("digits", {"levels": (-1.0,)}, "above 0 and finite. Received: levels=-1.0"),
    ],
)
def test_what_is_not_possible_is_refused_in_a_line(name, chosen, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        card_of(predictor_of(name), name, tmp_path, **chosen)
    assert not list(tmp_path.iterdir())
