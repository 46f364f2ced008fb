"""Hash files by what they decode to, so that the same examples in arrays have the same hashes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from multicnn.data.manifest import Manifest, content_hash
from multicnn.modalities import content, lookup


def by_content(manifest: Manifest) -> Manifest:
    """Return a manifest in which files of lossless formats have the hash of their pixels or samples.

    The hash of another file stays that of its bytes: what a lossy format decodes to depends on the version of the decoder.
    """
    if manifest.inline:
        return manifest
    preprocess = lookup(manifest.modality)
    hashes = manifest.table["hash"].tolist()

    def hashed(row: int) -> str:
        source = manifest.raw_source(row)
        if not isinstance(source, (str, bytes)):
            return hashes[row]
        try:
            decoded = preprocess.content_of(content.read(source))
        except ValueError:  # it is listed when everything is loaded
            return hashes[row]
        return hashes[row] if decoded is None else content_hash(decoded)

    rows = manifest.rows().tolist()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for row, known in zip(rows, pool.map(hashed, rows)):
            hashes[row] = known
    return replace(manifest, table=manifest.table.assign(hash=hashes))
