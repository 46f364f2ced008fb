"""Does an explanation point at what decides? Three tests whose answer is known, for every method and each modality.

    MULTICNN_DATA=data python benchmarks/attribution.py [--tests objects image audio waveform text] [--count 200]

* objects: two digits of MNIST on a photograph; the map of each class must point at its own digit. Of 200 images those count whose
  two digits are the two highest logits, until 200 questions are asked.
* image, audio, waveform, text: two marks, bursts or invented words at random places, alike in size, energy and frequency. One
  decides the class, the other is without information; the map must point at the first.

Beside each of the latter stands the signed rank correlation of a map with that of a network trained from another seed, less that
with one of new weights, in the mean over the planted examples and its standard error (Adebayo et al. 2018).

All maps are smoothed by one Gaussian of two cells (none for texts) before their largest cell is taken. The controls know nothing of
the network: |input|, the loudest cell, the rarest token. The table of docs/explain.md is this one's.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

import multicnn
from multicnn.blocks import (
    Block,
    chain,
    concat,
    conv,
    dense,
    drop,
    embed,
    global_average_pool,
    global_max_pool,
    max_pool,
    network,
)
from multicnn.data.paths import locate
from multicnn.explanations.attributor import Attributor
from multicnn.modalities import Preprocess
from multicnn.tasks import Classification

_SIDE, _MARK, _RATE = 36, 9, 8000
_SLOW = ("integrated-gradients", "smoothgrad")  # whose maps of other networks are left out
_FILLER = "the a film story with of and an actor scene in it was to as on for by its plot".split()
_EVIDENCE, _DECOY = ("zorp", "blick"), ("quam", "drell")


class Planted(NamedTuple):
    """Raw examples whose class one known place decides.

    Attributes:
        raws: The decoded examples.
        targets: The class of each, int (n,).
        places: For each, the slices of a map in which its evidence lies.
    """

    raws: list
    targets: np.ndarray
    places: list[tuple[slice, ...]]


def marks(count: int, seed: int) -> Planted:
    """Return noisy images with two marks, one pattern in four turns.

    Upright or lying is the class; the decoy is upside down or lies the other way.
    """
    pattern = np.zeros((_MARK, _MARK))
    pattern[1:8, 1:3] = pattern[1:3, 1:8] = pattern[4:6, 1:6] = 1  # an F
    patterns = [np.rot90(pattern, turns) for turns in range(4)]
    rng, raws, places = np.random.default_rng(seed), [], []
    targets, decoys = rng.integers(0, 2, (2, count))
    for target, decoy in zip(targets, decoys):
        image = rng.normal(110, 25, (_SIDE, _SIDE))
        (y, x), other = _apart(rng, _SIDE - _MARK, _MARK + 2)
        for (top, left), pattern in (((y, x), patterns[target]), (other, patterns[2 + decoy])):
            image[top : top + _MARK, left : left + _MARK] = 40 + 170 * pattern
        raws.append(np.clip(image, 0, 255).astype(np.uint8)[..., None])
        places.append((slice(y - 1, y + _MARK + 1), slice(x - 1, x + _MARK + 1)))
    return Planted(raws, targets, places)


def bursts(count: int, seed: int) -> Planted:
    """Return noisy clips of a second with two sweeps of .12 s in one band; whether one of them rises or falls is the class.

    The other goes up and down, or down and up.
    """
    rng, raws, places = np.random.default_rng(seed), [], []
    targets, decoys = rng.integers(0, 2, (2, count))
    t = np.linspace(0, 1, int(0.12 * _RATE), endpoint=False)
    shapes = (t, 1 - t, 1 - abs(2 * t - 1), abs(2 * t - 1))
    for target, decoy in zip(targets, decoys):
        clip = 0.02 * rng.normal(size=_RATE)
        starts = np.array([0, 0])
        while abs(starts[0] - starts[1]) < 0.2 * _RATE:
            starts = rng.integers(0, _RATE - len(t), 2)
        for start, shape in zip(starts, (shapes[target], shapes[2 + decoy])):
            phase = 2 * np.pi * np.cumsum(800 + 1600 * shape) / _RATE
            clip[start : start + len(t)] += 0.2 * np.sin(phase + rng.uniform(0, 6)) * np.hanning(len(t))
        raws.append(clip.astype(np.float32))
        places.append((slice(int(starts[0]), int(starts[0]) + len(t)),))
    return Planted(raws, targets, places)


def words(count: int, seed: int) -> Planted:
    """Return texts with two invented words; which of two one of them is, is the class."""
    rng, raws, places = np.random.default_rng(seed), [], []
    targets, decoys = rng.integers(0, 2, (2, count))
    for target, decoy in zip(targets, decoys):
        text = list(rng.choice(_FILLER, rng.integers(12, 25)))
        at, other = rng.choice(len(text), 2, replace=False)
        text[at], text[other] = _EVIDENCE[target], _DECOY[decoy]
        raws.append(" ".join(text))
        places.append((slice(at, at + 1),))
    return Planted(raws, targets, places)


def _apart(rng: np.random.Generator, room: int, distance: int) -> np.ndarray:
    """Return two corners in a square that lie at least so far apart along one axis."""
    while True:
        corners = rng.integers(0, room, (2, 2))
        if abs(corners[0] - corners[1]).max() >= distance:
            return corners


class Setting(NamedTuple):
    """A planted test.

    Attributes:
        make: Returns the examples of a number and a seed.
        preprocess: The preprocess, not fitted.
        model: The network between the input and its pooled features; None for a TextCNN.
        controls: What points without a network, by name, as a map of the finished input.
    """

    make: Callable[[int, int], Planted]
    preprocess: Preprocess
    model: Block | None
    controls: dict[str, Callable[[np.ndarray], np.ndarray]]


def _stack(*filters: int, size: int = 3) -> Block:
    return chain(*(chain(conv(n, size, norm="batch", activation="relu"), max_pool(2)) for n in filters))


_DEEP = chain(_stack(12, 24), conv(32, 3, norm="batch", activation="relu"))
_WAVE = chain(
    conv(32, 64, strides=8, norm="batch", activation="relu"),
    *(chain(conv(32, 5, norm="batch", activation="relu"), max_pool(2)) for _ in range(4)),
    conv(64, 3, norm="batch", activation="relu"),
)
SETTINGS = {
    "image": Setting(marks, multicnn.ImagePreprocess(), _DEEP, {"|input|": lambda x: abs(x[..., 0])}),
    "audio": Setting(
        bursts,
        multicnn.AudioPreprocess(sample_rate=_RATE, n_fft=256, hop_length=128, n_mels=32),
        _DEEP,
        {"|input|": lambda x: abs(x[..., 0]), "loudest": lambda x: x[..., 0]},
    ),
    "waveform": Setting(
        bursts,
        multicnn.AudioPreprocess(sample_rate=_RATE, features="waveform"),
        _WAVE,
        {"loudest": lambda x: abs(x[..., 0])},
    ),
    "text": Setting(words, multicnn.TextPreprocess(), None, {"rarest": lambda ids: ids.astype(float)}),
}


def trained(setting: Setting, planted: Planted, seed: int, epochs: int) -> Attributor:
    """Return the attributor of a network that has learned the planted class; of new weights for no epochs."""
    preprocess = setting.preprocess.fit(iter(planted.raws))
    return fitted(setting, preprocess, inputs_of(preprocess, planted.raws), planted.targets, seed, epochs)


def fitted(
    setting: Setting, preprocess: Preprocess, inputs: np.ndarray, targets: np.ndarray, seed: int, epochs: int
) -> Attributor:
    """Return the attributor of a network trained on finished inputs."""
    classes = int(targets.max()) + 1
    keras.utils.set_random_seed(seed)
    if setting.model is None:
        branches = concat(*(chain(conv(16, w, activation="relu"), global_max_pool()) for w in (1, 2, 3)))
        block = chain(embed(preprocess.vocabulary_size, 16), branches, drop(0.3), dense(classes))
    else:
        block = chain(setting.model, global_average_pool(), dense(classes))
    built = network(block, preprocess.input_shape)
    built.compile(keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    if epochs:
        built.fit(inputs, targets, batch_size=64, epochs=epochs, verbose=0)
    return Attributor(built, block, preprocess, Classification(tuple(map(str, range(classes)))))


def inputs_of(preprocess: Preprocess, raws: list) -> np.ndarray:
    """Return the network's inputs of decoded examples."""
    return np.asarray(preprocess.finish(np.stack([preprocess.example(raw) for raw in raws])))


def points(cells: np.ndarray, place: tuple[slice, ...]) -> bool:
    """Return whether the largest cell of a map lies in a place."""
    inside = np.zeros(cells.shape, bool)
    inside[place] = True
    return bool(inside.flat[int(cells.argmax())])


def smoothed(cells: np.ndarray, kind: str) -> np.ndarray:
    """Return a map as all are before they point."""
    return cells if kind == "text" else gaussian_filter(cells, 64 if kind == "waveform" else 2)


def place_of(place: tuple[slice, ...], kind: str, preprocess: Preprocess) -> tuple[slice, ...]:
    """Return a place in the cells of a map."""
    if kind != "audio":
        return place
    hop = preprocess.feature_spec.hop_length
    return (slice(place[0].start // hop - 1, place[0].stop // hop + 2),)


def planted_test(kind: str, count: int) -> dict[str, dict[str, np.ndarray]]:
    """Print how many maps of each method point at the evidence; return the maps of three networks."""
    setting, epochs = SETTINGS[kind], {"text": 12}.get(kind, 10)
    train, test = setting.make(1500, 1), setting.make(count, 2)
    networks = {
        "trained": trained(setting, train, 0, epochs),
        "another seed": trained(setting, train, 1, epochs),
        "new weights": trained(setting, train, 2, 0),
    }
    first = networks["trained"]
    inputs = inputs_of(first.preprocess, test.raws)
    right = [float((each.logits(inputs).argmax(axis=1) == test.targets).mean()) for each in networks.values()]
    print(f"{kind}: accuracy {right[0]:.3f}, {right[1]:.3f}, of new weights {right[2]:.3f}", flush=True)
    real = np.stack([first.preprocess.real_cells(raw) for raw in test.raws])
    places = [place_of(place, kind, first.preprocess) for place in test.places]
    for name, control in setting.controls.items():
        hits = [points(smoothed(cells, kind), place) for cells, place in zip(control(inputs), places)]
        print(f"{kind:9} {name:22} {np.mean(hits):.3f}", flush=True)
    maps: dict[str, dict[str, np.ndarray]] = {}
    for method in first.methods:
        begin = time.perf_counter()
        maps[method] = {}
        for name, each in networks.items() if method not in _SLOW else [("trained", first)]:
            maps[method][name] = each.maps(method, inputs, test.targets, real)
        hits = [points(smoothed(cells, kind), place) for cells, place in zip(maps[method]["trained"], places)]
        seconds = time.perf_counter() - begin
        print(
            f"{kind:9} {method:22} {np.mean(hits):.3f}   {_randomized(maps[method], real)}  {seconds:.0f} s", flush=True
        )
    return maps


def _randomized(maps: dict[str, np.ndarray], real: np.ndarray) -> str:
    """Return the correlations with another seed and with new weights, and their difference with its standard error."""
    if len(maps) < 3:
        return "not randomized"
    of = {
        name: np.array([_correlation(a[r], b[r]) for a, b, r in zip(maps["trained"], maps[name], real)])
        for name in ("another seed", "new weights")
    }
    difference = of["another seed"] - of["new weights"]
    error = difference.std() / np.sqrt(len(difference))
    verdict = "passes" if difference.mean() > 2 * error else "fails"
    seeds, new = of["another seed"].mean(), of["new weights"].mean()
    return f"seed {seeds:+.3f}, new {new:+.3f}, difference {difference.mean():+.3f} +- {error:.3f} {verdict}"


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return 0.0 if np.ptp(a) == 0 or np.ptp(b) == 0 else float(spearmanr(a, b).statistic)


def scenes(
    digits: np.ndarray, labels: np.ndarray, count: int, per_scene: int, seed: int
) -> tuple[np.ndarray, list, list]:
    """Return photographs with digits on them, uint8 (n, 48, 48, 1), the classes of each, and their boxes (top, left)."""
    from skimage import data

    rng = np.random.default_rng(seed)
    names = ("astronaut", "camera", "chelsea", "coffee", "brick", "grass", "gravel", "rocket")
    photographs = [np.atleast_3d(getattr(data, name)()).mean(axis=-1) for name in names]
    images, classes, boxes = np.zeros((count, 48, 48, 1), np.uint8), [], []
    for image in images:
        photograph = photographs[rng.integers(len(photographs))]
        top, left = (rng.integers(0, side - 48) for side in photograph.shape)
        scene = 0.7 * photograph[top : top + 48, left : left + 48]
        corners = _apart(rng, 48 - 20, 20) if per_scene == 2 else rng.integers(0, 48 - 20, (1, 2))
        chosen: list[int] = []
        while len(chosen) < per_scene:
            at = int(rng.integers(len(digits)))
            if all(labels[at] != labels[other] for other in chosen):
                chosen.append(at)
        for (y, x), at in zip(corners, chosen):
            part = scene[y : y + 20, x : x + 20]
            part[:] = np.maximum(part, digits[at][4:24, 4:24])
        image[..., 0] = np.clip(scene, 0, 255)
        classes.append([int(labels[at]) for at in chosen])
        boxes.append([(int(y), int(x)) for y, x in corners])
    return images, classes, boxes


def objects_test(count: int) -> None:
    """Print how many maps of a class point at its own digit, of two on one photograph."""
    archive = np.load(locate("mnist.npz"))
    images, classes, _ = scenes(archive["x_train"], archive["y_train"], 5000, 1, 1)
    preprocess = multicnn.ImagePreprocess(size=(48, 48)).fit(iter(images[:500]))
    setting = SETTINGS["image"]._replace(
        model=chain(
            _stack(12, 24), conv(48, 3, norm="batch", activation="relu"), conv(48, 3, norm="batch", activation="relu")
        )
    )
    attributor = fitted(setting, preprocess, inputs_of(preprocess, list(images)), np.array(classes)[:, 0], 0, 8)
    images, classes, boxes = scenes(archive["x_test"], archive["y_test"], 4 * count, 2, 2)
    inputs = inputs_of(preprocess, list(images))
    logits = attributor.logits(inputs)
    both = [set(row.argsort()[-2:]) == set(each) for row, each in zip(logits, classes)]
    chosen = np.flatnonzero(both)[: count // 2]
    print(f"objects: both classes are the two highest logits in {np.mean(both):.3f} of {len(both)}", flush=True)
    columns = np.array([classes[i] for i in chosen])
    asked = np.repeat(inputs[chosen], 2, axis=0)
    controls = {"|input|": abs(asked[..., 0])}
    real = np.ones(asked.shape[:3], bool)
    for method in [*controls, *attributor.methods]:
        maps = controls[method] if method in controls else attributor.maps(method, asked, columns.ravel(), real)
        hits = []
        for cells, (i, k) in zip(maps, ((i, k) for i in chosen for k in range(2))):
            cells = smoothed(cells, "image")
            y, x = np.unravel_index(int(cells.argmax()), cells.shape)
            distances = [abs(y - top - 9.5) + abs(x - left - 9.5) for top, left in boxes[i]]
            top, left = boxes[i][k]
            inside = top - 1 <= y <= top + 20 and left - 1 <= x <= left + 20
            hits.append(inside and distances[k] <= min(distances))
        print(f"objects   {method:22} {np.mean(hits):.3f} of {len(hits)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", nargs="+", default=["objects", *SETTINGS], choices=["objects", *SETTINGS])
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    for test in arguments.tests:
        if test == "objects":
            objects_test(arguments.count)
        else:
            planted_test(test, arguments.count)


if __name__ == "__main__":
    main()
