"""What `multicnn train DATA` gives with nothing else said, on fourteen sets: network, linear baseline, and what was saved.

    python benchmarks/defaults.py DATA WORK [--only digits,trec] [--runs 3] [--set FIELD=VALUE] [--list]

DATA is a folder with mnist.npz, cifar10-jpeg.tar.gz, fsdd.tar.gz, esc10.tar and sentences/*.csv; a setting whose file is missing
is left out, and said so. WORK gets the data as they are trained on, the run folders and defaults.json. A run that stands in
defaults.json is not done again, so a stopped benchmark goes on where it was.

A setting has a run for each seed, or for each fold or group where its protocol has such; `--runs` takes the first of them. The
small sets of MNIST and CIFAR-10 are drawn anew for each seed, and are tested on the first 2,000 test images. Printed are the
means over the runs; the gain of what was saved over the baseline, and over the better of network and baseline, each with the
standard error of the mean of its paired differences; and the seconds of a run.

Measured on one core of an AMD EPYC with AVX-512 that other programs used too (so the seconds are too many), TensorFlow 2.21; gains
in points with their standard errors, none of one run. In no run is what was saved below the better of the two by more than .3
points, but for one of spoken_digits (2 of 140 clips).

    setting        runs network  baseline  saved  gain          on the better seconds
    digits         3    .988     .970      .994   +2.5 +- 0.2   +0.6 +- 0.4     29
    mnist-200      3    .947     .736      .946   +21.0 +- 1.5  -0.1 +- 0.1     43
    mnist-2000     1    .987     .847      .987   +14.0         +0.0           545
    cifar-200      3    .328     .238      .339   +10.1 +- 1.4  +1.1 +- 0.2     50
    cifar-2000     1    .611     .292      .621   +32.9         +1.0           226
    fsdd           1    .997     .970      .997   +2.7          +0.0           485
    fsdd-speakers  1    .792     .702      .792   +9.0          +0.0           134
    esc10          1    .838     .725      .838   +11.3         +0.0           870
    spoken_digits  3    .945     .907      .940   +3.3 +- 0.2   -0.5 +- 0.5     72
    docstrings     3    .610     .613      .627   +1.4 +- 0.3   +1.4 +- 0.3     39
    trec           3    .895     .900      .909   +0.9 +- 0.2   +0.9 +- 0.2     40
    sst2           3    .807     .819      .830   +1.0 +- 0.2   +1.0 +- 0.2     77
    mr             2    .754     .778      .794   +1.6 +- 1.0   +1.6 +- 1.0     97
    subj           2    .914     .923      .925   +0.2 +- 0.0   +0.2 +- 0.0    147
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import re
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

Run = tuple[str, str, list[str]]  # its name, the data, and further settings
SEEDS = range(3)
FOLDS = 10
TESTED = 2000


class Data:
    """The data of the settings, unpacked and divided as their protocols say.

    Args:
        root: The folder of the files.
        work: The folder that gets what is made of them.
    """

    def __init__(self, root: Path, work: Path):
        self.root, self.work = root, work

    def unpacked(self, name: str) -> Path:
        """Return the folder of an archive, unpacked once."""
        folder = self.work / name.split(".")[0]
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            with tarfile.open(self.root / name) as archive:
                archive.extractall(partial, filter="data")
            partial.rename(folder)
        return folder

    def built_in(self, name: str) -> Iterator[Run]:
        """Yield the runs of a built-in data set."""
        yield from ((f"seed {seed}", name, [f"seed={seed}"]) for seed in SEEDS)

    def mnist(self, examples: int) -> Iterator[Run]:
        """Yield runs on some training images of MNIST."""
        with np.load(self.root / "mnist.npz") as file:
            x, y, x_test, y_test = (file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
        for seed in SEEDS:
            path = self.work / f"mnist-{examples}-{seed}.npz"
            rows = _balanced(y, examples, seed)
            tested = {"x_test": x_test[:TESTED], "y_test": y_test[:TESTED]}
            np.savez(path, x_train=x[rows], y_train=y[rows], **tested)
            yield f"seed {seed}", str(path), [f"seed={seed}"]

    def cifar(self, examples: int) -> Iterator[Run]:
        """Yield runs on some training images of CIFAR-10."""
        folder = self.unpacked("cifar10-jpeg.tar.gz")
        for seed in SEEDS:
            root = self.work / f"cifar-{examples}-{seed}"
            for split, count in (("train", examples), ("test", TESTED)):
                files = sorted((folder / split).rglob("*.jpg"))
                labels = np.array([path.parent.name for path in files])
                for row in _balanced(labels, count, seed if split == "train" else 0):
                    _link(files[row], root / split / labels[row] / files[row].name)
            yield f"seed {seed}", str(root), [f"seed={seed}"]

    def digits_of_speakers(self) -> Iterator[Run]:
        """Yield runs on the official split of the Free Spoken Digit Dataset: clips 0 to 4 are the test set."""
        root = self.work / "fsdd-official"
        for path in self._spoken():
            label, _, index = path.stem.split("_")
            _link(path, root / ("test" if int(index) < 5 else "train") / label / path.name)
        yield from ((f"seed {seed}", str(root), [f"seed={seed}"]) for seed in SEEDS)

    def speakers_left_out(self) -> Iterator[Run]:
        """Yield a run for each of its six speakers, who is the test set."""
        root = self.work / "fsdd-speakers"
        rows = []
        for path in self._spoken():
            label, speaker, _ = path.stem.split("_")
            _link(path, root / path.name)
            rows.append({"file_name": path.name, "label": label, "group": speaker})
        pd.DataFrame(rows).to_csv(root / "metadata.csv", index=False)
        for speaker in sorted({row["group"] for row in rows}):
            yield speaker, str(root), [f"data.leave_out={speaker}"]

    def esc10(self) -> Iterator[Run]:
        """Yield a run for each of the five folds of ESC-10."""
        folder = next(self.unpacked("esc10.tar").rglob("metadata.csv")).parent
        yield from ((f"fold {fold}", str(folder), [f'data.leave_out="{fold}"']) for fold in range(1, 6))

    def divided(self, name: str) -> Iterator[Run]:
        """Yield runs on sentences with a test set of their own."""
        train, test = (self.root / "sentences" / f"{name}_{split}.csv" for split in ("train", "test"))
        yield from ((f"seed {seed}", str(train), [f"data.test={test}", f"seed={seed}"]) for seed in SEEDS)

    def folds(self, name: str) -> Iterator[Run]:
        """Yield a run for each of ten folds of sentences."""
        table = pd.read_csv(self.root / "sentences" / f"{name}.csv")
        fold = np.random.default_rng(0).permutation(len(table)) % FOLDS
        for i in range(FOLDS):
            train, test = (self.work / f"{name}-{split}-{i}.csv" for split in ("train", "test"))
            table[fold != i].to_csv(train, index=False)
            table[fold == i].to_csv(test, index=False)
            yield f"fold {i + 1}", str(train), [f"data.test={test}"]

    def _spoken(self) -> list[Path]:
        return sorted(self.unpacked("fsdd.tar.gz").rglob("*.wav"))


SETTINGS: dict[str, Callable[[Data], Iterator[Run]]] = {
    "digits": lambda data: data.built_in("digits"),
    "mnist-200": lambda data: data.mnist(200),
    "mnist-2000": lambda data: data.mnist(2000),
    "cifar-200": lambda data: data.cifar(200),
    "cifar-2000": lambda data: data.cifar(2000),
    "fsdd": Data.digits_of_speakers,
    "fsdd-speakers": Data.speakers_left_out,
    "esc10": Data.esc10,
    "spoken_digits": lambda data: data.built_in("spoken_digits"),
    "docstrings": lambda data: data.built_in("docstrings"),
    "trec": lambda data: data.divided("trec"),
    "sst2": lambda data: data.divided("sst2"),
    "mr": lambda data: data.folds("mr"),
    "subj": lambda data: data.folds("subj"),
}


def main() -> None:
    """Train what is not yet trained, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the data")
    parser.add_argument("work", type=Path, help="the folder of the runs")
    parser.add_argument("--only", default=",".join(SETTINGS), help="settings, with commas")
    parser.add_argument("--runs", type=int, help="the first so many runs of each setting")
    parser.add_argument(
        "--set", action="append", default=[], dest="settings", help="a field of every recipe, to compare"
    )
    parser.add_argument("--list", action="store_true", help="train nothing, print what is there")
    arguments = parser.parse_args()
    if unknown := set(arguments.only.split(",")) - SETTINGS.keys():
        sys.exit(f"--only must name some of {', '.join(SETTINGS)}. Received: {', '.join(sorted(unknown))}")
    arguments.work.mkdir(parents=True, exist_ok=True)
    record = arguments.work / "defaults.json"
    done = json.loads(record.read_text()) if record.exists() else {}
    for name in arguments.only.split(",") if not arguments.list else ():
        try:
            runs = list(itertools.islice(SETTINGS[name](Data(arguments.data, arguments.work)), arguments.runs))
        except FileNotFoundError as error:
            print(f"{name} is left out: {error.filename} is missing", flush=True)
            continue
        for run, data, settings in runs:
            key = " ".join([name, run, *arguments.settings])
            if key not in done:
                about = {"setting": name, "changed": " ".join(arguments.settings)}
                done[key] = about | _trained(arguments.work, key, data, [*settings, *arguments.settings])
                record.write_text(json.dumps(done, indent=1))
                print(key, done[key], flush=True)
    print(table(done).to_string(float_format="{:.3f}".format))


def _trained(work: Path, key: str, data: str, settings: list[str]) -> dict[str, float]:
    """Train as `multicnn train DATA` does, or resume it, and return the accuracies on the test set."""
    import multicnn

    folder = work / "runs" / re.sub(r"[^\w.=-]+", "-", key)
    stopped = (folder / "recipe.json").exists()
    predictor = multicnn.train(resume=folder) if stopped else multicnn.train(data, folder, settings=settings)
    measured = predictor.metrics
    saved = measured["test"]["accuracy"]
    network = measured.get("network", {})  # the network alone, where more than it was saved
    accuracies = {
        "network": network.get("accuracy", saved),
        "baseline": measured["linear_baseline"]["accuracy"],
        "saved": saved,
    }
    gc.collect()
    return accuracies | {"n": measured["test"]["n"], "seconds": measured["seconds"]}


def table(done: dict[str, dict[str, float]]) -> pd.DataFrame:
    """Return a row for each setting, and for each change of it: means, and gains with their standard errors."""
    rows = pd.DataFrame.from_dict(done, orient="index")
    rows["gain"] = rows["saved"] - rows["baseline"]
    rows["gain_on_better"] = rows["saved"] - rows[["network", "baseline"]].max(axis=1)
    grouped = rows.groupby(["setting", "changed"], sort=False)
    means = grouped[["network", "baseline", "saved", "gain", "gain_on_better", "seconds"]].mean()
    errors = grouped[["gain", "gain_on_better"]].sem()
    columns = {"runs": grouped.size()}
    for name in means:
        columns[str(name)] = means[name]
        if name in errors:
            columns[f"{name}_se"] = errors[name]
    return pd.DataFrame(columns)


def _balanced(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the rows of so many examples, as many of each class, drawn by a seed."""
    order = np.random.default_rng(seed).permutation(len(labels))
    turn = pd.Series(labels[order]).groupby(labels[order]).cumcount().to_numpy()
    return np.sort(order[np.argsort(turn, kind="stable")[:count]])


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, once; where that cannot be, copy it."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        target.write_bytes(source.read_bytes())


if __name__ == "__main__":
    main()
