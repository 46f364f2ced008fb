"""Spellings of labels: those that are certainly one class become one, and those that may be are reported."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from multicnn.data.manifest import Manifest
from multicnn.data.sources.naming import composed
from multicnn.modalities.finding import Finding

_INVISIBLE = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe0e\ufe0f\ufeff]")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")  # 01 is a name: of a postcode, say
_BETWEEN = re.compile(r"(?<=[^\W_])[\s_-]+(?=[^\W_])")  # words: -1 is not 1
_LISTED = 6


def unified(manifest: Manifest) -> Manifest:
    """Return a manifest whose labels have one spelling each, and remarks on those that had more.

    Labels are one class that differ in the form of Unicode, in invisible characters or in white space around them, and
    numbers where all labels are numbers ("1", "1.0"). A label that no training example has is taken for the one that
    differs from it in case or in the white space, hyphens or underscores inside. Two labels of the training that differ in these
    stay two classes. The classes of a fitted task keep their spelling.

    Args:
        manifest: The examples, with labels in the canonical form of the task.
    """
    task, good = manifest.task, manifest.rows()
    cells = manifest.table["label"].to_numpy(dtype=object)
    counts = Counter(name for row in good.tolist() for name in manifest.strata[row])
    learned = good[manifest.table["split"].iloc[good].isin(["train", ""])]
    trained = {name for row in learned.tolist() for name in manifest.strata[row]} or set(counts)
    spelled = _spellings(counts, trained, task.classes)
    changed = {name: other for name, other in spelled.items() if name != other}
    classes = set(task.classes) or {spelled[name] for name in trained}
    remarks = [*_merged(changed, counts), *_alike(classes)]
    if changed:
        again = {cell: task.renamed(cell, changed) for cell in set(cells[good].tolist())}
        cells = cells.copy()
        cells[good] = [again[cell] for cell in cells[good].tolist()]
        manifest = replace(manifest, table=manifest.table.assign(label=cells))
    return manifest.with_remarks(remarks)


def without_good_rows(manifest: Manifest) -> Iterator[Finding]:
    """Yield a remark on the labels of which no training row can be used, and which are no classes for that."""
    table = manifest.table
    bad = table[(table["status"] == "bad") & table["split"].isin(["train", ""])]
    lost = bad[~bad["label"].isin([*manifest.labels, ""])]
    if manifest.task.classes and len(lost):
        names = list(dict.fromkeys(lost["label"]))
        listed = ", ".join(map(repr, names[:_LISTED])) + (", ..." if len(names) > _LISTED else "")
        reason = lost["reason"].iloc[0]
        message = f"no example of {listed} can be used, so that it is no class; the first is {reason}"
        yield Finding("lost classes", message, True)


def _spellings(names: Iterable[str], trained: set[str], classes: Collection[str]) -> dict[str, str]:
    """Return the spelling of the class of each label; `classes` are those of a fitted task."""
    names = sorted(names)
    spelled = _one_each({*names, *classes}, _visible, classes)
    spelled = {name: spelled[name] for name in names}
    known = set(classes) or {spelled[name] for name in trained}
    if known and all(map(_NUMBER.fullmatch, known)):
        numbers = {name for name in {*spelled.values(), *known} if _NUMBER.fullmatch(name)}
        values = _one_each(numbers, _plainly, classes)
        spelled = {name: values.get(own, own) for name, own in spelled.items()}
        known = {values[name] for name in known}
    alike: dict[str, list[str]] = {}
    for name in known:
        alike.setdefault(_loosely(name), []).append(name)
    for name, own in spelled.items():
        if own not in known and len(others := alike.get(_loosely(own), [])) == 1:
            spelled[name] = others[0]
    return spelled


def _one_each(names: Iterable[str], key: Callable[[str], str], classes: Collection[str]) -> dict[str, str]:
    """Return one spelling for all names of a key: that of a class, else the only one there is, else the shortest."""
    groups: dict[str, set[str]] = {}
    for name in names:
        groups.setdefault(key(name), set()).add(name)
    chosen: dict[str, str] = {}
    for shared, group in groups.items():
        own = sorted(group & set(classes))
        plain = {composed(name).strip() for name in group}
        best = (
            own[0] if own else min(plain | ({shared} if len(plain) > 1 else set()), key=lambda name: (len(name), name))
        )
        chosen |= {name: name if name in own else best for name in group}
    return chosen


def _visible(name: str) -> str:
    return composed(name if name.isascii() else _INVISIBLE.sub("", name)).strip()


def _plainly(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def _loosely(name: str) -> str:
    return _BETWEEN.sub(" ", unicodedata.normalize("NFKC", _visible(name)).casefold()).strip()


def _merged(changed: dict[str, str], counts: Counter[str]) -> Iterator[Finding]:
    if changed:
        listed = [f"{_shown(name)} ({counts[name]:,}) is taken for {_shown(other)}" for name, other in changed.items()]
        more = f" and {len(listed) - _LISTED:,} more" if len(listed) > _LISTED else ""
        yield Finding("spellings of labels", ", ".join(listed[:_LISTED]) + more, False)


def _alike(classes: Iterable[str]) -> Iterator[Finding]:
    groups: dict[str, list[str]] = {}
    for name in sorted(classes):
        groups.setdefault(_loosely(name), []).append(name)
    alike = [" and ".join(map(_shown, names)) for names in groups.values() if len(names) > 1]
    if alike:
        more = f" and {len(alike) - _LISTED:,} more" if len(alike) > _LISTED else ""
        message = f"{', '.join(alike[:_LISTED])}{more} differ in case, white space or the like only, and are different classes"
        yield Finding("spellings of labels", f"{message}: spell them alike if they are one", True)


def _shown(name: str) -> str:
    return repr(name) if name == composed(name) else ascii(name)
