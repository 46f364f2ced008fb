"""A modality of a user's own, whole in one file: series of numbers in a table. Everything works with it by its name."""

import dataclasses
import json
from typing import Literal

import numpy as np
import pytest
import tensorflow as tf

import multicnn
from multicnn import modalities
from multicnn.modalities import Augmenter, Preprocess, Shown
from multicnn.recipe import Recipe, preprocess_from_dict, preprocess_to_dict

CLASSES = ("falling", "rising", "wave")


def jitter(batch, seeds, *, noise: float = 0.0):
    """Add noise of this deviation to each series, drawn from its own seed."""
    drawn = tf.map_fn(
        lambda seed: tf.random.stateless_normal(batch.shape[1:], seed), seeds, fn_output_signature=tf.float32
    )
    return batch + noise * drawn


@dataclasses.dataclass(frozen=True)
class SeriesPreprocess(Preprocess):
    """Numbers between semicolons, resampled to one length and standardised."""

    inline = True
    modality: Literal["series"] = "series"
    length: int | None = None
    mean: float | None = None
    std: float | None = None

    @property
    def fitted(self):
        return None not in (self.length, self.mean, self.std)

    def fit(self, raws):
        raws = list(raws)
        values = np.concatenate(raws)
        length = self.length or int(np.median([len(raw) for raw in raws]))
        return dataclasses.replace(self, length=length, mean=float(values.mean()), std=float(values.std()))

    def decode(self, source):
        try:
            values = np.array([float(number) for number in str(source).split(";")], np.float32)
        except ValueError:
            raise ValueError("not numbers between semicolons") from None
        if not np.isfinite(values).all():
            raise ValueError("numbers that are not finite")
        return values

    def example(self, raw):
        at = np.linspace(0, len(raw) - 1, self.length)
        return np.interp(at, np.arange(len(raw)), raw).astype(np.float32)[:, None]

    @property
    def stored_shape(self):
        return (self.length, 1)

    def finish(self, batch):
        return (tf.cast(batch, tf.float32) - self.mean) * (1 / self.std)

    @property
    def augment(self):
        return Augmenter(jitter)

    @property
    def default_model(self):
        return "textcnn"  # convolutions over (time, channels) of any kind

    def shown(self, raw):
        return Shown("plot", raw)

    def shown_input(self, finished, plain, stored):
        return [Shown("plot", finished)]


modalities.register(SeriesPreprocess)


def series(name, random):
    steps = np.linspace(0, 1, random.integers(20, 30))
    line = {"falling": -steps, "rising": steps, "wave": 0.5 * np.sin(12 * steps + 3 * random.random())}[name]
    return line + 0.05 * random.standard_normal(len(steps))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    random = np.random.default_rng(0)
    rows = ["values,label"]
    for i in range(90):
        name = CLASSES[i % 3]
        rows.append(";".join(f"{value:.4f}" for value in series(name, random)) + f",{name}")
    rows.append("one;two,wave")
    path = tmp_path_factory.mktemp("series") / "series.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


SETTINGS = ["data.modality=series", "data.text_column=values"]


@pytest.fixture(scope="module")
def trained(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    settings = [*SETTINGS, 'arguments={"filters": 8, "dropout": 0.1}', "epochs=6", "augment.noise=0.1"]
    settings.append("optimizer.learning_rate=0.01")
    return multicnn.train(str(table), folder, settings=settings), folder


def test_it_trains_and_reports(trained):
    predictor, folder = trained
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["bad"] == 1 and metrics["model"] == "textcnn"
    assert metrics["test"]["accuracy"] > 0.8
    assert metrics["linear_baseline"]["model"] == "all values, logistic regression"
    assert "<h" in (folder / "report.html").read_text() and predictor.preprocess.fitted


def test_it_comes_back_and_predicts(trained, table):
    predictor, folder = trained
    again = multicnn.load(folder / "model.keras")
    assert again.preprocess == predictor.preprocess
    rising, bad = again.predict(["0;0.2;0.4;0.5;0.7;0.9;1", "a;b"])
    assert rising.label == "rising" and bad.error == "not numbers between semicolons"
    assert again.evaluate(table)["n"] == 90
    assert multicnn.inspect(str(folder / "model.keras")).rows[0]["receptive_field"].endswith("steps")


def test_it_is_previewed_and_examined(table, tmp_path):
    page = multicnn.preview(str(table), tmp_path / "sheet.html", settings=[*SETTINGS, "augment.noise=0.1"], draws=1)
    assert page.read_text().count("<polyline") == 12 * 3
    diagnosis = multicnn.doctor(str(table), tmp_path / "doctor.html", settings=SETTINGS)
    assert diagnosis.linear["accuracy"] > 0.8
    assert len(diagnosis.examination.manifest.bad_rows()) == 1


def test_a_recipe_holds_it():
    recipe = Recipe(preprocess=SeriesPreprocess(length=9))
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe
    assert preprocess_from_dict(preprocess_to_dict(recipe.preprocess)) == recipe.preprocess
    with pytest.raises(ValueError, match=r"modality must be one of image, audio, text.*Received: modality='smell'"):
        Recipe.from_dict({"preprocess": {"modality": "smell"}})


def test_a_name_that_is_taken_is_refused():
    class Images(SeriesPreprocess):
        modality = "image"

    with pytest.raises(ValueError, match=r"ImagePreprocess does not have. Received: preprocess\.modality='image'"):
        modalities.register(Images)
