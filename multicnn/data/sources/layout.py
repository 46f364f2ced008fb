"""The layout of a folder: which of its folders are splits and which are classes, decided from the paths of its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from multicnn.data.sources import split_names
from multicnn.modalities.finding import Finding

_WRAPPERS = 3  # folders around all others, as archives are unpacked
Path = tuple[str, ...]  # the components of a path below the root


@dataclass(frozen=True)
class Layout:
    """The folders of a data set that are splits.

    Attributes:
        splits: The split of each folder that is one, by its path below the root; empty where the data has no splits.
        classes_first: True where the folders of the splits stand in those of the classes.
        unlabelled: The folders whose files have no labels, and are left out.
        remarks: What was understood and might be meant otherwise.
    """

    splits: dict[Path, str] = field(default_factory=dict)
    classes_first: bool = False
    unlabelled: tuple[Path, ...] = ()
    remarks: tuple[Finding, ...] = ()

    def read(self, path: Path) -> tuple[Path, str] | None:
        """Return the folders of a file without those of the splits, and its split; None for one outside of them all."""
        folders = path[:-1]
        if not self.splits:
            return folders, ""
        # The longest first: a split folder may hold another of its name.
        for n in range(len(folders), 0, -1):
            if (split := self.splits.get(folders[:n])) is not None:
                return (folders[:1] if self.classes_first else ()) + folders[n:], split
        return None

    def omits(self, path: Path) -> bool:
        """Return True for a file in a folder of examples without labels."""
        return any(path[: len(folder)] == folder for folder in self.unlabelled)


def layout_of(paths: Sequence[Path], root: str, labelled: bool = False) -> Layout:
    """Return the layout of the files at these paths below a root.

    Splits are folders at the top, or inside a single folder that holds everything, or inside each folder of a class.

    Args:
        paths: The paths of all files.
        root: The path of the root, for messages.
        labelled: True where the file names carry the labels: there are no folders of classes then.

    Raises:
        ValueError: There are folders that look like splits and might be classes; the message names them.
    """
    wrapper: Path = ()
    for _ in range(_WRAPPERS):
        names = _folders(paths, wrapper)
        splits = split_names.split_folders(names)
        around = len(names) == 1 and _divided(_folders(paths, (*wrapper, *names)))
        if splits and not around and (not wrapper or labelled or any(len(path) > len(wrapper) + 2 for path in paths)):
            inner = {_innermost(paths, (*wrapper, name)): split for name, split in splits.items()}
            beside = [(*wrapper, name) for name in names - splits.keys() if split_names.is_unlabelled(name)]
            return _with_classes(Layout(inner, False, tuple(beside), tuple(_evaluation(splits))), paths, labelled)
        if len(names) != 1:
            break
        wrapper += (names.pop(),)
    return _classes_first(paths) or Layout(remarks=tuple(_doubts(paths, root)))


def _folders(paths: Sequence[Path], inside: Path) -> set[str]:
    """Return the names of the folders directly inside a folder that hold files."""
    n = len(inside)
    return {path[n] for path in paths if len(path) > n + 1 and path[:n] == inside}


def _with_classes(layout: Layout, paths: Sequence[Path], labelled: bool) -> Layout:
    """Return a layout without the folders that stand for no class: of examples without labels, in the training set alone."""
    classes = {folder: set() if labelled else _folders(paths, folder) for folder in layout.splits}
    trained = {folder for folder, split in layout.splits.items() if split == "train"}
    others = {name for folder in layout.splits.keys() - trained for name in classes[folder]}
    omitted = list(layout.unlabelled)
    for folder in sorted(trained) if others else ():
        omitted += [(*folder, name) for name in classes[folder] - others if split_names.is_unlabelled(name)]
    remarks = list(layout.remarks)
    for folder in sorted(omitted):
        count = sum(path[: len(folder)] == folder for path in paths)
        message = f"the {count:,} files in {'/'.join(folder)!r} are taken for examples without labels and left out"
        remarks.append(Finding("unlabelled examples", message, False))
    names = set().union(*classes.values())
    if len(names) == 1 and (inside := {each for folder in classes for each in _folders(paths, (*folder, *names))}):
        message = f"all files are in folders {min(names)!r}, which hold {', '.join(map(repr, sorted(inside)[:4]))}"
        remarks.append(
            Finding("one folder", f"{message}: if these are the classes, move them into the split folders", False)
        )
    return replace(layout, unlabelled=tuple(sorted(omitted)), remarks=tuple(remarks))


def _divided(names: set[str]) -> bool:
    """Return True where the folders beside each other hold two splits or more."""
    return len(set(split_names.split_folders(names).values())) > 1


def _second(paths: Sequence[Path]) -> dict[str, set[str]]:
    """Return the names of the folders that hold files in each of the folders at the top."""
    names: dict[str, set[str]] = {path[0]: set() for path in paths if len(path) > 1}
    for path in paths:
        if len(path) > 2:
            names[path[0]].add(path[1])
    return names


def _innermost(paths: Sequence[Path], folder: Path) -> Path:
    """Return the folder, or the one of the same name or split that is all that it holds, as in seg_train/seg_train."""
    inside = [path for path in paths if path[: len(folder)] == folder]
    names = _folders(inside, folder)
    if len(names) != 1 or any(len(path) == len(folder) + 1 for path in inside):
        return folder
    name = names.pop()
    again = split_names.split_named(name)
    same = name == folder[-1] or (again and again == split_names.split_named(folder[-1]))
    return (*folder, name) if same else folder


def _classes_first(paths: Sequence[Path]) -> Layout | None:
    """Return the layout of folders of classes that each hold folders of splits, and nothing else."""
    if not all(len(path) == 3 for path in paths if len(path) > 1):
        return None
    folders = _second(paths)
    inside = {name: split_names.split_folders(second) for name, second in folders.items()}
    if any(set(splits) != folders[name] for name, splits in inside.items()):
        return None
    if not any("train" in splits.values() and len(splits) > 1 for splits in inside.values()):
        return None
    splits = split_names.split_folders({name for each in inside.values() for name in each})
    by_path: dict[Path, str] = {(name, each): splits[each] for name in inside for each in inside[name]}
    return Layout(by_path, True, (), tuple(_evaluation(splits)))


def _evaluation(splits: dict[str, str]) -> Iterator[Finding]:
    for name in split_names.evaluation_words(splits):
        role = {"val": "validation", "test": "test"}[splits[name]]
        message = f"the folder {name!r} is taken for the {role} set: call it train, val or test to decide"
        yield Finding("splits", message, False)


def _doubts(paths: Sequence[Path], root: str) -> Iterator[Finding]:
    """Yield what is said of folders whose names are those of splits and that are taken for classes; refuse the worst."""
    names = _second(paths)
    like = split_names.like_splits(names)
    inner = sorted(
        f"{name}/{each}"
        for name, second in names.items()
        for each in split_names.split_folders(second)
        if _divided(second)
    )
    if (inner and len(names) > 1) or (len(like) == len(names) > 1):
        folders = ", ".join(map(repr, (inner or like)[:6]))
        remedy = "call them train/CLASS, val/CLASS and test/CLASS, or list the files in metadata.csv with file_name,label,split"
        raise ValueError(
            f"path must hold classes; the folders {folders} look like splits: {remedy}. Received: path={root!r}"
        )
    yield from _same_inside(paths, names)
    if like:
        folders = ", ".join(map(repr, like))
        message = f"{folders} look like splits and are taken for classes, as the folders beside them"
        yield Finding("splits", f"{message}; splits are called train, val and test", False)
    if len(names) == 1 and len(second := sorted(*names.values())) > 1:
        message = f"all files are in the folder {min(names)!r}, which holds {', '.join(map(repr, second[:4]))}"
        yield Finding("one folder", f"{message}: pass {min(names)!r} itself if these are the classes", False)


def _same_inside(paths: Sequence[Path], names: dict[str, set[str]]) -> Iterator[Finding]:
    """Yield a remark where the folders taken for classes hold the same folders and no files, as splits or groups do."""
    first = next(iter(names.values()), set())
    if len(names) < 2 or len(first) < 2 or any(second != first for second in names.values()):
        return
    if any(len(path) == 2 for path in paths):
        return
    outer, inner = (
        ", ".join(map(repr, sorted(each)[:4])) + (", ..." if len(each) > 4 else "") for each in (names, first)
    )
    message = f"the classes are {outer}, which all hold the folders {inner}: if those are the classes"
    remedy = (
        "call the outer ones train, val and test, or list the files in metadata.csv with file_name,label,split,group"
    )
    yield Finding("classes or splits", f"{message}, {remedy}", True)
