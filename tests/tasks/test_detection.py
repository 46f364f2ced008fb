"""Detection from a folder to boxes in pixels: training, metrics, prediction, pages, refusals."""

import json

import numpy as np
import pytest
from support.command_line import call
from support.lives import live
from support.squares import write

import multicnn
from multicnn.tasks import Detection, task_from_dict, task_to_dict
from multicnn.tasks.boxes import cells

MODEL = [
    "model.arguments.width=4",
    "model.arguments.context=0",
    "preprocess.size=[40, 64]",
    "optimizer.learning_rate=0.01",
    "augment.mirror=true",
    "augment.shift=3",
    "epochs=14",
    "batch_size=8",
]


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    """Images of another size than the network sees."""
    return write(tmp_path_factory.mktemp("squares"))


@pytest.fixture(scope="module")
def trained(squares):
    return multicnn.train(squares, squares.parent / f"{squares.name}-run", settings=MODEL)


def test_it_learns_and_the_metrics_are_those_of_its_predictions(trained, squares):
    assert trained.metrics["test"]["map50"] > 0.8 > trained.metrics["linear_baseline"]["map50"]
    assert trained.task.labels == ("blue", "red") and trained.task.strides == (8,) and trained.task.single is False
    lines = [json.loads(line) for line in (squares / "metadata.jsonl").read_text().splitlines()]
    for line in [line for line in lines if line["split"] == "test"][:4]:
        (answer,) = trained.predict(squares / line["file_name"])
        for true in line["objects"]:  # in pixels of the original, twice as large as what the network sees
            best = max(answer.boxes, key=lambda box: (box.label == true["label"], box.score))
            assert best.label == true["label"] and np.abs(np.subtract(best[2:], true["box"])).max() < 8


def test_it_is_saved_loaded_and_evaluated_with_the_same_bits(trained, squares, tmp_path):
    again = multicnn.load(trained.save(tmp_path / "m.keras"))
    assert again.task == trained.task == task_from_dict(json.loads(json.dumps(task_to_dict(trained.task))))
    image = squares / "50.png"
    assert again.predict([image]) == trained.predict([image]) == again.predict([image, squares / "0.png"])[:1]
    assert again.evaluate(squares, split="test") == trained.evaluate(squares, split="test")
    tables = multicnn.evaluate(tmp_path / "m.keras", squares, split="test").tables()
    assert list(tables["per_class"].columns) == ["ap50", "ap75", "ap", "objects"]


def test_the_pages_and_the_command_line_show_boxes(trained, squares, tmp_path, monkeypatch, capsys):
    page = (squares.parent / f"{squares.name}-run" / "report.html").read_text(encoding="utf-8")
    assert "Test mAP50" in page and "AP50, AP75, AP, objects by class" in page and "data:image/png" in page
    assert multicnn.preview(squares, tmp_path / "p.html", settings=MODEL, examples=2, draws=1).exists()
    path = trained.save(tmp_path / "m.keras")
    code, out, _ = call(monkeypatch, capsys, "predict", path, squares / "50.png", "--json")
    assert code == 0 and set(json.loads(out)["boxes"][0]) == {"label", "score", "box"}
    code, out, _ = call(monkeypatch, capsys, "predict", path, squares / "50.png")
    assert code == 0 and len(out.splitlines()) == 1 + len(trained.predict(squares / "50.png")[0].boxes)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["mixup=0.2"], "`mixup` and `cutmix`"),
        (["label_smoothing=0.1"], "`label_smoothing` must be 0"),
        (["loss=hinge"], "`loss` must be one of .'focal_iou'"),
        (["task=detection", 'loss=["focal_iou", {"beta": 1}]'], "takes .'gamma', 'alpha', 'box_weight'.*beta=1"),
        (["model.name=vgg_small"], "`model.name` must give logits of shape .None, 6."),
        (["task=classification"], "`task` must be one that the data have targets for"),
        (['members=[{"seed": 1}, {"seed": 2}]'], "`members` must be .. for detection"),
        (["monitor=accuracy"], "`monitor` must be one of .'map50'"),
    ],
)
def test_what_has_no_meaning_is_refused(settings, message, squares, tmp_path):
    given = [setting for setting in MODEL if not settings[0].startswith("model.name") or "arguments" not in setting]
    with pytest.raises(ValueError, match=message):
        multicnn.train(squares, tmp_path / "run", settings=[*given, *settings])


def test_the_task_reads_checks_and_balances():
    task = Detection().fitted(['[["a", 0, 0, 2, 2], ["b", 1, 1, 3, 3, "difficult"]]', "[]"])
    assert task.labels == ("a", "b") and task.most == 16 and task.single is False
    assert (
        task.strata('[["b", 0, 0, 1, 1], ["a", 0, 0, 1, 1], ["b", 0, 0, 1, 1]]') == ("a", "b")
        and task.strata("[]") == ()
    )
    with pytest.raises(ValueError, match="'c' is not one of the training labels"):
        task.check('[["c", 0, 0, 1, 1]]', "training")
    with pytest.raises(ValueError, match=r"an object \(none\)"):
        Detection().fitted(["[]"])
    many = cells.cell_of(cells.TrueBox("a", i, 0, i + 1, 1) for i in range(17))
    with pytest.raises(ValueError, match=r"17 objects, more than the 16 of task.most"):
        task.check(many, "training")
    assert Detection().fitted(['[["a", 0, 0, 2, 2]]'] * 3).single


@pytest.mark.slow
def test_a_killed_run_that_is_resumed_ends_with_the_same_bits(squares, tmp_path):
    settings = [*MODEL, "epochs=3", "runtime.checkpoint_steps=2", "augment.scale=0.2", "augment.rotation=10"]
    weights = [each.numpy() for each in multicnn.train(squares, tmp_path / "a", settings=settings).network.weights]
    data, run = str(squares), str(tmp_path / "b")
    for step in (1, 7, 13):  # of five an epoch
        assert live(data, run, step, settings=settings) < 0
        data, settings = "-", []
    resumed = multicnn.train(resume=run)
    for one, other in zip(weights, resumed.network.weights, strict=True):
        np.testing.assert_array_equal(one, other.numpy())


class Moved:
    """Every box twice as large about the left upper corner, and a quarter of the image to the left."""

    def boxes(self, boxes):
        return 2 * boxes - np.array([0.25, 0, 0.25, 0], np.float32)


def test_boxes_move_with_their_image_and_go_where_less_than_a_quarter_is_left():
    task = Detection(labels=("a",), most=3)
    targets = np.array([[[0, 0.25, 0.25, 0.5, 0.5, 0], [0, 0, 0, 0.15, 0.2, 0], [0, 0, 0.1, 0.2, 0.2, 1]]], np.float32)
    moved = np.asarray(task.moved(targets, Moved()))
    np.testing.assert_allclose(moved[0, 0], [0, 0.25, 0.5, 0.75, 1, 0])
    assert moved[0, 1, 0] == -1  # .05 of .3 is left
    np.testing.assert_allclose(moved[0, 2], [0, 0, 0.2, 0.15, 0.4, 1], atol=1e-6)


@pytest.mark.parametrize(("single", "shown"), [(False, ["a"]), (True, ["a"])])
def test_an_answer_shows_what_is_sure_enough_or_the_best_box(single, shown):
    task = Detection(labels=("a", "b"), single=single, most=1, size=(8, 8), strides=(8,))
    output = np.array([[0.2 if single else 0.9, 0.1, 0.25, 0.25, 0.5, 0.5]])
    answer = task.answer_at(output, np.array([100.0, 200.0]))
    assert [box.label for box in answer.boxes] == shown and answer.boxes[0][2:] == (50, 25, 100, 50)
    assert answer.label == ("a" if single else "1 a")
    nothing = Detection(labels=("a", "b"), single=False, size=(8, 8), strides=(8,)).answer_at(output * 0, np.ones(2))
    assert (nothing.label, nothing.boxes) == ("no object", ())
