"""The command line: what it prints, and how it exits."""

import json
import os
import signal
import subprocess
import sys
import types

import numpy as np
import pytest
from support.command_line import call

import multicnn
from multicnn import Recipe, api
from multicnn.utils import quiet


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "x"
    command = [sys.executable, "-m", "multicnn.cli", "train", "docstrings", "--out", out, "--epochs", "1", "--plain"]
    command += ["--set", "model.arguments.filters=8", "--set", "model.embedding.dims=8"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "linear_baseline" in done.stderr
    assert "InitializeLog" not in done.stderr, "TensorFlow's chatter"
    return out


def test_what_an_import_says_is_told_if_it_fails(capfd):
    def execute(module):
        os.write(2, b"no such instruction")
        if module.__name__ == "broken":
            raise ImportError

    quiet.silently(execute, types.ModuleType("whole"))
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError):
        quiet.silently(execute, types.ModuleType("broken"))
    assert capfd.readouterr().err == "no such instruction"
    os.write(2, b"and after")
    assert capfd.readouterr().err == "and after"


def test_ctrl_c_in_the_midst_of_an_import_waits_for_its_end(monkeypatch):
    done = []

    def execute(module):
        os.kill(os.getpid(), signal.SIGINT)
        done.append(module)

    with pytest.raises(KeyboardInterrupt):
        quiet.silently(execute, types.ModuleType("whole"))
    assert done


@pytest.mark.parametrize("command", ["predict", "explain"])
def test_a_text_may_lie_in_a_file(command, run, tmp_path, monkeypatch, capsys):
    (tmp_path / "a text.txt").write_text("Returns the lines of a file.")
    monkeypatch.chdir(tmp_path)
    answers = [
        call(monkeypatch, capsys, command, run / "model.keras", text, "--json")
        for text in ("a text.txt", "Returns the lines of a file.", "no text.txt")
    ]
    in_file, same, other = (
        json.loads(out) if command == "predict" else json.loads(out)["texts"][0] for _, out, _ in answers
    )
    if command == "predict":
        assert in_file["input"] == "a text.txt" and in_file["probabilities"] == same["probabilities"]
        assert other["probabilities"] != same["probabilities"]
    else:
        assert in_file == same != other


def test_predict_reads_texts_and_standard_input(run, monkeypatch, capsys):
    code, out, _ = call(
        monkeypatch,
        capsys,
        "predict",
        run / "model.keras",
        "A first sentence.",
        "-",
        "--json",
        stdin="\ufeffSecond one\r\n\nThird\n",
    )
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [row["input"] for row in rows] == ["A first sentence.", "Second one", "Third"]
    for row in rows:
        assert row["label"] == max(row["probabilities"], key=row["probabilities"].get)
        assert sum(row["probabilities"].values()) == pytest.approx(1)


def test_a_bad_input_of_predict_has_its_error_and_exit_code_1(run, monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "predict", run / "model.keras", "Good text.", "   ", "--json")
    good, bad = map(json.loads, out.splitlines())
    assert code == 1
    assert "label" in good
    assert set(bad) == {"input", "error"}


def test_evaluate_prints_the_keys_of_metrics_json(run, monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "evaluate", run / "model.keras", "docstrings", "--json")
    said = json.loads(out)
    kept = json.loads((run / "metrics.json").read_text())["test"]
    assert code == 0
    for key in ("accuracy", "loss", "macro_f1", "n"):
        assert said[key] == pytest.approx(kept[key], rel=1e-6)
    code, out, _ = call(monkeypatch, capsys, "evaluate", run / "model.keras", "docstrings")
    assert code == 0
    assert "per class" in out
    assert "confusion" in out


def test_a_finished_run_says_so(run, monkeypatch, capsys):
    before = (run / "model.keras").read_bytes()
    code, _, err = call(monkeypatch, capsys, "train", "--resume", run)
    assert code == 0
    assert "is finished" in err
    assert (run / "model.keras").read_bytes() == before


def test_a_plain_run_says_that_it_saved_the_network(run):
    assert "the network alone, since baseline is off" in (run / "report.html").read_text()


def test_features_and_a_linear_head(run, tmp_path, monkeypatch, capsys):
    arguments = ["features", run / "model.keras", "docstrings", "--out", tmp_path / "x.npz", "--head", "linear"]
    code, out, err = call(monkeypatch, capsys, *arguments)
    assert code == 0, err
    with np.load(tmp_path / "x.npz") as kept:
        n, dims = kept["features"].shape
    assert dims == 3 * 8  # filters of three widths
    assert out.startswith(f"{n:,} examples, 24 features of drop: ")
    code, out, _ = call(monkeypatch, capsys, "predict", tmp_path / "x.keras", "A first sentence.", "--json")
    assert code == 0
    assert sum(json.loads(out)["probabilities"].values()) == pytest.approx(1)


def test_models_are_counted_without_building(monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "models", "--json")
    counted = {row["name"]: row["parameters"] for row in json.loads(out)}
    assert code == 0
    assert counted["lenet5"] == 61706
    assert counted["resnet20"] == 269722
    assert {row["name"] for row in json.loads(out) if row["logits_per"] == "position"} == {"fcn", "unet"}
    code, out, _ = call(monkeypatch, capsys, "models")
    assert "bc_resnet" in out


def test_a_recipe_file_with_settings(tmp_path, monkeypatch, capsys):
    (tmp_path / "small.py").write_text(
        "from multicnn import DataSource, Model, Recipe\n"
        "recipe = Recipe(data=DataSource(path='digits'), model=Model(name='mlp', arguments={'units': (8,)}))\n"
    )
    out = tmp_path / "run"
    code, _, err = call(monkeypatch, capsys, "train", tmp_path / "small.py", "--set", "epochs=1", "--out", out)
    assert code == 0, err
    recipe = json.loads((out / "recipe.json").read_text())
    assert (recipe["model"]["name"], recipe["epochs"]) == ("mlp", 1)
    # A run's own recipe trains again.
    code, _, err = call(monkeypatch, capsys, "train", out / "recipe.json", "--out", tmp_path / "again")
    assert code == 0, err
    assert (tmp_path / "again" / "model.keras").exists()


def test_a_dry_run_and_a_rate_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ["digits", "--set", "model.name=linear"]
    code, out, _ = call(monkeypatch, capsys, "train", *small, "--dry-run")
    assert code == 0
    for words in ("memory at its highest", "all training steps, about", "650"):
        assert words in out
    code, _, err = call(monkeypatch, capsys, "train", "--dry-run")
    assert code == 2
    assert "--dry-run needs data" in err
    code, out, _ = call(monkeypatch, capsys, "find-rate", *small, "--out", "new/rates.png", "--json")
    said = json.loads(out)
    assert code == 0
    assert 1e-6 <= said["suggestion"] <= said["limit"] <= 10
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")] == ["new/rates.png"]


@pytest.mark.parametrize("command", ["train", "crossval", "find-rate", "transfer-curves", "doctor", "preview"])
def test_whatever_learns_from_data_is_told_how_to_read_it(command, monkeypatch, capsys):
    told = []

    def stop(*arguments, settings, **fields):
        told.extend(settings)
        raise ValueError("enough")

    monkeypatch.setattr(api, command.replace("-", "_"), stop)
    columns = ["--text-column", "review", "--label-column", "kind", "--group-column", "by", "--label-separator", ";"]
    chosen = ["--data", "x.csv", "--pattern", "(?P<label>.)", *columns, "--set", "data.text_column=text"]
    code, _, err = call(monkeypatch, capsys, command, "reviews.csv", *chosen)
    assert (code, err.strip()) == (2, "multicnn: enough")
    source = Recipe().replaced(told).data
    assert (source.path, source.pattern, source.label_column) == ("x.csv", "(?P<label>.)", "kind")
    assert (source.group_column, source.label_separator) == ("by", ";")
    assert source.text_column == "text", "what --set says comes last"


def _one_class(folder):
    from PIL import Image

    (folder / "only").mkdir()
    for i in range(5):
        Image.fromarray(np.full((9, 9), i, np.uint8)).save(folder / "only" / f"{i}.png")
    return ["train", folder]


def _missing_column(folder):
    (folder / "table.csv").write_text("words,label\nhello,a\nbye,b\n")
    return ["train", folder / "table.csv"]


def _too_deep(folder):
    levels = np.arange(40, dtype=np.uint8)
    np.savez(folder / "x.npz", x=np.broadcast_to(levels[:, None, None], (40, 3, 3)), y=levels % 2)
    return ["train", folder / "x.npz", "--model", "vgg_small", "--out", folder / "run"]


def _not_a_model(folder):
    (folder / "model.keras").write_text("no model")
    return ["predict", folder / "model.keras", "a.jpg"]


MISTAKES = {
    "nothing there": (lambda folder: ["train", folder / "nowhere"], "nowhere"),
    "empty folder": (lambda folder: ["train", folder], "DATA must be a folder that holds files. Received: DATA="),
    "one class": (_one_class, "two classes"),
    "missing column": (_missing_column, "--text-column must be a column of table.csv"),
    "too deep": (_too_deep, "needs at least 8"),
    "no predictor": (
        lambda folder: ["train", "digits", "--model", "unet", "--out", folder / "r"],
        "gives an output of shape (8, 8, 10)",
    ),
    "unknown model": (lambda folder: ["train", "digits", "--model", "lenet", "--out", folder / "r"], "lenet5"),
    "unknown field": (lambda folder: ["train", "digits", "--set", "epoch=3"], "epoch"),
    "no such model file": (lambda folder: ["predict", folder / "m.keras", "a.jpg"], "m.keras"),
    "not a model file": (_not_a_model, "model.keras"),
    "bad pattern": (lambda folder: [*_one_class(folder), "--pattern", "("], "--pattern must be a regular expression"),
    "nothing to resume": (lambda folder: ["train", "--resume", folder], "started"),
    "no such weights": (lambda folder: ["train", "digits", "--from", "nowhere.npz"], "nowhere.npz"),
    "weights without a stage": (
        lambda folder: ["train", "digits", "--freeze-until", "conv1"],
        "--freeze-until='conv1'",
    ),
    "bad sizes": (
        lambda folder: ["transfer-curves", "digits", "--from", "x.npz", "--sizes", "1;2"],
        "Received: --sizes='1;2'",
    ),
    "curves of no weights": (
        lambda folder: ["transfer-curves", "digits", "--from", "x.npz", "--sizes", "10,20"],
        "--from='x.npz'",
    ),
    "classes": (lambda folder: ["inspect", "lenet5", "--classes", "0"], "--classes=0"),
    "resumed elsewhere": (lambda folder: ["train", "--out", folder, "--resume", folder / "no"], "omit --out"),
    "features of a name": (lambda folder: ["features", "squeezenet", "digits"], "squeezenet"),
    "no such recipe field": (lambda folder: ["train", "digits", "--set", "optimizer.speed=3"], "optimizer.speed"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_clear_line_and_exit_code_2(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments, words = MISTAKES[name]
    code, _, err = call(monkeypatch, capsys, *arguments(tmp_path))
    last = err.strip().splitlines()[-1]
    assert code == 2
    assert last.startswith("multicnn: ")
    assert words in last
    assert "Traceback" not in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_and_sigterm_leave_a_model_that_predicts_and_each_finished_epoch(signum, code, tmp_path):
    command = [
        sys.executable,
        "-m",
        "multicnn.cli",
        "train",
        "digits",
        "--set",
        "model.arguments.width=4",
        "--set",
        "augment={}",  # two epochs are to be enough
        "--set",
        "label_smoothing=0",
        "--out",
        "run",
    ]
    process = subprocess.Popen(
        [*command, "--epochs", "100000"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    epochs = 0
    for line in process.stderr:
        epochs += line.startswith("epoch ")
        if epochs == 2:
            process.send_signal(signum)
            break
    rest = process.stderr.read()
    assert process.wait() == code, rest
    assert "multicnn train --resume run" in " ".join(rest.split())
    history = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert len(history) - 1 >= 2
    assert multicnn.load(tmp_path / "run" / "model.keras").evaluate("digits")["accuracy"] > 0.5
