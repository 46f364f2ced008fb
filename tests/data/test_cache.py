"""The cache on disk: shared by runs, never wrong, bounded."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from multicnn.data import cache, store
from multicnn.data.manifest import Manifest, content_hash
from multicnn.data.store import load_examples
from multicnn.modalities.base import Loadable


@dataclass
class Times(Loadable):
    """A stand-in for preprocessing: a text or file that is a number becomes so many times that number, thrice."""

    factor: int
    calls = 0
    fitted, stored_shape, stored_dtype = True, (3,), "int32"

    def decode(self, source):
        type(self).calls += 1
        text = Path(source).read_text() if source.endswith(".txt") else source
        if not text.isdigit():
            raise ValueError(f"not a number: {text}")
        return int(text)

    def example(self, raw):
        return np.full(3, self.factor * raw, np.int32)


def manifest(texts):
    n = [str(i) for i in range(len(texts))]
    return Manifest.of("text", ids=n, sources=texts, labels=["x"] * len(n), hashes=[content_hash(t) for t in texts])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A cache of its own, and no example kept in memory."""
    monkeypatch.setenv("MULTICNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "MEMORY_LIMIT", 0)
    monkeypatch.setattr(Times, "calls", 0)
    return tmp_path / "cache"


def thrice(numbers):
    return [[number] * 3 for number in numbers]


def test_a_second_run_decodes_nothing(folder):
    texts = ["1", "bad", "3", "4"]
    first, reasons = load_examples(manifest(texts), Times(10), [3, 1, 2])
    assert (first.rows.tolist(), first.array.tolist()) == ([3, 2], thrice([40, 30]))
    assert Times.calls == 3 and not first.reused and first.folder.parent == folder
    # The same examples at other places of another manifest.
    second, again = load_examples(manifest(["7", *texts]), Times(10), [4, 2, 3])
    assert Times.calls == 3 and second.reused and "made by an earlier run" in second.description
    assert (second.rows.tolist(), second.array.tolist()) == ([4, 3], thrice([40, 30]))
    assert second.gather(np.array([3])).tolist() == thrice([30])
    assert (reasons, again) == ({1: "not a number: bad"}, {2: "not a number: bad"})


@pytest.mark.parametrize(
    ("texts", "factor", "rows"),
    [(["1", "2", "4"], 10, [0, 1, 2]), (["1", "2", "3"], 11, [0, 1, 2]), (["1", "2", "3"], 10, [0, 2, 1])],
    ids=["a content", "the preprocessing", "the order"],
)
def test_what_changes_the_bytes_asks_for_another_entry(texts, factor, rows, folder):
    load_examples(manifest(["1", "2", "3"]), Times(10), [0, 1, 2])
    changed, _ = load_examples(manifest(texts), Times(factor), rows)
    assert not changed.reused and len(list(folder.iterdir())) == 2
    assert changed.array.tolist() == thrice(factor * int(texts[row]) for row in rows)


def test_a_library_of_another_version_asks_for_another_entry(monkeypatch):
    made, _ = load_examples(manifest(["1"]), Times(10), [0])
    monkeypatch.setattr(cache, "version", lambda name: "0" if name == "pillow" else "1")
    other, _ = load_examples(manifest(["1"]), Times(10), [0])
    assert not other.reused and other.folder != made.folder


def test_a_file_that_was_away_is_asked_for_again(tmp_path, folder):
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path, text in zip(paths, ("1", "2")):
        path.write_text(text)
    hashes = [content_hash(path.read_bytes()) for path in paths]
    table = Manifest.of("image", ids=["a", "b"], sources=[*map(str, paths)], labels=["x", "y"], hashes=hashes)
    paths[1].write_text("two")
    store_of_one, reasons = load_examples(table, Times(10), [0, 1])
    assert list(reasons) == [1] and store_of_one.array.tolist() == thrice([10])
    assert not list(folder.iterdir()), "it is no entry"
    paths[1].write_text("2")
    back, reasons = load_examples(table, Times(10), [0, 1])
    assert not back.reused and not reasons and back.array.tolist() == thrice([10, 20])


def test_two_runs_that_make_the_same_entry_both_get_it(monkeypatch):
    """The second comes and goes while the first still decodes."""
    inner = []

    def example(self, raw):
        if not inner:
            inner.append(None)
            inner[0] = load_examples(manifest(["5", "6"]), Times(10), [0, 1])[0]
        return np.full(3, 10 * raw, np.int32)

    monkeypatch.setattr(Times, "example", example)
    outer, _ = load_examples(manifest(["5", "6"]), Times(10), [0, 1])
    assert outer.folder == inner[0].folder
    assert outer.array.tolist() == inner[0].array.tolist() == thrice([50, 60])


def test_a_run_that_dies_leaves_no_entry(folder, monkeypatch):
    monkeypatch.setattr(Times, "example", lambda self, raw: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load_examples(manifest(["1"]), Times(10), [0])
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["examples", "rows.json"])
@pytest.mark.parametrize("cut", [0, -1, None])
def test_a_damaged_entry_is_made_again(name, cut):
    made, _ = load_examples(manifest(["1", "2"]), Times(10), [0, 1])
    file = made.folder / name
    if cut is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:cut])
    again, _ = load_examples(manifest(["1", "2"]), Times(10), [0, 1])
    assert not again.reused and again.array.tolist() == thrice([10, 20])


@pytest.mark.parametrize("name", ["examples", "rows.json"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_flipped_bit_is_found_and_the_entry_made_again(name, share):
    made, _ = load_examples(manifest(["1", "bad", "2"]), Times(10), [0, 1, 2])
    file = made.folder / name
    data = bytearray(file.read_bytes())
    data[int(share * len(data))] ^= 1
    file.write_bytes(data)
    again, reasons = load_examples(manifest(["1", "bad", "2"]), Times(10), [0, 1, 2])
    assert not again.reused and again.array.tolist() == thrice([10, 20]) and reasons == {1: "not a number: bad"}
    assert load_examples(manifest(["1", "bad", "2"]), Times(10), [0, 1, 2])[0].reused


def nothing(folder):
    folder.mkdir()


def file_in_its_place(folder):
    folder.write_text("x")


def link(folder):
    folder.symlink_to(folder.parent)


def pipe(folder):
    folder.mkdir()
    os.mkfifo(folder / "examples")
    os.mkfifo(folder / "rows.json")


def forged(folder):
    folder.mkdir()
    (folder / "examples").write_bytes(bytes(24))
    (folder / "rows.json").write_text("[[0, 1], {}, [0, 0]]")


@pytest.mark.parametrize("put", [nothing, file_in_its_place, link, pipe, forged])
def test_something_else_in_the_place_of_an_entry_is_removed(put):
    made, _ = load_examples(manifest(["1", "2"]), Times(10), [0, 1])
    entry = made.folder
    del made
    shutil.rmtree(entry)
    put(entry)
    again, _ = load_examples(manifest(["1", "2"]), Times(10), [0, 1])
    assert not again.reused and again.array.tolist() == thrice([10, 20])
    assert load_examples(manifest(["1", "2"]), Times(10), [0, 1])[0].reused


def test_an_entry_under_the_name_of_another_is_removed():
    one, other = (load_examples(manifest(["1", "2"]), Times(factor), [0, 1])[0] for factor in (10, 20))
    shutil.rmtree(one.folder)
    shutil.copytree(other.folder, one.folder)
    again, _ = load_examples(manifest(["1", "2"]), Times(10), [0, 1])
    assert not again.reused and again.array.tolist() == thrice([10, 20])


def test_what_was_used_longest_ago_is_deleted_first(folder, monkeypatch):
    entries = {}
    for age, factor in enumerate((1, 2, 3)):
        entries[factor] = load_examples(manifest(["1"]), Times(factor), [0])[0]
        os.utime(entries[factor].folder, (1000 + age, 1000 + age))
    (folder / "somebody's").mkdir()
    load_examples(manifest(["1"]), Times(1), [0])  # the oldest is used again
    monkeypatch.setattr(cache, "LIMIT", 12 + sum(f.stat().st_size for e in (1, 3) for f in entries[e].folder.iterdir()))
    fourth, _ = load_examples(manifest(["1"]), Times(4), [0])
    left = {entries[1].folder.name, entries[3].folder.name, fourth.folder.name, "somebody's"}
    assert {path.name for path in folder.iterdir()} == left
    assert entries[2].array.tolist() == thrice([2])  # whoever still reads it keeps it


def test_what_a_killed_run_left_is_deleted_in_time(folder):
    for name, time in ((".multicnn-part-old", 1000), (".multicnn-part-new", None)):
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, time and (time, time))
    load_examples(manifest(["1"]), Times(1), [0])
    assert {path.name for path in folder.glob(".*")} == {".multicnn-part-new"}


def test_no_room(folder, monkeypatch):
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 0, 10))
    with pytest.raises(ValueError, match=r"too many for memory.* are free there\. Received: MULTICNN_CACHE="):
        load_examples(manifest(["1"]), Times(1), [0])
    assert not list(folder.iterdir())


def test_a_folder_that_is_none(folder):
    folder.write_text("")
    with pytest.raises(ValueError, match=r"need a folder .* Received: MULTICNN_CACHE="):
        load_examples(manifest(["1"]), Times(1), [0])
