"""One number for each example, end to end: from a table to an artefact that predicts numbers, and beside what is guessed."""

import dataclasses
import json

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from support.command_line import call
from support.reporters import Recorder

import multicnn
from multicnn.tasks import LossSettings, Regression, task_from_dict, task_to_dict

RNG = np.random.default_rng(0)
LEVELS = RNG.uniform(20, 235, 120)
IMAGES = (LEVELS[:, None, None] + RNG.normal(0, 8, (120, 8, 8))).clip(0, 255).astype(np.uint8)
COUNTS = 1000 + 10 * LEVELS  # far from 0, in another unit
SETTINGS = [
    "task=regression",
    "model.name=linear",
    "epochs=8",
    "optimizer.learning_rate=0.03",
    "optimizer.schedule=constant",
    "batch_size=16",
    "data.modality=image",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regression") / "run"
    return folder, multicnn.train((IMAGES, COUNTS), folder, settings=SETTINGS)


def test_metrics_are_those_of_scikit_learn_and_add_up():
    task = Regression(mean=5.0, std=2.0)
    truth, predicted = RNG.normal(6, 3, 40), RNG.normal(5, 2, 40)
    targets, logits = task.targets([repr(float(number)) for number in truth]), ((predicted - 5) / 2)[:, None]
    measured = task.summary(task.counts(logits[:7], targets[:7]) + task.counts(logits[7:], targets[7:]))
    assert measured["mae"] == pytest.approx(mean_absolute_error(truth, predicted), rel=1e-6)
    assert measured["rmse"] == pytest.approx(root_mean_squared_error(truth, predicted), rel=1e-6)
    assert measured["r2"] == pytest.approx(r2_score(truth, predicted), rel=1e-5)
    assert measured["mae_of_mean"] == pytest.approx(np.abs(truth - 5).mean(), rel=1e-6)
    assert 0 < measured["mae_low"] < measured["mae"] < measured["mae_high"] and measured["n"] == 40
    assert measured["loss"] == pytest.approx(task.plain_losses(logits, targets).mean())
    with pytest.raises(ValueError, match=r"logits must be finite.*1 of 1 rows"):
        task.counts(np.full((1, 1), np.nan), np.zeros(1, np.float32))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("squared_error", lambda e: e**2),
        ("absolute_error", np.abs),
        ("huber", lambda e: np.where(np.abs(e) < 1, e**2 / 2, np.abs(e) - 0.5)),
        (("huber", {"delta": 0.5}), lambda e: np.where(np.abs(e) < 0.5, e**2 / 2, 0.5 * np.abs(e) - 0.125)),
    ],
)
def test_losses(loss, expected):
    logits, targets = np.float32([[0.25], [3.0], [-0.7]]), np.float32([0, 0.5, 0.3])
    losses = Regression(0.0, 1.0).losses(logits, targets, LossSettings(loss))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(losses), expected(logits[:, 0] - targets), rtol=1e-6)


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        (" 3 ", "3.0"),
        ("-1e3", "-1000.0"),
        ("bright", "'bright' is no number"),
        ("", "empty label"),
        ("nan", "no finite"),
    ],
)
def test_cells(cell, answer):
    if answer[-1].isdigit():
        assert Regression().read(cell) == answer
    else:
        with pytest.raises(ValueError, match=answer):
            Regression().read(cell)


@pytest.mark.parametrize(
    ("cells", "message"),
    [(["1.0", "1.0"], "two different numbers or more .only 1.0."), (["1e300", "-1e300"], "spread")],
)
def test_what_cannot_be_learned(cells, message):
    with pytest.raises(ValueError, match=message):
        Regression().fitted(cells)


def test_the_linear_baseline_is_a_ridge_regression_on_dense_and_sparse_features():
    task, weights = Regression(0.0, 1.0), RNG.normal(size=12)
    features = RNG.normal(size=(300, 12)) * np.geomspace(0.1, 10, 12) + 3
    targets = (features @ weights + RNG.normal(0, 0.1, 300)).astype(np.float32)
    for these in (features, sparse.csr_matrix(features)):
        measured, name = task.baseline(these[:200], targets[:200], these[200:], targets[200:])
        assert name == "ridge regression" and measured["rmse"] < 0.15
    kernel, bias = task.linear_head(features, targets)
    np.testing.assert_allclose((features @ kernel + bias)[:, 0], targets, atol=0.6)
    assert task.baseline(features[:2], targets[:2], features, targets)[0]["n"] == 300


def test_it_beats_the_mean_and_predicts_in_the_unit_of_the_data(run):
    folder, predictor = run
    measured = json.loads((folder / "metrics.json").read_text())
    assert predictor.task.mean == pytest.approx(COUNTS.mean(), rel=0.05) and "regression of value" in repr(predictor)
    assert measured["test"]["mae"] < measured["test"]["mae_of_mean"] / 3
    assert measured["linear_baseline"]["mae"] < measured["test"]["mae_of_mean"] / 3
    (prediction,) = predictor.predict(IMAGES[0])
    assert prediction.values["value"] == pytest.approx(COUNTS[0], abs=300)
    assert float(prediction.label) == pytest.approx(prediction.values["value"], abs=1) and not prediction.labels
    history = pd.read_csv(folder / "history.csv")
    assert {"loss", "mae", "val_mae", "val_rmse", "val_r2"} <= set(history) and "val_mae_low" not in history


def test_it_is_saved_loaded_and_evaluated_with_the_same_bits(run, tmp_path):
    _, predictor = run
    again = multicnn.load(predictor.save(tmp_path / "m.keras"))
    assert again.task == predictor.task
    assert again.predict(IMAGES) == predictor.predict(IMAGES)
    assert again.evaluate((IMAGES, COUNTS)) == predictor.evaluate((IMAGES, COUNTS))
    assert again.evaluation((IMAGES, COUNTS)).tables()["by_truth"]["n"].sum() == 120


def test_windows_are_averaged():
    assert Regression(10.0, 2.0).merge(np.array([[1.0], [4.0]])) == pytest.approx([2.5])


class Death(keras.callbacks.Callback):
    """Ends a run at one of its steps as a crash would: nothing is saved then."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def on_epoch_begin(self, epoch, logs=None):
        self.before = epoch * self.params["steps"]

    def on_train_batch_begin(self, batch, logs=None):
        if self.before + batch == self.at:
            raise RuntimeError("killed")


class Dying(Recorder):
    def __init__(self, at):
        super().__init__()
        self.at = at

    def callbacks(self):
        return [Death(self.at)]


@pytest.mark.slow
def test_killed_three_times_and_resumed_it_ends_with_the_same_bits(run, tmp_path):
    often = [*SETTINGS, "runtime.checkpoint_steps=2"]
    for at in (3, 11, 17):
        with pytest.raises(RuntimeError, match="killed"):
            multicnn.train(
                (IMAGES, COUNTS),
                **({"resume": tmp_path / "run"} if at > 3 else {"out": tmp_path / "run"}),
                settings=often if at == 3 else [],
                reporter=Dying(at),
            )
    resumed = multicnn.train((IMAGES, COUNTS), resume=tmp_path / "run")
    for ours, theirs in zip(resumed.network.get_weights(), run[1].network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_report_preview_and_doctor_show_it(run, tmp_path):
    folder, _ = run
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "always predicting the mean" in page and "furthest from the truth" in page and "Confusion" not in page
    assert (folder / "by_truth.csv").exists()
    assert multicnn.preview((IMAGES, COUNTS), tmp_path / "p.html", settings=SETTINGS, examples=3).exists()
    diagnosis = multicnn.doctor((IMAGES, COUNTS), tmp_path / "d.html", settings=SETTINGS)
    guesses = {row["guess"]: row["mae"] for row in diagnosis.scores()}
    assert guesses["the mean of the training examples"] > 3 * min(guesses.values())


def test_the_command_line(run, tmp_path, monkeypatch, capsys):
    archive, model = tmp_path / "x.npz", run[0] / "model.keras"
    np.savez(archive, x=IMAGES, y=COUNTS)
    keras.utils.save_img(tmp_path / "one.png", IMAGES[0][..., None], scale=False)
    code, out, _ = call(monkeypatch, capsys, "predict", model, tmp_path / "one.png", "--json")
    assert code == 0 and json.loads(out)["values"]["value"] > 1000
    code, out, _ = call(monkeypatch, capsys, "evaluate", model, archive)
    assert code == 0 and "mae of mean" in " ".join(out.split()).replace("_", " ") and "by truth" in out
    code, _, err = call(monkeypatch, capsys, "train", archive, "--out", tmp_path / "run")
    assert code == 2 and "or any with task='regression'" in err and len(err.splitlines()) == 1


@pytest.mark.slow
def test_the_blend_is_not_worse_than_the_baseline(choosing, tmp_path):
    settings = [*SETTINGS, "epochs=1", "model.initializer=zeros"]
    predictor = multicnn.train((IMAGES, COUNTS), tmp_path / "run", settings=settings)
    measured = predictor.metrics
    assert measured["saved"]["choice"] == "baseline" and measured["network"]["mae"] > 2 * measured["test"]["mae"]
    again = multicnn.load(tmp_path / "run" / "model.keras")
    assert again.predict(IMAGES) == predictor.predict(IMAGES)
    half = multicnn.train((IMAGES[:60], COUNTS[:60]), tmp_path / "half", settings=[*SETTINGS, "epochs=30"])
    assert half.metrics["saved"]["choice"] == "blend"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["loss=hinge"], "`loss` must be one of .'squared_error'"),
        (['loss=["huber", {"delta": 0}]'], "`loss.delta` must be a number above 0"),
        (['loss=["squared_error", {"delta": 1}]'], "the loss 'squared_error' takes"),
        (["label_smoothing=0.1"], "`label_smoothing` is for classes"),
        (["monitor=accuracy"], "`monitor` must be one of .'mae'"),
        (["class_weights=true"], "`class_weights` is for classes"),
        (["mixup=0.2"], "`mixup` and `cutmix` are for"),
        (["data.label_separator=|"], "`label_separator` must be None for the task 'regression'"),
    ],
)
def test_what_has_no_meaning_is_refused(settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        multicnn.train((IMAGES, COUNTS), tmp_path / "run", settings=[*SETTINGS, *settings])
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_cross_validation_compares_errors(tmp_path):
    validation = multicnn.crossval((IMAGES, COUNTS), tmp_path / "run", folds=2, settings=[*SETTINGS, "epochs=2"])
    assert list(validation.table()) == ["n", "mae", "rmse", "r2", "loss", "linear", "saved"]
    summary = validation.summary()
    each = [measured["test"] for measured in validation.metrics.values()]
    assert summary["test"]["mae_of_all"] == pytest.approx(
        np.average([m["mae"] for m in each], weights=[m["n"] for m in each])
    )
    assert summary["linear_baseline"]["mae_of_all"] > 0


def test_a_task_is_plain_data():
    task = Regression(2.0, 3.0)
    assert task_from_dict(json.loads(json.dumps(task_to_dict(task)))) == task
    assert dataclasses.replace(task, mean=None).fitted(["1.0", "3.0"]) == Regression(2.0, 1.0)
