"""Images with red and blue squares, and the boxes around them."""

import json

import numpy as np
from PIL import Image

SIZE = (40, 64)  # of what is drawn; the files are twice as large


def image_with(boxes, rng):
    pixels = rng.integers(90, 130, (*SIZE, 3)).astype(np.uint8)
    for label, x0, y0, x1, y1 in boxes:
        pixels[y0:y1, x0:x1] = (230, 20, 20) if label == "red" else (20, 20, 230)
    return pixels


def write(folder, images=60):
    """Write images with a red or a blue square, or both, or nothing."""
    folder.mkdir(exist_ok=True)
    rng, lines = np.random.default_rng(0), []
    for i in range(images):
        boxes = []
        for label, left in (("red", 0), ("blue", 32)):
            if rng.random() < 0.75:
                side, x, y = rng.integers(12, 20), left + rng.integers(0, 12), rng.integers(0, 20)
                boxes.append([label, int(x), int(y), int(x + side), int(y + side)])
        large = Image.fromarray(image_with(boxes, rng)).resize((2 * SIZE[1], 2 * SIZE[0]), Image.Resampling.NEAREST)
        large.save(folder / f"{i}.png")
        objects = [{"label": label, "box": [2 * side for side in sides]} for label, *sides in boxes]
        split = "train" if i < images * 2 // 3 else "val" if i < images * 4 // 5 else "test"
        lines.append({"file_name": f"{i}.png", "split": split, "objects": objects})
    (folder / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder
