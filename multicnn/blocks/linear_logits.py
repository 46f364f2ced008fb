"""A network whose logits are linear in the output of its last convolution or fully connected layer."""

from __future__ import annotations

import dataclasses

from multicnn.blocks.base import Block
from multicnn.blocks.combinators import chain, stage
from multicnn.blocks.convolution import conv
from multicnn.blocks.heads import dense

_AFTER_A_HEAD = {"drop", "flatten", "global_average_pool"}


def with_linear_logits(block: Block) -> Block:
    """Return a network without the activation of its head: a rectifier there, as in SqueezeNet, lets logits die.

    Args:
        block: The network. Where it does not end, in series, in a convolution or a fully connected layer, it stays as it is.
    """
    if isinstance(block, chain):
        blocks = list(block.blocks)
        last = next((i for i in reversed(range(len(blocks))) if type(blocks[i]).__name__ not in _AFTER_A_HEAD), None)
        if last is not None:
            blocks[last] = with_linear_logits(blocks[last])
        return chain(*blocks)
    if isinstance(block, stage):
        return stage(block.name, with_linear_logits(block.block))
    return dataclasses.replace(block, activation=None) if isinstance(block, (conv, dense)) else block
