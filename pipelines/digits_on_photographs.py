"""FCOS on handwritten digits pasted on photographs: made data, of several digits an image or of one.

    python pipelines/digits_on_photographs.py mnist.npz digits_scenes
    python pipelines/digits_on_photographs.py mnist.npz one_digit --one
    multicnn train pipelines/digits_on_photographs.py --data digits_scenes
    multicnn train pipelines/digits_on_photographs.py --data one_digit

MEASURED
"""

import argparse
import json
from pathlib import Path

import numpy as np

from multicnn import DataSource, Model, Optimizer, Recipe

SIDE = 96  # pixels of an image
COUNTS = {"train": 1600, "val": 200, "test": 400}
PHOTOGRAPHS = {  # of skimage.data; those of the test set are no others' backgrounds
    "train": ("astronaut", "coffee", "rocket", "brick", "camera"),
    "val": ("gravel", "cell"),
    "test": ("cat", "grass", "moon"),
}

recipe = Recipe(
    data=DataSource(path="digits_scenes"),
    task="detection",
    model=Model(name="fcos", arguments={"width": 16, "context": 1}),
    augment={"shift": 6, "scale": 0.15},
    epochs=24,
    batch_size=16,
    optimizer=Optimizer(name="adam", learning_rate=2e-3, schedule="cosine"),
    loss="quality_iou",
)


def scene(photograph: np.ndarray, digits: list[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, list]:
    """Return a part of a photograph with digits pasted on it, uint8 (SIDE, SIDE, 3), and the box of each, or None."""
    from PIL import Image

    top, left = (rng.integers(0, side - SIDE + 1) for side in photograph.shape[:2])
    pixels = photograph[top : top + SIDE, left : left + SIDE].astype(np.float64)
    boxes: list[tuple[int, int, int, int] | None] = []
    for digit in digits:
        size = int(rng.integers(20, 44))
        ink = np.asarray(Image.fromarray(digit).resize((size, size), Image.Resampling.BILINEAR)) / 255
        rows, columns = (np.flatnonzero((ink > 0.3).any(axis=axis)) for axis in (1, 0))
        ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        y, x = rng.integers(0, SIDE - ink.shape[0] + 1), rng.integers(0, SIDE - ink.shape[1] + 1)
        box = int(x), int(y), int(x + ink.shape[1]), int(y + ink.shape[0])
        if any(b and box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in boxes):
            boxes.append(None)  # over another one
            continue
        colour = (
            rng.uniform(150, 255, 3) if pixels[box[1] : box[3], box[0] : box[2]].mean() < 128 else rng.uniform(0, 90, 3)
        )
        alpha = ink[..., None]
        part = pixels[box[1] : box[3], box[0] : box[2]]
        part[:] = (1 - alpha) * part + alpha * colour
        boxes.append(box)
    return pixels.astype(np.uint8), boxes


def make(mnist: str, folder: str, one: bool) -> None:
    """Write the images and metadata.jsonl; MNIST's test digits are those of the test images."""
    from PIL import Image
    from skimage import data

    rng, root = np.random.default_rng(0), Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    lines = []
    with np.load(mnist) as arrays:
        digits = {split: (arrays[f"x_{split}"], arrays[f"y_{split}"]) for split in ("train", "test")}
    for split, count in COUNTS.items():
        photographs = [np.asarray(getattr(data, name)()) for name in PHOTOGRAPHS[split]]
        photographs = [p[..., :3] if p.ndim == 3 else np.repeat(p[..., None], 3, axis=-1) for p in photographs]
        x, y = digits["test" if split == "test" else "train"]
        x, y = (x[-5000:], y[-5000:]) if split == "val" else (x[:-5000], y[:-5000]) if split == "train" else (x, y)
        for i in range(count):
            chosen = rng.integers(0, len(x), 1 if one else rng.integers(1, 5))
            pixels, boxes = scene(photographs[rng.integers(len(photographs))], [x[j] for j in chosen], rng)
            name = f"{split}_{i:04d}.png"
            Image.fromarray(pixels).save(root / name)
            objects = [{"label": str(y[j]), "box": box} for j, box in zip(chosen, boxes) if box]
            targets = objects[0] if one else {"objects": objects}
            lines.append(json.dumps({"file_name": name, "split": split, **targets}))
    (root / "metadata.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mnist", help="mnist.npz: x_train, y_train, x_test, y_test")
    parser.add_argument("folder", help="the folder to write")
    parser.add_argument("--one", action="store_true", help="one digit in each image")
    given = parser.parse_args()
    make(given.mnist, given.folder, given.one)
