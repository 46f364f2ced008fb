import pytest

from multicnn.data.sources import files


def test_read_says_what_is_wrong(tmp_path):
    (tmp_path / "empty.jpg").touch()
    assert files.read(tmp_path / "empty.jpg")[1:] == ("image", "empty file", "")
    assert files.read(tmp_path / "none.jpg").reason == "missing file"
    assert files.read(tmp_path).reason.startswith("unreadable")
    assert files.read(f"{tmp_path}/a\0.jpg").reason == "file name holds a NUL character"


def test_hash_of_a_large_file_is_of_all_of_it(tmp_path):
    from multicnn.data.manifest import content_hash

    data = bytes(range(256)) * 9000
    (tmp_path / "a").write_bytes(data)
    assert files.read(tmp_path / "a").hash == content_hash(data)


@pytest.mark.parametrize("slow", [0, 1e9])
def test_read_all_keeps_the_order_in_threads_or_without(slow, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "SLOW", slow)
    paths = [tmp_path / f"{i}.txt" for i in range(600)]
    for i, path in enumerate(paths):
        path.write_text(f"text {i}")
    assert files.read_all(paths) == [files.read(path) for path in paths]


@pytest.mark.parametrize(
    "name, clutter",
    [
        (".DS_Store", True),
        ("Thumbs.db", True),
        ("README.md", True),
        ("LICENSE", True),
        ("license.jpg", False),
        ("readme_7.wav", False),
        ("notes.txt", False),
    ],
)
def test_clutter(name, clutter):
    assert files.is_clutter(name) == clutter


def test_walk_follows_a_loop_of_links_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("x")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert list(files.walk(tmp_path)) == [("a", "x.txt")]
