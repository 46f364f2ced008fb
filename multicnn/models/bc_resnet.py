"""BC-ResNet: Kim, Chang, Lee, Sung, "Broadcasted residual learning for efficient keyword spotting", 2021, table 1.

    stage    n   channels (x 8 tau)   stride in frequency   dilation in time
    conv     1   2  (5x5)             2                     1
    block1   2   1                    1                     1
    block2   2   1.5                  2                     2
    block3   4   2                    2                     4
    block4   4   2.5                  1                     8
    head     depthwise 5x5 (no padding), 1x1 to 4, global average, classes

A block is y = x + f2(x) + f1(mean of f2(x) over frequency), f1 broadcast back: f2 a depthwise convolution over frequency with
sub-spectral normalisation, f1 a depthwise convolution over time and a 1x1. tau = 1, 2, 3, 6, 8: 9.2k / 27.3k / 54.2k / 188k / 321k.
Input (time, 40 mel bands, 1).
"""

from functools import partial

from multicnn.blocks import (
    Block,
    activation,
    add,
    average_over,
    chain,
    conv,
    dense,
    depthwise_conv,
    drop,
    global_average_pool,
    norm,
    repeat,
    stage,
)

TABLE = {"block1": (2, 1.0, 1, 1), "block2": (2, 1.5, 2, 2), "block3": (4, 2.0, 2, 4), "block4": (4, 2.5, 1, 8)}
_pointwise = partial(conv, kernel_size=1)
_bands = norm("sub_spectral", bands=5)


def _block(channels: int, dilation: int, *, transition: bool = False, strides: int = 1) -> Block:
    f2 = depthwise_conv((1, 3), strides=(1, strides), norm=_bands)
    f1 = chain(
        average_over(1),
        depthwise_conv((3, 1), dilation_rate=(dilation, 1), norm="batch", activation="silu"),
        _pointwise(channels, use_bias=False),
        drop(0.1, spatial=True),
    )
    if transition:
        entry = _pointwise(channels, norm="batch", activation="relu")
        return chain(entry, f2, add(f1, chain()), activation("relu"))
    return chain(add(chain(f2, add(f1, chain())), chain()), activation("relu"))


def bc_resnet(classes: int, *, tau: float = 1) -> Block:
    """BC-ResNet-tau for (time, mel, 1) log-mels of at least 5 frames whose mel bands divide by 40."""
    base = int(8 * tau)
    stages = []
    for name, (n, times, strides, dilation) in TABLE.items():
        channels = int(base * times)
        first = _block(channels, dilation, transition=True, strides=strides)
        stages.append(stage(name, repeat(n, _block(channels, dilation), first=first)))
    return chain(
        stage("conv", conv(2 * base, 5, strides=(1, 2), norm="batch", activation="relu")),
        *stages,
        stage(
            "head",
            depthwise_conv(5, padding="valid", use_bias=False),
            _pointwise(4 * base, norm="batch", activation="relu"),
        ),
        global_average_pool(),
        dense(classes),
    )
