"""The model that arrays are of, by their names and sizes."""

import numpy as np
import pytest

from multicnn.blocks import network
from multicnn.models import create
from multicnn.models.recognition import models_of

# Simonyan & Zisserman 2015, table 1: the filters of each convolution, D and E.
D = [[64] * 2, [128] * 2, [256] * 3, [512] * 3, [512] * 3]
E = [[64] * 2, [128] * 2, [256] * 4, [512] * 4, [512] * 4]


def zeros(*shape):
    return np.broadcast_to(np.float32(0), shape)  # of any size in no memory


def vgg_of_keras(table, classes=1000, top=True):
    arrays, channels = {}, 3
    for block, filters in enumerate(table, start=1):
        for i, n in enumerate(filters, start=1):
            arrays |= {f"block{block}_conv{i}/kernel": zeros(3, 3, channels, n), f"block{block}_conv{i}/bias": zeros(n)}
            channels = n
    sizes = {"fc1": (25088, 4096), "fc2": (4096, 4096)} | ({"predictions": (4096, classes)} if top else {})
    return arrays | {f"{name}/kernel": zeros(*shape) for name, shape in sizes.items()}


def resnet_of_torchvision(blocks, width=64, classes=1000):
    """He et al. 2015, table 1, with basic blocks."""
    arrays, before = (
        {"conv1.weight": zeros(64, 3, 7, 7), "bn1.weight": zeros(64), "bn1.num_batches_tracked": zeros()},
        64,
    )
    for stage, n in enumerate(blocks, start=1):
        out = width * 2 ** (stage - 1)
        for copy in range(n):
            name = f"layer{stage}.{copy}"
            arrays |= {f"{name}.conv1.weight": zeros(out, before, 3, 3), f"{name}.conv2.weight": zeros(out, out, 3, 3)}
            arrays |= {f"{name}.bn{i}.weight": zeros(out) for i in (1, 2)}
            if before != out:
                arrays |= {
                    f"{name}.downsample.0.weight": zeros(out, before, 1, 1),
                    f"{name}.downsample.1.weight": zeros(out),
                }
            before = out
    return arrays | {"fc.weight": zeros(classes, before), "fc.bias": zeros(classes)}


CASES = {
    "VGG-16": (vgg_of_keras(D), ["vgg16"]),
    "VGG-19, whose layers include all those of VGG-16": (vgg_of_keras(E), ["vgg19"]),
    "of other classes": (vgg_of_keras(D, classes=7), ["vgg16"]),
    "without a head": (vgg_of_keras(D, top=False), ["vgg16"]),
    "a layer more": (vgg_of_keras(D) | {"extra/kernel": zeros(3)}, []),
    "a layer less": ({n: a for n, a in vgg_of_keras(D).items() if not n.startswith("block1_conv2")}, []),
    "ResNet-18": (resnet_of_torchvision([2, 2, 2, 2]), ["resnet18"]),
    "ResNet-34": (resnet_of_torchvision([3, 4, 6, 3], classes=2), ["resnet34"]),
    "wider, under the same names": (resnet_of_torchvision([2, 2, 2, 2], width=80), []),
    "nothing": ({}, []),
    "no layers": ({"a": zeros(3)}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_a_model_is_known_by_its_layers(name):
    arrays, expected = CASES[name]
    assert models_of(arrays) == expected


def test_our_own_names():
    net = network(create("lenet5", 3), (28, 28, 1))
    arrays = {f"{layer.name}/{w.name}": np.array(w) for layer in net.layers for w in layer.weights}
    assert models_of(arrays) == ["lenet5"]
