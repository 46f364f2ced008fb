"""The linear baseline in Blocks: features and logits against the printed one's and scikit-learn's."""

import subprocess
import sys
import types

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import multicnn
from multicnn.evaluation.baseline import linear_baseline
from multicnn.modalities import AudioPreprocess, ImagePreprocess, TextPreprocess
from multicnn.modalities.audio.waveform_preprocess import WaveformPreprocess
from multicnn.modalities.summaries import audio_features, image_features
from multicnn.predictor import Predictor
from multicnn.tasks import Classification, Multilabel, linear_fit
from multicnn.training import linear_network
from multicnn.training.linear_network import LeftOut, fit_linear, scaled

DIGITS = ImagePreprocess(size=(8, 8), channels=1, mean=(0.3,), std=(0.4,))
TEN = Classification(tuple("0123456789"))
TWO = Classification(("statement", "question"))
rng = np.random.default_rng(0)


def digits(n=300):
    images, targets = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    stored = images.reshape(-1, 8, 8, 1).astype(np.uint8)[order] * 15
    return stored[:n], targets[order][:n], stored[n : n + 200], targets[order][n : n + 200]


def sentences(n):
    words = np.array("the a of to in film book story plot actor".split())
    return [" ".join(rng.choice(words, 8)) + (" ?" if i % 2 else " .") for i in range(n)], np.arange(n) % 2


def finished(preprocess, raws):
    return preprocess.finish(np.stack([preprocess.example(raw) for raw in raws])).numpy()


def test_of_images_it_is_scikit_learns_model_of_the_pixels():
    stored, targets, others, truth = digits()
    linear = fit_linear(TEN, DIGITS, DIGITS.finish(stored).numpy(), targets)
    assert linear.description == "pixels, logistic regression"
    oracle = make_pipeline(StandardScaler(), LogisticRegression(C=1 / (0.01 * 300), max_iter=300, tol=1e-3))
    oracle.fit(stored.reshape(300, -1) / 255, targets)
    predictor = Predictor(DIGITS, linear.block, linear.network, TEN)
    logits, expected = predictor.logits(others), oracle.decision_function(others.reshape(200, -1) / 255)
    factor = (logits * expected).sum() / (expected * expected).sum()  # as sure as cross-validation makes it
    np.testing.assert_allclose(logits, factor * expected, atol=0.1)
    assert TEN.summary(TEN.counts(logits, truth))["loss"] < TEN.summary(TEN.counts(expected, truth))["loss"]
    assert linear.network.output.dtype == "float32"
    double = scaled(linear, 2.0).network(DIGITS.finish(others))
    np.testing.assert_allclose(double, 2 * predictor.logits(others), rtol=1e-5, atol=1e-5)


def test_large_images_are_averaged_as_for_the_printed_baseline():
    stored = rng.integers(0, 256, (5, 90, 70, 3)).astype(np.uint8)
    preprocess = ImagePreprocess(size=(90, 70), channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)
    form = preprocess.linear_form(preprocess.finish(stored).numpy(), np.arange(5), 2, 10**6)
    expected, name = image_features(stored, np.arange(5))
    assert form.description == name == "pixels averaged to 41x32"
    np.testing.assert_allclose(form.features, expected / 255, atol=1e-5)


AUDIO = {
    "log-mel": AudioPreprocess(seconds=0.5, sample_rate=8000, mean=-30.0, std=20.0),
    "MFCC in rank 1": AudioPreprocess(seconds=0.5, sample_rate=8000, mean=0.0, std=9.0, features="mfcc", rank=1),
    "waveform": AudioPreprocess(seconds=0.5, sample_rate=8000, mean=0.0, std=0.1, features="waveform"),
    "waveform below a frame": AudioPreprocess(seconds=0.05, sample_rate=8000, mean=0.0, std=0.1, features="waveform"),
    "a few steps": AudioPreprocess(seconds=0.05, sample_rate=8000, mean=-30.0, std=20.0),
}


@pytest.mark.parametrize("preprocess", AUDIO.values(), ids=AUDIO)
def test_of_audio_the_features_are_those_of_the_printed_baseline(preprocess):
    inputs = finished(preprocess, rng.normal(0, 0.1, (70, preprocess.samples)).astype(np.float32))
    form = preprocess.linear_form(inputs, np.arange(3, 70), 2, 10**6)
    expected, name = audio_features(inputs, np.arange(3, 70))
    assert form.description == name
    np.testing.assert_allclose(form.features, expected, rtol=1e-3, atol=1e-3)
    assert WaveformPreprocess(preprocess).linear_features == preprocess.linear_features


@pytest.mark.parametrize("level", ["words", "subwords", "characters"])
def test_of_texts_it_finds_the_question_mark(level):
    (told, ends), (new, theirs) = sentences(200), sentences(50)
    preprocess = TextPreprocess(level=level).fit(told)
    linear = fit_linear(TWO, preprocess, preprocess.examples(told), ends)
    assert linear.description.startswith("TF-IDF of ")
    assert linear.network.input.dtype == "int32"
    predictor = Predictor(preprocess, linear.block, linear.network, TWO)
    assert [each.label for each in predictor.predict(new)] == [TWO.labels[end] for end in theirs]


def test_one_regression_for_each_of_several_labels():
    stored, targets, others, truth = digits()
    odd, large = np.stack([targets % 2, targets > 4], axis=1), np.stack([truth % 2, truth > 4], axis=1)
    task = Multilabel(("large", "odd"))
    linear = fit_linear(task, DIGITS, DIGITS.finish(stored).numpy(), odd)
    logits = Predictor(DIGITS, linear.block, linear.network, task).logits(others)
    printed = linear_baseline(task, DIGITS, stored, odd, others, large)
    ours = task.summary(task.counts(logits, large))
    assert ours["accuracy"] == pytest.approx(printed["accuracy"], abs=0.006)
    assert ours["loss"] < printed["loss"] + 0.02
    always = fit_linear(task, DIGITS, DIGITS.finish(stored).numpy(), odd | [[1, 0]])
    assert np.isfinite(always.network.get_weights()[0]).all()
    assert (np.asarray(always.network(DIGITS.finish(others)))[:, 0] > 5).all()


def test_classes_count_as_their_weights_say():
    stored, targets, others, truth = digits()
    few = np.flatnonzero((targets != 3) | (np.arange(len(targets)) % 12 == 0))  # hardly a 3
    stored, targets = stored[few], targets[few]
    inputs, weights = DIGITS.finish(stored).numpy(), TEN.class_weights(targets)
    found = []
    for given in (None, weights):
        linear = fit_linear(TEN, DIGITS, inputs, targets, given)
        answers = Predictor(DIGITS, linear.block, linear.network, TEN).logits(others).argmax(axis=1)
        found.append((answers[truth == 3] == 3).mean())
    assert found[1] > found[0]
    pixels = stored.reshape(len(stored), -1)
    sparse_model = linear_fit.fit(csr_matrix(pixels / 255.0), targets, 10, weights)
    oracle = LinearSVC(random_state=0, class_weight=dict(enumerate(weights.astype(float)))).fit(pixels / 255.0, targets)
    ours = (pixels / 255.0) @ sparse_model.kernel + sparse_model.bias
    theirs = oracle.decision_function(pixels / 255.0)
    np.testing.assert_array_equal(ours.argmax(axis=1), theirs.argmax(axis=1))


def test_a_yes_counts_as_its_weight_says_where_labels_are_several():
    stored, targets, others, _ = digits()
    rare = np.stack([targets == 3, targets > 4], axis=1).astype(np.int64)
    task = Multilabel(("large", "three"))
    inputs, weights = DIGITS.finish(stored).numpy(), task.class_weights(rare)
    plain, weighted = (fit_linear(task, DIGITS, inputs, rare, given) for given in (None, weights))
    yes = [(np.asarray(each.network(DIGITS.finish(others)))[:, 0] > 0).sum() for each in (plain, weighted)]
    assert weights[0] > 5 and yes[1] > yes[0]


def test_from_many_examples_a_sample_is_drawn(monkeypatch):
    monkeypatch.setattr(ImagePreprocess, "baseline_examples", 100)
    stored, targets, _, _ = digits()
    asked = []

    class Lazily:
        def __len__(self):
            return len(stored)

        def __getitem__(self, rows):
            asked.extend(rows)
            return DIGITS.finish(stored[rows]).numpy()

    linear = fit_linear(TEN, DIGITS, Lazily(), targets)
    assert linear.description.endswith("(trained on 100 of 300 examples)")
    assert len(asked) == len(set(asked)) == 100


def left_out():
    stored, targets, _, _ = digits()
    inputs = DIGITS.finish(stored).numpy()
    many = Classification(tuple(f"{i:03}" for i in range(201)))
    yield many, inputs, np.arange(300) % 201, "there are 201 classes, more than 200"
    yield TEN, inputs, np.minimum(targets, 8), "'9' is none of the 300 examples"
    yield types.SimpleNamespace(name="counting", labels=("n",)), inputs, targets, "the task counting has no linear"


@pytest.mark.parametrize("case", range(3))
def test_why_there_is_none(case):
    task, inputs, targets, reason = list(left_out())[case]
    linear = fit_linear(task, DIGITS, inputs, targets)
    assert isinstance(linear, LeftOut)
    assert reason in linear.reason


def test_the_artefact_grows_by_no_more_than_the_bound(monkeypatch, tmp_path):
    told, ends = sentences(300)
    preprocess = TextPreprocess().fit(told)
    free = fit_linear(TWO, preprocess, preprocess.examples(told), ends)
    monkeypatch.setattr(linear_network, "_OTHER_BYTES", 0)
    monkeypatch.setattr(linear_network, "MOST_BYTES", 1500)
    small = fit_linear(TWO, preprocess, preprocess.examples(told), ends)
    sizes = [sum(weight.nbytes for weight in each.network.get_weights()) for each in (free, small)]
    assert sizes[0] > 1500 >= sizes[1] > 1400
    monkeypatch.setattr(linear_network, "MOST_BYTES", 8)
    assert "weights are more than 2" in fit_linear(TWO, preprocess, preprocess.examples(told), ends).reason
    stored, targets, _, _ = digits()
    assert "weights are more than 2" in fit_linear(TEN, DIGITS, DIGITS.finish(stored).numpy(), targets).reason


def test_saved_and_loaded_it_predicts_the_same_bits(tmp_path):
    told, ends = sentences(100)
    preprocess = TextPreprocess().fit(told)
    linear = fit_linear(TWO, preprocess, preprocess.examples(told), ends)
    predictor = Predictor(preprocess, linear.block, linear.network, TWO)
    again = multicnn.load(predictor.save(tmp_path / "linear.keras"))
    np.testing.assert_array_equal(again.logits(preprocess.examples(told)), predictor.logits(preprocess.examples(told)))


TWICE = """
import hashlib, sys
sys.path.insert(0, "tests/training")
from test_linear_network import *
stored, targets, _, _ = digits(1000)
told, ends = sentences(2000)
preprocess = TextPreprocess().fit(told)
digest = hashlib.sha256()
for linear in (
    fit_linear(TEN, DIGITS, DIGITS.finish(stored).numpy(), targets),
    fit_linear(TWO, preprocess, preprocess.examples(told), ends),
):
    for weight in linear.network.get_weights():
        digest.update(weight.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_two_processes_have_the_same_bits():
    hashes = {subprocess.run([sys.executable, "-c", TWICE], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(hashes) == 1
