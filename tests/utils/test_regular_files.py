"""Pipes, devices and sockets are refused before they are opened; files are read within their limit."""

import os
import socket

import pytest

from multicnn.utils import regular_files


@pytest.fixture
def irregular(tmp_path, monkeypatch):
    """Return the path of something that is no file, by its kind."""
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    server = socket.socket(socket.AF_UNIX)
    server.bind("socket")
    os.mkfifo("pipe")
    os.symlink("pipe", "link")
    os.symlink("/dev/zero", "device")
    yield {name: tmp_path / name for name in ("socket", "pipe", "link", "device")}
    server.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("name", ["pipe", "link", "socket", "device"])
@pytest.mark.parametrize(
    "read", [regular_files.read_bytes, regular_files.opened, lambda path: [*regular_files.blocks(path)]]
)
def test_what_may_never_end_is_refused(name, read, irregular):
    kind = {"link": "pipe"}.get(name, name)
    with pytest.raises(regular_files.NotRegularError, match=f"not a file but a {kind}"):
        read(irregular[name])


def test_a_file_is_read_and_a_folder_is_not(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 1000)
    assert regular_files.read_bytes(path) == path.read_bytes()
    assert b"".join(regular_files.blocks(path)) == path.read_bytes()
    with regular_files.opened(path) as file:
        assert file.read() == path.read_bytes()
    with pytest.raises(IsADirectoryError):
        regular_files.read_bytes(tmp_path)
    with pytest.raises(FileNotFoundError):
        regular_files.read_bytes(tmp_path / "b")


def test_a_sparse_file_over_the_limit_is_not_read(tmp_path):
    with open(tmp_path / "a", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(ValueError, match="too large: 1,099,511,627,776 bytes"):
        regular_files.read_bytes(tmp_path / "a")


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the system has no files without a size")
def test_a_file_without_a_size_is_read_up_to_the_limit(monkeypatch):
    assert os.stat("/proc/self/status").st_size == 0 and regular_files.read_bytes("/proc/self/status")
    monkeypatch.setenv("MULTICNN_LIMITS", "text_bytes=10")
    with pytest.raises(ValueError, match="or more"):
        regular_files.read_bytes("/proc/self/status", "text_bytes")
