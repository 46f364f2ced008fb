"""Wrong calls of the command line: each ends with exit code 2 and one message, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import shutil
import sys
from pathlib import Path
from unittest import mock

import numpy as np
from PIL import Image

from multicnn import cli
from support.fuzzing.files import saved

_READING = ("train", "doctor", "preview", "crossval", "find-rate", "transfer-curves", "features", "evaluate", "explain")
_DATA = (
    *(
        "missing",
        "empty",
        "one class",
        "pipe",
        "loop",
        "digitz",
        "",
        " ",
        "x" * 5000,
        "a\nb",
        "\x1b[31mred",
        "no\ud800de",
    ),
    *("https://example.org/a.zip", "tfds:", "tfds:../x", "model.keras", "broken.npz", "broken.parquet", "broken.csv"),
    *("broken.json", "list.json", "deep.json", "unknown.json", "header.csv", "/dev/null", "/dev/zero"),
)
_ARTEFACTS = (
    "missing.keras",
    "broken.keras",
    "empty.keras",
    "data",
    "pipe",
    "t.csv",
    "",
    "x" * 5000,
    "/dev/zero",
    "loop",
)
_SETTINGS = (
    *(
        "epochs=true",
        "epochs=0",
        "epochs=-1",
        "epochs=1.5",
        "epochs=nan",
        "epochs=1e400",
        "epochs=",
        "epochs",
        "=",
        "x",
        "",
    ),
    *(
        "model=",
        "model={}",
        "model.name=nope",
        "model.name=nope:f",
        "model.name=missing.py:f",
        "model.arguments={'x':1}",
    ),
    *('model={"type":"dense"}', 'model={"type":"dense","units":-1}', "model.arguments=3", "model.arguments.bogus=1"),
    *("model.initializer=bogus", 'model.initializer=["random_normal",{"stddev":-1}]', "model.regularizer=bogus"),
    *(
        "mixup=-1",
        "mixup=nan",
        "cutmix=1e308",
        "mixup=Infinity",
        "cutmix=x",
        "batch_size=0",
        "batch_size=-3",
        "batch_size=1e30",
    ),
    *("learning_rate=1", "optimizer.learning_rate=0", "optimizer.learning_rate=-1", "optimizer.learning_rate=nan"),
    *(
        "optimizer.learning_rate=inf",
        "optimizer.learning_rate=x",
        "optimizer.name=bogus",
        "optimizer.name=",
        "optimizer=3",
    ),
    *(
        'optimizer.arguments={"bogus":1}',
        "optimizer.arguments=[1]",
        "optimizer.schedule=bogus",
        'optimizer.schedule=["step",3]',
    ),
    *(
        "optimizer.warmup_epochs=1e9",
        "optimizer.warmup_epochs=nan",
        "optimizer.weight_decay=-1",
        "optimizer.weight_decay=nan",
    ),
    *(
        "loss=bogus",
        'loss=["focal",{"gamma":-5}]',
        'loss=["focal",{"gamma":NaN}]',
        'loss=["focal",{"bogus":1}]',
        "loss=3",
    ),
    *(
        "label_smoothing=1",
        "label_smoothing=-0.1",
        "label_smoothing=nan",
        "class_weights=maybe",
        "monitor=bogus",
        "monitor=3",
    ),
    *("patience=0", "patience=-1", "patience=x", "seed=-1", "seed=1e99", "seed=x", "seed=99999999999999999999999"),
    *(
        "members=3",
        'members=[{"bogus":1}]',
        'members=[{"epochs":0}]',
        'members=[{"data.path":"x"}]',
        "task=bogus",
        "task={}",
    ),
    *("preprocess=3", "preprocess.bogus=1", "preprocess.size=0", "preprocess.size=[0,0]", "preprocess.size=[-1,8]"),
    *("preprocess.size=[100000000,100000000]", "preprocess.channels=7", "preprocess.mean=[NaN]", "preprocess.std=[0]"),
    *("preprocess.std=[-1]", "preprocess.modality=bogus", "augment=3", "augment.bogus=1", "augment.shift=1000000"),
    *("augment.rotation=nan", "augment.mirror=7", "augment.crop=-1", "augment.brightness=x", "augment.time_mask=1"),
    *(
        "data=3",
        "data.bogus=1",
        "data.bad_limit=2",
        "data.bad_limit=nan",
        "data.validation_fraction=1",
        "data.test_fraction=nan",
    ),
    *("data.test=missing", "data.modality=bogus", "data.modality=audio", "data.pattern=[", "data.pattern=(?P<label>"),
    *("data.leave_out=nobody", "data.label_separator=", "runtime=3", "runtime.bogus=1", "runtime.precision=half"),
    *("runtime.devices=0", "runtime.devices=100000", "runtime.checkpoint_steps=0", "runtime.checkpoint_seconds=-1"),
    *(
        "runtime.jit_compile=7",
        "start=3",
        "start.path=missing.keras",
        "start.path=broken.keras",
        "start.freeze_until=x",
    ),
    *("start.rate_decay=0", "start.unfreeze_every=1", "start.names=3", "__class__=1", "a.b.c=1", "epochs.x=1", "..=1"),
)
_TEXT_SETTINGS = (
    *("preprocess.level=bogus", "preprocess.length=0", "preprocess.length=-1", "preprocess.max_vocabulary=0"),
    *(
        "model.embedding.kind=static",
        "model.embedding.kind=bogus",
        "model.embedding.dims=0",
        "model.embedding.dropout=1",
    ),
    *(
        "model.embedding.vectors=missing",
        'model.embedding={"kind":"static","vectors":"broken.npz"}',
        "preprocess.tokenizer=x",
    ),
    *('model.embedding={"kind":"static","vectors":"empty"}', "data.text_column=nope", "data.label_column=nope"),
    *(
        "data.group_column=nope",
        "data.split_column=nope",
        "cutmix=1",
        "augment.typos=-1",
        "augment.typos=nan",
        "data.leave_out=x",
    ),
)
_OUT = ("file.txt/x", "/dev/null/x", "/proc/x", "x" * 300, "pipe", "/dev/full/x")
_TRAIN = {
    "--epochs": ("0", "-1", "x", "1.5", "", "nan", "9" * 400),
    "--seed": ("-1", "x", "1e9", "9" * 30),
    "--precision": ("half", "", "FLOAT32!"),
    "--model": ("nope", "nope:f", "missing.py:f", "os:system", "file.txt:f", ""),
    "--test": ("missing", "empty", "broken.npz", "pipe"),
    "--leave-out": ("nobody", ""),
    "--from": _ARTEFACTS,
    "--freeze-until": ("nope", ""),
    "--budget": ("", "0s", "x", "5", "1e9s", "5min"),  # the last beside --epochs
    "--workers": ("0", "-1", "x", "100000"),
    "--pattern": ("[", "(?P<label>", "(", "nothing"),
    "--label-separator": ("",),
    "--resume": ("missing", "data", "file.txt", "", "empty"),
    "--blocks": ("missing.py", "no.such.module", "file.txt", ""),
    "--out": (*_OUT, "file.txt"),
    "--bogus": ("1",),
}
_OTHER = (
    *(["crossval", "data", "--folds", value] for value in ("0", "1", "-1", "x", "99999", "")),
    *(
        ["crossval", "data", "--groups"],
        ["crossval", "--resume", "missing"],
        ["crossval"],
        ["crossval", "--resume", "data"],
    ),
    *(["preview", "data", "--examples", value] for value in ("0", "-1", "x")),
    *(["preview", "data", "--draws", "-1"], ["doctor", "data", "--groups"], ["doctor"], ["preview"], ["find-rate"]),
    *(
        [command, "data", "--out", out]
        for command in ("doctor", "preview", "find-rate", "crossval")
        for out in _OUT[:4]
    ),
    *([command, "data", "--set", "epochs=0"] for command in ("doctor", "preview", "find-rate", "crossval")),
    *(["features", "model.keras", "data", "--stage", stage] for stage in ("nope", "", "..")),
    *(["features", "model.keras", "data", "--head", "bogus"], ["features", "nope", "data", "--from", "missing"]),
    *(["features", "model.keras", "data", "--out", out] for out in _OUT[:4]),
    *(["transfer-curves", "data", "--from", "missing"], ["transfer-curves", "data"]),
    *(["transfer-curves", "data", "--from", "model.keras", "--sizes", sizes] for sizes in ("x", "-1", "0", "1,,2", "")),
    ["transfer-curves", "data", "--from", "model.keras", "--seeds", "0"],
    *([command, path, "data"] for command in ("evaluate", "features") for path in _ARTEFACTS),
    *(["predict", path, "data"] for path in _ARTEFACTS),
    *(["explain", path, "a text"] for path in _ARTEFACTS),
    *(["predict", "model.keras"], ["predict"], ["predict", "model.keras", "https://example.org/a.png"]),
    *(["predict", "model.keras", "data", "--csv", out] for out in (*_OUT[:4], "data", "")),
    *(["evaluate", "model.keras", "data", "--split", split] for split in ("bogus", "", "val")),
    *(
        ["evaluate", "model.keras", "data", "--set", text]
        for text in ("data.bogus=1", "x", "epochs=0", "data.test=missing")
    ),
    *(["explain", "text.keras", "t.csv", "--label", "nope"], ["explain", "model.keras", "a text"]),
    *(["explain", "text.keras", "t.csv", "--split", "bogus"], ["explain", "text.keras", "t.csv", "--top", "0"]),
    *(["explain", "text.keras", "t.csv", "--out", out] for out in _OUT[:4]),
    *(
        ["inspect", model]
        for model in ("nope", "nope:f", "missing.py:f", "", "broken.json", "list.json", "deep.json", "data")
    ),
    *(["inspect", path] for path in _ARTEFACTS if path not in ("", "data")),
    *(["inspect", "lenet5", "--input", shape] for shape in ("x", "0,0,0", "-1,8,1", "8", "", "1e9,1,1", "1,1,1")),
    *(["inspect", "lenet5", "--classes", count] for count in ("0", "-1", "x")),
    *(["inspect", "lenet5", "--set", text] for text in ("bogus=1", "x", "=", "filters=")),
    *(["inspect", "lenet5", "--modality", "bogus"], ["inspect"], ["bogus"], ["words", "bogus"], ["models", "x"]),
    *(
        ["words", command, path]
        for command in ("nearest", "analogy", "coverage", "plot")
        for path in ("missing", "broken.npz")
    ),
    *(
        ["words", "train", "missing"],
        ["words", "train", "empty"],
        ["train"],
        ["train", "data", "more"],
        ["evaluate", "x"],
    ),
    *(["train", "data", "--dry-run", "--resume", "data"], ["train", "data", "--out", "run", "--resume", "data"]),
)


def calls() -> list[list[str]]:
    """Return every wrong call, as the arguments of `multicnn`."""
    before = {"features": ["model.keras"], "evaluate": ["model.keras"], "explain": ["text.keras"]}
    after = {"transfer-curves": ["--from", "model.keras"], "explain": ["--split", "test"]}
    train = ["train", "data", "--out", "run", "--epochs", "1"]
    of_data = [
        [each, *before.get(each, []), data, *after.get(each, [])]
        for each in _READING
        for data in _DATA
        if (each, data) != ("evaluate", "one class")  # which is right: the classes are those of the predictor
    ]
    of_settings = [[*train, "--set", text] for text in _SETTINGS]
    of_texts = [["train", "t.csv", "--out", "run", "--epochs", "1", "--set", text] for text in _TEXT_SETTINGS]
    of_options = [[*train, option, value] for option, values in _TRAIN.items() for value in values]
    return [*of_data, *of_settings, *of_texts, *of_options, *_OTHER]


def check(number: int, folder: Path) -> None:
    """Make the wrong call of this number in a folder.

    Raises:
        AssertionError: It did not end with exit code 2 and one message, or the folder is not as it was.
    """
    arguments = calls()[number]
    before = _make(folder)
    try:
        code, out, err = _called(arguments, folder)
        after = _contents(folder)
    finally:
        for path in sorted(set(_contents(folder)) - set(before), reverse=True):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shown = " ".join(repr(each if len(each) < 80 else each[:80] + "...") for each in arguments)
    said = f"multicnn {shown}: exit code {code}\n{out[-500:]}{err[-2000:]}"
    assert code == 2, said
    assert after == before, f"{said}left or changed: {sorted(map(str, set(after.items()) ^ set(before.items())))}"
    assert "Traceback" not in err and out == "" and "\x1b" not in err, said
    lines = [line for line in err.splitlines() if line.strip()]
    *remarks, message = lines  # remarks on the data come before
    longest = 1000 + sum(map(len, arguments))  # it may repeat them
    if lines[0].startswith("Usage: "):  # by the parser of options, which names the option in a box
        return
    assert message.startswith("multicnn: ") and len(message) < longest, said
    assert not any(line.startswith("multicnn: ") for line in remarks), said


def _called(arguments: list[str], folder: Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(folder),
        mock.patch.object(sys, "argv", ["multicnn", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        else:
            code = 0
    return code, out.getvalue(), err.getvalue()


def _contents(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of change of everything in a folder; of folders nothing but that they are there."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[path] = (0, 0) if path.is_dir() else (status.st_size, status.st_mtime_ns)
    return found


def _make(folder: Path) -> dict[Path, tuple[int, int]]:
    """Write the files that the calls name, if they are not there, and return the contents of the folder."""
    for name, content in _files().items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    (folder / "empty").mkdir(exist_ok=True)
    if not (folder / "pipe").exists():
        os.mkfifo(folder / "pipe")
        (folder / "loop").symlink_to(folder / "loop")
    return _contents(folder)


@functools.cache
def _files() -> dict[str, bytes]:
    random = np.random.default_rng(0)
    rows = "".join(f"a text number {i},{'ab'[i % 2]}\n" for i in range(12))
    return {
        **{f"data/{'ab'[i % 2]}/{i}.png": _png(random) for i in range(12)},
        **{f"one class/a/{i}.png": _png(random) for i in range(3)},
        "t.csv": b"text,label\n" + rows.encode(),
        "header.csv": b"text,label\n",
        "broken.csv": b"\xff\xfe\x00\xd8" + random.bytes(99),
        "broken.npz": b"PK\x03\x04" + random.bytes(99),
        "broken.parquet": b"PAR1" + random.bytes(99) + b"PAR1",
        "broken.json": b'{"data": ',
        "list.json": b"[1]",
        "deep.json": b"[" * 200_000 + b"]" * 200_000,
        "unknown.json": json.dumps({"bogus": 1}).encode(),
        "broken.keras": b"PK\x03\x04" + random.bytes(99),
        "empty.keras": b"",
        "file.txt": b"a text",
        "model.keras": saved("image"),
        "text.keras": saved("text"),
    }


def _png(random: np.random.Generator) -> bytes:
    file = io.BytesIO()
    Image.fromarray(random.integers(0, 256, (8, 8), dtype=np.uint8)).save(file, "png")
    return file.getvalue()
