"""A small FCOS: Tian, Shen, Chen, He, "FCOS: fully convolutional one-stage object detection", 2019, figure 2, for a CPU.

    stage      layers                                              stride
    conv1      3x3 by 2                                            2
    conv2      3x3 by 2, 3x3                                       4
    conv3      3x3 by 2, 3x3                                       8
    down1, 2   pool 2, 3x3, 3x3, each on the one before            16, 32
    up2, up1   twice as large, beside what `down` began with; 1x1  16, 8
    head1      towers of 3x3, then classes and 4 distances         8
    conv4      3x3 by 2, 3x3; head2 (only with levels=2 ...)       16

Batch normalisation and ReLU after each convolution. What the paper takes from five levels of a feature pyramid over ResNet-50
is here one level with a way down and up, as U-Net's, so that a position sees the whole of a large object. Each level has a
head of its own. Or `backbone` up to its stage `until` stands in the place of conv1 to conv3.
"""

from functools import partial

from multicnn.blocks import (
    Block,
    chain,
    concat,
    concat_positions,
    conv,
    conv_transpose,
    cropped,
    fcos_head,
    max_pool,
    repeat,
    stage,
)
from multicnn.blocks.truncate import cut

_c = partial(conv, kernel_size=3, norm="batch", activation="relu", kernel_initializer="he_normal")


def fcos(
    classes: int,
    *,
    width: int = 16,
    context: int = 2,
    depth: int = 1,
    levels: int = 1,
    prior: float = 0.01,
    backbone: str | None = None,
    until: str | None = None,
) -> Block:
    """A small FCOS for images: (positions, classes + 4), each position with a logit for each class and the sides of a box.

    Args:
        classes: The number of classes.
        width: The filters of conv1; conv2 has twice as many, the rest four times.
        context: How often the output of conv3 is halved again, to see more, before it comes back.
        depth: The convolutions in each tower of a head.
        levels: The number of strides at which objects are found, each twice the one before.
        prior: The probability that every class begins with.
        backbone: A registered model, whose stages stand in the place of conv1 to conv3.
        until: The last stage of the backbone that is taken.
    """
    filters = 4 * width
    if (backbone is None) != (until is None):
        raise ValueError(f"`backbone` needs its stage `until`. Received: backbone={backbone!r}, until={until!r}")
    if backbone is None or until is None:
        trunk: Block = chain(
            stage("conv1", _c(width, strides=2)),
            stage("conv2", _c(2 * width, strides=2), _c(2 * width)),
            stage("conv3", _c(filters, strides=2), _c(filters)),
        )
    else:
        from multicnn.models import create

        trunk = cut(create(backbone, classes), until)
    head = partial(fcos_head, classes, filters=filters, depth=depth, prior=prior)
    net: Block = stage(f"head{levels}", head())
    for level in range(levels - 1, 0, -1):
        coarser = chain(stage(f"conv{level + 3}", _c(filters, strides=2), _c(filters)), net)
        net = concat_positions(stage(f"head{level}", head()), coarser)
    return chain(trunk, *_context(filters, context), net)


def _context(filters: int, depth: int) -> tuple[Block, ...]:
    """Return what lets each position see `depth` halvings of its stage, and keeps the stride."""
    net: Block | None = None
    for level in range(depth, 0, -1):
        down = stage(f"down{level}", max_pool(2, padding="same"), repeat(2, _c(filters)))
        inner = down if net is None else chain(down, net)
        up = stage(f"up{level}", conv_transpose(filters, 2, strides=2))
        net = chain(concat(chain(), cropped(chain(inner, up))), stage(f"fuse{level}", _c(filters, kernel_size=1)))
    return () if net is None else (net,)
