"""Runs on a table of several inputs: what is bad is listed, the saved predictor has the same bits, a stopped run resumes."""

import csv
import json

import keras
import numpy as np
import pandas as pd
import pytest
from support import three_inputs
from support.command_line import call

import multicnn
from multicnn.blocks import network
from multicnn.data.sources import resolve
from multicnn.models import create
from multicnn.predictor import Predictor
from multicnn.recipe import DataSource, Recipe

DROPPED = [*three_inputs.NETWORK, "augment.drop_inputs=0.4", "augment.image_shift=1"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return three_inputs.write_table(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def saved(table, tmp_path_factory):
    """The predictor of a network that was not trained, and its file."""
    recipe = Recipe(data=DataSource(path=str(table))).replaced(three_inputs.NETWORK, "joined")
    manifest = resolve(recipe.data)
    preprocess = recipe.preprocess.fit(recipe.preprocess.decode(manifest.raw_source(row)) for row in range(24))
    block = preprocess.stem(recipe, [], str).block(create("late_fusion", 3, **recipe.model.arguments), 3)
    keras.utils.set_random_seed(1)
    built = network(block, preprocess.input_shape)
    predictor = Predictor(preprocess, block, built, manifest.task, recipe.to_dict())
    return predictor, predictor.save(tmp_path_factory.mktemp("saved") / "model.keras")


@pytest.mark.slow
def test_it_learns_and_lists_what_is_bad(table, tmp_path, choosing):
    folder = tmp_path / "run"
    predictor = multicnn.train(str(table), folder, settings=[*DROPPED, "epochs=8", "baseline=blend"])
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] > 0.8 and metrics["bad"] == 1
    assert metrics["linear_baseline"]["accuracy"] > 0.8
    assert metrics["saved"]["choice"] in ("baseline", "blend")  # neither is ahead of the other for sure
    assert predictor.evaluation(str(table), split="test").metrics["loss"] == pytest.approx(metrics["test"]["loss"])
    with (folder / "bad_files.csv").open(newline="") as file:
        listed = {row["id"]: row["reason"] for row in csv.DictReader(file)}
    assert list(listed) == ["people.csv:73", "people.csv:74", "people.csv:75"]
    assert listed["people.csv:73"].startswith("image: damaged PNG")
    assert listed["people.csv:74"] == "image: missing file" and listed["people.csv:75"] == "no input"
    assert "<h" in (folder / "report.html").read_text()


def test_the_saved_predictor_has_the_same_bits(saved, table):
    predictor, path = saved
    again = multicnn.load(path)
    assert again.preprocess == predictor.preprocess
    one, other = (each.evaluation(str(table), split="test") for each in (predictor, again))
    np.testing.assert_array_equal(one.logits, other.logits)
    rows = pd.read_csv(table)
    for name in ("photo", "voice"):
        rows[name] = [cell if isinstance(cell, float) else str(table.parent / cell) for cell in rows[name]]
    answers = again.predict(rows[rows["split"] == "test"])
    given = np.array([[each.probabilities[label] for label in again.labels] for each in answers])
    np.testing.assert_allclose(given, again.probabilities(one.logits), atol=1e-6)


def test_evaluate_has_the_accuracy_of_each_choice_of_inputs(saved, table):
    predictor, _ = saved
    evaluation = predictor.evaluation(str(table), split="test")
    by = evaluation.by_inputs
    assert list(by.index) == [
        *("image + audio + text", "image + audio", "image + text", "audio + text", "image", "audio", "text"),
    ]
    assert by.loc["image + audio + text", "accuracy"] == evaluation.metrics["accuracy"]
    rows = pd.read_csv(table)
    words = rows[(rows["split"] == "test") & rows["words"].notna()]
    alone = predictor.predict([{"text": text} for text in words["words"]])
    right = np.mean([each.label == label for each, label in zip(alone, words["label"])])
    assert by.loc["text", "support"] == len(words) and by.loc["text", "accuracy"] == pytest.approx(right)


def test_predict_reads_tables_with_empty_cells(saved, table, monkeypatch, capsys):
    _, path = saved
    code, out, _ = call(monkeypatch, capsys, "predict", path, table)
    lines = out.splitlines()
    assert code == 1 and len(lines) == 75
    assert lines[0].startswith("people.csv:1\t")
    assert "left out: image: damaged PNG" in lines[72] and "left out: image: " in lines[73]
    assert lines[74] == "people.csv:75\terror: no input"


def test_explain_says_what_each_input_added(saved, table, monkeypatch, capsys):
    predictor, path = saved
    lines = table.read_text().splitlines()
    few = table.parent / "few.csv"
    few.write_text("\n".join([lines[0], lines[2], lines[-1]]) + "\n")
    whole, last = multicnn.explain_inputs(predictor, few)
    assert last.error == "no input"
    cells = dict(zip(("image", "audio", "text"), lines[2].split(",")))
    for name, added in whole.added.items():  # of late fusion: the logit of the input alone, above its mean
        cell = cells[name] if name == "text" else str(table.parent / cells[name])
        preprocess = predictor.preprocess
        alone = predictor.logits(preprocess.example(preprocess.decode({name: cell}))[np.newaxis])[0]
        assert added == pytest.approx(alone[predictor.labels.index(whole.label)] - alone.mean(), abs=1e-4)
    assert whole.logit == pytest.approx(sum(whole.added.values()), abs=1e-4) and whole.without == 0
    code, out, _ = call(monkeypatch, capsys, "explain", path, few, "--json")
    rows = json.loads(out)["rows"]
    assert code == 1 and rows[0]["added"] == pytest.approx(whole.added, abs=1e-5)
    for option in (("--out", "x.html"), ("--split", "test"), ("--method", "occlusion")):  # of maps
        code, _, err = call(monkeypatch, capsys, "explain", path, few, *option)
        assert code == 2 and f"{option[0]} is for predictors of one kind of input" in " ".join(err.split())
    with pytest.raises(ValueError, match=r"`label` must be one of .* Received: label='d'"):
        multicnn.explain_inputs(predictor, few, label="d")


REFUSED = {
    "no table": ("photo.png", r"a string must be the path of a table. Received: inputs='photo.png'"),
    "no input": ({"smell": 1}, r"some of photo \(image\), voice \(audio\), words \(text\); a row has the keys smell"),
    "no row": ([3], r"int is no row"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_row_is_refused_in_a_line(saved, case):
    given, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as error:
        saved[0].predict(given)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_run_that_was_stopped_ends_with_the_same_bits(table, tmp_path):
    settings = [*DROPPED, "epochs=2", "batch_size=8", "baseline=off", "runtime.checkpoint_steps=2"]
    whole = multicnn.train(str(table), tmp_path / "whole", settings=settings)

    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise KeyboardInterrupt

    class Stopping(multicnn.utils.reporter.Reporter):
        def callbacks(self):
            return [Stop()]

    with pytest.raises(KeyboardInterrupt):
        multicnn.train(str(table), tmp_path / "run", settings=settings, reporter=Stopping())
    again = multicnn.train(resume=tmp_path / "run")
    for one, other in zip(whole.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_arrays_and_frames_are_the_same_examples(table):
    source = DataSource(path="memory:", image_column="photo", audio_column="voice", text_column="words")
    random = np.random.default_rng(0)
    labels = [i % 3 for i in range(9)]
    x = {
        "image": [three_inputs.picture(label, random) for label in labels],
        "audio": [(three_inputs.tone(label, random), 4000) for label in labels],
        "text": [three_inputs.WORDS[label] for label in labels],
    }
    x["image"][3] = None
    named = dict(zip(("photo", "voice", "words"), x.values(), strict=True))
    frame = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in named.items()} | {"label": labels})
    frame.loc[4, "words"] = x["text"][4] = np.nan
    of_frame = resolve(source, None, frame)
    of_dict = resolve(DataSource(path="memory:"), None, (x, labels))
    assert of_frame.table["hash"].tolist() == of_dict.table["hash"].tolist()
    assert of_frame.modality == of_dict.modality == "joined" and len(of_frame.rows()) == 9
    assert list(of_dict.raw_source(3)) == ["audio", "text"] and list(of_frame.raw_source(4)) == ["image", "audio"]
    preprocess = multicnn.JoinedPreprocess()
    np.testing.assert_array_equal(preprocess.decode(of_dict.raw_source(0)).decoded["image"][..., 0], x["image"][0])


def test_files_named_in_a_frame_are_those_of_the_table(table):
    source = DataSource(path=str(table), image_column="photo", audio_column="voice", text_column="words")
    rows = pd.read_csv(table)
    for name in ("photo", "voice"):
        rows[name] = [cell if isinstance(cell, float) else str(table.parent / cell) for cell in rows[name]]
    one, other = resolve(source), resolve(source, None, rows)
    assert one.table["hash"].tolist() == other.table["hash"].tolist()
    assert one.table["source"].tolist() == other.table["source"].tolist()


def test_a_column_of_files_of_one_kind_is_no_joined_example(table, tmp_path):
    made = resolve(DataSource(path=str(table), image_column="photo"))
    assert made.modality == "image" and made.bad_rows()["reason"].str.contains("empty file name").any()
    with pytest.raises(
        ValueError, match=r"image_column must be a column of people.csv .* Received: image_column='face'"
    ):
        resolve(DataSource(path=str(table), image_column="face", audio_column="voice"))
    with pytest.raises(ValueError, match=r"image_column must be left out: .* Received: image_column='photo'"):
        resolve(DataSource(path=str(table.parent), image_column="photo"))
    (tmp_path / "far.csv").write_text(f"photo,voice,label\n{table.parent / '0.png'},,a\n,{table.parent / '1.wav'},b\n")
    outside = resolve(DataSource(path=str(tmp_path / "far.csv"), image_column="photo", audio_column="voice"))
    assert "outside the folder" in outside.table["source"][0] and str(table.parent) not in outside.table["source"][0]
