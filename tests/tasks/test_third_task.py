"""A task that the package does not have, written here and registered by name: one number for each example."""

import dataclasses
import json
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from keras import ops
from PIL import Image
from support.command_line import call

import multicnn
from multicnn.data.manifest import Manifest
from multicnn.tasks import TASKS, Answer, register, task_from_dict, task_to_dict


@dataclasses.dataclass(frozen=True)
class Errors:
    """Sums over examples, from which RMSE, MAE and R2 follow."""

    n: int
    absolute: float
    squared: float
    total: float
    total_squared: float

    def __add__(self, other):
        return Errors(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other))))


@register
@dataclasses.dataclass(frozen=True)
class Regression:
    """One number for each example; the network predicts it in units of the training rows' deviation."""

    name: ClassVar[str] = "test_regression"
    metric: ClassVar[str] = "mae"
    monitors: ClassVar[dict] = {"rmse": "min", "loss": "min", "mae": "min", "r2": "max"}
    default_loss: ClassVar[str] = "squared_error"
    mixes: ClassVar[bool] = False

    mean: float | None = None
    std: float = 1.0

    labels = ("value",)
    classes = ()

    def read(self, cell):
        return repr(float(cell))

    def strata(self, cell):
        return ()

    def fitted(self, cells):
        if self.mean is not None:
            return self
        values = np.array(cells, float)
        return Regression(float(values.mean()), float(values.std()) or 1.0)

    def check(self, cell, owner):
        pass

    def targets(self, cells):
        return ((np.array(cells, float) - self.mean) / self.std).astype(np.float32)

    def output_shape(self, input_shape):
        return (1,)

    def check_loss(self, settings):
        if settings.loss != "squared_error" or settings.label_smoothing:
            raise ValueError(f"`loss` must be 'squared_error'. Received: loss={settings.loss!r}")

    def class_weights(self, targets):
        raise ValueError("`class_weights` needs classes. Received: class_weights=True")

    def losses(self, logits, targets, settings):
        return ops.square(logits[:, 0] - targets)

    def score(self, logits, targets):
        return self.std * ops.abs(logits[:, 0] - targets)

    def plain_losses(self, logits, targets):
        return np.square(self.std * (logits[:, 0].astype(np.float64) - targets))

    def counts(self, logits, targets):
        errors, truth = self.plain_losses(logits, targets), self.mean + self.std * targets.astype(np.float64)
        sums = np.sqrt(errors).sum(), errors.sum(), truth.sum(), np.square(truth).sum()
        return Errors(len(targets), *map(float, sums))

    def summary(self, counts):
        mse = counts.squared / counts.n
        variance = counts.total_squared / counts.n - (counts.total / counts.n) ** 2
        r2 = 1 - mse / max(variance, 1e-12)
        return {"rmse": mse**0.5, "loss": mse, "mae": counts.absolute / counts.n, "r2": r2, "n": counts.n}

    def outputs(self, logits):
        return self.mean + self.std * logits.astype(np.float64)

    def merge(self, outputs):
        return np.mean(outputs, axis=0)

    def answer(self, output):
        return Answer(f"{output[0]:.3g}", values={"value": float(output[0])})

    def tables(self, logits, targets):
        return {}

    def confusion(self, logits, targets):
        return None

    def mistakes(self, logits, targets, ids):
        errors = np.sqrt(self.plain_losses(logits, targets))
        rows = np.argsort(-errors, kind="stable")[:25]
        truth, predicted = self.mean + self.std * targets, self.outputs(logits)[:, 0]
        columns = {"id": np.array(ids)[rows], "truth": truth[rows], "value": predicted[rows], "error": errors[rows]}
        return pd.DataFrame(columns | {"row": rows})

    def headline(self, test, linear):
        return f"Test RMSE: {test['rmse']:.3f}; linear baseline: {linear['rmse']:.3f}."

    def baseline(self, train, train_targets, test, test_targets):
        from sklearn.linear_model import Ridge

        predicted = Ridge(1.0).fit(train, train_targets).predict(test)
        return self.summary(self.counts(predicted[:, None], test_targets)), "ridge regression"

    def linear_head(self, features, targets):
        weights = np.linalg.lstsq(np.c_[features, np.ones(len(features))], targets, rcond=None)[0]
        return weights[:-1, None], weights[-1:]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Grey images whose brightness is what is to be predicted, and one row whose number cannot be read."""
    folder, rng = tmp_path_factory.mktemp("brightness"), np.random.default_rng(0)
    rows = []
    for i in range(120):
        brightness = rng.uniform(20, 235)
        pixels = np.clip(brightness + rng.normal(0, 8, (8, 8)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        rows.append((f"{i}.png", f"{brightness:.2f}"))
    rows[7] = (rows[7][0], "bright")
    pd.DataFrame(rows, columns=["file_name", "label"]).to_csv(folder / "metadata.csv", index=False)
    return folder


MODEL = ["model.name=linear", "task=test_regression", "epochs=8", "optimizer.learning_rate=0.03", "batch_size=16"]


@pytest.fixture(scope="module")
def trained(images):
    return multicnn.train(images, images.parent / f"{images.name}-run", settings=MODEL)


def test_it_trains_and_the_metrics_are_those_of_its_predictions(trained, images):
    folder = images.parent / f"{images.name}-run"
    manifest = Manifest.load(folder / "manifest.parquet")
    assert manifest.task == trained.task and manifest.task.mean == pytest.approx(128, abs=25)
    assert manifest.bad_rows()["reason"].tolist() == ["could not convert string to float: 'bright'"]
    rows = manifest.rows("test")
    truth = manifest.table["label"].iloc[rows].astype(float).to_numpy()
    predicted = np.array([p.values["value"] for p in trained.predict(manifest.table["source"].iloc[rows].tolist())])
    measured = json.loads((folder / "metrics.json").read_text())["test"]
    assert measured["rmse"] == pytest.approx(np.sqrt(np.mean((predicted - truth) ** 2)), rel=1e-4)
    assert measured["r2"] == pytest.approx(
        1 - np.sum((predicted - truth) ** 2) / np.sum((truth - truth.mean()) ** 2), rel=1e-3
    )
    assert measured["r2"] > 0.9 and trained.metrics["linear_baseline"]["model"].endswith("ridge regression")
    history = pd.read_csv(folder / "history.csv")
    assert {"loss", "mae", "val_mae", "val_rmse"} <= set(history) and history["mae"].iloc[-1] < history["mae"].iloc[0]


def test_it_is_saved_loaded_and_evaluated(trained, images, tmp_path):
    again = multicnn.load(trained.save(tmp_path / "m.keras"))
    assert again.task == trained.task and "test_regression of value" in repr(again)
    assert again.predict([images / "0.png"]) == trained.predict([images / "0.png"])
    assert again.evaluate(images)["r2"] > 0.9
    prediction = again.predict(images / "0.png")[0]
    assert prediction.probability is None and prediction.label in repr(prediction)


def test_the_report_preview_and_doctor_show_it(trained, images, tmp_path):
    page = (images.parent / f"{images.name}-run" / "report.html").read_text(encoding="utf-8")
    assert "Test RMSE" in page and "rmse" in page and "truth" in page and "Confusion" not in page
    assert multicnn.preview(images, tmp_path / "p.html", settings=MODEL, examples=3).exists()
    diagnosis = multicnn.doctor(images, tmp_path / "d.html", settings=MODEL)
    assert diagnosis.examination.counts.loc["all", "all"] == 119 and not diagnosis.examination.majority
    assert diagnosis.linear["r2"] > 0.9 and "mae" in (tmp_path / "d.html").read_text(encoding="utf-8")


def test_the_command_line(trained, images, tmp_path, monkeypatch, capsys):
    path = trained.save(tmp_path / "m.keras")
    arguments = ("predict", path, images / "0.png", "--json", "--csv", tmp_path / "table.csv")
    code, out, _ = call(monkeypatch, capsys, *arguments)
    assert code == 0 and json.loads(out)["values"]["value"] > 0
    (row,) = pd.read_csv(tmp_path / "table.csv").to_dict("records")
    assert row["value of value"] == json.loads(out)["values"]["value"]
    code, out, _ = call(monkeypatch, capsys, "predict", path, images / "0.png")
    assert code == 0 and float(out.split("\t")[1]) > 0
    code, out, _ = call(monkeypatch, capsys, "evaluate", path, images)
    assert code == 0 and "rmse" in out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["loss=hinge"], "`loss` must be 'squared_error'"),
        (["monitor=accuracy"], "`monitor` must be one of .'rmse'"),
        (["class_weights=true"], "`class_weights` needs classes"),
        (["mixup=0.2"], "`mixup` and `cutmix` are for"),
        (["task=nothing"], "`task` must be one of .*Received: task='nothing'"),
        (["data.label_separator=|"], "`label_separator` must be None for the task 'test_regression'"),
    ],
)
def test_what_has_no_meaning_is_refused(settings, message, images, tmp_path):
    with pytest.raises(ValueError, match=message):
        multicnn.train(images, tmp_path / "run", settings=[*MODEL, *settings])


def test_a_task_is_plain_data_under_a_name_of_its_own():
    task = Regression(2.0, 3.0)
    assert task_from_dict(json.loads(json.dumps(task_to_dict(task)))) == task
    assert TASKS["test_regression"] is Regression
    with pytest.raises(ValueError, match="Received: name='multilabel'"):
        register(type("Other", (), {"name": "multilabel"}))
    with pytest.raises(ValueError, match=r"has the fields .*unknown: \['scale'\]"):
        task_from_dict({"name": "test_regression", "scale": 1})
