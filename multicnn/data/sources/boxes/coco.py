"""COCO's JSON: images, annotations and categories in one file, of all splits or of each."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from multicnn.data.sources.boxes.listed import Listed, table_of
from multicnn.data.sources.columns import Table, joined
from multicnn.data.sources.split_names import split_named
from multicnn.tasks.boxes.cells import TrueBox, numbers_of
from multicnn.utils import regular_files

_KEYS = ("images", "annotations", "categories")
_HEAD = 1 << 16  # bytes that are looked at before a large file is parsed


def annotation_files(files: Iterable[tuple[str, ...]], root: Path) -> list[Path]:
    """Return the files below the root that are COCO's, those of keypoints and captions left out."""
    names = [path for path in files if path[-1].lower().endswith(".json") and len(path) <= 3]
    return [root.joinpath(*path) for path in names if is_coco(root.joinpath(*path))]


def is_coco(path: Path) -> bool:
    """Return True for a file of COCO's boxes."""
    if path.name.startswith(("captions_", "person_keypoints_", "image_info_")):
        return False
    try:
        with regular_files.opened(path) as file:
            head = file.read(_HEAD)
        if not head.lstrip().startswith(b"{") or not any(f'"{key}"'.encode() in head for key in (*_KEYS, "info")):
            return False
        return all(isinstance(_read(path).get(key), list) for key in _KEYS)
    except (OSError, ValueError):
        return False


def coco_table(paths: Sequence[Path], files: Sequence[tuple[str, ...]], root: Path) -> Table:
    """Return the images of files of COCO, those without objects too.

    Args:
        paths: The files.
        files: The paths of all files below the root, among which the images are looked for.
        root: The root.

    Raises:
        ValueError: A file is damaged.
    """
    by_name: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for path in files:
        by_name[path[-1]].append(path)
    return joined([table_of(path.name, _listed(path, by_name, root)) for path in paths])


def split_of(path: Path, root: Path) -> str:
    """Return the split that the name of a file of annotations, or of its folder, stands for, or ""."""
    parts = [path.stem.removeprefix("instances_"), *reversed(path.relative_to(root).parts[:-1])]
    return next((split for part in parts if (split := split_named(part.strip("_")))), "")


def _listed(path: Path, by_name: dict[str, list[tuple[str, ...]]], root: Path) -> list[Listed]:
    data = _read(path)
    names = {category["id"]: str(category["name"]) for category in data["categories"]}
    boxes: dict[object, list[TrueBox]] = defaultdict(list)
    reasons: dict[object, str] = {}
    for annotation in data["annotations"]:
        image = annotation.get("image_id")
        try:
            x, y, width, height = numbers_of(annotation.get("bbox") or ())
            label = names[annotation.get("category_id")]
            flag = "crowd" if annotation.get("iscrowd") else ""
            boxes[image].append(TrueBox(label, x, y, x + width, y + height, flag))
        except KeyError:
            reasons.setdefault(image, f"a box of the unknown category {annotation.get('category_id')!r}")
        except ValueError as error:
            reasons.setdefault(image, str(error))
    split = split_of(path, root)
    return [
        Listed(
            _located(str(image.get("file_name", "")), path, split, by_name, root),
            boxes.get(image.get("id"), ()),
            split,
            reasons.get(image.get("id"), ""),
        )
        for image in data["images"]
    ]


def _located(name: str, path: Path, split: str, by_name: dict[str, list[tuple[str, ...]]], root: Path) -> str:
    """Return the path below the root of an image: where its name leads, else the one file of its name, of its split if several."""
    parts = tuple(part for part in name.replace("\\", "/").split("/") if part)
    found = [each for each in by_name.get(parts[-1] if parts else "", ()) if each[-len(parts) :] == parts]
    beside = (*path.relative_to(root).parts[:-1], *parts)
    if beside in found or len(found) != 1:
        of_split = [each for each in found if split and any(split_named(part) == split for part in each[:-1])]
        found = [beside] if beside in found else of_split or found
    return "/".join(found[0]) if len(found) == 1 else name


def _read(path: Path) -> dict[str, list[dict]]:
    data = json.loads(regular_files.read_text(path))
    if not isinstance(data, dict):
        raise ValueError("not COCO")
    return data
