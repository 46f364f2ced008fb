"""The stem of a network, up to a Block inside it."""

from __future__ import annotations

import dataclasses

from multicnn.blocks.base import Block
from multicnn.blocks.combinators import chain, repeat, segments, stage


def cut(block: Block, path: str) -> Block:
    """Return the Block up to the one at a dotted path inside it, that one included: a stem to take features from.

    Raises:
        ValueError: No Block that others follow in series is there; a branch of `add` or `concat` is none.
    """
    stem = _cut(block, "" if block.transparent else block.label, path)
    if stem is None:
        raise ValueError(
            f"no part of the network that others follow in series stands at the path. Received: path={path!r}"
        )
    return stem


def _cut(block: Block, at: str, path: str) -> Block | None:
    """Return the Block, which stands at a path, up to another path inside it; None if that is not there."""

    def inside(name: str, child: Block) -> str:
        return ".".join(segment for segment in (at, name, "" if child.transparent else child.label) if segment)

    if isinstance(block, chain):
        for i, (segment, child) in enumerate(zip(segments(block.blocks), block.blocks)):
            below = ".".join(name for name in (at, segment) if name)
            if (stem := _cut(child, below, path)) is not None:
                return chain(*block.blocks[:i], stem)
        return None
    if isinstance(block, stage):
        if path == ".".join(name for name in (at, block.name) if name):
            return block
        stem = _cut(block.block, inside(block.name, block.block), path)
        return None if stem is None else stage(block.name, stem)
    if isinstance(block, repeat):
        copies = [".".join(name for name in (at, str(i)) if name) for i in range(1, block.n + 1)]
        return dataclasses.replace(block, n=copies.index(path) + 1) if path in copies else None
    return block if path == at else None
