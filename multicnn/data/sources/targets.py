"""The targets of a source that has others than labels: masks beside images, columns of masks and boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from multicnn.data.manifest import Manifest
from multicnn.data.offers import Offer, joined


def offered(manifest: Manifest, kind: str) -> Manifest:
    """Return a manifest whose labels are the cells of one kind that its source offers, and the rows bad that have none."""
    if (offer := manifest.offers.get(kind)) is None:
        return manifest
    good = (manifest.table["status"] == "good").tolist()
    reasons = {row: reason for row, reason in enumerate(offer.reasons) if reason and good[row]}
    return replace(manifest, table=manifest.table.assign(label=list(offer.cells))).with_bad(reasons)


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
