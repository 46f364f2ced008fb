"""U-Net: Ronneberger, Fischer, Brox, "U-Net: convolutional networks for biomedical image segmentation", 2015, figure 1.

    stage       layers                     channels (width 64, depth 4)   stage       layers
    contract1   3x3, 3x3                   64                             expand1     contract1 beside up1; 3x3, 3x3
    contract2   pool 2; 3x3, 3x3           128                            expand2     contract2 beside up2; 3x3, 3x3
    contract3   pool 2; 3x3, 3x3           256                            expand3     contract3 beside up3; 3x3, 3x3
    contract4   pool 2; 3x3, 3x3           512                            expand4     contract4 beside up4; 3x3, 3x3
    bottom      pool 2; 3x3, 3x3; dropout  1024
    up4 - up1   up-convolution 2x2 by 2    512, 256, 128, 64              score       1x1 to classes

ReLU after each 3x3. The paper's convolutions are unpadded, so that 572 pixels give 388; here they are padded and the output is as
large as the input, whatever its size. 31,030,658 parameters for one channel and two classes.
"""

from functools import partial

from multicnn.blocks import Block, chain, concat, conv, conv_transpose, cropped, drop, max_pool, stage

_c = partial(conv, kernel_size=3, activation="relu", kernel_initializer="he_normal")


def unet(classes: int, *, width: int = 64, depth: int = 4, dropout: float = 0.5) -> Block:
    """U-Net with `depth` poolings, for images and audio of any size; logits at each position."""
    # A pool that rounds up, so that what comes back is never smaller than the skip beside it.
    pool = max_pool(2, padding="same")
    filters = width * 2**depth
    net: Block = stage("bottom", pool, _c(filters), _c(filters), drop(dropout))
    for level in range(depth, 0, -1):
        filters //= 2
        entry = () if level == 1 else (pool,)
        net = chain(
            stage(f"contract{level}", *entry, _c(filters), _c(filters)),
            concat(chain(), cropped(chain(net, stage(f"up{level}", conv_transpose(filters, 2, strides=2))))),
            stage(f"expand{level}", _c(filters), _c(filters)),
        )
    return chain(net, stage("score", conv(classes, 1)))
