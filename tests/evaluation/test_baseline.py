import csv

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from multicnn.data.load import load_manifest
from multicnn.data.store import load_examples
from multicnn.evaluation.baseline import linear_baseline, linear_score
from multicnn.modalities import AudioPreprocess, ImagePreprocess, TextPreprocess, lookup
from multicnn.modalities.summaries import audio_features, image_features
from multicnn.recipe import DataSource
from multicnn.tasks import Classification, Multilabel


def digits():
    images, targets = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    images, targets = images.reshape(-1, 8, 8).astype(np.uint8)[order], targets[order]
    return images[300:], targets[300:], images[:300], targets[:300]


def tones(n, seconds=0.5, rate=8000):
    """Waveforms of four pitches in noise, at a random loudness and phase, and their pitch."""
    rng = np.random.default_rng(n)
    targets = np.arange(n) % 4
    time = np.arange(int(seconds * rate)) / rate
    pitch = np.array([300, 600, 1200, 2400])[targets, None]
    waves = np.sin(2 * np.pi * (pitch * time + rng.random((n, 1)))) * rng.uniform(0.1, 1, (n, 1))
    return (waves + rng.normal(0, 0.05, waves.shape)).astype(np.float32), targets


def sentences(n):
    rng = np.random.default_rng(n)
    words = np.array("the a of to in film book story plot actor".split())
    told = [" ".join(rng.choice(words, 8)) + (" ?" if i % 2 else " .") for i in range(n)]
    return told, np.arange(n) % 2


def test_digits_score_what_a_linear_model_should():
    result = linear_baseline(Classification(), ImagePreprocess(), *digits())
    assert list(result) == ["accuracy", "loss", "macro_f1", "n", "model"]
    assert result["accuracy"] >= 0.94
    assert 0 < result["loss"] < 0.3
    assert result["n"] == 300
    assert result["model"] == "pixels, logistic regression"


def test_of_several_labels_there_is_a_model_for_each():
    train, train_targets, test, test_targets = digits()
    seen, asked = (np.stack([y % 2, y > 4, y == 3], axis=1).astype(int) for y in (train_targets[:400], test_targets))
    result = linear_baseline(Multilabel(), ImagePreprocess(), train[:400], seen, test, asked)
    alone = [
        linear_baseline(Classification(), ImagePreprocess(), train[:400], seen[:, i], test, asked[:, i])["loss"]
        for i in range(3)
    ]
    assert result["loss"] == pytest.approx(sum(alone), rel=1e-6)
    assert list(result) == ["accuracy", "loss", "macro_f1", "micro_f1", "n", "model"]
    (told, ends), (new, theirs) = sentences(200), sentences(100)
    both = [np.stack([y, 1 - y], axis=1) for y in (ends, theirs)]
    assert linear_baseline(Multilabel(), TextPreprocess(), told, both[0], new, both[1])["micro_f1"] > 0.95


def test_scaling_the_pixels_or_adding_a_channel_axis_changes_nothing():
    train, train_targets, test, test_targets = digits()
    plain = linear_baseline(Classification(), ImagePreprocess(), train[:400], train_targets[:400], test, test_targets)
    finished = linear_baseline(
        Classification(),
        ImagePreprocess(),
        (train[:400, ..., None] / 255 - 0.5) / 0.3,
        train_targets[:400],
        (test[..., None] / 255 - 0.5) / 0.3,
        test_targets,
    )
    assert finished["accuracy"] == pytest.approx(plain["accuracy"], abs=0.005)
    assert finished["loss"] == pytest.approx(plain["loss"], abs=0.01)


def test_the_same_answer_twice():
    train, train_targets, test, test_targets = digits()
    first, second = (
        linear_baseline(Classification(), ImagePreprocess(), train[:200], train_targets[:200], test, test_targets)
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("shape", [(4000,), (4000, 1)])
def test_waveforms_are_told_apart_by_pitch(shape):
    train, train_targets = tones(120)
    test, test_targets = tones(41)
    result = linear_baseline(
        Classification(),
        AudioPreprocess(),
        train.reshape(-1, *shape),
        train_targets,
        test.reshape(-1, *shape),
        test_targets,
    )
    assert result["accuracy"] == 1.0
    assert "waveform" in result["model"]


def test_a_question_mark_is_a_feature_of_text():
    result = linear_baseline(Classification(), TextPreprocess(), *sentences(200), *sentences(51))
    assert result["accuracy"] == 1.0
    assert "loss" not in result
    assert "TF-IDF" in result["model"]


def test_texts_in_any_script():
    train = ["хороший фильм", "плохой фильм", "好", "悪"] * 5
    assert (
        linear_baseline(
            Classification(), TextPreprocess(), train, np.tile([0, 1, 0, 1], 5), ["Хороший!", "悪"], np.array([0, 1])
        )["accuracy"]
        == 1.0
    )


def test_large_sets_are_sampled_and_the_words_say_so(monkeypatch):
    monkeypatch.setattr(ImagePreprocess, "baseline_examples", 600)
    result = linear_baseline(Classification(), ImagePreprocess(), *digits())
    assert result["model"].endswith("(trained on 600 of 1,497 examples)")
    assert result["accuracy"] > 0.9  # classes in turn: an unlucky stride would have lost some


def test_a_test_class_that_training_lacks_counts_as_wrong_and_has_no_loss():
    train, train_targets, test, test_targets = digits()
    known = train_targets < 9
    result = linear_baseline(
        Classification(), ImagePreprocess(), train[known], train_targets[known], test, test_targets
    )
    assert "loss" not in result
    assert result["accuracy"] <= np.mean(test_targets < 9)


def test_labels_need_not_be_consecutive():
    train, train_targets, test, test_targets = digits()
    plain = linear_baseline(Classification(), ImagePreprocess(), train, train_targets, test, test_targets)
    spread = linear_baseline(
        Classification(), ImagePreprocess(), train, train_targets * 3 + 5, test, test_targets * 3 + 5
    )
    assert spread == plain


@pytest.mark.parametrize("classes", [2, 10])
def test_the_loss_is_the_mean_negative_log_likelihood(classes):
    train, train_targets, test, test_targets = digits()
    kept, asked = np.flatnonzero(train_targets < classes), np.flatnonzero(test_targets < classes)
    features, asked_features = image_features(train, kept)[0], image_features(test, asked)[0]
    scaler = StandardScaler().fit(features)
    peer = LogisticRegression(C=100 / len(kept), max_iter=300, tol=1e-3).fit(
        scaler.transform(features), train_targets[kept]
    )
    expected = log_loss(test_targets[asked], peer.predict_proba(scaler.transform(asked_features)))
    result = linear_baseline(
        Classification(), ImagePreprocess(), train[kept], train_targets[kept], test[asked], test_targets[asked]
    )
    assert result["loss"] == pytest.approx(expected, rel=1e-3)


def test_a_loss_beyond_the_range_of_probabilities_is_finite():
    train = np.concatenate([np.full((20, 2, 2), 0.0), np.full((20, 2, 2), 1.0)]).astype(np.float32)
    far = np.full((1, 2, 2), 1e6, np.float32)
    result = linear_baseline(Classification(), ImagePreprocess(), train, np.repeat([0, 1], 20), far, np.array([0]))
    assert result["accuracy"] == 0
    assert 1e3 < result["loss"] < np.inf


@pytest.mark.parametrize(
    ("shape", "model", "features"),
    [
        ((28, 28), "pixels", 784),
        ((32, 32, 3), "pixels", 3072),
        ((224, 224, 3), "pixels averaged to 36x36", 3888),
        ((1, 9000, 1), "pixels averaged to 1x4000", 4000),
    ],
)
def test_pictures_are_reduced_to_few_features(shape, model, features):
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    summary, described = image_features(images, np.arange(3))
    assert described == model
    assert summary.shape == (3, features)
    assert summary.mean() == pytest.approx(images.mean(), abs=1.0)


def test_averages_over_rectangles_are_those_of_numpy():
    image = np.random.default_rng(0).random((1, 128, 128, 1), dtype=np.float32)
    whole = np.concatenate([image, image[:, ::-1]], axis=3)  # 32,768 values: 44 x 44 x 2 are kept
    summary = image_features(whole, np.arange(1))[0].reshape(44, 44, 2)
    edges = np.arange(45) * 128 // 44
    for i, j in ((0, 0), (7, 30), (43, 43)):
        rectangle = whole[0, edges[i] : edges[i + 1], edges[j] : edges[j + 1]]
        np.testing.assert_allclose(summary[i, j], rectangle.mean(axis=(0, 1)), rtol=1e-5)


@pytest.mark.parametrize(("time", "channel"), [(40, ()), (40, (1,)), (3, (1,))])
def test_sounds_are_summed_up_by_band_over_time(time, channel):
    bands = np.random.default_rng(0).normal(size=(5, time, 7)).astype(np.float32)
    summary, _ = audio_features(bands.reshape(5, time, 7, *channel), np.array([1, 3]))
    slices = bands if time < 8 else bands.reshape(5, 8, time // 8, 7).mean(axis=2)
    expected = np.concatenate([bands.mean(axis=1), bands.std(axis=1), slices.reshape(5, -1)], axis=1)[[1, 3]]
    np.testing.assert_allclose(summary, expected, atol=1e-5)


def test_a_waveform_shorter_than_a_frame_and_silence_are_finite():
    summary, _ = audio_features(np.zeros((2, 100), np.float32), np.arange(2))
    assert np.isfinite(summary).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (TextPreprocess(), ["a", "b"], [0], ["a"], [0]),
            "train must have one target per example.* 2 examples and 1 targets",
        ),
        ((TextPreprocess(), ["a", "b"], [0, 1], [], []), "test must have .* at least one example"),
        ((TextPreprocess(), ["a", "b"], [1, 1], ["a"], [1]), r"two classes or more. Received: \[1\]"),
        (
            (ImagePreprocess(), np.zeros((2, 4)), [0, 1], np.zeros((1, 4)), [0]),
            r"images must be .* Received: shape=\(2, 4\)",
        ),
        ((AudioPreprocess(), np.zeros(2), [0, 1], np.zeros(1), [0]), r"audio must be .* Received: shape=\(2,\)"),
    ],
)
def test_what_does_not_fit_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        linear_baseline(Classification(), *arguments)


def test_trec(shared_data):
    def read(part):
        with open(shared_data / "sentences" / f"trec_{part}.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        classes = sorted({row["label"] for row in rows})
        return [row["text"] for row in rows], np.array([classes.index(row["label"]) for row in rows])

    result = linear_baseline(Classification(), TextPreprocess(), *read("train"), *read("test"))
    assert result["n"] == 500
    assert result["accuracy"] == pytest.approx(0.906, abs=0.01)


@pytest.mark.parametrize("name", ["digits", "spoken_digits", "docstrings"])
def test_the_baseline_of_a_run_reads_few_examples_at_once(name):
    manifest = load_manifest(DataSource(path=name))
    preprocess = lookup(manifest.modality)()
    preprocess = preprocess.fit(preprocess.decode(manifest.raw_source(row)) for row in manifest.rows("train"))
    stored, _ = load_examples(manifest, preprocess, manifest.rows())

    expected = []
    for rows in (manifest.rows("train"), manifest.rows("test")):
        texts = [manifest.raw_source(row) for row in rows]
        whole = texts if name == "docstrings" else preprocess.finish(stored.gather(rows)).numpy()
        expected += [whole, manifest.targets(rows)]
    expected = linear_baseline(manifest.task, preprocess, *expected)

    class Narrow:
        """A store of a machine in whose memory 32 examples fit."""

        def gather(self, rows):
            assert len(rows) <= 32
            return stored.gather(rows)

    found = linear_score(manifest, Narrow(), preprocess)
    assert found.pop("model") == expected.pop("model") and found == pytest.approx(expected, rel=1e-2)
