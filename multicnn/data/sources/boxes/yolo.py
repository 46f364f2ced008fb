"""YOLO's folders: images/ and labels/ with a text for each image, "class x y width height" in fractions, and data.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from multicnn.data.sources.boxes.listed import Listed, table_of
from multicnn.data.sources.columns import Table
from multicnn.data.sources.split_names import split_named
from multicnn.modalities.content import kind_by_name
from multicnn.modalities.image.header import upright_size
from multicnn.tasks.boxes.cells import TrueBox, numbers_of
from multicnn.utils import regular_files

_NAMES = ("data.yaml", "data.yml", "dataset.yaml")


def description_of(root: Path) -> Path | None:
    """Return the file that names the classes of a folder of YOLO, or None."""
    return next((root / name for name in _NAMES if (root / name).is_file()), None)


def yolo_table(description: Path, files: Sequence[tuple[str, ...]], root: Path) -> Table:
    """Return the images below the root that stand in a folder `images`, those without labels too.

    Raises:
        ValueError: `data.yaml` is damaged or names no classes.
    """
    classes = _classes(description)
    texts = {path for path in files if path[-1].lower().endswith(".txt")}
    listed = []
    for path in files:
        if kind_by_name(path[-1]) != "image" or "images" not in path[:-1]:
            continue
        at = len(path) - 2 - path[:-1][::-1].index("images")
        labels = (*path[:at], "labels", *path[at + 1 : -1], f"{path[-1].rpartition('.')[0]}.txt")
        split = next((found for part in path[:-1] if part != "images" and (found := split_named(part))), "")
        name = "/".join(path)
        try:
            boxes = _boxes(root.joinpath(*labels), root / name, classes) if labels in texts else []
            listed.append(Listed(name, boxes, split))
        except ValueError as error:
            listed.append(Listed(name, (), split, str(error)))
    if not listed:
        raise ValueError(f"path must hold images in folders named images. Received: path={str(root)!r}")
    return table_of(description.name, listed)


def _classes(path: Path) -> dict[int, str]:
    """Return the name of each class."""
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError:
        raise ValueError(
            f"{path.name} needs PyYAML, which is not installed: pip install multicnn[yolo]. Received: path={str(path)!r}"
        ) from None
    try:
        described = yaml.safe_load(regular_files.read_text(path, "json_bytes"))
        names = described["names"]
        return {int(i): str(name) for i, name in (names.items() if isinstance(names, dict) else enumerate(names))}
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise ValueError(f"path must hold a {path.name} with `names`. Received: path={str(path.parent)!r}") from None


def _boxes(labels: Path, image: Path, classes: dict[int, str]) -> list[TrueBox]:
    """Return the boxes of a text of labels, in pixels of the upright image."""
    try:
        lines = [line.split() for line in regular_files.read_text(labels, "text_bytes").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise ValueError("labels are not UTF-8") from None
    if not lines:
        return []
    height, width, _ = upright_size(image)
    boxes = []
    for line in lines:
        if len(line) != 5 or not line[0].isdigit():
            raise ValueError(f"labels must be lines of class x y width height, not {' '.join(line)[:60]!r}")
        if int(line[0]) not in classes:
            raise ValueError(f"labels name the class {line[0]}, which data.yaml does not")
        x, y, wide, high = numbers_of(line[1:])
        if max(abs(x), abs(y), wide, high) > 2:
            raise ValueError(f"labels must be fractions of the image, not {' '.join(line[1:])[:60]!r}")
        sides = (x - wide / 2) * width, (y - high / 2) * height, (x + wide / 2) * width, (y + high / 2) * height
        boxes.append(TrueBox(classes[int(line[0])], *sides))
    return boxes
