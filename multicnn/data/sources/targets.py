"""The targets of a source that has others than labels: masks beside images, columns of masks and boxes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from multicnn.data.manifest import Manifest
from multicnn.data.offers import Offer, joined
from multicnn.data.sources.boxes.clipping import clipped
from multicnn.data.sources.columns import Table
from multicnn.data.sources.inside import REASON, are_inside

MakeOffer = Callable[[Table, str, Path], Offer]  # (table, its column, the folder of the table) -> the offer
_CHECKED = {"boxes": clipped}  # targets that are compared with their originals at once


def offered(manifest: Manifest, kind: str) -> Manifest:
    """Return a manifest whose labels are the cells of one kind that its source offers, and the rows bad that have none."""
    if (offer := manifest.offers.get(kind)) is None:
        return manifest
    good = (manifest.table["status"] == "good").tolist()
    reasons = {row: reason for row, reason in enumerate(offer.reasons) if reason and good[row]}
    manifest = replace(manifest, table=manifest.table.assign(label=list(offer.cells))).with_bad(reasons)
    return _CHECKED[kind](manifest) if kind in _CHECKED else manifest


def with_test_offers(manifest: Manifest, test: Manifest, path: str) -> Mapping[str, Offer]:
    """Return the offers of examples and of those of a separate test source behind them: the kinds that both have.

    Raises:
        ValueError: There is none.
    """
    kinds = [kind for kind in manifest.offers if kind in test.offers]
    if not kinds and (manifest.offers or test.offers):
        has = " and ".join(test.offers) or "labels only"
        raise ValueError(f"test must have the targets of path. Received: test={path!r} ({has})")
    return {kind: joined(manifest.offers[kind], test.offers[kind]) for kind in kinds}


def _masks(table: Table, column: str, root: Path) -> Offer:
    """Return the paths of the masks that a column names."""
    names = table.column("column", column)
    given = [name for name in names if name.strip()]
    inside = dict(zip(given, are_inside(root, given)))
    reasons = ["no mask" if not name.strip() else "" if inside[name] else f"mask: {REASON}" for name in names]
    return Offer(["" if reason else os.path.join(root, name) for name, reason in zip(names, reasons)], reasons)


# The columns of a table that are targets of a kind, besides labels.
KINDS: dict[str, tuple[tuple[str, ...], MakeOffer]] = {"mask": (("mask",), _masks)}


def has_targets(table: Table, label_column: str) -> bool:
    """Return True where a table has columns of targets beside the labels, or in their place."""
    return bool(_columns(table, label_column))


def _columns(table: Table, label_column: str) -> dict[str, str]:
    """Return the column of each kind of target that a table has."""
    columns = {}
    for kind, (names, _) in KINDS.items():
        if known := [name for name in names if table.known(name) and name != label_column]:
            columns[kind] = known[0]
    return columns


def offers_of(table: Table, root: Path, label_column: str) -> dict[str, Offer]:
    """Return what the columns of a table of files offer as targets; {} where it is labels only."""
    offers = {kind: KINDS[kind][1](table, column, root) for kind, column in _columns(table, label_column).items()}
    if offers and table.known(label_column):
        labels = table.column("label_column", label_column)
        offers["label"] = Offer(
            [each.strip() for each in labels], ["" if each.strip() else "no label" for each in labels]
        )
    return offers
