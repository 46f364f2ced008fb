"""Examples with several labels, or none, end to end: from a table to an artefact that predicts each label by itself."""

import dataclasses
import itertools
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import accuracy_score, f1_score
from support.command_line import call

import multicnn
from multicnn import api
from multicnn.blocks import network
from multicnn.recipe import DataSource

WORDS = {"sport": ("goal", "match"), "food": ("soup", "bread"), "art": ("song", "dance")}
SETTINGS = [
    "model.arguments.filters=8",
    "model.embedding.dims=8",
    "epochs=12",
    "optimizer.learning_rate=0.01",
    "optimizer.schedule=constant",
    "batch_size=16",
]


def rows():
    """Texts, and the set of labels of their words: each label, each two, all three and none."""
    for labels in itertools.chain.from_iterable(itertools.combinations(WORDS, n) for n in range(4)):
        for i, filler in itertools.product(range(2), ("today", "often", "again", "there", "maybe", "never", "soon")):
            for order in (1, -1):
                words = [WORDS[label][i] for label in labels][::order]
                yield " ".join([*words, filler, "you" * order or "they", *words]), set(labels)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("several") / "t.csv"
    lines = [(text, "; ".join(sorted(labels, reverse=True))) for text, labels in rows()]
    pd.DataFrame(lines, columns=["text", "tags"]).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def trained(table):
    data = DataSource(path=str(table), label_column="tags", label_separator=";")
    return multicnn.train(data, table.parent / "run", settings=SETTINGS, class_weights=True, loss="logistic")


def test_every_label_above_one_half_is_predicted(trained):
    some, all_of_them, none = trained.predict(
        ["a song, a dance", "goal soup song match bread dance", "maybe you never"]
    )
    assert trained.labels == ("art", "food", "sport")
    assert (some.label, some.labels) == ("art", ("art",))
    assert all_of_them.label == "art;food;sport" and none.label == "" and none.labels == ()
    for prediction in (some, all_of_them, none):
        assert prediction.labels == tuple(label for label, p in prediction.probabilities.items() if p > 0.5)
    assert sum(all_of_them.probabilities.values()) > 1.5


def test_probabilities_are_the_logistic_function_of_each_logit(trained):
    text = "goal and soup"
    logits = trained.logits(trained.preprocess.examples([text]))[0]
    np.testing.assert_allclose(list(trained.predict(text)[0].probabilities.values()), expit(logits), rtol=1e-6)
    assert np.isfinite(trained.probabilities(np.float32([-1e4, 1e4, 0]))).all()


def test_the_artefact_predicts_the_same_again(trained, tmp_path):
    texts = [text for text, _ in itertools.islice(rows(), 0, None, 5)]
    again = multicnn.load(trained.save(tmp_path / "m.keras"))
    assert again.task.label_separator == ";"
    assert again.predict(texts) == trained.predict(texts)


def test_an_evaluation_divides_labels_as_the_training_did(trained, table):
    with pytest.raises(ValueError, match=r"`label_separator` must be ';', as in the training. Received: label_sep"):
        multicnn.evaluate(trained, DataSource(path=str(table), label_column="tags"))


def test_features_are_read_as_in_training(trained, table):
    with pytest.raises(ValueError, match="needs examples of one label each"):
        api.features(trained, table, head="linear")
    assert len(api.features(trained, table)[0].rows) == len(list(rows()))


def test_metrics_are_those_of_scikit_learn(trained, table):
    evaluation = multicnn.evaluate(trained, table)  # read as in training
    truth = np.array([[label in labels for label in trained.labels] for _, labels in rows()])
    predicted = np.array(
        [[label in p.labels for label in trained.labels] for p in trained.stream(t for t, _ in rows())]
    )
    assert evaluation.metrics["accuracy"] == accuracy_score(truth, predicted) > 0.9
    for kind in ("macro", "micro"):
        assert evaluation.metrics[f"{kind}_f1"] == pytest.approx(f1_score(truth, predicted, average=kind))
    assert evaluation.per_class()["support"].tolist() == truth.sum(axis=0).tolist()
    with pytest.raises(ValueError, match="one class a row"):
        evaluation.confusion()


def test_the_run_folder_has_all_but_a_confusion_matrix(trained, table):
    folder = table.parent / "run"
    assert {path.name for path in folder.iterdir()} >= {"per_class.csv", "mistakes.csv", "history.csv", "report.html"}
    assert not (folder / "confusion_matrix.png").exists()
    measured = json.loads((folder / "metrics.json").read_text())
    assert {"accuracy", "loss", "macro_f1", "micro_f1", "n"} <= set(measured["test"])
    assert measured["linear_baseline"]["micro_f1"] > 0.9 and "micro F1" in (folder / "report.html").read_text()
    history = pd.read_csv(folder / "history.csv")
    assert history["val_micro_f1"].iloc[-1] > 0.9 and history["accuracy"].iloc[-1] > 0.8 > history["accuracy"].iloc[0]


def test_the_command_line(trained, table, monkeypatch, capsys):
    model = table.parent / "run" / "model.keras"
    code, out, _ = call(monkeypatch, capsys, "predict", model, "goal soup song match bread dance", "maybe")
    (_, labels, probabilities), (_, nothing, none, remark) = [line.split("\t") for line in out.splitlines()]
    assert code == 0 and labels == "art;food;sport" and nothing == none == "" and "token" in remark
    assert all(float(p) > 0.5 for p in probabilities.split(" ")) and len(probabilities.split(" ")) == 3
    _, out, _ = call(monkeypatch, capsys, "predict", model, "goal match", "--json")
    assert json.loads(out)["labels"] == ["sport"]
    code, out, _ = call(monkeypatch, capsys, "evaluate", model, table)
    assert code == 0 and "micro" in out and "confusion" not in out
    code, out, _ = call(monkeypatch, capsys, "explain", model, "goal soup")
    assert code == 0 and "goal" in out


def test_the_windows_of_a_text_have_several_labels_each(trained, tmp_path, monkeypatch, capsys):
    preprocess = dataclasses.replace(trained.preprocess, length=2, long="windows")
    shorter = network(trained.block, (2,))
    shorter.set_weights(trained.network.get_weights())
    path = dataclasses.replace(trained, preprocess=preprocess, network=shorter).save(tmp_path / "m.keras")
    _, out, _ = call(monkeypatch, capsys, "predict", path, "goal soup song dance", "--per-window")
    whole, *windows = [line.split("\t") for line in out.splitlines()]
    assert [(place, labels) for place, labels, _ in windows] == [
        ("  token 0", "food;sport"),
        ("  token 2", "art"),
    ]
    assert whole[1] == ";".join(sorted(multicnn.load(path).predict("goal soup song dance")[0].labels))


def test_explanations_of_a_data_set_begin_with_what_was_predicted_worst(trained, table):
    _, explanations = multicnn.explain_data(trained, table, examples=3)
    assert len(explanations) == 3
    for explanation in explanations:
        assert explanation.truth is not None
        np.testing.assert_allclose(explanation.probability, expit(explanation.logits[explanation.column]), rtol=1e-6)


def test_the_doctor_counts_each_label(table, tmp_path):
    data = DataSource(path=str(table), label_column="tags", label_separator=";")
    diagnosis = multicnn.doctor(data, tmp_path / "page.html")
    of = [labels for _, labels in rows()]
    counts = diagnosis.examination.counts["all"]
    assert counts.to_dict() == {
        **{name: sum(name in labels for labels in of) for name in sorted(WORDS)},
        "all": len(of),
    }
    assert diagnosis.linear["micro_f1"] > 0.9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ["loss=hinge"],
            "`loss` must be one of .'cross_entropy', 'logistic'. for multilabel data",
        ),
        (["mixup=0.2"], "`mixup` and `cutmix` are for examples of one label each"),
        (["data.label_separator="], "`data.label_separator`"),
    ],
)
def test_what_has_no_meaning_is_told(settings, message, table, tmp_path):
    data = DataSource(path=str(table), label_column="tags", label_separator=";")
    with pytest.raises(ValueError, match=message):
        multicnn.train(data, tmp_path / "run", settings=settings)
