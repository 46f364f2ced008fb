"""The ImageNet ResNets: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", 2015, table 1.

    stage     output    ResNet-18, 34             ResNet-50, 101, 152
    conv1     112x112   [7x7, 64], stride 2
    conv2_x   56x56     pool 3x3 by 2, then
                        [3x3, 64; 3x3, 64]        [1x1, 64; 3x3, 64; 1x1, 256]
    conv3_x   28x28     [3x3, 128; 3x3, 128]      [1x1, 128; 3x3, 128; 1x1, 512]
    conv4_x   14x14     [3x3, 256; 3x3, 256]      [1x1, 256; 3x3, 256; 1x1, 1024]
    conv5_x   7x7       [3x3, 512; 3x3, 512]      [1x1, 512; 3x3, 512; 1x1, 2048]
    fc        1x1       global average, classes

Shortcuts are identities; where the size changes, 1x1 convolutions (option B). Convolutions have no bias, each is followed by batch
normalisation. For 1000 classes 11,689,512 / 21,797,672 / 25,557,032 / 44,549,160 / 60,192,808 parameters.
"""

from functools import partial

from multicnn.blocks import Block, activation, add, chain, conv, dense, global_average_pool, max_pool, repeat, stage

TABLE = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}  # copies a stage
_c = partial(conv, norm="batch", kernel_initializer="he_normal")
_relu = partial(_c, activation="relu")


def _basic(filters: int, strides: int = 1, *, projected: bool = False) -> Block:
    main = chain(_relu(filters, 3, strides=strides), _c(filters, 3))
    shortcut = _c(filters, 1, strides=strides) if projected else chain()
    return chain(add(main, shortcut), activation("relu"))


def _bottleneck(filters: int, strides: int = 1, *, projected: bool = False, stride_on: str) -> Block:
    of_1x1, of_3x3 = (strides, 1) if stride_on == "1x1" else (1, strides)
    main = chain(_relu(filters, 1, strides=of_1x1), _relu(filters, 3, strides=of_3x3), _c(4 * filters, 1))
    shortcut = _c(4 * filters, 1, strides=strides) if projected else chain()
    return chain(add(main, shortcut), activation("relu"))


def _resnet(depth: int, classes: int, width: int, stride_on: str = "1x1") -> Block:
    if stride_on not in ("1x1", "3x3"):
        raise ValueError(f"`stride_on` must be one of ['1x1', '3x3']. Received: stride_on={stride_on!r}")
    wide = depth >= 50  # a bottleneck ends in four times its filters, so conv2_x changes the channels too
    block = partial(_bottleneck, stride_on=stride_on) if wide else _basic
    pool = max_pool(3, strides=2, padding="same")
    stages = [stage("conv2_x", pool, repeat(TABLE[depth][0], block(width), first=block(width, projected=wide)))]
    for i, n in enumerate(TABLE[depth][1:], start=1):
        filters = width * 2**i
        stages.append(stage(f"conv{i + 2}_x", repeat(n, block(filters), first=block(filters, 2, projected=True))))
    return chain(stage("conv1", _relu(width, 7, strides=2)), *stages, global_average_pool(), dense(classes))


def resnet18(classes: int, *, width: int = 64) -> Block:
    """ResNet-18 for (224, 224, 3) images, or any input."""
    return _resnet(18, classes, width)


def resnet34(classes: int, *, width: int = 64) -> Block:
    """ResNet-34."""
    return _resnet(34, classes, width)


def resnet50(classes: int, *, width: int = 64, stride_on: str = "1x1") -> Block:
    """ResNet-50; a stage halves its input in the first "1x1" convolution, as in the paper, or in the "3x3", as in torchvision."""
    return _resnet(50, classes, width, stride_on)


def resnet101(classes: int, *, width: int = 64, stride_on: str = "1x1") -> Block:
    """ResNet-101; `stride_on` as in ResNet-50."""
    return _resnet(101, classes, width, stride_on)


def resnet152(classes: int, *, width: int = 64, stride_on: str = "1x1") -> Block:
    """ResNet-152; `stride_on` as in ResNet-50."""
    return _resnet(152, classes, width, stride_on)
