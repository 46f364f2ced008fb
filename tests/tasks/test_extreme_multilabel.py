"""Labels by the thousand: sparse targets from the source to the loss, rankings, one linear model of all labels, and the pages."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from support.command_line import call

import multicnn
from multicnn.tasks import ExtremeMultilabel, LossSettings, Multilabel, Ragged, dual_ridge, losses, metrics, ranking
from multicnn.tasks.classification import Classification
from multicnn.tasks.linear_model import NotFitted
from multicnn.tasks.ragged import ragged

RNG = np.random.default_rng(0)
LABELS = 300
ROWS = [sorted(RNG.choice(LABELS, RNG.integers(0, 5), replace=False).tolist()) for _ in range(40)]
DENSE = np.array([[label in row for label in range(LABELS)] for row in ROWS], np.int32)
LOGITS = RNG.normal(-2, 2, (40, LABELS)).astype(np.float32)


def test_ragged_rows_are_indexed_as_an_array_is():
    whole = Ragged.of(ROWS)
    assert (len(whole), whole.width) == (40, 4) and whole.shape == whole.padded().shape
    for rows in (np.array([3, 0, 3, 39]), slice(5, 9), DENSE.sum(axis=1) > 2):
        np.testing.assert_array_equal(whole[rows].matrix(LABELS).toarray(), DENSE[rows])
    np.testing.assert_array_equal(ragged(whole.padded()).values, whole.values)
    np.testing.assert_array_equal(ragged(whole.padded()).offsets, whole.offsets)
    assert Ragged.of([[], []]).padded().tolist() == [[-1], [-1]]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, RNG.uniform(0.5, 3, LABELS).astype(np.float32)])
def test_the_sparse_loss_is_the_dense_one(smoothing, weights):
    expected = losses.label_losses(LOGITS, DENSE, "logistic", smoothing, weights)
    found = losses.sparse_label_losses(LOGITS, Ragged.of(ROWS).padded(), "logistic", smoothing, weights)
    np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (found, expected)), rtol=2e-5)


def test_metrics_are_those_of_the_definition_and_add_up():
    records = ranking.records(LOGITS, Ragged.of(ROWS))
    counts = ranking.count(records[:7], Ragged.of(ROWS[:7]), [1, 2, 3, 4, 5], LABELS)
    counts += ranking.count(records[7:], Ragged.of(ROWS[7:]), [1, 2, 3, 4, 5], LABELS)
    measured, best = counts.summary(), np.argsort(-LOGITS, axis=1)
    hits = np.take_along_axis(DENSE, best[:, :5], axis=1)
    assert measured["precision_at_5"] == pytest.approx(hits.mean())
    assert measured["precision_at_1"] == pytest.approx(hits[:, 0].mean())
    assert measured["recall_at_5"] == pytest.approx(hits.sum() / DENSE.sum())
    assert measured["precision_at_5_of_commonest"] == pytest.approx(DENSE[:, 1:6].mean())
    assert measured["loss"] == pytest.approx(-metrics.log_likelihoods(LOGITS.astype(float), DENSE).mean(), rel=1e-6)
    assert measured["micro_f1"] == pytest.approx(metrics.summarise(LOGITS, DENSE)["micro_f1"])
    table = counts.per_label([f"{i}" for i in range(LABELS)])
    first = np.zeros_like(DENSE)
    np.put_along_axis(first, best[:, :5], 1, axis=1)
    np.testing.assert_allclose(table["precision"], (first & DENSE).sum(0) / np.maximum(first.sum(0), 1))
    pairs = counts.confusions([f"{i}" for i in range(LABELS)]).reset_index()
    missed, wrong = int(pairs["label"][0]), int(pairs["predicted"][0])
    assert pairs["count"][0] == ((DENSE & ~first)[:, missed] * (first & ~DENSE)[:, wrong]).sum() == pairs["count"].max()
    scores = losses.precision_at(LOGITS, Ragged.of(ROWS).padded(), 5)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(scores), hits.mean(axis=1), rtol=1e-6)


def test_the_initial_bias_is_the_log_odds_of_the_labels():
    task = ExtremeMultilabel(tuple(f"{i:03d}" for i in range(LABELS)), commonest=("000",))
    frequent = int(DENSE.sum(axis=0).argmax())
    odds = (DENSE[:, frequent].sum() + 0.5) / (40 - DENSE[:, frequent].sum() + 0.5)
    assert np.exp(task.initial_bias(Ragged.of(ROWS))[frequent]) == pytest.approx(odds)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_the_linear_baseline_is_a_ridge_regression_in_its_dual_form(form):
    x, test = RNG.normal(size=(30, 80)).astype(np.float32), RNG.normal(size=(9, 80)).astype(np.float32)
    if form is np.asarray:  # standardised, as by hand
        mean, std = x.mean(axis=0), x.std(axis=0)
        inner, outer = (x - mean) / std, (test - mean) / std
    else:
        inner, outer = x, test
    y = DENSE[:30].astype(float)
    penalty = 0.1 * np.square(inner).sum(axis=1).mean()
    weights = np.linalg.solve(inner.T @ inner + penalty * np.eye(80), inner.T @ (y - y.mean(axis=0)))
    found = np.concatenate([each for _, each in dual_ridge.scores(form(x), sparse.csr_matrix(y), form(test))])
    np.testing.assert_allclose(found, outer @ weights + y.mean(axis=0), atol=2e-4)


def test_what_would_take_too_long_is_not_fitted():
    test = sparse.csr_matrix((10**7, 3), dtype=np.float32)
    with pytest.raises(NotFitted, match="would take"):
        next(dual_ridge.scores(sparse.csr_matrix(np.ones((9, 3))), sparse.csr_matrix(np.ones((9, 20_000))), test))


def test_many_classes_and_dense_labels_have_the_same_baseline():
    x = np.eye(250, dtype=np.float32)[np.arange(750) % 250] + RNG.normal(0, 0.05, (750, 250)).astype(np.float32)
    names = tuple(f"{i:03d}" for i in range(250))
    scored, name = Classification(names).baseline(x[:500], np.arange(500) % 250, x[500:], np.arange(250))
    assert scored["accuracy"] == 1 and name == "ridge regression of all labels"
    onehot = np.eye(250, dtype=np.int32)[np.arange(750) % 250]
    scored, _ = Multilabel(names).baseline(x[:500], onehot[:500], x[500:], onehot[500:])
    assert scored["micro_f1"] > 0.5


def test_top_five_is_a_metric_of_many_classes():
    logits, targets = RNG.normal(size=(200, 30)), RNG.integers(0, 30, 200)
    best = np.argsort(-logits, axis=1)[:, :5]
    expected = np.mean([target in row for target, row in zip(targets, best)])
    halves = metrics.count(logits[:50], targets[:50]) + metrics.count(logits[50:], targets[50:])
    assert halves.summary()["top5_accuracy"] == metrics.summarise(logits, targets)["top5_accuracy"] == expected
    assert "top5_accuracy" not in metrics.summarise(logits[:, :20], targets % 20)


def test_labels_of_multilabel_data_by_the_thousand_are_sparse():
    cells = [f"{i}|{(i * 7) % 1001}" for i in range(1001)]
    few, many = Multilabel().fitted(cells[:100]), Multilabel().fitted(cells)
    assert type(few) is Multilabel and type(many) is ExtremeMultilabel
    assert many.fitted(["1|2"]) is many and len(many.labels) == 1001 and len(many.commonest) == 5
    assert many.targets(["7|nothing", ""]).lengths.tolist() == [1, 0]
    with pytest.raises(ValueError, match="label 'nothing' is not one of the training labels"):
        many.check("nothing", "training")
    many.check("7|nothing", "training")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on texts of three words out of 26, each the name of a label."""
    folder, words = tmp_path_factory.mktemp("many"), [letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz"]
    rows = [RNG.choice(words, 3, replace=False, p=np.arange(26, 0, -1) / 351) for _ in range(260)]
    table = pd.DataFrame({"text": [" ".join(row) for row in rows], "label": ["|".join(row) for row in rows]})
    table.to_csv(folder / "t.csv", index=False)
    settings = ["model.arguments.filters=16", "model.embedding.dims=16", "epochs=20", "optimizer.learning_rate=0.02"]
    task = {"name": "extreme_multilabel", "label_separator": "|"}
    data = multicnn.DataSource(path=str(folder / "t.csv"), label_separator="|")
    return folder, multicnn.train(data, folder / "run", task=task, settings=[*settings, "batch_size=16"])


def test_it_ranks_labels_and_predicts_the_twenty_most_probable(run, tmp_path):
    folder, predictor = run
    measured = json.loads((folder / "run" / "metrics.json").read_text())
    guessed = measured["test"]["precision_at_5_of_commonest"]
    assert (
        measured["test"]["precision_at_5"] > guessed + 0.1 and measured["linear_baseline"]["precision_at_5"] > guessed
    )
    (prediction,) = predictor.predict("aaa ccc bbb")
    assert len(prediction.probabilities) == 20 and set(list(prediction.probabilities)[:3]) == {"aaa", "bbb", "ccc"}
    assert list(prediction.probabilities.values()) == sorted(prediction.probabilities.values(), reverse=True)
    again = multicnn.load(predictor.save(tmp_path / "m.keras"))
    assert again.task == predictor.task and again.predict("aaa ccc bbb") == [prediction]
    assert again.evaluate(folder / "t.csv") == predictor.evaluate(folder / "t.csv")


def test_the_pages_and_the_command_line_show_labels(run, tmp_path, monkeypatch, capsys):
    folder, _ = run
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert (
        "Test precision at 5" in page and "confused most often" in page and (folder / "run" / "confused.csv").exists()
    )
    model = folder / "run" / "model.keras"
    code, out, _ = call(monkeypatch, capsys, "predict", model, "aaa ccc bbb", "--csv", tmp_path / "p.csv")
    _, labels, shares, *_ = out.splitlines()[0].split("\t")
    assert code == 0 and len(labels.split(", ")) == len(shares.split()) == 20
    code, out, _ = call(monkeypatch, capsys, "evaluate", model, folder / "t.csv")
    assert code == 0 and "confused" in out and "precisi" in out


@pytest.mark.slow
def test_the_doctor_has_the_commonest_labels_beside(run, tmp_path):
    data = multicnn.DataSource(path=str(run[0] / "t.csv"), label_separator="|")
    diagnosis = multicnn.doctor(data, tmp_path / "d.html", task={"name": "extreme_multilabel", "label_separator": "|"})
    assert "the commonest labels" in [row["guess"] for row in diagnosis.scores()]


def test_weights_and_settings_are_those_of_multilabel_data(run):
    task = run[1].task
    task.check_loss(LossSettings("logistic"))
    with pytest.raises(ValueError, match="for multilabel data"):
        task.check_loss(LossSettings("hinge"))
    assert (task.class_weights(Ragged.of([[0], [0, 1]]))[2:] == 1).all()
