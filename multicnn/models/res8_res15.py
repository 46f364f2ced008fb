"""res8 and res15: Tang & Lin, "Deep residual learning for small-footprint keyword spotting", 2018, figure 2 and table 2.

            res8                        res15
    conv    [3x3, 45]                   [3x3, 45]
    pool    average 4x3 (time, mel)     -
    res     3 x [3x3, 45; 3x3, 45]      6 x [3x3, 45; 3x3, 45], dilation 2^floor(i/3) for the i-th convolution
    conv    -                           [3x3, 45], dilation 16
    fc      global average, classes     global average, classes

Convolution, ReLU, then batch normalisation without scale and shift; the shortcut carries the sum before its norm. res8 has
110,307 parameters for twelve classes, res15 has 237,882.
"""

from multicnn.blocks import Block, add, average_pool, chain, conv, dense, global_average_pool, norm, stage

_norm = norm("batch", affine=False)


def _conv(maps: int, dilation: int = 1) -> Block:
    return conv(maps, 3, use_bias=False, dilation_rate=dilation, activation="relu", kernel_initializer="he_normal")


def _residual(maps: int, dilations: tuple[int, int] = (1, 1), first: bool = False) -> Block:
    main = chain(_conv(maps, dilations[0]), _norm, _conv(maps, dilations[1]))
    return add(main if first else chain(_norm, main), chain())


def res8(classes: int, *, maps: int = 45) -> Block:
    """res8: for (time, mel, 1) log-mels of about 100 frames, or any input."""
    return chain(
        stage("conv", _conv(maps), average_pool((4, 3))),
        *(stage(f"res{i + 1}", _residual(maps, first=i == 0)) for i in range(3)),
        _norm,
        global_average_pool(),
        dense(classes),
    )


def res15(classes: int, *, maps: int = 45) -> Block:
    """res15: the more accurate one, dilated instead of pooled."""
    dilations = [2 ** (i // 3) for i in range(13)]
    return chain(
        stage("conv0", _conv(maps)),
        *(stage(f"res{i + 1}", _residual(maps, (dilations[2 * i], dilations[2 * i + 1]), i == 0)) for i in range(6)),
        stage("conv13", _norm, _conv(maps, dilations[12]), _norm),
        global_average_pool(),
        dense(classes),
    )
