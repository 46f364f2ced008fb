"""Runs that begin with the weights of others."""

import dataclasses
import json
import re

import keras
import numpy as np
import pandas as pd
import pytest
from support.reporters import Recorder

import multicnn
from multicnn import api
from multicnn.blocks import chain, conv, dense, global_average_pool, network, stage
from multicnn.data.load import load_manifest
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.predictor import Predictor
from multicnn.recipe import DataSource, Model, Recipe, Start
from multicnn.tasks import Classification
from multicnn.training import transfer_curves
from multicnn.training.transfer_curves import TransferCurves
from multicnn.utils.reporter import Reporter

PREPROCESS = ImagePreprocess(size=(8, 8), channels=1, mean=(0.4,), std=(0.2,))
BODY = stage("one", conv(4, 3, norm="batch")), stage("two", conv(4, 3)), global_average_pool()


@pytest.fixture(scope="module")
def pictures(bright_and_dark):
    return bright_and_dark(12)


@pytest.fixture
def trained(tmp_path):
    """An artefact of three other classes; its network, and its path."""
    block = chain(*BODY, dense(3))
    keras.utils.set_random_seed(7)
    model = network(block, (8, 8, 1))
    predictor = Predictor(
        PREPROCESS, block, model, Classification(("a", "b", "c")), Recipe(model=Model(name="mine:net")).to_dict()
    )
    return model, predictor.save(tmp_path / "trained.keras")


def settings(path, *more):
    return [f"start.path={path}", "batch_size=8", "epochs=2", *more]


def weights(model, layer):
    return [np.array(weight) for weight in model.get_layer(layer).weights]


def test_a_run_from_another(pictures, trained, tmp_path):
    model, path = trained
    net, reporter = chain(*BODY, dense(2)).to_dict(), Recorder()
    wanted = settings(path, "start.freeze_until=one")
    made = multicnn.train(pictures, tmp_path / "run", model=net, settings=wanted, reporter=reporter)
    assert f"3 of 4 layers with weights (200 numbers) are those of {path}; new: dense" in reporter.lines
    assert "frozen: one" in reporter.lines
    assert made.preprocess == PREPROCESS
    for layer in ("one.conv", "one.conv.norm"):
        for ours, theirs in zip(weights(made.network, layer), weights(model, layer), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert (weights(made.network, "two.conv")[0] != weights(model, "two.conv")[0]).any()
    loaded = multicnn.load(tmp_path / "run" / "model.keras")
    assert all(layer.trainable for layer in loaded.network.layers)
    # A run that goes on needs the file no more, wherever it lay.
    path.unlink()
    longer = multicnn.train(resume=tmp_path / "run", settings=["epochs=3"])
    for ours, theirs in zip(weights(longer.network, "one.conv"), weights(model, "one.conv"), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_begun_with_other_weights_is_refused(pictures, trained, tmp_path):
    model, path = trained
    net = chain(*BODY, dense(2)).to_dict()

    class Stop(Reporter):
        def callbacks(self):
            raise OSError  # before the first checkpoint; after another error nothing would be left to resume

    for change in (None, lambda: model.get_layer("two.conv").bias.assign(np.ones(4))):
        if change is not None:
            change()
            Predictor(
                PREPROCESS,
                chain(*BODY, dense(3)),
                model,
                Classification(("a", "b", "c")),
                Recipe(model=Model(name="x")).to_dict(),
            ).save(path)
        resume = {"resume": tmp_path / "run"} if change else {"data": pictures, "out": tmp_path / "run", "model": net}
        error, words = (ValueError, "with the weights that it was started with") if change else (OSError, None)
        with pytest.raises(error, match=words):
            multicnn.train(**resume, settings=[] if change else settings(path), reporter=Stop())


BAD = {
    "stage": (["start.freeze_until=three"], "must be a stage: one, two, .*Received: freeze_until='three'"),
    "new": (["start.freeze_until=dense"], "would freeze layers that got no weights: dense"),
    "file": (["start.path=nowhere.npz"], "must be a file that ends in one of .*Received: start.path='nowhere.npz'"),
}


@pytest.mark.parametrize(("more", "words"), BAD.values(), ids=BAD)
def test_what_cannot_be(more, words, pictures, trained, tmp_path):
    net = chain(*BODY, dense(2)).to_dict()
    with pytest.raises(ValueError, match=words):
        multicnn.train(pictures, tmp_path / "run", model=net, settings=settings(trained[1], *more))


# Learning curves ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_curves_from_weights_and_from_scratch(pictures, trained, tmp_path):
    net = chain(*BODY, dense(2)).to_dict()
    out = tmp_path / "curves"
    made = api.transfer_curves(
        pictures,
        trained[1],
        out,
        sizes=np.array([8, 4]),
        seeds=1,
        model=net,
        settings=["epochs=1", "data.test_fraction=0.3"],
    )
    assert made.runs[["examples", "seed", "start"]].to_numpy().tolist() == [
        [size, 0, kind] for size in (4, 8) for kind in ("transfer", "scratch")
    ]
    recipes = {path.parent.name: json.loads(path.read_text()) for path in out.glob("*/recipe.json")}
    manifests = {path.parent.name: pd.read_parquet(path) for path in out.glob("*/manifest.parquet")}
    for name, recipe in recipes.items():
        assert (recipe["start"]["path"] is None) == name.startswith("scratch")
        assert recipe["preprocess"]["mean"] == [0.4]
        others = {key: value for key, value in recipe.items() if key != "start"}
        assert others == {key: value for key, value in recipes["scratch-000004-seed-0"].items() if key != "start"}
        table = manifests[name]
        counts = table.loc[table["split"] == "train", "label"].value_counts()
        assert set(counts) == {int(name.split("-")[1]) // 2}
    ids = {name: set(table.loc[table["split"] == "train", "id"]) for name, table in manifests.items()}
    assert ids["scratch-000004-seed-0"] == ids["transfer-000004-seed-0"] < ids["transfer-000008-seed-0"]
    tests = {frozenset(table.loc[table["split"] == "test", "id"]) for table in manifests.values()}
    assert len(tests) == 1
    assert (out / "transfer_curves.png").read_bytes()[:4] == b"\x89PNG"
    assert pd.read_csv(out / "transfer_curves.csv")["examples"].tolist() == [4, 8]
    assert made.claims()["higher start"][0] is None
    assert made.epochs[["examples", "start", "epoch", "steps"]].to_numpy().tolist() == [
        [size, kind, 1, 1] for size in (4, 8) for kind in ("transfer", "scratch")
    ]
    assert pd.read_csv(out / "epochs.csv")["accuracy"].tolist() == made.epochs["accuracy"].tolist()
    for other, said in (
        ({"sizes": [16]}, r"sizes that the runs were started with: \[4, 8\]. Received: sizes=\[16\]"),
        ({"seeds": 2}, "seeds that the runs were started with: 1"),
    ):
        with pytest.raises(ValueError, match=said):
            api.transfer_curves(resume=out, **other)
    again = api.transfer_curves(resume=out, sizes=[8, 4])  # all of it is there
    pd.testing.assert_frame_equal(again.runs, made.runs)
    pd.testing.assert_frame_equal(again.epochs, made.epochs)


def curves(of_transfer, of_scratch, seeds=3, noise=0.01):
    """Runs whose accuracies lie around these, at 10, 20, 40 ... examples."""
    rng = np.random.default_rng(0)
    rows = [
        {"examples": 10 * 2**i, "seed": seed, "start": kind, "accuracy": accuracies[i] + rng.normal(0, noise)}
        for kind, accuracies in (("transfer", of_transfer), ("scratch", of_scratch))
        for i in range(len(accuracies))
        for seed in range(seeds)
    ]
    return TransferCurves(pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("ours", "theirs", "there"),
    [
        ([0.5, 0.7, 0.95, 0.95], [0.2, 0.3, 0.6, 0.6], (True, True, True)),
        ([0.5, 0.6, 0.95, 0.95], [0.2, 0.4, 0.95, 0.95], (True, False, False)),
        ([0.2, 0.3, 0.6, 0.6], [0.2, 0.3, 0.6, 0.6], (False, False, False)),
        ([0.2, 0.3, 0.6, 0.6], [0.3, 0.5, 0.9, 0.9], (False, False, False)),
        # There is no asymptote where a curve still rises, however far they are apart.
        ([0.5, 0.7, 0.9, 0.95], [0.2, 0.3, 0.4, 0.6], (True, True, None)),
        ([0.5, 0.7, 0.95, 0.95], [0.2, 0.3, 0.4, 0.6], (True, True, None)),
        ([0.5, 0.7, 0.9, 0.95], [0.2, 0.3, 0.6, 0.6], (True, True, None)),
    ],
)
def test_what_the_curves_claim(ours, theirs, there):
    claims = curves(ours, theirs, noise=0.002).claims()
    assert tuple(found for found, _ in claims.values()) == there
    assert "with 10 examples" in claims["higher start"][1]
    assert "with 80 examples" in claims["higher asymptote"][1]


def test_the_slope_is_accuracy_for_each_doubling():
    made = curves([0.1, 0.3, 0.5], [0.1, 0.2, 0.3], noise=0)
    assert made.claims()["steeper slope"][1].startswith("0.200 from the given weights, 0.100 from scratch a doubling")
    table = made.table()
    np.testing.assert_allclose(table["gain"], [0, 0.1, 0.2])
    assert table.index.tolist() == [10, 20, 40]


def test_a_curve_that_still_rises_is_named_with_what_its_last_doubling_brought():
    holds, words = curves([0.5, 0.9, 0.9], [0.2, 0.3, 0.6], noise=0.001).claims()["higher asymptote"]
    assert holds is None
    assert re.search(
        r"no asymptote yet: the last doubling of the examples still brought \+0\.(29|30)\d \(up to \+0\.30\d\) from scratch$",
        words,
    )


def test_a_flat_curve_in_noise_is_not_known_to_be_flat():
    """Three seeds with a deviation of .05: a gain of two points with the last doubling cannot be excluded."""
    assert curves([0.9] * 4, [0.5] * 4, noise=0.05).claims()["higher asymptote"][0] is None
    assert curves([0.9] * 4, [0.5] * 4, noise=0.05, seeds=200).claims()["higher asymptote"][0] is True


def test_one_size_has_no_slope_and_no_asymptote():
    claims = curves([0.5], [0.4]).claims()
    assert list(claims) == ["higher start", "higher asymptote"]
    assert claims["higher asymptote"][0] is None
    assert claims["higher asymptote"][1].endswith("nothing was measured at half as many examples")


def test_the_same_is_asked_along_the_time_of_the_runs_on_most_examples():
    rng = np.random.default_rng(0)
    curve = {"transfer": [0.7, 0.9, 0.9, 0.9], "scratch": [0.1, 0.9, 0.9, 0.91]}
    rows = [
        {"examples": size, "seed": seed, "start": kind, "epoch": epoch, "steps": 5 * epoch, "seconds": 0.1 * epoch}
        | {"accuracy": curve[kind][epoch - 1] + rng.normal(0, 0.001) - (size < 100)}
        for size in (10, 100)
        for kind in curve
        for seed in range(3)
        for epoch in range(1, 5)
    ]
    made = TransferCurves(pd.DataFrame(), pd.DataFrame(rows))
    claims = made.claims_over_time()
    assert {name: holds for name, (holds, _) in claims.items()} == {
        "higher start": True,
        "steeper slope": False,
        "higher asymptote": False,
    }
    assert "after 5 steps" in claims["higher start"][1] and "after 20 steps" in claims["higher asymptote"][1]
    assert made.table_over_time().index.tolist() == [5, 10, 15, 20]
    stopped = pd.DataFrame(rows).query("not (seed == 1 and start == 'scratch' and epoch > 2)")
    assert TransferCurves(pd.DataFrame(), stopped).table_over_time().index.tolist() == [5, 10]
    assert TransferCurves(pd.DataFrame()).claims_over_time() == {}


@pytest.mark.parametrize(("sizes", "start"), [([1], "x"), ([10**6], "x"), ([], "x"), ([4], None)])
def test_what_curves_refuse(sizes, start, pictures, tmp_path):
    manifest = load_manifest(DataSource(path=str(pictures), test_fraction=0.3))
    recipe = Recipe(start=Start(path=start))
    with pytest.raises(ValueError, match=r"Received: (sizes|start\.path)="):
        transfer_curves.run(recipe, manifest, sizes, 1, tmp_path)
    table = manifest.table.assign(split="train")
    with pytest.raises(ValueError, match="must have test examples"):
        transfer_curves.run(Recipe(start=Start(path="x")), dataclasses.replace(manifest, table=table), [4], 1, tmp_path)
