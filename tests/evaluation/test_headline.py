"""The headline of data that names its own splits: the test set's, or the validation set's with what it was used for."""

import json

import pandas as pd
import pytest
from support.html import Page
from support.reporters import Recorder

import multicnn
from multicnn.data.load import load_manifest
from multicnn.evaluation.headline import headline
from multicnn.recipe import DataSource
from multicnn.tasks import Classification

CHOSE = "also used to choose the epoch"
TASK = Classification(("a", "b"))


def split_table(path, splits=("train", "train", "val"), n=60):
    """Texts of two classes, with a split each."""
    rows = [(f"{'good bad'.split()[i % 2]} {i}", "ab"[i % 2], splits[i // 2 % len(splits)]) for i in range(n)]
    pd.DataFrame(rows, columns=["text", "label", "split"]).to_csv(path, index=False)
    return path


def test_a_run_on_data_without_test_examples(tmp_path):
    source, recorder = split_table(tmp_path / "t.csv"), Recorder()
    made = multicnn.train(
        source, tmp_path / "run", reporter=recorder, epochs=1, embedding_dims=4, arguments={"filters": 2}
    )
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["train"]["n"] == 40 and metrics["val"]["n"] == 20 and "test" not in metrics
    assert metrics["linear_baseline"]["n"] == 20
    assert CHOSE in metrics["headline"] and "data.test (train --test)" in metrics["headline"]
    assert metrics["headline"] in recorder.lines
    assert any(
        line.startswith("no test examples: the data names its training and validation") for line in recorder.lines
    )
    page = Page((tmp_path / "run" / "report.html").read_text())
    assert metrics["headline"] in page.text and "linear baseline, validation" in page.text
    evaluation = multicnn.evaluate(made, source, reporter=recorder)
    assert evaluation.metrics["n"] == 20 and CHOSE in evaluation.note and evaluation.note == recorder.lines[-1]
    others = multicnn.evaluate(made, split_table(tmp_path / "other.csv", n=30))
    assert others.metrics["n"] == 30 and not others.note


def test_the_doctor_scores_the_linear_model_on_the_validation_examples(tmp_path):
    diagnosis = multicnn.doctor(split_table(tmp_path / "t.csv"), tmp_path / "doctor.html")
    assert [(row["split"], row["n"]) for row in diagnosis.scores()][-1] == ("val", 20)
    findings = {finding.name: finding for finding in diagnosis.examination.findings}
    assert not findings["no test examples"].decision


@pytest.mark.parametrize(
    ("splits", "fields", "counts"),
    [
        (("train", "val"), {}, (30, 30, 0)),
        (("train", "val"), {"test_fraction": 0.2}, (30, 30, 0)),
        (("train", "val", "test"), {}, (20, 20, 20)),
        (("train", "val", ""), {}, (40, 20, 0)),
    ],
)
def test_what_names_its_splits_is_not_divided_further(tmp_path, splits, fields, counts):
    manifest = load_manifest(DataSource(path=str(split_table(tmp_path / "t.csv", splits)), **fields))
    assert tuple(len(manifest.rows(split)) for split in ("train", "val", "test")) == counts
    assert bool(manifest.remarks) == (not counts[2])


def test_a_test_source_of_its_own_is_the_headline(tmp_path):
    test = tmp_path / "test.csv"
    test.write_text("text,label\n" + "".join(f"good {i},{'ab'[i % 2]}\n" for i in range(10)))
    manifest = load_manifest(DataSource(path=str(split_table(tmp_path / "t.csv")), test=str(test)))
    assert len(manifest.rows("test")) == 10 and not manifest.remarks
    assert headline(TASK, {"test": {"accuracy": 0.5, "n": 10}, "val": {"accuracy": 0.9, "n": 20}}).startswith(
        "Test accuracy: 50.0 %"
    )
    assert headline(TASK, {"train": {"accuracy": 0.5, "n": 10}}) == ""
