"""FCN: Long, Shelhamer, Darrell, "Fully convolutional networks for semantic segmentation", 2015, section 4 and figure 3, on VGG-16.

    stage           layers                                                 steps of the input to one
    conv1 - conv5   VGG-16, its pools rounding up                          2, 4, 8, 16, 32
    conv6, conv7    [7, hidden], [1, hidden]; dropout after each           32
    score           [1, classes]
    FCN-32s         upscore: transposed convolution by 32                  1
    FCN-16s         upscore_conv4: by 2, plus score_conv4; upscore: by 16  16, 1
    FCN-8s          the same, then upscore_conv3: by 2, plus score_conv3; upscore: by 8

The output has the size of the input and `classes` logits at each position. With 21 classes 134M parameters without the transposed
convolutions, which the paper fixes or begins at bilinear interpolation and which here are learned from the start.
"""

from multicnn.blocks import Block, add, chain, conv, conv_transpose, cropped, drop, max_pool, stage
from multicnn.models.vgg import stages

FINER = {32: (), 16: (4,), 8: (4, 3)}  # output stride: the stages whose scores are added


def _upsampled(net: Block, name: str, classes: int, factor: int) -> Block:
    """The scores of `net`, `factor` times as many on each axis, cut to the size of its input."""
    return cropped(chain(net, stage(name, conv_transpose(classes, 2 * factor, strides=factor, use_bias=False))))


def fcn(classes: int, *, stride: int = 8, width: int = 64, hidden: int = 4096, dropout: float = 0.5) -> Block:
    """FCN-8s, 16s or 32s (`stride`), for images and audio of any size; logits at each position.

    Raises:
        ValueError: `stride` is not 8, 16 or 32.
    """
    if stride not in FINER:
        raise ValueError(f"`stride` must be one of {sorted(FINER)}. Received: stride={stride!r}")
    *body, last = stages(16, width, max_pool(2, padding="same"))
    conv6 = stage("conv6", conv(hidden, 7, activation="relu"), drop(dropout))
    conv7 = stage("conv7", conv(hidden, 1, activation="relu"), drop(dropout))
    net = chain(last, conv6, conv7, stage("score", conv(classes, 1)))
    for i in FINER[stride]:
        score = stage(f"score_conv{i}", conv(classes, 1))
        net = chain(body.pop(), add(_upsampled(net, f"upscore_conv{i}", classes, 2), score))
    return _upsampled(chain(*body, net), "upscore", classes, stride)
