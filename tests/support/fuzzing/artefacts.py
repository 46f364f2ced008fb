"""Damaged artefacts: `load` refuses each in one line, or it predicts as before."""

from __future__ import annotations

import copy
import functools
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from multicnn.predictor import load
from support.fuzzing.files import saved
from support.fuzzing.mutations import inside_archive, mutated

RELEASED = Path(__file__).parents[2] / "artefacts" / "0.1.0"
_ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", "x", "nan", "\x1b]0;t\x07", "../../x", "x" * 10_000, [], [[]], ["a"] * 5, {}, {"a": 1}),
)
_LONGEST = 1000  # characters of a message


INPUTS = {
    "digits": RELEASED / "digits_4.png",
    "spoken_digits": RELEASED / "eight_belinda.ogg",
    "docstrings": "Draw a line on the axes.",
}
MODALITIES = dict(zip(("image", "audio", "text"), INPUTS.values()))


@functools.cache
def whole(name: str) -> bytes:
    """Return an artefact of a release, or of a modality as it is saved today."""
    return saved(name) if name in MODALITIES else (RELEASED / f"{name}.keras").read_bytes()


@functools.cache
def probabilities(name: str) -> dict[str, float]:
    """Return what an artefact that is whole predicts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.keras"
        path.write_bytes(whole(name))
        return load(path).predict([(INPUTS | MODALITIES)[name]])[0].probabilities


def damaged(number: int) -> tuple[str, bytes, bool]:
    """Return the name of an artefact, its damaged bytes, and whether all its checksums were made right again."""
    random = np.random.default_rng([9, number])
    name, other = random.choice([*INPUTS, *MODALITIES], 2).tolist()
    kind = random.integers(4)
    if kind == 0:
        return name, mutated(whole(name), whole(other), random, repair=False), False
    if kind == 1:
        return name, inside_archive(whole(name), whole(other), random), True
    if kind == 2:
        return name, _other_members(whole(name), whole(other), random), True
    return name, _other_values(whole(name), random), True


def check(number: int, folder: Path) -> None:
    """Load the damaged artefact of this number, and predict with it where it loads.

    Raises:
        AssertionError: The message is not one line, or a damage that no checksum covers up gives other probabilities.
    """
    name, data, repaired = damaged(number)
    path = folder / f"{number}.keras"
    path.write_bytes(data)
    try:
        loaded = load(path)
        (prediction,) = loaded.predict([(INPUTS | MODALITIES)[name]])
    except ValueError as error:
        message = str(error)
        assert "\n" not in message.strip() and 3 < len(message) < _LONGEST, repr(message)
        assert "\x1b" not in message, repr(message)
        return
    finally:
        path.unlink()
    if prediction.error is not None:
        assert prediction.error.isprintable()
        return
    assert np.isfinite(list(prediction.probabilities.values())).all(), prediction.probabilities
    if not repaired:
        assert prediction.probabilities == probabilities(name)


def _other_members(data: bytes, other: bytes, random: np.random.Generator) -> bytes:
    """Return the archive without a member, with one twice, or with one of another artefact."""
    members, others = _members(data), _members(other)
    names = list(members)
    chosen = names[random.integers(len(names))]
    kind = random.integers(4)
    if kind == 0:
        del members[chosen]
    elif kind == 1:
        members[chosen] = others.get(chosen, b"")
    elif kind == 2:
        members[chosen + ".bak"] = members[chosen]
    else:
        members[chosen] = random.choice([b"", b"\x00" * 20_000_000, b"[" * 100_000, b"null", b"[1]", b'"\\ud800"'])
    return _archive(members)


def _other_values(data: bytes, random: np.random.Generator) -> bytes:
    """Return the archive with one to three values of its JSON replaced, removed or moved."""
    members = _members(data)
    names = [name for name in members if name.endswith(".json")]
    weights = [6 if name == "multicnn.json" else 1 for name in names]
    name = random.choice(names, p=np.divide(weights, sum(weights)))
    value = json.loads(members[name])
    for _ in range(random.integers(1, 4)):
        _change(value, random)
    return _archive(members | {name: json.dumps(value).encode()})


def _change(value: Any, random: np.random.Generator) -> None:
    """Change an element somewhere below a list or an object."""
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = keys[random.integers(len(keys))]
        below = value[key]
        if isinstance(below, dict | list) and below and random.random() < 0.7:
            value = below
        elif random.random() < 0.2:
            del value[key]
            return
        else:
            near = [below * 2, -below, below + 1] if type(below) in (int, float) else []
            odd = [*_ODD, *near]
            value[key] = copy.deepcopy(odd[random.integers(len(odd))])
            return


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _archive(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
