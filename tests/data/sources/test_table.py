import json

import pandas as pd
import pytest

from multicnn.data.manifest import content_hash
from multicnn.data.sources import resolve
from multicnn.data.sources.reading import read_table

ROWS = [("good film", "pos"), ('"bad", he said\nand left', "neg"), ("слабо", "neg"), ("NA", "pos")]

NOT_UTF8 = "not UTF-8: save the table as UTF-8 (in spreadsheets: CSV UTF-8)"


def write(path, rows, names=("text", "label")):
    frame = pd.DataFrame(rows, columns=list(names))
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix in (".csv", ".tsv"):
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    else:
        frame.to_json(path, orient="records", lines=path.suffix != ".json", force_ascii=False)
    return path


@pytest.mark.parametrize("extension", [".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"])
def test_the_same_rows_from_every_kind(tmp_path, source, extension):
    manifest = resolve(source(write(tmp_path / f"films{extension}", ROWS)))
    assert manifest.modality == "text"
    assert manifest.labels == ("neg", "pos")
    assert [(manifest.raw_source(i), manifest.table["label"][i]) for i in manifest.rows()] == ROWS
    assert manifest.table["hash"].tolist() == [content_hash(text) for text, _ in ROWS]
    assert manifest.table["id"].tolist()[3] == f"films{extension}:4"


def test_chosen_columns(tmp_path, source):
    rows = [("a", 1, "train", "m1"), ("b", 0, "dev", "m2"), ("c", 1, "test", "m1"), ("d", 0, "training", "m3")]
    path = write(tmp_path / "t.parquet", rows, ("quote", "score", "part", "film"))
    columns = dict(text_column="quote", label_column="score", split_column="part", group_column="film")
    manifest = resolve(source(path, **columns))
    assert manifest.labels == ("0", "1")
    assert manifest.table["split"].tolist() == ["train", "val", "test", "train"]
    assert manifest.table["group"].tolist() == ["m1", "m2", "m1", "m3"]


@pytest.mark.parametrize("last, splits", [("test", ["train", "train", "test"]), ("other", ["", "", ""])])
def test_a_column_called_split_is_taken_if_it_names_splits(tmp_path, source, last, splits):
    path = write(
        tmp_path / "t.csv", [("a", "x", "train"), ("b", "y", "train"), ("c", "x", last)], ("text", "label", "split")
    )
    manifest = resolve(source(path))
    assert manifest.table["split"].tolist() == splits
    assert [remark.message for remark in manifest.remarks] == [
        "the column split is not taken, since it also holds 'other'; with data.split_column=split such rows are bad"
    ] * (last == "other")


SEVERAL = [("a", ["x", "y"]), ("b", []), ("c", ["z"]), ("d", ["y", "x", "y"]), ("e", ["z", "x"])]


@pytest.mark.parametrize("extension", [".csv", ".tsv", ".jsonl", ".json", ".parquet", "lists in .csv"])
def test_several_labels_between_separators_or_in_lists(tmp_path, source, extension):
    texts, lists = zip(*SEVERAL)
    cells = {".csv": [" / ".join(labels) for labels in lists], ".tsv": ["/".join(labels) for labels in lists]}
    cells["lists in .csv"] = [json.dumps(labels) for labels in lists]
    path = tmp_path / f"t{extension.split()[-1]}"
    manifest = resolve(source(write(path, list(zip(texts, cells.get(extension, lists)))), label_separator="/"))
    assert manifest.labels == ("x", "y", "z") and manifest.task.label_separator == "/"
    assert manifest.table["label"].tolist() == ["x/y", "", "z", "x/y", "x/z"]
    assert len(manifest.rows()) == 5


def test_of_several_labels_none_may_be_new_or_hold_the_separator(tmp_path, source):
    path, test = write(tmp_path / "t.csv", [("a", "x|y"), ("b", "y")]), write(tmp_path / "new.csv", [("c", "y|q")])
    manifest = resolve(source(path, test=test, label_separator="|"))
    assert manifest.labels == ("x", "y")
    assert manifest.bad_rows()["reason"].tolist() == ["label 'q' is not one of the training labels"]
    with pytest.raises(ValueError, match=r"no part of a label. Received: label_separator='\|', label='x\|y'"):
        resolve(source(write(tmp_path / "t.jsonl", [("a", ["x|y"])]), label_separator="|"))


def test_separate_test_file(tmp_path, source):
    path = write(tmp_path / "train.csv", ROWS)
    test = write(tmp_path / "held_out.jsonl", [("fine", "pos"), ("so so", "neutral")])
    manifest = resolve(source(path, test=test))
    assert manifest.rows("test").tolist() == [4]
    assert manifest.table["id"][4] == "test:held_out.jsonl:1"
    assert manifest.bad_rows()["reason"].tolist() == ["label 'neutral' is not one of the training labels"]


def test_bad_rows_of_csv(tmp_path, source):
    path = tmp_path / "t.csv"
    path.write_bytes("\ufefftext,label\na,x\n ,x\nb,\nc\nd,y,z\n\ne, y \ncaf".encode() + b"\xe9,x\n")
    manifest = resolve(source(path))
    assert manifest.labels == ("x", "y")
    assert manifest.bad_rows()["reason"].tolist() == [
        "empty text",
        "empty label",
        "1 fields where the header has 2",
        "3 fields where the header has 2",
        NOT_UTF8,
    ]


@pytest.mark.parametrize("around", ["%s\n%s", "[%s, %s]"])
def test_json_that_is_not_utf8_is_bad(tmp_path, source, around):
    records = ['{"text": "caf\xe9", "label": "x"}', '{"text": "b", "label": "y"}']
    (tmp_path / "t.json").write_bytes((around % tuple(records)).encode("cp1252"))
    table = read_table(tmp_path / "t.json")
    assert table.reasons == [NOT_UTF8, ""]


def test_bad_rows_of_json_lines(tmp_path, source):
    path = tmp_path / "t.jsonl"
    lines = [
        json.dumps({"text": "a", "label": 1}),
        "{oops",
        "[1]",
        json.dumps({"text": None, "label": 2}),
        '{"text": "b"}',
    ]
    path.write_text("\n".join([*lines, json.dumps({"text": "c", "label": True})]))
    manifest = resolve(source(path))
    assert manifest.labels == ("1", "True")
    assert manifest.bad_rows()["reason"].tolist() == ["not a JSON object"] * 2 + ["empty text", "empty label"]


def test_semicolons_as_spreadsheets_write_them(tmp_path, source):
    path = tmp_path / "t.csv"
    path.write_text('text;label\r\n"one; two, three";a\r\nvier, fünf;b\r\n', encoding="utf-8-sig")
    manifest = resolve(source(path))
    assert manifest.labels == ("a", "b") and not len(manifest.bad_rows())
    assert [manifest.raw_source(row) for row in range(2)] == ["one; two, three", "vier, fünf"]


def test_tsv_without_quoting(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text('text\tlabel\n"so he said\tx\nplain\ty\n5" disk\tx\nend\ty\n')
    assert read_table(path).columns["text"] == ['"so he said', "plain", '5" disk', "end"]


def test_a_very_long_text(tmp_path):
    path = write(tmp_path / "t.csv", [("word " * 100_000, "x")])
    assert len(read_table(path).columns["text"][0]) == 500_000


PAIRS = [("good film", "pos"), ("bad film", "neg"), ("fine, and long", "pos")]


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@pytest.mark.parametrize(
    "head, delimiter",
    [
        ("text\tlabel\n", "\t"),
        ("text|label\n", "|"),
        ("text,label\n", ","),
        ("sep=;\ntext;label\n", ";"),
        ("\nsep=|\r\nText|LABEL\n", "|"),
        ("Text;Label\n", ";"),
        (" text |id, as given|label\n", "|"),
    ],
)
def test_the_delimiter_is_that_of_the_header(tmp_path, source, name, head, delimiter):
    path = tmp_path / name
    middle = f"{delimiter}1{delimiter}" if "as given" in head else delimiter
    path.write_text(head + "".join(f'"{text}"{middle}{label}\n' for text, label in PAIRS))
    manifest = resolve(source(path))
    assert [(manifest.raw_source(i), manifest.table["label"][i]) for i in manifest.rows()] == PAIRS


@pytest.mark.parametrize("extension", [".csv", ".jsonl", ".parquet"])
def test_two_columns_of_one_name_are_refused_where_they_are_used(tmp_path, source, extension):
    def table(columns):
        path = tmp_path / f"t{extension}"
        if extension == ".parquet":
            from pyarrow import parquet, table

            parquet.write_table(table([["a", "b"]] + [["x", "y"]] * (len(columns) - 1), names=columns), path)
        elif extension == ".csv":
            path.write_text(
                "\n".join([",".join(columns), "a" + ",x" * (len(columns) - 1), "b" + ",y" * (len(columns) - 1)])
            )
        else:
            rows = [[text] + [label] * (len(columns) - 1) for text, label in ("ax", "by")]
            cells = [", ".join(f'"{name}": "{cell}"' for name, cell in zip(columns, row)) for row in rows]
            path.write_text("".join(f"{{{each}}}\n" for each in cells))
        return path

    assert resolve(source(table(["text", "label", "note", "note"]))).labels == ("x", "y")
    with pytest.raises(ValueError, match=r"label_column must be one column|two values of 'label'"):
        resolve(source(table(["text", "label", "label"])))


@pytest.mark.parametrize("column", ["text", "label"])
def test_bytes_are_texts_in_utf8(tmp_path, source, column):
    frame = pd.DataFrame(ROWS, columns=["text", "label"])
    frame[column] = frame[column].str.encode("utf-8")
    frame.loc[len(frame)] = {"text": "last", "label": "pos"} | {column: b"caf\xe9"}
    frame.to_parquet(tmp_path / "t.parquet")
    manifest = resolve(source(tmp_path / "t.parquet"))
    assert [(manifest.raw_source(i), manifest.table["label"][i]) for i in manifest.rows()] == ROWS
    assert manifest.bad_rows()["reason"].tolist() == ["not UTF-8"]


@pytest.mark.parametrize("cell", ['{"en": "a"}', '[["a"], ["b"]]', '["a", "b"]'])
def test_nested_values_are_bad_where_they_are_used(tmp_path, source, cell):
    lines = ['{"text": "a", "label": "x", "note": CELL}', '{"text": "b", "label": "y"}', '{"text": CELL, "label": "y"}']
    (tmp_path / "t.jsonl").write_text("\n".join(lines).replace("CELL", cell))
    manifest = resolve(source(tmp_path / "t.jsonl"))
    assert manifest.table["status"].tolist() == ["good", "good", "bad"]
    assert manifest.bad_rows()["reason"].str.contains("not one value").all()


def numbered(n):
    return [f"film number {i},{'pos' if i % 2 else 'neg'}" for i in range(n)]


@pytest.mark.parametrize(
    "changes, texts",
    [
        ({20: '"film number 20,pos', 120: '"film number 120,pos'}, {20: '"film number 20', 120: '"film number 120'}),
        ({20: '"film number 20,pos', 120: 'a 5" disk,pos'}, {20: '"film number 20', 120: 'a 5" disk'}),
        ({150: '"film number 150,pos'}, {150: '"film number 150'}),
        ({199: '"film number 199,pos'}, {199: '"film number 199'}),
        ({7: '"two\nlines, quoted",pos', 20: '"a,pos', 21: '"b,pos'}, {7: "two\nlines, quoted", 20: '"a', 21: '"b'}),
        ({7: '"with ""quotes"" and, a comma",pos'}, {7: 'with "quotes" and, a comma'}),
        ({7: '"two\nlines",pos', 9: '"said" he,pos'}, {7: "two\nlines", 9: "said he"}),
    ],
)
def test_no_row_is_swallowed_by_a_stray_quotation_mark(tmp_path, changes, texts):
    rows = [changes.get(i, row) for i, row in enumerate(numbered(200))]
    (tmp_path / "t.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    table = read_table(tmp_path / "t.csv")
    assert table.columns["text"] == [texts.get(i, f"film number {i}") for i in range(200)]
    assert not any(table.reasons)
    stray = sum(text.startswith('"') for text in table.columns["text"])
    assert [remark.message.split()[0] for remark in table.remarks] == ([str(stray)] if stray else [])
    named = ", ".join(str(row) for row, text in enumerate(table.columns["text"], start=1) if text.startswith('"'))
    assert [remark.message.rpartition(": row ")[2] for remark in table.remarks] == ([named] if named else [])


@pytest.mark.parametrize(
    "changes, reasons",
    [
        ({20: '"a, b, and c,pos', 120: '"film,neg'}, {20: "a quotation mark that is not closed"}),
        ({20: '"film,pos', 120: 'film",neg'}, {20: "one cell holds 101 lines of the file: a stray quotation mark"}),
    ],
)
def test_a_row_that_would_swallow_others_is_bad(tmp_path, changes, reasons):
    rows = [changes.get(i, row) for i, row in enumerate(numbered(200))]
    (tmp_path / "t.csv").write_text("text,label\n" + "\n".join(rows))
    assert {i: reason for i, reason in enumerate(read_table(tmp_path / "t.csv").reasons) if reason} == reasons


def test_a_cell_of_a_few_lines_like_rows_stays_and_is_mentioned(tmp_path, source):
    (tmp_path / "t.csv").write_text('text,label\n"roses, red\nviolets, blue\nsugar, sweet",poem\nplain,prose\n')
    manifest = resolve(source(tmp_path / "t.csv"))
    assert manifest.raw_source(0) == "roses, red\nviolets, blue\nsugar, sweet"
    assert [remark.message for remark in manifest.remarks] == [
        "1 quoted cells hold lines that look like rows of the table: is one of them stray? row 1"
    ]


@pytest.mark.parametrize(
    "name, data, fields, message",
    [
        (
            "t.csv",
            b"text,label\na,x\nb,y\n",
            {"text_column": "words"},
            r"column of t.csv \(text, label\). Received: text_c",
        ),
        ("t.csv", b"text,label\na,x\nb,y\n", {"label_column": "kind"}, "label_column must be a column"),
        ("t.csv", b"text,label\na,x\nb,y\n", {"split_column": "part"}, "split_column must be a column"),
        ("t.csv", b"text,label\na,x\nb,y\n", {"modality": "image"}, "file_name must be a column"),
        ("t.csv", b"text,label\na,x\nb,x\n", {}, "path must hold two classes or more"),
        ("t.csv", b"text,label\n", {}, r"path must hold a usable example.*\(empty\)"),
        ("t.csv", b"text,label\na,\n", {}, "usable example.*1 bad, the first t.csv:1: empty label"),
        ("t.jsonl", b'{"text": "a", "label": ["x", "y"]}', {}, "label_separator must be given where labels are lists"),
        ("t.csv", b"", {}, r"\(empty\)"),
        (
            "t.csv",
            "\u6587\u672c,\u6807\u7b7e\na,x\nb,y\n".encode("gbk"),
            {},
            "the header of t.csv is not UTF-8: save the table",
        ),
        (
            "t.csv",
            (",".join(f"f{i}" for i in range(5000)) + "," + "f" * 5000 + "\n").encode(),
            {},
            r"column of t.csv \(f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 4,991 more\)\. Received",
        ),
        ("t.csv", "text,label\na,x\n".encode("utf-16"), {}, "UTF-8, not UTF-16"),
        ("t.json", b"[1, 2", {}, "path must be JSON lines"),
        *(
            (
                name,
                start + 300 * b"[" + 300 * b"]" + end,
                {},
                "path must be JSON lines .*nested too deeply: over 200 levels",
            )
            for name, start, end in (("t.jsonl", b'{"text": ', b"}"), ("t.json", b"[", b"]"))
        ),
        ("t.json", b"[" * 100_000, {}, "path must be JSON lines .*nested too deeply: over 200 levels"),
        ("t.parquet", b"nonsense", {}, "path must be a Parquet file"),
        ("t.jsonl", b'{"text": "a", "label": [1, 2]}', {}, "label_separator must be given where labels are lists"),
    ],
)
def test_errors(tmp_path, source, name, data, fields, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=message):
        resolve(source(tmp_path / name, **fields))


@pytest.mark.parametrize(
    "names, splits",
    [
        (("test.csv", "train.csv"), ["test", "train"]),
        (("train.parquet", "validation.parquet"), ["train", "val"]),
        (
            ("test-00000-of-00001.jsonl", "train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl"),
            ["test", "train", "train"],
        ),
    ],
)
def test_a_folder_of_a_table_for_each_split(tmp_path, source, names, splits):
    for name in names:
        write(tmp_path / name, [(f"good {name}", "pos"), (f"bad {name}", "neg")])
    (tmp_path / "README.md").write_text("about")
    manifest = resolve(source(tmp_path))
    assert manifest.table["split"].tolist() == [split for split in splits for _ in range(2)]
    assert manifest.table["id"].tolist()[:2] == [f"{names[0]}:1", f"{names[0]}:2"] and manifest.modality == "text"


def test_a_folder_of_other_tables_is_refused_with_what_to_pass(tmp_path, source):
    for name in ("reviews.csv", "train.csv"):
        write(tmp_path / name, ROWS)
    with pytest.raises(
        ValueError, match=r"\('reviews.csv', 'train.csv'\): pass one of them, and perhaps another as data.test"
    ):
        resolve(source(tmp_path))
