"""An ensemble is the mean of its members' logits in one file, and goes on from whatever its folder holds."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.reporters import Recorder

import multicnn
from multicnn.recipe import Embedding, Model, Optimizer

TINY = {
    "model": Model(name="mlp", arguments={"units": [4]}),
    "epochs": 1,
    "batch_size": 8,
    "optimizer": Optimizer(),  # with a schedule, more epochs would be another run
}
MEMBERS = (
    {"seed": 1},
    {"model": {"name": "linear"}, "optimizer.learning_rate": 0.01, "runtime.precision": "mixed_bfloat16"},
)


@pytest.fixture(scope="module")
def trained(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ensemble") / "run"
    return multicnn.train(pictures, folder, members=MEMBERS, **TINY), folder


def test_its_logits_are_the_mean_of_its_members(trained, pictures):
    predictor, folder = trained
    members = [multicnn.load(folder / f"member-{i}" / "model.keras") for i in (1, 2)]
    assert [member.recipe["seed"] for member in members] == [1, 0]
    assert members[1].recipe["model"]["name"] == "linear" and members[1].recipe["optimizer"]["learning_rate"] == 0.01
    stored = np.stack(
        [predictor.preprocess.example(np.asarray(Image.open(p))[..., None]) for p in pictures.rglob("?.png")]
    )
    expected = np.mean([member.logits(stored) for member in members], axis=0)
    assert np.abs(expected).max() > 0.01
    for one in (predictor, multicnn.load(folder / "model.keras")):
        np.testing.assert_allclose(one.logits(stored), expected, atol=1e-5)
    measured = json.loads((folder / "metrics.json").read_text())
    assert measured == predictor.metrics and measured["bad"] == 1
    assert measured["members"] == [member.metrics["test"]["accuracy"] for member in members]
    assert measured["parameters"] == sum(member.metrics["parameters"] for member in members)


def test_its_folder_has_what_a_run_leaves(trained):
    _, folder = trained
    member = folder / "member-1"
    assert {path.name for path in member.iterdir()} - {path.name for path in folder.iterdir()} == {
        *("checkpoints", "history.csv", "health.csv", "learning_curves.png", "preprocess.json")
    }
    for same in ("manifest.parquet", "bad_files.csv", "labels.txt"):
        assert (folder / same).read_bytes() == (member / same).read_bytes()
    assert "ensemble" in (folder / "report.html").read_text()


@pytest.mark.parametrize("kept", [pytest.param((), marks=pytest.mark.slow), (1,)])
def test_it_goes_on_with_the_members_that_are_there(trained, kept, tmp_path):
    predictor, folder = trained
    (tmp_path / "run").mkdir()
    shutil.copy(folder / "recipe.json", tmp_path / "run")
    shutil.copy(folder / "versions.json", tmp_path / "run")
    for i in kept:
        shutil.copytree(folder / f"member-{i}", tmp_path / "run" / f"member-{i}")
    again = multicnn.train(resume=tmp_path / "run")
    for ours, theirs in zip(predictor.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert {**again.metrics, "seconds": 0} == {**predictor.metrics, "seconds": 0}


def test_a_finished_one_is_not_trained_again(trained):
    predictor, folder = trained
    before = (folder / "model.keras").stat().st_mtime_ns
    assert multicnn.train(resume=folder).metrics == predictor.metrics
    assert (folder / "model.keras").stat().st_mtime_ns == before


def test_what_one_member_refuses_leaves_the_whole_as_it_was(trained, tmp_path):
    shutil.copytree(trained[1], tmp_path / "run")
    before = (tmp_path / "run" / "recipe.json").read_bytes()
    path = tmp_path / "run" / "member-2" / "recipe.json"
    begun = json.loads(path.read_text())
    path.write_text(json.dumps(begun | {"optimizer": begun["optimizer"] | {"schedule": "cosine"}}))
    with pytest.raises(ValueError, match=r"only be resumed with its own recipe: .*schedule"):
        multicnn.train(resume=tmp_path / "run", settings=["epochs=2"])
    assert (tmp_path / "run" / "recipe.json").read_bytes() == before


def test_ctrl_c_says_how_the_whole_goes_on(pictures, tmp_path):
    reporter = Recorder(interrupts=2)
    with pytest.raises(KeyboardInterrupt):
        multicnn.train(pictures, tmp_path / "run", reporter=reporter, members=MEMBERS, **TINY)
    assert reporter.lines[-1] == f"resume all of it with: multicnn train --resume {tmp_path / 'run'}"


def test_a_network_of_words_and_a_linear_model_of_n_grams(tmp_path):
    path = tmp_path / "texts.csv"
    rows = [(f"{('good', 'bad')[i % 2]} text number {i}", "ab"[i % 2]) for i in range(60)]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(path, index=False)
    linear = {"model.name": "linear", "model.arguments": {"pooled": True}, "model.embedding.ngrams": 2}
    model = Model(arguments={"filters": 4}, embedding=Embedding(dims=4))
    fields = {"model": model, "epochs": 1, "members": ({}, linear)}
    predictor = multicnn.train(path, tmp_path / "run", settings=["data.validation_fraction=0"], **fields)
    assert "val" not in predictor.metrics
    assert len(predictor.metrics["members"]) == 2
    assert multicnn.load(tmp_path / "run" / "model.keras").predict("a good text")[0].label in "ab"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (({"seed": 1},), r"two or more. Received: members="),
        (({}, {"data.path": "x"}), r"cannot change 'data.path'. Received: members\[1\]="),
        (({}, {"preprocess": None}), "cannot change 'preprocess'"),
        (({}, {"members": ()}), "cannot change 'members'"),
        (({}, {"colour": 3}), "no field 'colour'"),
        (({}, {"model": "no such"}), "Received: .*no such"),
    ],
)
def test_bad_members_are_one_line(members, message, pictures, tmp_path):
    with pytest.raises(ValueError, match=message):
        multicnn.train(pictures, tmp_path / "run", members=members, **TINY)
    assert not (tmp_path / "run" / "member-1").exists()


def test_what_tries_one_network_refuses_an_ensemble(pictures):
    with pytest.raises(ValueError, match=r"only `train` and `crossval` know ensembles: .* Received: members=\("):
        multicnn.dry_run(pictures, members=MEMBERS, **TINY)
