"""The front of a network, up to a part of it."""

from __future__ import annotations

import dataclasses

from multicnn.blocks.base import Block
from multicnn.blocks.combinators import chain, repeat, segments, stage


def cut(block: Block, path: str) -> Block:
    """The Block up to the part at a dotted path, that part included: the front of a network, to take features from.

    Raises:
        ValueError: No part that others follow in series is there; a branch of `add` or `concat` is none.
    """
    found = _cut(block, "" if block.transparent else block.label, path)
    if found is None:
        raise ValueError(
            f"no part of the network that others follow in series stands at the path. Received: path={path!r}"
        )
    return found


def _cut(block: Block, at: str, path: str) -> Block | None:
    """The Block, which stands at a path, up to another path inside of it; None if that is not there."""

    def inside(name: str, child: Block) -> str:
        return ".".join(part for part in (at, name, "" if child.transparent else child.label) if part)

    if isinstance(block, chain):
        for i, (segment, part) in enumerate(zip(segments(block.blocks), block.blocks)):
            below = ".".join(name for name in (at, segment) if name)
            if (found := _cut(part, below, path)) is not None:
                return chain(*block.blocks[:i], found)
        return None
    if isinstance(block, stage):
        if path == ".".join(name for name in (at, block.name) if name):
            return block
        found = _cut(block.block, inside(block.name, block.block), path)
        return None if found is None else stage(block.name, found)
    if isinstance(block, repeat):
        copies = [".".join(name for name in (at, str(i)) if name) for i in range(1, block.n + 1)]
        return dataclasses.replace(block, n=copies.index(path) + 1) if path in copies else None
    return block if path == at else None
