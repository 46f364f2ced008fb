import os

import numpy as np
import pytest
import soundfile

from multicnn.data.manifest import content_hash
from multicnn.data.sources import files, resolve


def by_id(manifest, column):
    return dict(zip(manifest.table["id"], manifest.table[column], strict=True))


def test_folder_per_class(photos, source):
    manifest = resolve(source(photos))
    assert manifest.modality == "image"
    assert manifest.labels == ("cat", "dog")
    assert len(manifest.rows("")) == 12
    assert manifest.raw_source(0) == str(photos / "cat" / "0.png")
    assert by_id(manifest, "hash")["cat/0.png"] == content_hash((photos / "cat" / "0.png").read_bytes())


@pytest.mark.parametrize("val", ["val", "valid", "validation"])
def test_split_folders(tmp_path, picture, source, val):
    for split in ("train", val, "test"):
        for label in ("cat", "dog"):
            picture(tmp_path / split / label / "deeper" / "1.png")
    manifest = resolve(source(tmp_path))
    assert manifest.labels == ("cat", "dog")
    assert {split: len(manifest.rows(split)) for split in ("train", "val", "test")} == {"train": 2, "val": 2, "test": 2}


def test_bad_files_are_listed_and_clutter_is_not(photos, source):
    (photos / "cat" / "notes.txt").write_text("not a picture")
    (photos / "cat" / "empty.png").touch()
    soundfile.write(photos / "dog" / "bark.png", np.zeros(100), 8000, format="WAV")
    (photos / "stray.png").write_bytes((photos / "cat" / "0.png").read_bytes())
    system = (
        "$RECYCLE.BIN/S-1-5/$I1.png",
        "@eaDir/cat/0.jpg@SynoEAStream",
        "dog/__pycache__/a.png",
        "__MACOSX/cat/._0.png",
    )
    for clutter in (
        ".DS_Store",
        "cat/Thumbs.db",
        "dog/README.md",
        "classes.txt",
        "dog/desktop.ini",
        "cat/._0.png",
        *system,
    ):
        (photos / clutter).parent.mkdir(parents=True, exist_ok=True)
        (photos / clutter).write_text("clutter")
    bad = resolve(source(photos)).bad_rows()
    assert dict(zip(bad["id"], bad["reason"], strict=True)) == {
        "cat/empty.png": "empty file",
        "cat/notes.txt": "not an image: looks like text",
        "dog/bark.png": "not an image: looks like audio",
        "stray.png": "not in a class folder",
    }


def test_sidecar_files_are_left_out_and_counted(photos, source):
    for name in ("cat/0.xmp", "cat/0.png.txt", "cat/0.TXT", "dog/0.json", "dog/film.mov", "dog/x.aae", "dog/0"):
        (photos / name).write_text("beside")
    (photos / "dog" / "film.thm").write_bytes((photos / "dog" / "0.png").read_bytes())
    bad = {
        "cat/IMG_1.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "cat/cut.png": b"",
        "cat/0.jpg": b"no photo",
        "dog/notes.txt": b"notes",
    }
    for name, data in bad.items():
        (photos / name).write_bytes(data)
    manifest = resolve(source(photos))
    assert manifest.modality == "image"
    assert set(manifest.table["id"]) == {f"{label}/{i}.png" for label in ("cat", "dog") for i in range(6)} | set(bad)
    (remark,) = manifest.remarks
    assert remark.name == "sidecar files" and not remark.decision
    assert (
        remark.message
        == "8 files are no images and are left out: .txt (2), .xmp (1), no suffix (1), .json (1) and 3 more"
    )


def test_sidecars_of_sounds_do_not_make_them_texts(tmp_path, source):
    for i in range(4):
        place = tmp_path / "ab"[i % 2] / f"{i}.wav"
        place.parent.mkdir(exist_ok=True)
        soundfile.write(place, np.full(100, i / 10), 8000)
        for suffix in (".TextGrid", ".lab", ".txt", ".PHN"):
            place.with_suffix(suffix).write_text("h e l o")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "all.json").write_text("{}")
    manifest = resolve(source(tmp_path))
    assert (manifest.modality, manifest.labels, len(manifest)) == ("audio", ("a", "b"), 4)
    (remark,) = manifest.remarks
    assert "17 files are no audio" in remark.message and "nothing else of 'notes', which is no class" in remark.message
    assert remark.decision


def test_texts_have_no_sidecars(tmp_path, source):
    for name in ("a/1.txt", "a/1.json", "b/2.txt", "b/2.xml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"the text of {name}")
    manifest = resolve(source(tmp_path))
    assert (manifest.modality, len(manifest.rows()), manifest.remarks) == ("text", 4, ())


def test_empty_folders_are_mentioned(photos, picture, source):
    (photos / "cow" / "@eaDir").mkdir(parents=True)
    manifest = resolve(source(photos))
    assert manifest.labels == ("cat", "dog")
    assert [remark.message for remark in manifest.remarks] == [
        "neither classes nor splits, since they hold no file: 'cow'"
    ]
    for place in ("train/cat", "train/dog"):
        picture(photos.parent / "split" / place / "1.png")
    (photos.parent / "split" / "train" / "cow").mkdir()
    (photos.parent / "split" / "val").mkdir()
    assert "'val', 'train/cow'" in resolve(source(photos.parent / "split")).remarks[0].message


def test_files_beside_the_split_folders_are_bad(tmp_path, picture, source):
    for place in ("train/cat", "train/dog", "test/cat", "old/cat"):
        picture(tmp_path / place / "1.png")
    bad = resolve(source(tmp_path)).bad_rows()
    assert bad[["id", "reason"]].values.tolist() == [["old/cat/1.png", "outside the train, val and test folders"]]


def test_labels_that_only_the_test_has_are_bad(tmp_path, picture, source):
    for place in ("train/cat", "train/dog", "test/cat", "test/cow"):
        picture(tmp_path / place / "1.png")
    manifest = resolve(source(tmp_path))
    assert manifest.labels == ("cat", "dog")
    assert manifest.bad_rows()["reason"].tolist() == ["label 'cow' is not one of the training labels"]


def test_text_files(tmp_path, source):
    for label, text in (("en", "hello"), ("ru", "привет"), ("ru", "")):
        path = tmp_path / label / f"{len(text)}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "en" / "latin.txt").write_bytes(b"caf\xe9 au lait")
    manifest = resolve(source(tmp_path))
    assert manifest.modality == "text"
    assert [manifest.raw_source(i) for i in manifest.rows()] == ["hello", "привет"]
    assert sorted(manifest.bad_rows()["reason"]) == ["empty file", "not UTF-8"]


def test_a_text_that_vanishes_while_it_is_read(tmp_path, source, monkeypatch):
    for label in "ab":
        (tmp_path / label).mkdir()
        for name in "12":
            (tmp_path / label / f"{name}.txt").write_text(f"text {name}")
    read = files.read

    def read_and_lose(path):
        found = read(path)
        if str(path).endswith("a/2.txt"):
            os.unlink(path)
        return found

    monkeypatch.setattr(files, "read", read_and_lose)
    manifest = resolve(source(tmp_path))
    assert manifest.table["reason"].tolist() == ["", "unreadable: No such file or directory", "", ""]


def test_labels_and_groups_in_file_names(tmp_path, source):
    for digit in "12":
        for speaker in ("theo", "lucas"):
            soundfile.write(tmp_path / f"{digit}_{speaker}_0.wav", np.full(50, int(digit) / 10), 8000)
    soundfile.write(tmp_path / "silence.wav", np.zeros(50), 8000)
    manifest = resolve(source(tmp_path, pattern=r"(?P<label>\d)_(?P<group>[a-z]+)_(?P<index>\d+)"))
    assert manifest.modality == "audio"
    assert manifest.labels == ("1", "2")
    assert by_id(manifest, "group")["1_theo_0.wav"] == "theo"
    assert manifest.bad_rows()["reason"].tolist() == ["file name does not match the pattern"]


def test_label_from_the_folder_and_group_from_the_name(photos, source):
    manifest = resolve(source(photos, pattern=r"(?P<camera>\d)", group_column="camera"))
    assert manifest.labels == ("cat", "dog")
    assert by_id(manifest, "group")["dog/3.png"] == "3"


def write_metadata(root, text):
    (root / "metadata.csv").write_text(text, encoding="utf-8")


def test_metadata(photos, source):
    write_metadata(
        photos,
        "file_name,label,split,fold,group\ncat/0.png,tom,train,1,a\ncat/1.png,kit,valid,2,b\ncat/9.png,tom,,1,a\n"
        "dog/0.png,,train,1,a\ndog/1.png,kit,train,1,a\ndog/2.png,tom,trian,1,a\n,tom,,1,\n",
    )
    manifest = resolve(source(photos))
    assert manifest.labels == ("kit", "tom")
    assert manifest.table["split"].tolist()[:2] == ["train", "val"]
    assert by_id(manifest, "group")["cat/1.png"] == "b"
    assert manifest.bad_rows()["reason"].tolist() == [
        "missing file",
        "empty label",
        "unknown split 'trian'",
        "empty file name",
    ]


def test_several_labels_of_pictures(photos, source):
    write_metadata(photos, "file_name,label\ncat/0.png,tom+kit\ncat/1.png,\ndog/0.png,kit\n")
    manifest = resolve(source(photos, label_separator="+"))
    assert manifest.labels == ("kit", "tom") and manifest.modality == "image"
    assert manifest.targets(manifest.rows()).tolist() == [[1, 1], [0, 0], [1, 0]]


@pytest.mark.parametrize("group_column, group", [(None, "1"), ("cam", "x")])
def test_metadata_group_is_the_fold_unless_chosen(photos, source, group_column, group):
    write_metadata(photos, "file_name,label,fold,cam\ncat/0.png,tom,1,x\ncat/1.png,kit,1,x\n")
    assert set(resolve(source(photos, group_column=group_column)).table["group"]) == {group}


def test_metadata_and_pattern(photos, source):
    write_metadata(photos, "file_name,label\ncat/0.png,tom\ncat/1.png,kit\n")
    manifest = resolve(source(photos, pattern=r"(?P<group>\d)"))
    assert manifest.table["group"].tolist() == ["0", "1"]
    assert manifest.table["label"].tolist() == ["tom", "kit"]


def test_metadata_given_as_the_path(photos, source):
    write_metadata(photos, "file_name,label\ncat/0.png,tom\ncat/1.png,kit\n")
    manifest = resolve(source(photos / "metadata.csv"))
    assert manifest.modality == "image" and manifest.raw_source(0) == str(photos / "cat" / "0.png")


def test_a_file_name_that_is_not_utf8(photos, source):
    path = bytes(photos / "cat") + b"/\xff.png"
    with open(path, "wb") as file:
        file.write((photos / "cat" / "0.png").read_bytes())
    manifest = resolve(source(photos))
    assert manifest.bad_rows()["reason"].tolist() == ["file name is not UTF-8"]
    manifest.save(photos.parent / "manifest.parquet")


@pytest.mark.parametrize(
    "metadata, fields, message",
    [
        ("file_name,kind\ncat/0.png,tom\n", {}, r"label_column must be a column of metadata.csv \(file_name, kind\)"),
        ("name,label\ncat/0.png,tom\n", {}, "file_name must be a column of metadata.csv"),
        ("file_name,label\n", {}, "path must be a table with rows"),
        ("file_name,label\ncat/0.png,tom\n", {"group_column": "who"}, "group_column must be a column"),
        ("file_name,label\ncat/0.png,tom\n", {}, "path must hold two classes or more.*only 'tom'"),
        (None, {"pattern": "(?P<label>[A-Z])_"}, "pattern must match the file names.*none of 12"),
    ],
)
def test_errors(photos, source, metadata, fields, message):
    if metadata is not None:
        write_metadata(photos, metadata)
    with pytest.raises(ValueError, match=message):
        resolve(source(photos, **fields))


def test_folders_that_hold_nothing_of_use(tmp_path, picture, source):
    with pytest.raises(ValueError, match=r"path must be a folder that holds files.*\(empty\)"):
        resolve(source(tmp_path))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.bin").write_bytes(b"\x00\x01")
    with pytest.raises(ValueError, match="path must hold images, audio or texts"):
        resolve(source(tmp_path))
    flat = picture(tmp_path / "flat" / "x.png").parent
    with pytest.raises(ValueError, match="path must be a folder with one folder per class"):
        resolve(source(flat))
