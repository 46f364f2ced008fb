"""Damaged files: each is predicted, or listed with its error; the same in training."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np

from multicnn.blocks import chain, dense, embed, flatten, network
from multicnn.data.load import load_unsplit
from multicnn.data.store import load_examples
from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.base import Preprocess
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.predictor import Predictor
from multicnn.recipe import DataSource
from multicnn.tasks.classification import Classification
from support.fuzzing.mutations import mutated
from support.fuzzing.seeds import RATE, Seed, seeds

MODALITIES: dict[str, Preprocess] = {
    "image": ImagePreprocess(size=(24, 20), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3),
    "audio": AudioPreprocess(sample_rate=RATE, seconds=0.1, mean=-40.0, std=10.0),
    "text": TextPreprocess(length=10, vocabulary=("plain",)),
}
_LONGEST = 400  # characters of a reason
_GOOD, _BAD = "good", "bad"


def damaged(modality: str, number: int) -> Seed:
    """Return the damaged file of this number."""
    random = np.random.default_rng([list(MODALITIES).index(modality), number])
    whole = seeds(modality)
    chosen, other = (whole[i] for i in random.integers(len(whole), size=2))
    return chosen._replace(data=mutated(chosen.data, other.data, random))


@functools.cache
def predictor(modality: str) -> Predictor:
    """Return a predictor that has learned nothing."""
    preprocess = MODALITIES[modality]
    stem = [embed(3, 4)] if preprocess.tokenized else []
    block = chain(*stem, flatten(), dense(2))
    return Predictor(preprocess, block, network(block, preprocess.input_shape), Classification(("a", "b")))


@functools.cache
def saved(modality: str) -> bytes:
    """Return the artefact of `predictor`."""
    with tempfile.TemporaryDirectory() as folder:
        return predictor(modality).save(Path(folder) / "x.keras").read_bytes()


def check(modality: str, number: int, folder: Path) -> None:
    """Predict the damaged file of this number, and read it as training does if it is a table; others are left in the folder.

    Raises:
        AssertionError: It was neither used nor listed with a reason in one line.
    """
    seed = damaged(modality, number)
    path = folder / f"{number}{seed.suffix}"
    path.write_bytes(seed.data)
    try:
        is_good = _is_predicted(modality, path)
        if seed.table:
            _check_table(modality, path)
        else:
            kept = folder / (_GOOD if is_good else _BAD) / path.name
            kept.parent.mkdir(exist_ok=True)
            kept.write_bytes(seed.data)
    finally:
        path.unlink()


def check_folder(modality: str, folder: Path) -> None:
    """Read the files that `check` left as training does: what is predicted is used, and the others are listed.

    Raises:
        AssertionError: It names the numbers of the files of which that is not so.
    """
    for name in (_GOOD, _BAD):  # so that there are two classes with something in them
        (folder / name).mkdir(exist_ok=True)
        (folder / name / f"whole{seeds(modality)[0].suffix}").write_bytes(seeds(modality)[0].data)
    manifest = load_unsplit(DataSource(path=str(folder), modality=modality))
    store, reasons = load_examples(manifest, MODALITIES[modality], manifest.rows())
    manifest = manifest.with_bad(reasons)
    bad = dict(zip(manifest.bad_rows()["id"], manifest.bad_rows()["reason"], strict=True))
    assert len(manifest) == len(store) + len(bad) == sum(path.is_file() for path in folder.rglob("*"))
    for reason in bad.values():
        check_reason(reason, folder)
    predicted = {name: name.startswith(_GOOD) or "whole" in name for name in manifest.table["id"]}
    wrong = sorted(name for name in predicted if predicted[name] == (name in bad))
    assert not wrong, f"predict and training differ: {[(name, bad.get(name)) for name in wrong]}"
    if MODALITIES[modality].stored_dtype == "float32":
        assert np.isfinite(store.array).all()


def check_reason(reason: str, folder: Path) -> None:
    """Check that a reason is one line for people, without the name of the folder.

    Raises:
        AssertionError: It is not.
    """
    assert 3 < len(reason) < _LONGEST and reason.isprintable() and str(folder) not in reason, repr(reason)


def _is_predicted(modality: str, path: Path) -> bool:
    """Return whether the file is predicted."""
    model = predictor(modality)
    source = path.read_bytes() if model.preprocess.inline else path
    (prediction,) = model.predict([source])
    if prediction.error is not None:
        assert prediction.label is None
        check_reason(prediction.error, path.parent)
        return False
    assert prediction.label in model.labels
    assert abs(sum(prediction.probabilities.values()) - 1) < 1e-6
    return True


def _check_table(modality: str, path: Path) -> None:
    """Read a table: it is refused in one line, or each row is used or listed."""
    try:
        manifest = load_unsplit(DataSource(path=str(path), modality=modality))
    except ValueError as error:
        assert "\n" not in str(error) and 3 < len(str(error)) < 2 * _LONGEST, repr(str(error))
        return
    store, reasons = load_examples(manifest, MODALITIES[modality], manifest.rows())
    manifest = manifest.with_bad(reasons)
    assert sorted(store.rows) == list(manifest.rows())
    assert len(manifest) == len(store) + len(manifest.bad_rows())
    for reason in manifest.bad_rows()["reason"]:
        check_reason(reason, path.parent)
    if MODALITIES[modality].stored_dtype == "float32":
        assert np.isfinite(store.array).all()
