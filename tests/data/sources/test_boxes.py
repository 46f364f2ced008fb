"""The same images and boxes in every form in which data sets list them."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from multicnn.data.sources.boxes import coco, tabular, voc, yolo
from multicnn.data.sources.files import walk
from multicnn.data.sources.reading import read_table
from multicnn.recipe import DataSource
from multicnn.tasks.boxes.cells import TrueBox, boxes_of

SIZE = (40, 60)  # height and width
TRUTH = {
    "a": [TrueBox("cat", 4, 6, 20, 30), TrueBox("dog", 30, 0, 60, 40)],
    "b": [],
    "c": [TrueBox("dog", 10, 10, 12, 14)],
}
SPLIT = {"a": "train", "b": "train", "c": "val"}


def images(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.fromarray(np.zeros((*SIZE, 3), np.uint8)).save(folder / f"{name}.png")


def rows(table):
    """Return {stem: (boxes, split)} of a table of files."""
    splits = table.columns.get("split", [""] * len(table))
    assert table.reasons == [""] * len(table)
    return {
        name.rpartition("/")[2].removesuffix(".png"): (boxes_of(cell), split)
        for name, cell, split in zip(table.columns["file_name"], table.columns["label"], splits)
    }


def by_file(table):
    """Return the table with the cells as its labels."""
    own, offer = tabular.by_file(DataSource(path="."), table)
    reasons = [a or b for a, b in zip(own.reasons, offer.reasons)]
    return dataclasses.replace(own, columns=own.columns | {"label": offer.cells}, reasons=reasons)


def files(root):
    return list(walk(root))


def of_coco(root, boxes=TRUTH, more=()):
    for split in ("train", "val"):
        names = [name for name in boxes if SPLIT[name] == split]
        images(root / f"{split}2017", names)
        labels = ["cat", "dog"]
        annotations = [
            {
                "image_id": i,
                "category_id": labels.index(box.label) + 7,
                "bbox": [box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0],
            }
            for i, name in enumerate(names)
            for box in boxes[name]
        ]
        data = {
            "images": [{"id": i, "file_name": f"{name}.png"} for i, name in enumerate(names)],
            "annotations": [*annotations, *more],
            "categories": [{"id": i + 7, "name": label} for i, label in enumerate(labels)],
        }
        (root / "annotations").mkdir(exist_ok=True)
        (root / "annotations" / f"instances_{split}2017.json").write_text(json.dumps(data))
    return coco.coco_table(coco.annotation_files(files(root), root), files(root), root)


def of_voc(root, boxes=TRUTH, difficult=0):
    images(root / "JPEGImages", boxes)
    (root / "Annotations").mkdir()
    for name, own in boxes.items():
        objects = "".join(
            f"<object><name>{b.label}</name><difficult>{difficult}</difficult><bndbox><xmin>{b.x0 + 1}</xmin>"
            f"<ymin>{b.y0 + 1}</ymin><xmax>{b.x1}</xmax><ymax>{b.y1}</ymax></bndbox></object>"
            for b in own
        )
        (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{objects}</annotation>")
    sets = root / "ImageSets" / "Main"
    sets.mkdir(parents=True)
    for split in ("train", "val"):
        (sets / f"{split}.txt").write_text("".join(f"{name}\n" for name in boxes if SPLIT[name] == split))
    (sets / "trainval.txt").write_text("".join(f"{name}\n" for name in boxes))
    return voc.voc_table(voc.voc_root(files(root)), files(root), root)


def of_yolo(root, boxes=TRUTH):
    pytest.importorskip("yaml")
    (root / "data.yaml").parent.mkdir(exist_ok=True)
    (root / "data.yaml").write_text("path: .\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n")
    for name, own in boxes.items():
        images(root / "images" / SPLIT[name], [name])
        labels = root / "labels" / SPLIT[name]
        labels.mkdir(parents=True, exist_ok=True)
        lines = [
            f"{['cat', 'dog'].index(b.label)} {(b.x0 + b.x1) / 2 / SIZE[1]} {(b.y0 + b.y1) / 2 / SIZE[0]} "
            f"{(b.x1 - b.x0) / SIZE[1]} {(b.y1 - b.y0) / SIZE[0]}\n"
            for b in own
        ]
        if lines:  # an image without objects may have no text
            (labels / f"{name}.txt").write_text("".join(lines))
    return yolo.yolo_table(yolo.description_of(root), files(root), root)


def of_jsonl(root, boxes=TRUTH):
    images(root, boxes)
    lines = [
        {
            "file_name": f"{name}.png",
            "split": SPLIT[name],
            "objects": [{"label": b.label, "box": list(b[1:5])} for b in own],
        }
        for name, own in boxes.items()
    ]
    (root / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return by_file(read_table(root / "metadata.jsonl"))


def of_hugging_face(root, boxes=TRUTH):
    images(root, boxes)
    lines = [
        {
            "file_name": f"{name}.png",
            "split": SPLIT[name],
            "objects": {
                "bbox": [[b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0] for b in own],
                "categories": [b.label for b in own],
            },
        }
        for name, own in boxes.items()
    ]
    (root / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return by_file(read_table(root / "metadata.jsonl"))


def of_csv(root, boxes=TRUTH, sides=("xmin", "ymin", "xmax", "ymax")):
    images(root, boxes)
    lines = [f"filename,split,class,{','.join(sides)}"]
    for name, own in boxes.items():
        for box in own:
            numbers = ",".join(map(str, box[1:5]))
            lines.append(f"{name}.png,{SPLIT[name]},{box.label},{numbers}")
        if not own:
            lines.append(f"{name}.png,{SPLIT[name]},,,,,")
    (root / "boxes.csv").write_text("\n".join(lines))
    return by_file(read_table(root / "boxes.csv"))


def of_box_column(root, boxes=TRUTH):
    images(root, boxes)
    lines = ["file_name,split,label,box"]
    for name, own in boxes.items():
        lines += [f"{name}.png,{SPLIT[name]},{b.label},{b.x0} {b.y0} {b.x1} {b.y1}" for b in own]
        lines += [] if own else [f"{name}.png,{SPLIT[name]},,"]
    (root / "metadata.csv").write_text("\n".join(lines))
    return by_file(read_table(root / "metadata.csv"))


def of_box_lists(root, boxes=TRUTH):
    images(root, boxes)
    lines = [
        {"file_name": f"{name}.png", "split": SPLIT[name], **({"label": b.label, "box": list(b[1:5])} if b else {})}
        for name, own in boxes.items()
        for b in own or [None]
    ]
    (root / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return by_file(read_table(root / "metadata.jsonl"))


FORMS = [of_box_lists, of_coco, of_voc, of_yolo, of_jsonl, of_hugging_face, of_csv, of_box_column]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_gives_the_same_boxes_and_splits(form, tmp_path):
    found = rows(form(tmp_path))
    assert set(found) == set(TRUTH)
    for name, (boxes, split) in found.items():
        assert split == SPLIT[name]
        assert [box.label for box in boxes] == [box.label for box in TRUTH[name]]
        for box, true in zip(boxes, TRUTH[name]):
            np.testing.assert_allclose(box[1:5], true[1:5], atol=1e-3)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_boxes_that_hold_nothing_are_left_out_and_reported(form, tmp_path):
    table = form(tmp_path, {**TRUTH, "b": [TrueBox("cat", 7, 8, 7, 9)]})
    assert rows(table)["b"][0] == []
    assert [remark.name for remark in table.remarks] == ["empty boxes"]
    assert "1 boxes hold nothing" in table.remarks[0].message and "'cat'" in table.remarks[0].message


def test_crowds_and_difficult_objects_are_marked(tmp_path):
    crowd = {"image_id": 0, "category_id": 7, "bbox": [1, 1, 5, 5], "iscrowd": 1}
    table = of_coco(tmp_path / "coco", more=[crowd])
    assert rows(table)["a"][0][-1] == TrueBox("cat", 1, 1, 6, 6, "crowd")
    table = of_voc(tmp_path / "voc", difficult=1)
    assert {box.flag for boxes, _ in rows(table).values() for box in boxes} == {"difficult"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<annotation><object>", "annotations are no XML"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "document type"),
        ("<a><object><name>cat</name></object></a>", "four numbers"),
        (
            "<a><object><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object></a>",
            "without a name",
        ),
    ],
)
def test_damaged_annotations_make_their_image_bad(text, reason, tmp_path):
    of_voc(tmp_path)
    (tmp_path / "Annotations" / "a.xml").write_text(text)
    table = voc.voc_table((), files(tmp_path), tmp_path)
    reasons = dict(zip(table.columns["file_name"], table.reasons))
    assert reason in reasons["JPEGImages/a.png"] and reasons["JPEGImages/c.png"] == ""


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 .5 .5 .1", "lines of class"),
        ("9 .5 .5 .1 .1", "class 9"),
        ("0 30 20 10 10", "fractions"),
        ("0 a b c d", "four numbers"),
    ],
)
def test_damaged_labels_of_yolo_make_their_image_bad(line, reason, tmp_path):
    of_yolo(tmp_path)
    (tmp_path / "labels" / "train" / "a.txt").write_text(line)
    table = yolo.yolo_table(tmp_path / "data.yaml", files(tmp_path), tmp_path)
    assert reason in dict(zip(table.columns["file_name"], table.reasons))["images/train/a.png"]


@pytest.mark.parametrize(
    ("objects", "reason"),
    [
        ([{"label": "cat"}], "without `box`"),
        ([{"label": "cat", "box": [1, 2, 3]}], "four numbers"),
        ({"bbox": [[1, 2, 3, 4]], "categories": []}, "as many boxes as categories"),
        (["cat"], "must have a label and a box"),
    ],
)
def test_objects_that_cannot_be_read_make_their_image_bad(objects, reason, tmp_path):
    (tmp_path / "metadata.jsonl").write_text(json.dumps({"file_name": "a.png", "objects": objects}) + "\n")
    table = by_file(read_table(tmp_path / "metadata.jsonl"))
    assert reason in table.reasons[0]


def test_the_rows_of_a_file_must_agree_on_its_split(tmp_path):
    (tmp_path / "boxes.csv").write_text(
        "file_name,split,label,x0,y0,x1,y1\na.png,train,cat,1,1,2,2\na.png,test,cat,3,3,4,4"
    )
    table = by_file(read_table(tmp_path / "boxes.csv"))
    assert table.reasons == ["its boxes have several splits"]
