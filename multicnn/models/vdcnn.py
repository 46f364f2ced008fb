"""VDCNN: Conneau, Schwenk, Barrault, LeCun, "Very deep convolutional networks for text classification", 2017, fig. 1, table 2.

    stage       output (1024 characters)   layers (depth 9, 17, 29)
    conv1       1024 x 64                  [3, 64]
    conv2_x     1024 x 64                  1, 2, 5 x [3, 64; 3, 64]
    conv3_x     512 x 128                  pool, 1, 2, 5 x [3, 128; 3, 128]
    conv4_x     256 x 256                  pool, 1, 2, 2 x [3, 256; 3, 256]
    conv5_x     128 x 512                  pool, 1, 2, 2 x [3, 512; 3, 512]
    k-max       8 x 512                    the 8 largest of each channel
    fc          2048, 2048, classes

Batch normalisation and ReLU after each convolution; pooling is the maximum of 3 steps with stride 2. Characters come as vectors
of 16. `shortcuts` adds a block's input to its output, by a 1x1 convolution where the channels grow.
"""

from functools import partial

from multicnn.blocks import Block, activation, add, chain, conv, dense, flatten, k_max_pool, max_pool, repeat, stage

DEPTHS = {9: (1, 1, 1, 1), 17: (2, 2, 2, 2), 29: (5, 5, 2, 2)}  # blocks of each stage
_c = partial(conv, kernel_size=3, norm="batch", kernel_initializer="he_normal")
_halve = max_pool(3, strides=2, padding="same")


def _block(maps: int, shortcut: Block | None) -> Block:
    if shortcut is None:
        return repeat(2, _c(maps, activation="relu"))
    return chain(add(chain(_c(maps, activation="relu"), _c(maps)), shortcut), activation("relu"))


def _stage(name: str, maps: int, n: int, shortcuts: bool, halved: bool) -> Block:
    grown = conv(maps, 1, norm="batch", kernel_initializer="he_normal") if halved else chain()
    first = _block(maps, grown if shortcuts else None)
    blocks = repeat(n, _block(maps, chain() if shortcuts else None), first=first)
    return stage(name, _halve, blocks) if halved else stage(name, blocks)


def _vdcnn(classes: int, depth: int, shortcuts: bool, width: int, units: int, k: int) -> Block:
    stages = (_stage(f"conv{i + 2}_x", width * 2**i, n, shortcuts, halved=i > 0) for i, n in enumerate(DEPTHS[depth]))
    fc = partial(dense, units, activation="relu", kernel_initializer="he_normal")
    return chain(
        stage("conv1", _c(width, activation="relu")), *stages, k_max_pool(k), flatten(), fc(), fc(), dense(classes)
    )


def vdcnn9(classes: int, *, shortcuts: bool = False, width: int = 64, units: int = 2048, k: int = 8) -> Block:
    """VDCNN of depth 9, for characters (time, 16), or any sequence."""
    return _vdcnn(classes, 9, shortcuts, width, units, k)


def vdcnn17(classes: int, *, shortcuts: bool = False, width: int = 64, units: int = 2048, k: int = 8) -> Block:
    """VDCNN of depth 17."""
    return _vdcnn(classes, 17, shortcuts, width, units, k)


def vdcnn29(classes: int, *, shortcuts: bool = False, width: int = 64, units: int = 2048, k: int = 8) -> Block:
    """VDCNN of depth 29."""
    return _vdcnn(classes, 29, shortcuts, width, units, k)
