"""Read labels, groups and splits out of file names."""

from __future__ import annotations

import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from multicnn.data.sources.name_search import NameSearch

if TYPE_CHECKING:
    from multicnn.recipe import DataSource


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC); macOS writes names of files decomposed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class Named(NamedTuple):
    """The label, group and split of a file name; "" for what it does not contain."""

    label: str
    group: str
    split: str


class NamePattern:
    r"""A regular expression with named groups for label, group and split, searched in the name without folder and extension.

    The group `label` (or the one named by `label_column`) is the label, `group` (or `group_column`) the group, `split`
    (or `split_column`) the split. A group named `train`, `val` or `test` that takes part in the match puts the file
    in that split: `(?P<label>\d)_[a-z]+_(?:(?P<test>[0-4])|\d+)$` makes the clips 0 to 4 the test set.

    Raises:
        ValueError: The pattern is not a regular expression, or has none of these groups.
    """

    def __init__(self, pattern: str, label: str = "label", group: str | None = None, split: str | None = None):
        self._search = NameSearch(composed(pattern))
        self.groups = names = self._search.groups
        self._label = next((name for name in (label, "label") if name in names), None)
        self._group = next((name for name in (group, "group") if name in names), None)
        self._split = next((name for name in (split, "split") if name in names), None)
        self._markers = sorted(names & {"train", "val", "test"})
        self.has_label, self.has_group = self._label is not None, self._group is not None
        self.has_split = bool(self._split or self._markers)
        if not (self.has_label or self.has_group or self.has_split):
            expected = "a named group label, group or split, as in (?P<label>...)"
            raise ValueError(f"pattern must have {expected}. Received: pattern={pattern!r}")

    def read(self, path: str | PurePath) -> Named | None:
        """Return label, group and split of the name of this file, or None if the pattern does not match.

        Raises:
            ValueError: All names together have taken longer than the limit.
        """
        groups = self._search.search(composed(PurePath(path).stem))
        if groups is None:
            return None

        def group(name: str | None) -> str:
            return (groups[name] if name else None) or ""

        split = group(self._split)
        marked = [name for name in self._markers if groups[name] is not None]
        if marked:
            split = marked[0]
        return Named(group(self._label), group(self._group), split)


def pattern_of(source: DataSource) -> NamePattern | None:
    """Return the pattern of a data source, or None if it has none."""
    if source.pattern is None:
        return None
    return NamePattern(source.pattern, source.label_column, source.group_column, source.split_column)
