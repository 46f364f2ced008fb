"""Labels that look like several in one cell, where nobody has said that an example may have several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from multicnn.modalities.finding import Finding

_SEPARATORS = ("|", ";", ",")
_FEWEST = 2  # labels with a separator in them
_SHARE = 2 / 3  # of their parts stand in another label too: of "Springfield, IL" and "Boston, MA" fewer do
_LISTED = 3


def joined_labels(labels: Collection[str]) -> Iterator[Finding]:
    """Yield a remark where the classes of some data are made of one another, such as "cat|dog", "dog" and "bird|cat".

    Args:
        labels: The classes.
    """
    for separator in _SEPARATORS:
        parts = {label: {part.strip() for part in label.split(separator)} - {""} for label in sorted(labels)}
        joined = [label for label, names in parts.items() if len(names) > 1]
        counts = Counter(name for names in parts.values() for name in names)
        inside = set().union(*(parts[label] for label in joined))
        if len(joined) < _FEWEST or sum(counts[name] > 1 for name in inside) < _SHARE * len(inside):
            continue
        shown = ", ".join(map(repr, joined[:_LISTED])) + (" ..." if len(joined) > _LISTED else "")
        message = (
            f"{len(joined):,} of {len(labels):,} classes look like several labels in one ({shown}): with "
            f"--label-separator {separator!r} (data.label_separator) each is a label of its own"
        )
        yield Finding("several labels", message, True)
        return
