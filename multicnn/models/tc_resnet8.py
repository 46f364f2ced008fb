"""TC-ResNet8: Choi et al., "Temporal convolution for real-time keyword spotting on mobile devices", 2019, figure 3.

    stage    output (98 frames x 40 bands)   layers
    conv     98 x 16                         [3, 16]
    block1   49 x 24                         [9, 24, stride 2; 9, 24]
    block2   25 x 32                         [9, 32, stride 2; 9, 32]
    block3   13 x 48                         [9, 48, stride 2; 9, 48]
    fc       global average, dropout, classes

Convolutions over time alone: the bands are channels from the start, (time, mel, 1) becomes (time, mel). The shortcut of a block is
a 1x1 convolution with stride 2. Batch normalisation and ReLU after each convolution but, in a block, ReLU after the sum. `k`
multiplies the width. 66K parameters, 145K for k = 1.5 (the paper counts the moving statistics too).
"""

from functools import partial

from multicnn.blocks import (
    Block,
    activation,
    add,
    bands_to_channels,
    chain,
    conv,
    dense,
    drop,
    global_average_pool,
    stage,
)

TABLE = {"block1": 24, "block2": 32, "block3": 48}
_c = partial(conv, norm="batch")


def _residual(filters: int) -> Block:
    main = chain(_c(filters, 9, strides=2, activation="relu"), _c(filters, 9))
    return chain(add(main, _c(filters, 1, strides=2, activation="relu")), activation("relu"))


def tc_resnet8(classes: int, *, k: float = 1.0, dropout: float = 0.5) -> Block:
    """TC-ResNet8 for log-mels (time, mel) or (time, mel, 1), or any sequence."""
    return chain(
        bands_to_channels(),
        stage("conv", _c(int(16 * k), 3, activation="relu")),
        *(stage(name, _residual(int(filters * k))) for name, filters in TABLE.items()),
        global_average_pool(),
        drop(dropout),
        dense(classes),
    )
