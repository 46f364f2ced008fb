"""The table of a network: its rows add up, its units are those of the modality, and what does not fit is refused."""

import json

import pytest

import multicnn
from multicnn.api import inspect
from multicnn.blocks import chain, conv, dense, flatten, max_pool, stage
from multicnn.blocks.cost import measure
from multicnn.models import MODELS, create

NET = chain(
    stage("one", conv(4, 3, padding="valid"), max_pool(2)),
    stage("two", conv(8, 3, padding="valid", norm="batch"), stage("inner", conv(8, 1)), max_pool(2)),
    flatten(),
    dense(5, activation="relu"),
)


def test_one_row_for_each_stage_in_order():
    rows = measure(NET, (22, 22, 1)).table()
    assert [(row.name, row.output.shape[1:], row.output.reach[0], row.output.stride[0]) for row in rows] == [
        ("one", (10, 10, 4), 4, 2),
        ("two", (4, 4, 8), 10, 4),
        ("two.inner", (8, 8, 8), 8, 2),
        ("flatten", (128,), 22, 4),
        ("dense", (5,), 22, 4),
    ]
    assert [row.parameters for row in rows] == [40, 4 * 8 * 9 + 16, 72, 0, 645]
    assert [row.multiply_adds for row in rows] == [20 * 20 * 36, 8 * 8 * 288, 8 * 8 * 64, 0, 640]


@pytest.mark.parametrize("name", MODELS)
def test_the_rows_add_up(name):
    table, known = inspect(name), MODELS[name]
    whole = measure(create(name, known.classes), known.input_shape)
    assert (table.parameters, table.multiply_adds) == (whole.parameters, whole.multiply_adds)
    for key in ("parameters", "multiply_adds"):
        each = [row[key] for row in table.rows]
        if None in each:  # the cost of a lifted layer is not known
            assert getattr(whole, key) is None and all(row[f"{key}_share"] is None for row in table.rows)
            continue
        assert sum(each) == getattr(whole, key)
        assert sum(row[f"{key}_share"] for row in table.rows) == pytest.approx(1)


UNITS = {
    "pixels": (("lenet5", (28, 28, 1), None), "C1", "5 x 5 px"),
    "tokens": (("lenet5", (40, 300), "text"), "C1", "5 tokens"),
    "frames of 32 ms, 10 ms apart": (("lenet5", (98, 40, 1), "log-mel"), "C1", "72 ms x 5 bands"),
    "samples of 16 kHz": (("m5", (16000, 1), None), "conv1", f"{1000 * (80 + 3 * 4) / 16000:,.1f} ms"),
}


@pytest.mark.parametrize(("arguments", "stage_name", "expected"), UNITS.values(), ids=UNITS)
def test_receptive_fields_in_the_unit_of_the_sense(arguments, stage_name, expected):
    name, shape, modality = arguments
    row = next(row for row in inspect(name, shape, modality=modality).rows if row["stage"] == stage_name)
    assert row["receptive_field"] == expected


def test_classes_and_hyperparameters_are_taken():
    assert inspect("resnet20", classes=3, arguments={"width": 4}).rows[-1]["output"] == [3]
    assert inspect("resnet20", arguments={"width": 4}).parameters < inspect("resnet20").parameters / 10


def test_a_saved_classifier_has_its_own_input(tmp_path):
    pictures = multicnn.ImagePreprocess(size=(28, 28))
    predictor = multicnn.train("digits", tmp_path / "run", epochs=1, model="lenet5", preprocess=pictures)
    table = inspect(tmp_path / "run" / "model.keras")
    assert table.parameters == measure(predictor.block, (28, 28, 1)).parameters
    assert table.rows[0]["output"] == [28, 28, 6]


BAD = {
    "pooled away": (("lenet5", (8, 8, 1)), r"in stage\('C3'\).*does not fit.*at least 12.*input_shape=\(8, 8, 1\)"),
    "unknown model": (("lenet6",), "lenet5.*Received: model='lenet6'"),
    "unknown modality": (("lenet5", None, "smell"), "log-mel.*Received: modality='smell'"),
    "no input": (("json:dumps",), "`input_shape` is needed"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(arguments, message):
    name, shape, modality = (*arguments, None, None)[:3]
    with pytest.raises(ValueError, match=message):
        inspect(name, shape, modality=modality)


def test_the_command_line(monkeypatch, capsys):
    from multicnn import cli

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["multicnn", "inspect", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code, capsys.readouterr()

    code, printed = call("resnet20", "--input", "32,32,3", "--set", "width=4", "--json")
    assert code == 0
    assert json.loads(printed.out)["parameters"] == inspect("resnet20", arguments={"width": 4}).parameters
    code, printed = call("resnet20")
    assert code == 0 and "conv4_x" in printed.out and "269,722" in printed.out
    code, printed = call("lenet5", "--input", "8,8,1")
    assert code == 2 and "at least 12" in printed.err and "Traceback" not in printed.err
    code, printed = call("lenet5", "--input", "big")
    assert code == 2 and "Received: --input='big'" in printed.err
