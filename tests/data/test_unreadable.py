"""Data of which nothing can be decoded: every command names their number, the first reason and what to do."""

import csv

import numpy as np
import pytest
from support.command_line import call

import multicnn

HEADS = {
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIF is not read: convert it to JPEG"),
    "m4a": (b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42", "M4A is not read: convert it to WAV or FLAC"),
    "aac": (b"\xff\xf1\x50\x80\x02\x1f\xfc", "AAC is not read: convert it to WAV or FLAC"),
}


@pytest.fixture(params=["heic", "m4a", pytest.param("aac", marks=pytest.mark.slow)])
def unreadable(request, tmp_path):
    """Return a folder of files of one format, and the reason why none is read."""
    head, reason = HEADS[request.param]
    for label in "ab":
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(6):
            noise = np.random.default_rng([i, ord(label)]).bytes(300)
            (tmp_path / "data" / label / f"{i}.{request.param}").write_bytes(head + noise)
    return tmp_path / "data", reason


def test_training_names_how_many_and_why_and_lists_them(unreadable, tmp_path, monkeypatch, capsys):
    data, reason = unreadable
    run = tmp_path / "run"
    code, _, error = call(monkeypatch, capsys, "train", data, "--out", run)
    error = " ".join(error.split())
    assert code == 2
    assert "training examples can be read" in error
    assert reason in error
    with (run / "bad_files.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 6
    assert all(reason in row["reason"] for row in rows)


def test_preview_and_doctor(unreadable, tmp_path):
    data, reason = unreadable
    with pytest.raises(ValueError, match=f"none of the .* can be read.*{reason}"):
        multicnn.preview(data, tmp_path / "preview.html")
    findings = multicnn.doctor(data, tmp_path / "doctor.html").examination.findings
    assert any(reason in finding.message and "12 of 12" in finding.message for finding in findings)


def test_a_folder_of_a_format_of_no_kind_is_named_with_what_to_do(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / "clip.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(100))
    with pytest.raises(ValueError, match=r"images, audio or texts.*\(MP4 \(2\); MP4: convert it to WAV or FLAC"):
        multicnn.prepare(tmp_path)
