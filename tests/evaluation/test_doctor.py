"""The doctor as a verb: its scores, its page, its exit codes; and what a training says of it."""

import json
import os
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.reporters import Recorder

import multicnn
from multicnn import cli
from multicnn.data.load import load_manifest
from multicnn.evaluation import doctor
from multicnn.modalities import content
from multicnn.recipe import DataSource


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    page = tmp_path_factory.mktemp("doctor") / "new" / "page.html"
    return multicnn.doctor("digits", page), page


def test_the_linear_model_is_scikit_learns_by_hand(digits):
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    doctor, _ = digits
    manifest = load_manifest(DataSource(path="digits"))
    pixels = np.stack([np.ravel(array) for array in manifest.arrays]).astype(float)
    labels = manifest.table["label"].to_numpy()
    train, test = manifest.rows("train"), manifest.rows("test")
    scaler = StandardScaler().fit(pixels[train])
    model = LogisticRegression(C=100 / len(train), max_iter=1000).fit(scaler.transform(pixels[train]), labels[train])
    assert doctor.linear["accuracy"] == pytest.approx(
        model.score(scaler.transform(pixels[test]), labels[test]), abs=0.006
    )
    (majority,) = (row for row in doctor.scores() if (row["guess"], row["split"]) == ("the commonest class", "test"))
    commonest = pd.Series(labels[train]).mode()[0]
    assert majority["accuracy"] == np.mean(labels[test] == commonest) and majority["n"] == len(test)


def test_the_page_has_counts_scores_and_pictures(digits):
    doctor, page = digits
    text = page.read_text()
    for word in ("By class", "What every network has to beat", doctor.linear["model"], "sizes"):
        assert word in text
    shown = [finding for finding in doctor.examination.findings if finding.groups]
    assert text.count("<img") == sum(len(group[:4]) for finding in shown for group in finding.groups[:8])


def call(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["multicnn", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    out = capsys.readouterr()
    return end.value.code or 0, out.out, out.err


def table(path, *, contradict):
    rows = [
        {"text": f"{'good' if i % 2 else 'bad'} {i} {i * 37 % 101} [b]", "label": f"[b{i % 2}]"} for i in range(200)
    ]
    if contradict:
        rows.append({**rows[0], "label": "[b1]"})
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_exit_code_0_when_clean_and_1_when_something_asks_for_a_decision(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    clean, planted = table(tmp_path / "clean.csv", contradict=False), table(tmp_path / "planted.csv", contradict=True)
    code, out, err = call(monkeypatch, capsys, "doctor", clean)
    assert code == 0, out + err
    assert "no issue needs your attention" in out and "[b0]" in out and (tmp_path / "doctor.html").exists()
    code, out, _ = call(monkeypatch, capsys, "doctor", planted, "--out", tmp_path / "page.html")
    assert code == 1
    assert "! contradictions among exact duplicates: 1 groups" in " ".join(out.split())
    listed = pd.read_csv(tmp_path / "page.findings.csv")
    assert "page.findings.csv" in out
    contradicting = listed[listed["finding"].str.startswith("contradictions")]
    assert contradicting["id"].tolist() == ["planted.csv:1", "planted.csv:201"]
    assert contradicting["label"].tolist() == ["[b0]", "[b1]"] and set(contradicting["needs_attention"]) == {"yes"}
    code, out, _ = call(monkeypatch, capsys, "doctor", planted, "--json")
    said = json.loads(out)
    assert code == 1 and not said["clean"]
    (found,) = (finding for finding in said["findings"] if finding["name"].startswith("contradictions"))
    assert found["decision"] and found["examples"] == [["planted.csv:1", "planted.csv:201"]]
    assert said["counts"]["all"]["all"] == 201
    assert set(said["linear_baseline"]) >= {"accuracy", "macro_f1", "n", "model"}
    assert said["majority"]["test"] == pytest.approx(0.5, abs=0.1)
    code, _, err = call(monkeypatch, capsys, "doctor", tmp_path / "nowhere.csv")
    assert code == 2 and err.strip().splitlines()[-1].startswith("multicnn: ")


def test_what_a_group_gives_away_is_seen_when_groups_are_kept_whole(tmp_path):
    """Each writer uses a word of his own and writes of one thing only: at random the words tell, in new groups nothing does."""
    rows = [
        {"text": f"writer{i % 12} {i * 37 % 101} {i * 53 % 97}", "label": "ab"[i % 12 % 2], "group": f"g{i % 12}"}
        for i in range(240)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    source = DataSource(path=str(tmp_path / "t.csv"), group_column="group")
    scores = multicnn.doctor(source, tmp_path / "page.html", compare_splits=True).by_split
    assert scores["examples at random"]["accuracy"] > 0.95 and scores["groups whole"]["accuracy"] < 0.7
    assert {score["n"] for score in scores.values()} == {240}
    assert "groups whole" in (tmp_path / "page.html").read_text()
    with pytest.raises(ValueError, match="two groups or more"):
        multicnn.doctor(tmp_path / "t.csv", tmp_path / "page.html", compare_splits=True)


def test_a_training_tells_what_asks_for_a_decision(tmp_path):
    said = {}
    for contradict in (False, True):
        reporter = Recorder()
        path = table(tmp_path / f"{contradict}.csv", contradict=contradict)
        settings = ["model.arguments.filters=2", "model.embedding.dims=2"]
        multicnn.train(path, tmp_path / str(contradict) / "run", epochs=1, reporter=reporter, settings=settings)
        said[contradict] = [line for line in reporter.lines if line.startswith("contradictions")]
    assert not said[False] and len(said[True]) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_listed_and_not_waited_for(tmp_path, monkeypatch):
    for i in range(8):
        path = tmp_path / "data" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 20 * i, np.uint8)).save(path)
    os.mkfifo(tmp_path / "data" / "a" / "pipe.png")
    manifest = load_manifest(DataSource(path=str(tmp_path / "data")))
    (row,) = np.flatnonzero(manifest.table["status"] == "bad")
    monkeypatch.setattr(content, "read", lambda source: pytest.fail(f"{source} is read"))
    assert doctor._shown(manifest, row) == ("a/pipe.png: not a file but a pipe", "a", [])
