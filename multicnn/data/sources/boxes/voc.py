"""Pascal VOC: a file of XML for each image, and lists of images in ImageSets/Main. Its pixels count from 1, both ends inclusive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from multicnn.data.sources.boxes.listed import Listed, table_of
from multicnn.data.sources.columns import Table
from multicnn.data.sources.split_names import split_named
from multicnn.modalities.content import kind_by_name
from multicnn.tasks.boxes.cells import TrueBox, numbers_of
from multicnn.utils import regular_files

_SETS = {"train": "train", "val": "val", "test": "test", "trainval": ""}  # of trainval, some are taken for validation


def voc_root(files: Sequence[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Return the folder below the root that holds Annotations/*.xml, or XML beside its images; None without any."""
    annotated = [path for path in files if path[-1].lower().endswith(".xml")]
    if not annotated:
        return None
    folders = {path[:-2] for path in annotated if len(path) > 1 and path[-2].lower() == "annotations"}
    if len(folders) == 1:
        return folders.pop()
    stems = {(*path[:-1], path[-1].rpartition(".")[0]) for path in files if kind_by_name(path[-1]) == "image"}
    beside = [path for path in annotated if (*path[:-1], path[-1].rpartition(".")[0]) in stems]
    # In folders of classes they are sidecars.
    of_splits = all(split_named(part) for path in beside for part in path[:-1] if part.lower() != "images")
    return () if of_splits and len(beside) > len(annotated) / 2 else None


def voc_table(inside: tuple[str, ...], files: Sequence[tuple[str, ...]], root: Path) -> Table:
    """Return the images of a folder of VOC with the splits of ImageSets/Main.

    Args:
        inside: The folder below the root that `voc_root` gave.
        files: The paths of all files below the root.
        root: The root.
    """
    own = [path for path in files if path[: len(inside)] == inside]
    images = {path[-1].rpartition(".")[0]: path for path in own if kind_by_name(path[-1]) == "image"}
    splits = _splits(root.joinpath(*inside, "ImageSets", "Main"))
    listed = []
    for path in own:
        stem = path[-1].rpartition(".")[0]
        if not path[-1].lower().endswith(".xml") or (splits and stem not in splits):
            continue
        beside = next(
            (each for each in own if each != path and each[:-1] == path[:-1] and each == images.get(stem)), None
        )
        image = "/".join(beside or images.get(stem) or (*path[:-1], f"{stem}.jpg"))
        try:
            listed.append(Listed(image, _boxes(root.joinpath(*path)), splits.get(stem, "")))
        except ValueError as error:
            listed.append(Listed(image, (), splits.get(stem, ""), str(error)))
    return table_of("Annotations", listed)


def _splits(folder: Path) -> dict[str, str]:
    """Return the split of each image that a list of ImageSets/Main names; none without such lists."""
    splits: dict[str, str] = {}
    for name in ("trainval", "train", "val", "test"):
        if (path := folder / f"{name}.txt").is_file():
            lines = regular_files.read_text(path).splitlines()
            splits |= {line.split()[0]: _SETS[name] for line in lines if line.strip()}
    return splits


def _boxes(path: Path) -> list[TrueBox]:
    """Return the objects of a file; ValueError with a short reason where it is damaged."""
    try:
        data = regular_files.read_bytes(path, "text_bytes")
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            raise ValueError("annotations with a document type are not read")
        tree = ElementTree.fromstring(data)
    except OSError as error:
        raise ValueError(f"unreadable annotations: {error.strerror}") from None
    except ElementTree.ParseError as error:
        raise ValueError(f"annotations are no XML ({error})") from None
    return [_box(each) for each in tree.iter("object")]


def _box(element: ElementTree.Element) -> TrueBox:
    sides = [element.findtext(f"bndbox/{side}", "") for side in ("xmin", "ymin", "xmax", "ymax")]
    x0, y0, x1, y1 = numbers_of(sides)
    name = element.findtext("name", "").strip()
    if not name:
        raise ValueError("an object without a name")
    difficult = element.findtext("difficult", "0").strip() == "1"
    return TrueBox(name, x0 - 1, y0 - 1, x1, y1, "difficult" if difficult else "")
