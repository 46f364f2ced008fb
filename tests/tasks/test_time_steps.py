"""A class for each step in time: of a clip in seconds, of a text in characters; stitched windows, and the baselines."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.metrics import f1_score
from support.command_line import call

import multicnn
from multicnn import models
from multicnn.blocks import chain, embed, network
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.predictor import Predictor
from multicnn.tasks import TimeSteps, step_baselines

RNG = np.random.default_rng(0)
TASK = TimeSteps(("none", "tone"))


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ('[[2, 3, "b"], [0.5, 1, "a"]]', [[0.5, 1, "a"], [2, 3, "b"]]),
        ("[]", []),
        ("", "no segments"),
        ("cat", r"segments must be \[\[start, stop, label\], ...\] in JSON"),
        ('[[1, 1, "a"]]', "is none: 0 <= start < stop"),
        ('[[0, 1, "none"]]', "and a label"),
        ('[[0, 2, "a"], [1, 3, "b"]]', "segments overlap at 1"),
    ],
)
def test_cells(cell, answer):
    if isinstance(answer, list):
        assert json.loads(TimeSteps().read(cell)) == answer
    else:
        with pytest.raises(ValueError, match=answer):
            TimeSteps().read(cell)


def test_labels_are_those_of_the_segments_behind_the_background():
    fitted = TimeSteps().fitted(['[[0, 1, "b"]]', "[]", '[[0, 1, "a"]]'])
    assert fitted.labels == ("none", "a", "b")
    with pytest.raises(ValueError, match="label 'c' is not one of the training labels"):
        fitted.check('[[0, 1, "c"]]', "training")
    with pytest.raises(ValueError, match=r"a segment .none."):
        TimeSteps().fitted(["[]"])


def test_frames_stand_for_the_time_around_their_middle():
    preprocess = AudioPreprocess(sample_rate=1000, seconds=1.0, hop_length=100, n_fft=200, n_mels=4, rank=1)
    spans = preprocess.geometry(np.zeros(1500, np.float32))  # two windows, at 0 and at 0.5 s
    assert preprocess.stored_shape[0] == 11 and spans.shape == (22, 2)
    np.testing.assert_allclose(spans[:3], [[0, 0.05], [0.05, 0.15], [0.15, 0.25]])
    np.testing.assert_allclose(spans[[11, 21]], [[0.5, 0.55], [1.45, 1.5]])
    short = preprocess.geometry(np.zeros(420, np.float32))
    assert short[:, 1].max() == pytest.approx(0.42) and (short[5:, 0] == short[5:, 1]).all()
    target = TASK.target('[[0.1, 0.3, "tone"]]', short, (11, 4))
    assert target.tolist() == [0, 1, 1, 0, 0, -1, -1, -1, -1, -1, -1]
    with pytest.raises(ValueError, match="not known where its time steps are"):
        TASK.target("[]", AudioPreprocess(trim_db=20.0).geometry(np.zeros(9)), (11, 4))


@pytest.mark.parametrize("level", ["words", "characters"])
def test_tokens_stand_for_their_characters(level):
    text = "Don\u2019t stop, Z\u00fcrich!"
    preprocess = TextPreprocess(level=level, length=30, vocabulary=("a",))
    spans = preprocess.geometry(text).astype(int)
    taken = [text[start:stop].lower() for start, stop in spans if stop]
    taken = [each.replace("\u2019", "'") for each in taken] if level == "words" else taken
    assert taken == preprocess.tokens(text) and len(spans) == 30
    assert TextPreprocess(tokenizer="kim", length=9, vocabulary=("a",)).geometry(text).size == 0
    cut = TextPreprocess(length=2, vocabulary=("a",), long="windows").geometry("one two three").astype(int).tolist()
    assert cut == [[0, 3], [4, 7], [4, 7], [8, 13]]


def test_windows_are_stitched_and_segments_are_of_the_original():
    spans = np.array([[0, 1], [1, 2], [2, 3], [1.5, 2.5], [2.5, 3.5], [3.5, 4.0], [4, 4]])
    outputs = np.eye(2)[[0, 1, 1, 0, 0, 1, 1]]
    answer = TASK.answer_at(TASK.merge(outputs[None]), spans)
    assert [tuple(each) for each in answer.segments] == [(1, 3, "tone", 1.0), (3.5, 4, "tone", 1.0)]
    assert answer.label == "tone 1-3, tone 3.5-4" and not answer.probabilities
    assert TASK.answer_at(np.eye(2)[[0, 0]], spans[:2]).label == "none"


def test_metrics_are_those_of_scikit_learn_over_all_steps():
    logits, targets = RNG.normal(size=(5, 9, 2)), RNG.integers(-1, 2, (5, 9))
    known = targets >= 0
    measured = TASK.summary(TASK.counts(TASK.records(logits, targets), targets))
    predicted = logits.argmax(-1)
    assert measured["step_accuracy"] == pytest.approx((predicted == targets)[known].mean())
    assert measured["mean_f1"] == pytest.approx(f1_score(targets[known], predicted[known], average="macro"))


def test_the_baselines_are_a_threshold_and_a_lexicon():
    energy = np.concatenate([RNG.normal(0, 0.5, (4, 20)), RNG.normal(3, 0.5, (4, 20))], axis=1)
    inputs, targets = np.repeat(energy[..., None], 3, axis=2), np.repeat([[0] * 20 + [1] * 20], 4, axis=0)
    model, name = step_baselines.fit(lambda: iter([(inputs, targets)]), 2)
    assert name == "energy threshold" and (model(inputs).argmax(-1) == targets).all()
    ids = np.array([[2, 3, 2, 0], [2, 4, 3, 3]], np.int32)
    model, name = step_baselines.fit(lambda: iter([(ids, np.array([[1, 0, 1, -1], [1, 0, 0, 0]]))]), 2)
    assert name.startswith("the commonest class") and model(np.array([[2, 3, 9]])).argmax(-1).tolist() == [[1, 0, 0]]


def test_a_unet_on_tokens_is_loaded_with_the_same_bits(tmp_path):
    """The mask of what is copied across comes by another way than the copy, and must rename nothing."""
    preprocess = TextPreprocess(length=16, vocabulary=("who", "is", "ada", "of", "rome"))
    block = chain(embed(preprocess.vocabulary_size, 4), models.create("unet", 2, width=4, depth=2))
    made = Predictor(preprocess, block, network(block, preprocess.input_shape), TimeSteps(labels=("none", "name")))
    again = multicnn.load(made.save(tmp_path / "m.keras"))
    assert {"embed", "score.conv", "logits"} <= {layer.name for layer in again.network.layers}
    texts = ["who is ada of rome", "rome", "ada ada is"]
    assert again.predict(texts) == made.predict(texts)
    ids = np.stack([preprocess.example(text) for text in texts])
    np.testing.assert_array_equal(again.logits(ids), made.logits(ids))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Two seconds of noise with a tone in it, and a table that says when."""
    folder, rows = tmp_path_factory.mktemp("tones"), []
    for i in range(30):
        clip, start = RNG.normal(0, 0.02, 4000), RNG.uniform(0.2, 1.0)
        inside = (np.arange(4000) / 2000 >= start) & (np.arange(4000) / 2000 < start + 0.6)
        clip[inside] += 0.3 * np.sin(2 * np.pi * 440 * np.arange(4000) / 2000)[inside]
        soundfile.write(folder / f"{i}.wav", clip, 2000)
        rows.append((f"{i}.wav", json.dumps([[start, start + 0.6, "tone"]])))
    rows[3] = (rows[3][0], "from 1 to 2")
    pd.DataFrame(rows, columns=["file_name", "segments"]).to_csv(folder / "metadata.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def run(clips):
    settings = ["task=time_steps", "data.label_column=segments", "preprocess.sample_rate=2000", "preprocess.n_fft=128"]
    settings += [
        "preprocess.hop_length=40",
        "preprocess.n_mels=8",
        "model.arguments.width=4",
        "model.arguments.depth=2",
    ]
    settings += [
        "epochs=8",
        "batch_size=4",
        "optimizer.learning_rate=0.02",
        "preprocess.seconds=2",
        "augment.time_shift=5",
    ]
    folder = clips.parent / f"{clips.name}-run"
    return folder, multicnn.train(clips, folder, settings=[*settings, "augment.time_mask=0"])


@pytest.mark.slow
def test_it_finds_the_tone_in_seconds(run, clips, tmp_path):
    folder, predictor = run
    measured = json.loads((folder / "metrics.json").read_text())
    assert measured["bad"] == 1 and measured["test"]["step_accuracy"] > 0.9
    assert measured["linear_baseline"]["model"].endswith("energy threshold") and "saved" not in measured
    again = multicnn.load(predictor.save(tmp_path / "m.keras"))
    assert again.task == predictor.task and again.evaluate(clips) == predictor.evaluate(clips)
    truth = json.loads(pd.read_csv(clips / "metadata.csv")["segments"][0])
    (prediction,) = again.predict(clips / "0.wav")
    assert prediction == predictor.predict(clips / "0.wav")[0]
    longest = max(prediction.segments, key=lambda each: each.stop - each.start)
    assert longest[:2] == pytest.approx(truth[0][:2], abs=0.1) and longest.label == "tone"
    assert "Test step accuracy" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_clip_longer_than_the_window_is_stitched(run, clips, tmp_path, monkeypatch, capsys):
    folder, _ = run
    one, rate = soundfile.read(clips / "0.wav")
    soundfile.write(tmp_path / "long.wav", np.concatenate([one, one, one[: rate // 2]]), rate)
    code, out, _ = call(monkeypatch, capsys, "predict", folder / "model.keras", tmp_path / "long.wav", "--json")
    row = json.loads(out)
    starts = [each["start"] for each in row["segments"] if each["stop"] - each["start"] > 0.3]
    assert code == 0 and len(starts) == 2 and starts[1] - starts[0] == pytest.approx(2, abs=0.05)
    code, out, _ = call(monkeypatch, capsys, "predict", folder / "model.keras", clips / "0.wav")
    assert code == 0 and "tone " in out
