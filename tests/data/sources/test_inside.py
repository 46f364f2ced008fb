"""A table names files of its own folder; what leads out of it is a bad row that says what allows it."""

import os

import numpy as np
import pytest
import soundfile
from PIL import Image
from support.command_line import call

from multicnn.data.sources import resolve
from multicnn.data.sources.inside import are_inside
from multicnn.recipe import DataSource


def write(path, modality, i):
    path.parent.mkdir(parents=True, exist_ok=True)
    if modality == "image":
        Image.fromarray(np.full((4, 4), 10 * i, np.uint8)).save(path)
    elif modality == "audio":
        soundfile.write(path, np.sin(np.arange(400) * (i + 1) / 10) / 2, 8000)
    else:
        path.write_text(f"secret words {i}")


SUFFIX = {"image": ".png", "audio": ".wav", "text": ".txt"}


@pytest.fixture(params=SUFFIX)
def table(request, tmp_path):
    """Make files in the folder and outside, and return the folder, its good names, and those that lead outside."""
    suffix, root = SUFFIX[request.param], tmp_path / "data"
    good = [f"{i}{suffix}" for i in range(4)] + [f"deep/er/4{suffix}", f"deep/../5{suffix}", f"./6{suffix}"]
    for i, name in enumerate(good):
        write(root / os.path.normpath(name), request.param, i)
    write(tmp_path / "secret" / f"a{suffix}", request.param, 9)
    os.symlink(tmp_path / "secret" / f"a{suffix}", root / f"link{suffix}")
    os.symlink(tmp_path / "secret", root / "folder")
    os.symlink(root / "deep", root / "within")
    good += [f"within/er/4{suffix}", str(root / f"0{suffix}")]
    outside = [str(tmp_path / "secret" / f"a{suffix}"), f"../secret/a{suffix}", f"link{suffix}", f"folder/a{suffix}"]
    outside += [f"deep/../../secret/a{suffix}", f"../data2/a{suffix}"]
    return root, good, outside


@pytest.mark.parametrize("file", ["metadata.csv", pytest.param("list.jsonl", marks=pytest.mark.slow)])
def test_what_leads_outside_is_not_read(file, table):
    root, good, outside = table
    rows = [(name, "ab"[i % 2]) for i, name in enumerate(good + outside)]
    if file.endswith(".jsonl"):
        text = "".join(f'{{"file_name": "{name}", "label": "{label}"}}\n' for name, label in rows)
    else:
        text = "file_name,label\n" + "".join(f"{name},{label}\n" for name, label in rows)
    (root / file).write_text(text)
    path = str(root if file == "metadata.csv" else root / file)
    manifest = resolve(DataSource(path=path))
    assert manifest.table["status"].tolist() == ["good"] * len(good) + ["bad"] * len(outside)
    bad = manifest.table.iloc[len(good) :]
    assert set(bad["reason"]) == {"outside the folder of the table (data.allow_outside=true reads it)"}
    assert not any(bad["hash"]) and "secret words" not in "".join(map(str, bad["source"]))
    allowed = resolve(DataSource(path=path, allow_outside=True))
    assert allowed.table["status"].tolist()[:-1] == ["good"] * (len(rows) - 1)


@pytest.mark.slow
def test_metadata_do_not_show_the_files_of_the_machine(tmp_path, monkeypatch, capsys):
    for i in range(30):
        (tmp_path / f"{i}.txt").write_text(f"some words {i}")
    listed = "".join(f"{i}.txt,{i % 2}\n" for i in range(30))
    (tmp_path / "metadata.csv").write_text(f"file_name,label\n{listed}/etc/passwd,1\n")
    page = tmp_path / "page.html"
    code, _, err = call(monkeypatch, capsys, "preview", tmp_path, "--examples", 40, "--out", page)
    assert code == 0 and "root:" not in page.read_text(), err


def test_a_table_of_absolute_paths_has_its_remedy_in_one_line(tmp_path, monkeypatch, capsys):
    for i in range(4):
        write(tmp_path / "store" / f"{i}.png", "image", i)
    (tmp_path / "tables").mkdir()
    rows = "".join(f"{tmp_path}/store/{i}.png,{i % 2}\n" for i in range(4))
    (tmp_path / "tables" / "all.csv").write_text("file_name,label\n" + rows)
    code, _, err = call(monkeypatch, capsys, "doctor", tmp_path / "tables" / "all.csv")
    assert code == 2 and "data.allow_outside=true" in err and len(err.strip().splitlines()) == 1


def test_odd_names_are_outside_and_no_error(tmp_path):
    assert are_inside(tmp_path, ["a", "\0", "", "..", ".", "a/..", "x" * 5000]) == [
        True,
        True,  # whose name is found wrong where it is read
        True,
        False,
        True,
        True,
        True,
    ]


def test_a_frame_in_memory_is_the_users_own(tmp_path, monkeypatch):
    import pandas as pd

    from multicnn.data.load import load_manifest

    for i in range(20):
        write(tmp_path / "store" / f"{i}.png", "image", i)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    names = [str(tmp_path / "store" / f"{i}.png") for i in range(19)] + ["../store/19.png"]
    frame = pd.DataFrame({"file_name": names, "label": [i % 2 for i in range(20)]})
    manifest = load_manifest(DataSource(path=""), None, frame)
    assert (manifest.table["status"] == "good").all()
