r"""Fine-tuning by one word, a linear head on frozen features, and training from scratch: white blood cells.

    python benchmarks/transfer.py WBC WEIGHTS [--sizes 50 100 240] [--folds 5] [--out runs/transfer] [--only finetuned head scratch]

WBC is the folder of the images of Zheng et al. 2018 with a metadata.csv (file_name, label, group), WEIGHTS a file or name of
ImageNet weights. The images of group 1, without its single basophil, are divided into stratified folds, and each is the test set
once; of the others the first 50, 100 or 240, classes in proportion, are for training and validation. Group 2 is another microscope.
Three commands see the same examples: `multicnn train FOLD --from WEIGHTS`, `multicnn features WEIGHTS FOLD --head linear`, which
needs no validation and learns from all of them, and `multicnn train FOLD`. A run that is there is not made again.

Measured with SqueezeNet v1.1 as Caffe's authors released it, on 2 cores of an AMD EPYC with AVX-512 that other programs used too,
TensorFlow 2.21, 100 images, five folds, before the predictor was blended with the linear baseline; accuracy and its standard error
over the folds:

                                       group 1          group 2
    fine-tuned (all layers, 5 of 5)    .899 +- .019     .445 +- .006
    linear head                        .873 +- .014     .435 +- .016
    difference                         .026 +- .013     .010 +- .015

The linear head on 240 images: .933 and .408.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

import multicnn

READING = ["data.allow_outside=true"]


def tables(wbc: Path, out: Path, size: int, folds: int) -> tuple[list[Path], Path]:
    """Write a table for each fold, and one of group 2; return their paths."""
    known = pd.read_csv(wbc / "metadata.csv")
    known["file_name"] = [str((wbc / name).resolve()) for name in known["file_name"]]
    known = known[["file_name", "label", "group"]]
    counts = known[known["group"] == 1]["label"].value_counts()
    known = known[known["label"].isin(counts[counts > 1].index)]
    first = known[known["group"] == 1].sample(frac=1, random_state=0)
    turn = first.groupby("label").cumcount()  # the place of each image within its class, in a drawn order
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for fold in range(folds):
        test, rest = first[turn % folds == fold], first[turn % folds != fold]
        places = rest.groupby("label").cumcount() + 0.5
        share = places / rest.groupby("label")["label"].transform("size")  # 0 to 1 within each class
        train = rest.loc[share.sort_values(kind="stable").index[:size]]
        table = pd.concat([train.assign(split="train"), test.assign(split="test")])
        paths.append(out / f"fold-{fold + 1}-of-{size}.csv")
        table[["file_name", "label", "split"]].to_csv(paths[-1], index=False)
    other = known[known["group"] == 2].assign(split="test")
    other[["file_name", "label", "split"]].to_csv(out / "group-2.csv", index=False)
    return paths, out / "group-2.csv"


def finetuned(table: Path, out: Path, weights: str) -> multicnn.Predictor:
    """Fine-tune the weights by the defaults."""
    return multicnn.train(str(table), out, settings=[*READING, f"start.path={json.dumps(weights)}"])


def head(table: Path, out: Path, weights: str) -> multicnn.Predictor:
    """Fit a linear head on frozen features, of all examples that are not for testing."""
    out.mkdir(parents=True, exist_ok=True)
    settings = [*READING, "data.validation_fraction=0"]
    _, predictor = multicnn.features(weights, str(table), out / "features.npz", head="linear", settings=settings)
    assert predictor is not None
    return predictor


def scratch(table: Path, out: Path, weights: str) -> multicnn.Predictor:
    """Train without weights by the defaults."""
    return multicnn.train(str(table), out, settings=READING)


WAYS = {"finetuned": finetuned, "head": head, "scratch": scratch}


def main() -> None:
    """Make the runs and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("wbc", type=Path)
    parser.add_argument("weights")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 100, 240])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("runs/transfer"))
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS))
    options = parser.parse_args()
    rows = []
    for size in options.sizes:
        paths, other = tables(options.wbc, options.out, size, options.folds)
        for fold, table in enumerate(paths, start=1):
            for way in options.only:
                result = options.out / f"{way}-{size}-{fold}.json"
                if not result.exists():
                    predictor = WAYS[way](table, options.out / f"{way}-{size}-{fold}", options.weights)
                    shifted = multicnn.evaluate(predictor, str(other), split="test", settings=READING).metrics
                    row = {"size": size, "fold": fold, "way": way, "group 1": predictor.metrics["test"]["accuracy"]}
                    row |= {"group 2": shifted["accuracy"], "seconds": predictor.metrics.get("seconds")}
                    row |= {"saved": predictor.metrics.get("finetuning", {}).get("saved", {}).get("trained", "")}
                    result.write_text(json.dumps(row))
                rows.append(json.loads(result.read_text()))
                print(rows[-1], flush=True)
    print(summary(pd.DataFrame(rows)).to_string())


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard error over the folds, and the mean difference from the linear head with its error."""
    lines = []
    for (size, way), some in runs.groupby(["size", "way"], sort=False):
        line = {"images": size, "way": way, "folds": len(some)}
        for group in ("group 1", "group 2"):
            values = some.set_index("fold")[group]
            line[group] = _with_error(values)
            beside = runs[(runs["size"] == size) & (runs["way"] == "head")].set_index("fold")[group]
            line[f"{group}, above the head"] = "" if way == "head" else _with_error((values - beside).dropna())
        lines.append(line)
    return pd.DataFrame(lines)


def _with_error(values: pd.Series) -> str:
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return f"{values.mean():.3f} +- {error:.3f}"


if __name__ == "__main__":
    main()
