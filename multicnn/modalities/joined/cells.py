"""An example of several inputs as its source: a mapping of their names, in tables and manifests as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping

from multicnn.modalities.marks import Source

_REFUSED = "refused"  # the key of a reason, in the place of an input


@dataclasses.dataclass(frozen=True, eq=False)
class JoinedRaw:
    """A decoded example.

    Attributes:
        decoded: What was decoded of each input that is given.
        problems: Why others that were given cannot be read.
    """

    decoded: Mapping[str, Source]
    problems: Mapping[str, str]


def refused(reason: str) -> dict[str, str]:
    """Return what stands for an input that must not be read."""
    return {_REFUSED: reason}


def refusal(cell: object) -> str:
    """Return the reason of `refused`, "" of another cell."""
    return str(cell[_REFUSED]) if isinstance(cell, Mapping) and set(cell) == {_REFUSED} else ""


def to_text(cells: Mapping[str, object]) -> str:
    """Return the inputs of a row, paths and texts, as a text that `of_source` reads."""
    return json.dumps(dict(cells), ensure_ascii=False)


def of_source(source: object) -> dict[str, Source]:
    """Return the inputs that are given, by name.

    Args:
        source: A mapping, or the text of `to_text`.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(source, str):
        try:
            source = json.loads(source)
        except (ValueError, RecursionError):
            source = None
    if not isinstance(source, Mapping):
        raise ValueError("no row of inputs: pass a dict with their names")
    return {str(name): cell for name, cell in source.items() if not is_missing(cell)}


def is_missing(cell: object) -> bool:
    """Return True for an empty cell: None, NaN, pandas' NA, or a text without a character that is seen."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return True
    return (isinstance(cell, float) and cell != cell) or type(cell).__name__ in ("NAType", "NaTType")
