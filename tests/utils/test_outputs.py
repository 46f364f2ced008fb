"""Paths of results, looked at before the work."""

import os

import pytest

from multicnn.utils.outputs import check_file, check_folder


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing" / "there")
    return tmp_path


@pytest.mark.parametrize("path", ["file", "new", "folder/new", "new/er/file"])
def test_a_file_that_can_be_written(path, folder):
    before = sorted(folder.rglob("*"))
    check_file(folder / path)
    check_file(None)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("path", ["folder", "new", "folder/new", "new/er"])
def test_a_folder_that_can_be_written(path, folder):
    assert check_folder(str(folder / path)) == folder / path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "folder",
        "pipe",
        "file/below",
        "dangling/below",
        "n" * 300,
        f"{'n' * 300}/x",
        "nul\0",
        "/dev/null",
    ],
)
def test_a_file_that_cannot(path, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(ValueError, match=r"`html` must be a file that can be written .*Received: html=") as error:
        check_file(path, "html")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["file", "file/below", "pipe", "n" * 300, "/dev/null", "nul\0"])
def test_a_folder_that_cannot(path, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(ValueError, match=r"`out` must be a folder that can be written .*Received: out="):
        check_folder(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write anywhere")
def test_a_read_only_folder(folder):
    (folder / "folder").chmod(0o500)
    with pytest.raises(ValueError, match="read-only"):
        check_file(folder / "folder" / "file")
