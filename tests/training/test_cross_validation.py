"""Cross-validation: every example is tested once, groups are left out whole, and mean and spread are those of the runs."""

import json

import numpy as np
import pandas as pd
import pytest
from support.command_line import call
from support.reporters import Recorder

import multicnn
from multicnn.recipe import DataSource

TINY = ["model.arguments.filters=4", "model.embedding.dims=4", "epochs=1"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "texts.csv"
    rows = [
        (f"{('good', 'bad')[i % 2]} text number {i}", "ab"[i % 2], ("Ann", "Bo b", "Bo_b")[i % 3]) for i in range(60)
    ]
    pd.DataFrame(rows, columns=["text", "label", "who"]).to_csv(path, index=False)
    return path


def rows_of(folder):
    kept = pd.read_parquet(folder / "manifest.parquet")
    return kept[kept["split"] == "test"]


def test_each_example_is_tested_once(table, tmp_path):
    validation = multicnn.crossval(table, tmp_path / "run", folds=2, settings=TINY)
    folders = [tmp_path / "run" / f"fold-{i:02d}" for i in (1, 2)]
    assert sorted(pd.concat(map(rows_of, folders))["id"]) == sorted(f"texts.csv:{i}" for i in range(1, 61))
    accuracies = [json.loads((f / "metrics.json").read_text())["test"]["accuracy"] for f in folders]
    summary = validation.summary()
    assert validation.table()["accuracy"].tolist() == accuracies
    assert summary["test"]["accuracy_mean"] == pytest.approx(np.mean(accuracies))
    assert summary["test"]["accuracy_std"] == pytest.approx(np.std(accuracies, ddof=1))
    assert "accuracy_mean" in summary["linear_baseline"] and "loss_mean" not in summary["linear_baseline"]
    said = json.loads((tmp_path / "run" / "crossval.json").read_text())
    assert said["summary"] == summary and list(said["folds"]) == ["1", "2"]
    assert (pd.read_parquet(folders[0] / "manifest.parquet")["split"] == "val").sum() > 0  # a tenth chooses the epoch


def test_each_group_is_left_out_whole(table, tmp_path, monkeypatch, capsys):
    settings = [word for setting in [*TINY, "data.group_column=who"] for word in ("--set", setting)]
    settings += ["--set", "data.validation_fraction=0", "--out", tmp_path / "run"]
    code, out, err = call(monkeypatch, capsys, "crossval", table, "--groups", "--json", *settings)
    assert code == 0, err
    assert list(json.loads(out)["folds"]) == ["Ann", "Bo b", "Bo_b"]
    for name, group in (("01-Ann", "Ann"), ("02-Bo_b", "Bo b"), ("03-Bo_b", "Bo_b")):
        assert set(rows_of(tmp_path / "run" / name)["group"]) == {group}
        assert len(rows_of(tmp_path / "run" / name)) == 20


def test_the_table_of_the_command_line(monkeypatch, capsys):
    from multicnn.cli.tables import show_crossval
    from multicnn.training.cross_validation import CrossValidation

    runs = {
        str(i): {
            "test": {"accuracy": 0.5 + i / 10, "loss": 1.0, "macro_f1": 0.25, "n": 7},
            "linear_baseline": {"accuracy": 0.75, "macro_f1": 0.7, "n": 7},
        }
        for i in (1, 2)
    }
    show_crossval(CrossValidation(runs))
    shown = capsys.readouterr().out
    assert "0.6500" in shown and "0.0707" in shown and "0.7500" in shown


@pytest.mark.parametrize(
    ("source", "folds", "message"),
    [
        ({}, None, "the data have none: name their column .*Received: data.group_column=None"),
        ({}, 61, "Received: folds=61"),
        ({"group_column": "who"}, 4, "number of groups"),
    ],
)
def test_too_few_to_divide(source, folds, message, table, tmp_path):
    with pytest.raises(ValueError, match=message):
        multicnn.crossval(DataSource(path=str(table), **source), tmp_path / "run", folds=folds, settings=TINY)


def test_it_goes_on_where_it_was_interrupted(table, tmp_path):
    whole = multicnn.crossval(table, tmp_path / "whole", folds=2, settings=TINY)
    folder, reporter = tmp_path / "run", Recorder(interrupts=2)
    with pytest.raises(KeyboardInterrupt):
        multicnn.crossval(table, folder, folds=2, settings=TINY, reporter=reporter)
    assert reporter.lines[-1] == f"resume all of it with: multicnn crossval --resume {folder}"
    first = (folder / "fold-01" / "model.keras").stat().st_mtime_ns
    again = multicnn.crossval(resume=folder)
    assert (folder / "fold-01" / "model.keras").stat().st_mtime_ns == first
    for name, measured in whole.metrics.items():
        assert {**again.metrics[name], "seconds": 0, "waited": 0} == {**measured, "seconds": 0, "waited": 0}
    with pytest.raises(ValueError, match=r"batch_size was \d+, now 8"):
        multicnn.crossval(resume=folder, settings=["batch_size=8"])
    for folds in (3, None):
        with pytest.raises(
            ValueError, match=f"needs the folds that the runs were started with: 2. Received: folds={folds}"
        ):
            multicnn.crossval(resume=folder, folds=folds)
    assert multicnn.crossval(resume=folder, folds=2).metrics == again.metrics


def test_a_set_apart_for_testing_is_in_no_fold(table):
    with pytest.raises(ValueError, match="test must be None: each fold"):
        multicnn.crossval(table, folds=2, settings=[f"data.test={table}"])


def test_a_class_that_a_fold_would_not_learn_is_told_before_any_is_trained(tmp_path):
    rows = [f"text {i},{i % 2}" for i in range(40)] + ["alone,2"]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *rows]))
    with pytest.raises(
        ValueError, match=r"every class needs training examples in every fold. Received: label='2', fold="
    ):
        multicnn.crossval(tmp_path / "t.csv", tmp_path / "out", folds=3, settings=TINY)
    assert not [*tmp_path.glob("out/*")]


@pytest.mark.parametrize("more", [{"data": "digits"}, {"out": "elsewhere"}, {}])
def test_what_cannot_go_on(more, tmp_path):
    with pytest.raises(ValueError, match="Received: resume="):
        multicnn.crossval(resume=tmp_path, **more)
