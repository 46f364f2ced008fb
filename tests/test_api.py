"""Training, evaluating and predicting as Python functions, on small data of each modality."""

import csv
import json
import shutil

import keras
import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

import multicnn
from multicnn.blocks import chain, conv, dense, global_average_pool
from multicnn.data.load import load_manifest
from multicnn.recipe import DataSource
from multicnn.training import preparation, run_folder
from multicnn.training.build import build
from multicnn.training.context import RunContext
from multicnn.training.preparation import prepare
from multicnn.training.run import complete
from multicnn.utils.files import locked
from multicnn.utils.reporter import Reporter

SMALL = {"model": "vgg_small", "arguments": {"width": 4}}  # quick, and fits 8x8 pixels
RUN_FILES = {
    "recipe.json", "versions.json", "preprocess.json", "manifest.parquet", "labels.txt", "history.csv", "health.csv",
    "metrics.json", "report.html", "bad_files.csv", "checkpoints", "model.keras", "learning_curves.png",
    "confusion_matrix.png", "mistakes.csv", "per_class.csv",
}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder per class of noisy bright and dark images in several formats, with four bad files among them."""
    root = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for label, level in (("bright", 200), ("dark", 50)):
        (root / label).mkdir()
        for i in range(30):
            pixels = (level + rng.integers(-40, 40, (12, 12, 3))).astype(np.uint8)
            Image.fromarray(pixels).save(root / label / f"{i} ü.{('png', 'jpg', 'bmp')[i % 3]}")
    (root / "dark" / "empty.png").touch()
    (root / "dark" / "text.jpg").write_text("not an image")
    complete = (root / "bright" / "0 ü.png").read_bytes()
    (root / "bright" / "truncated.png").write_bytes(complete[: len(complete) // 2])
    with open(root / "bright" / "audio.png", "wb") as file:
        soundfile.write(file, np.zeros(800, np.float32), 8000, format="WAV")
    return root


@pytest.fixture(scope="module")
def run(images, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "x"
    predictor = multicnn.train(images, out, model="lenet5", epochs=3, seed=1)
    return predictor, out


def test_a_run_leaves_everything_in_its_folder(run):
    predictor, out = run
    assert {path.name for path in out.iterdir()} == RUN_FILES
    measured = json.loads((out / "metrics.json").read_text())
    assert predictor.metrics == measured
    for split in ("train", "val", "test", "linear_baseline"):
        assert {"accuracy", "loss", "macro_f1", "n"} <= set(measured[split])
    assert measured["test"]["accuracy"] == 1
    history = pd.read_csv(out / "history.csv")
    assert history["epoch"].tolist() == [1, 2, 3]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"} <= set(history)
    assert (out / "labels.txt").read_text() == "bright\ndark\n"


def test_bad_files_are_listed_with_reasons_and_every_other_file_is_used(run, images):
    predictor, out = run
    with open(out / "bad_files.csv", newline="") as file:
        bad = {row["id"].split("/")[-1]: row["reason"] for row in csv.DictReader(file)}
    assert set(bad) == {"empty.png", "text.jpg", "truncated.png", "audio.png"}
    assert all(bad.values())
    table = pd.read_parquet(out / "manifest.parquet")
    assert (table["status"] == "good").sum() == 60
    assert predictor.metrics["bad"] == 4
    assert sum(predictor.metrics[split]["n"] for split in ("train", "val", "test")) == 60


def test_evaluate_gives_the_metrics_of_the_run(run, images):
    predictor, out = run
    evaluation = multicnn.evaluate(out / "model.keras", images)
    assert evaluation.metrics["n"] == 60
    assert evaluation.metrics["bad"] == 4
    assert evaluation.confusion().sum() == 60
    assert list(evaluation.per_class().index) == ["bright", "dark"]
    assert predictor.evaluate(images) == evaluation.metrics


def test_predict_gives_a_bad_input_a_row_with_its_error(run, images):
    predictor, _ = run
    good = images / "dark" / "1 ü.jpg"
    first, bad, last = predictor.predict([good, images / "dark" / "text.jpg", good])
    assert first.label == last.label == "dark"
    assert first.probabilities == pytest.approx(last.probabilities, abs=1e-6)
    assert sum(first.probabilities.values()) == pytest.approx(1)
    assert bad.label is None
    assert bad.error
    assert [p.input for p in predictor.predict(good)] == [str(good)]
    (from_memory,) = predictor.predict(np.asarray(Image.open(good)))
    assert from_memory.probabilities == pytest.approx(first.probabilities, abs=1e-6)


def test_a_long_clip_is_the_mean_of_its_windows(tmp_path):
    rng = np.random.default_rng(0)
    rate = 8000
    for label, hertz in (("high", 2000), ("low", 300)):
        (tmp_path / label).mkdir()
        for i in range(20):
            wave = np.sin(2 * np.pi * hertz * np.arange(rate // 2) / rate) * rng.uniform(0.1, 0.5)
            soundfile.write(tmp_path / label / f"{i}.wav", wave + rng.normal(0, 0.01, rate // 2), rate)
    settings = ["preprocess.sample_rate=8000", "model.arguments.maps=8"]
    predictor = multicnn.train(tmp_path, tmp_path / "run", model="res8", epochs=12, batch_size=4, settings=settings)
    both = np.concatenate([np.sin(2 * np.pi * h * np.arange(rate // 2) / rate) * 0.3 for h in (2000, 300)])
    both += rng.normal(0, 0.01, rate)  # without it the silence between the bands is unlike any in training
    (prediction,) = predictor.predict([(both, rate)])
    starts = [start for start, _ in prediction.windows]
    assert starts == [0.0, 0.5]
    assert [max(named, key=named.get) for _, named in prediction.windows] == ["high", "low"]
    for label in ("high", "low"):
        mean = np.mean([named[label] for _, named in prediction.windows])
        assert prediction.probabilities[label] == pytest.approx(mean)


def test_texts_from_a_table_with_a_separate_test_file(tmp_path):
    rng = np.random.default_rng(0)
    words = {"плохо": ["ужас", "скука", "зря"], "хорошо": ["радость", "смех", "браво"]}
    for name, n in (("train.csv", 80), ("test.csv", 20)):
        rows = []
        for i in range(n):
            label = list(words)[i % 2]
            rows.append({"review": f"{i} ФИЛЬМ {rng.choice(words[label]).upper()} {i * 7}", "verdict": label})
        pd.DataFrame(rows).to_csv(tmp_path / name, index=False)
    source = DataSource(
        path=str(tmp_path / "train.csv"), test=str(tmp_path / "test.csv"), text_column="review", label_column="verdict"
    )
    settings = ["model.arguments.filters=8", "model.embedding.dims=8", "optimizer.schedule=constant"]
    predictor = multicnn.train(source, tmp_path / "run", epochs=15, batch_size=8, settings=settings)
    assert predictor.metrics["test"]["n"] == 20
    assert predictor.metrics["test"]["accuracy"] == 1
    assert [p.label for p in predictor.predict(["фильм ужас", "ФИЛЬМ РАДОСТЬ"])] == ["плохо", "хорошо"]
    assert multicnn.evaluate(predictor, str(tmp_path / "test.csv")).metrics["n"] == 20


def test_early_stopping_keeps_the_best_weights(tmp_path):
    settings = ["optimizer.learning_rate=0.02", "monitor=loss", "patience=2"]
    predictor = multicnn.train("digits", tmp_path / "run", **SMALL, epochs=40, settings=settings)
    history = pd.read_csv(tmp_path / "run" / "history.csv")
    best = history["val_loss"].idxmin()
    assert len(history) == best + 3 < 40
    assert predictor.metrics["val"]["loss"] == pytest.approx(history["val_loss"][best], rel=1e-5)
    assert predictor.metrics["val"]["accuracy"] == pytest.approx(history["val_accuracy"][best])


def test_mixup_trains_together_with_every_other_setting(tmp_path):
    settings = ["mixup=0.3", "loss=focal", "label_smoothing=0.1", "class_weights=true", "augment.shift=1"]
    settings += ["optimizer.learning_rate=0.02", "optimizer.schedule=one_cycle"]
    predictor = multicnn.train("digits", tmp_path / "run", **SMALL, epochs=4, settings=settings)
    assert predictor.metrics["val"]["accuracy"] > 0.5
    with pytest.raises(ValueError, match="cannot mix examples of text"):
        multicnn.train("docstrings", tmp_path / "text", mixup=0.3)


def test_class_weights_raise_the_recall_of_a_rare_class(tmp_path):
    rng = np.random.default_rng(0)
    n = 400
    y = (np.arange(n) % 20 == 0).astype(int)
    x = (rng.normal(110, 30, (n, 8, 8, 1)) + 12 * y[:, None, None, None]).clip(0, 255).astype(np.uint8)
    np.savez(tmp_path / "rare.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    block = chain(conv(4, 3, activation="relu"), global_average_pool(), dense(2)).to_dict()
    recall = {}
    for weighted in (False, True):
        predictor = multicnn.train(
            tmp_path / "rare.npz",
            tmp_path / f"{weighted}",
            model=block,
            epochs=5,
            class_weights=weighted,
            monitor="loss",
        )
        evaluation = multicnn.evaluate(predictor, tmp_path / "rare.npz")
        recall[weighted] = evaluation.per_class()["recall"].iloc[1]
    assert recall[False] < 0.2
    assert recall[True] > 0.5


def test_the_artefact_of_a_mixed_precision_run_is_float32(tmp_path):
    multicnn.train("digits", tmp_path / "run", **SMALL, epochs=1, precision="mixed_bfloat16")
    loaded = multicnn.load(tmp_path / "run" / "model.keras")
    assert loaded.network.get_layer("conv1.1.conv").compute_dtype == "float32"
    assert loaded.recipe["runtime"]["precision"] == "mixed_bfloat16"


def test_a_resumed_run_keeps_the_precision_that_auto_chose_at_its_start(tmp_path, monkeypatch):
    def prepared(chosen):
        monkeypatch.setattr(preparation, "policy", lambda precision, multiply_adds: chosen)
        recipe = multicnn.Recipe(data=DataSource(path="digits"), **SMALL)
        context, manifest = RunContext(tmp_path / "run"), load_manifest(recipe.data)
        recipe, _ = complete(recipe, manifest, context)
        with run_folder.claim(context.folder, recipe, manifest, print) as manifest:
            predictor = build(prepare(recipe, manifest, context), context).predictor
        computed = predictor.network.get_layer("conv1.1.conv").compute_dtype
        return (
            predictor.recipe["runtime"]["precision"],
            run_folder.saved_recipe(context.folder).runtime.precision,
            computed,
        )

    assert prepared("mixed_bfloat16") == ("mixed_bfloat16", "mixed_bfloat16", "bfloat16")
    assert prepared("float32") == ("mixed_bfloat16", "mixed_bfloat16", "bfloat16"), "on another machine"


class _Counter(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.calls = []

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append((epoch, round(logs["loss"], 3), self.model is not None))
        self.model.stop_training = epoch == 1


def test_keras_callbacks_are_called(tmp_path):
    counter = _Counter()
    reporter = type("Counting", (Reporter,), {"callbacks": lambda self: (counter,)})()
    multicnn.train("digits", tmp_path / "run", **SMALL, epochs=5, reporter=reporter)
    assert [epoch for epoch, _, _ in counter.calls] == [0, 1]
    assert all(has_model for _, _, has_model in counter.calls)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["model.name=lenet6"], "lenet6"),
        (["model.arguments.depth=3"], "depth=3"),
        (["optimizer.name=adamant"], "adamant"),
        (["optimizer.arguments.beta_9=3"], "beta_9"),
        (["optimizer.schedule=cosign"], "one_cycle"),
        (["loss=entropy"], "squared_error"),
        (["preprocess.size=[4,4]"], "needs at least"),
        (["augment.wobble=3"], "wobble"),
        (["data.bad_limit=2"], "bad_limit"),
        (["model.name=nowhere:net"], "nowhere:net"),
        (["data.test_fraction=0.99", "data.validation_fraction=0.5"], "fraction"),
    ],
)
def test_a_recipe_that_cannot_work_raises_one_clear_line(settings, words, tmp_path):
    with pytest.raises((ValueError, TypeError)) as error:
        multicnn.train("digits", tmp_path / "run", **SMALL, settings=settings)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_too_many_bad_files_stop_the_run_with_the_list(images, tmp_path, caplog):
    with pytest.raises(ValueError, match=r"--set data\.bad_limit=") as error:
        multicnn.train(images, tmp_path / "run", bad_limit=0.01)
    told = [*map(str, caplog.messages), str(error.value)]
    assert sum("examples are bad" in line for line in told) == 1 and "skipped" not in " ".join(told)
    table = pd.read_csv(tmp_path / "run" / "bad_files.csv")
    assert all(f"{reason} ({count})" in told[-1] for reason, count in table["reason"].value_counts().head(3).items())
    assert len(pd.read_csv(tmp_path / "run" / "bad_files.csv")) == 4


def test_probabilities_of_extreme_logits(run):
    predictor, _ = run
    probabilities = predictor.probabilities(np.array([[-2000.0, -2001], [3000, 0], [0, 0]], np.float32))
    np.testing.assert_allclose(probabilities, [[1 / (1 + np.exp(-1)), 1 / (1 + np.e)], [1, 0], [0.5, 0.5]], rtol=1e-12)
    assert predictor.probabilities(np.zeros((0, 2), np.float32)).shape == (0, 2)


def test_arrays_are_named_by_their_index(run):
    predictor, _ = run
    predictions = predictor.stream(np.zeros((12, 12, 3), np.uint8) for _ in range(300))
    assert [prediction.input for prediction in predictions] == [f"[{i}]" for i in range(300)]


@pytest.mark.parametrize("damage", [b"", b"PK", "flipped"])
def test_a_damaged_artefact_raises_one_clear_line(damage, run, tmp_path):
    data = bytearray((run[1] / "model.keras").read_bytes())
    at = data.rindex(b"multicnn.json", 0, -400) + 60  # in the compressed description
    data[at : at + 40] = bytes(40)
    (tmp_path / "x.keras").write_bytes(data if damage == "flipped" else damage)
    with pytest.raises(ValueError, match=r"must be a .keras file that multicnn saved \(.*\). Received: path="):
        multicnn.load(tmp_path / "x.keras")


def test_a_run_is_resumed_in_its_own_folder(run, tmp_path):
    with pytest.raises(ValueError, match=r"omit `out`. Received: out="):
        multicnn.train(resume=run[1], out=tmp_path / "other")


@pytest.mark.parametrize("members", [[], [{"seed": 1}, {"seed": 2}]], ids=["one network", "an ensemble"])
def test_a_locked_folder_is_refused(members, tmp_path):
    with locked(tmp_path), pytest.raises(ValueError, match=r"another run is using this folder"):
        multicnn.train("digits", tmp_path, members=members)
    assert not list(tmp_path.iterdir())


def test_files_that_another_run_is_writing_are_left_alone(run, tmp_path):
    folder = shutil.copytree(run[1], tmp_path / "run")
    (half := folder / ".part-model.keras").touch()
    with locked(folder), pytest.raises(ValueError, match=r"another run is using this folder"):
        multicnn.train(resume=folder, settings=["data.bad_limit=0.2"])
    assert half.exists()
    multicnn.train(resume=folder, settings=["data.bad_limit=0.2"])
    assert not half.exists()


def test_a_run_folder_is_never_overwritten(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="out="):
        multicnn.train("digits", tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
