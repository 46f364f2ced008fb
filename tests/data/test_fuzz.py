"""Damaged files among good ones: nothing crashes, hangs or balloons; what cannot be read is listed, the rest is used."""

import faulthandler
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from support import damage

from multicnn.data.checks import examine
from multicnn.data.sources import resolve
from multicnn.data.store import load_examples
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess

PREPROCESS = {
    "image": ImagePreprocess(size=(24, 20), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3),
    "audio": AudioPreprocess(sample_rate=8000, seconds=0.2, mean=-40.0, std=10.0),
    "text": TextPreprocess(length=10, vocabulary=("plain",)),
}
MEMORY = 2**30  # more than that of the largest picture that is accepted, twice at once
PATIENCE = 900  # seconds, after which something hangs


# A traceback that nobody can catch is still printed on the user's screen.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def hanging_ends_the_tests():
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def _reset_peak():
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pytest.skip("the peak of the memory is not known here")
    return _status("VmRSS")


def _status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def check(root, source, modality, count, seed):
    """Writes `count` damaged files and a third as many good ones, and looks at what becomes of each."""
    random, good, unfixable = np.random.default_rng(seed), set(), set()
    for i in range(count + count // 3):
        label = f"class {i % 2}"
        (root / label).mkdir(parents=True, exist_ok=True)
        if i < count:
            suffix, data, never = damage.damaged(modality, random)
        else:
            (suffix, data), never = damage.good(modality, random), False
            good.add(f"{label}/{i}{suffix}")
        (root / label / f"{i}{suffix}").write_bytes(data)
        if never:
            unfixable.add(f"{label}/{i}{suffix}")
    before = _reset_peak() if Path("/proc/self/clear_refs").exists() else None
    manifest = resolve(source(root, modality=modality))
    store, reasons = load_examples(manifest, PREPROCESS[modality], manifest.rows())
    manifest = manifest.with_bad(reasons)
    assert len(manifest) == count + count // 3
    bad = dict(zip(manifest.bad_rows()["id"], manifest.bad_rows()["reason"], strict=True))
    assert unfixable <= set(bad), sorted(unfixable - set(bad))
    assert not good & set(bad), {name: bad[name] for name in good & set(bad)}
    assert sorted(store.rows) == list(manifest.rows())
    for reason in bad.values():
        assert 3 < len(reason) < 200 and reason.isprintable() and str(root) not in reason, reason
    if PREPROCESS[modality].stored_dtype == "float32":
        assert np.isfinite(store.array).all()
    assert list(examine(resolve(source(root, modality=modality))).manifest.rows()) == list(manifest.rows())
    if before is not None:
        assert _status("VmHWM") - before < MEMORY


@pytest.mark.parametrize("modality", PREPROCESS)
def test_damaged_files_are_listed_and_good_ones_used(tmp_path, source, modality):
    check(tmp_path, source, modality, 36, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("modality", PREPROCESS)
def test_thousands_of_damaged_files(tmp_path, source, modality):
    check(tmp_path, source, modality, 2000, seed=1)


BAD_LINES = {
    "surrogate": r'{"text": "half \ud800 of a pair", "label": "a"}',
    "nul": r'{"text": "a \u0000 b", "label": "a"}',
    "deep": '{"text": ' + 100_000 * "[",
    "long number": '{"text": "a", "label": ' + 10_000 * "9" + "}",
    "cut": '{"text": "a", "lab',
    "no object": '["text", "a"]',
    "blank": r'{"text": " \u2003\n", "label": "a"}',
    "no label": '{"text": "a"}',
}
GOOD_LINES = {
    "line separators": '{"text": "one\u2028two\x85three", "label": "a"}',
    "ten megabytes": '{"text": "' + 3_400_000 * "ab " + '", "label": "b"}',
    "windows": '{"text": "one", "label": "b"}\r',
}


def test_a_table_with_bad_lines(tmp_path, source):
    lines = [*BAD_LINES.values(), *GOOD_LINES.values()]
    (tmp_path / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
    manifest = resolve(source(tmp_path / "t.jsonl"))
    store, reasons = load_examples(manifest, PREPROCESS["text"], manifest.rows())
    bad = manifest.with_bad(reasons).bad_rows()
    assert len(manifest) == len(lines) and list(store.rows) == list(range(len(BAD_LINES), len(lines)))
    assert bad["id"].tolist() == [f"t.jsonl:{i + 1}" for i in range(len(BAD_LINES))] and bad["reason"].all()


def test_odd_paths(tmp_path, source, picture):
    """Spaces, line breaks, Unicode in both forms, long names, links that loop or lead nowhere, pipes, closed folders."""
    names = [
        " two  spaces ",
        "a\nline",
        "ünïcode",
        unicodedata.normalize("NFD", "é"),
        "é",
        "雲",
        "-rf",
        "%s",
        "x" * 200,
    ]
    for i, name in enumerate(names):
        picture(tmp_path / "class one" / f"{name}.png", seed=i)
        picture(tmp_path / "☁" / f"{name}.png", seed=100 + i)
    folder = tmp_path / "☁"
    (folder / "loop").symlink_to(tmp_path, target_is_directory=True)
    (folder / "itself.png").symlink_to(folder / "itself.png")
    (folder / "nowhere.png").symlink_to(tmp_path / "gone.png")
    (folder / "link.png").symlink_to(tmp_path / "class one" / "雲.png")
    os.mkfifo(folder / "pipe.png")
    manifest = resolve(source(tmp_path, modality="image"))
    bad = dict(zip(manifest.bad_rows()["id"], manifest.bad_rows()["reason"], strict=True))
    assert {Path(name).name for name in bad} == {"itself.png", "nowhere.png", "pipe.png"}
    store, reasons = load_examples(manifest, PREPROCESS["image"], manifest.rows())
    assert len(store) == 2 * len(names) + 1 and not reasons


def test_a_folder_that_cannot_be_opened_is_listed(tmp_path, source, picture, monkeypatch):
    for name in ("a/1", "a/2", "b/1", "b/closed/1"):
        picture(tmp_path / f"{name}.png", seed=len(name) + ord(name[0]))
    scandir = os.scandir

    def refuse(path):  # not by its mode: root opens every folder
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    manifest = resolve(source(tmp_path))
    assert len(manifest.rows()) == 3 and manifest.bad_rows()["id"].tolist() == ["b/closed"]
