"""Counts and shapes without building: against Keras's own counts, and against networks poked from outside."""

import math

import keras
import numpy as np
import pytest
from support.block_table import BLOCKS
from support.small_models import SMALL, SMALL_PER_POSITION

from multicnn import models
from multicnn.blocks import (
    BlockError,
    add,
    average_pool,
    chain,
    concat,
    conv,
    conv_transpose,
    dense,
    depthwise_conv,
    embed,
    flatten,
    global_average_pool,
    max_pool,
    network,
    ngram_bag,
    pad,
    share,
    stage,
)
from multicnn.blocks.cost import measure, smallest_input

# What would take memory and time to build, narrower; and not what only has more copies of the same.
NARROW = {name: row[0] for name, row in SMALL.items() if math.prod(models.MODELS[name].input_shape) > 2**16}
NARROW |= SMALL_PER_POSITION
DEEPER = ("vgg13", "vgg16", "vgg19", "resnet34", "resnet44", "resnet56", "resnet101", "resnet110", "resnet152")
DEEPER += ("vdcnn17", "vdcnn29")
CASES = {
    **BLOCKS,
    **{
        name: (models.create(name, model.classes, **NARROW.get(name, {})), model.input_shape)
        for name, model in models.MODELS.items()
        if name not in DEEPER
    },
    "m5 on any length": (models.create("m5", 10), (None, 1)),
    "textcnn on ids": (chain(embed(100, 16), models.create("textcnn", 6, filters=8)), (None,)),
    "resnet20 on ids": (chain(embed(100, 16), models.create("resnet20", 6, width=4)), (30,)),
    "resnet20 on a sound": (models.create("resnet20", 6, width=4), (33, 7)),
    "bc_resnet-2": (models.create("bc_resnet", 12, tau=2), (101, 40, 1)),
}


@pytest.mark.parametrize(("block", "shape"), CASES.values(), ids=CASES)
def test_it_agrees_with_keras(block, shape):
    model, measured = network(block, shape), measure(block, shape)
    assert measured.shape == model.output_shape[1:]
    assert measured.parameters == sum(math.prod(w.shape) for w in model.trainable_weights)
    assert measured.statistics == sum(math.prod(w.shape) for w in model.non_trainable_weights)

    layers = {layer.name: layer for layer in model.layers}
    paths = {leaf.path for leaf in measured.leaves}
    ends = {layer.name for layer in model.layers if isinstance(layer, keras.layers.InputLayer)} | {"logits"}
    pads = {path + ".pad" for path in paths}
    assert paths <= set(layers)
    assert set(layers) - ends - pads - set(measured.stages) == paths
    for name, signal in measured.stages.items():
        assert signal.shape == layers[name].output.shape
    for leaf in measured.leaves:
        if "share" not in repr(block):  # a layer with several outputs has none to compare
            assert leaf.output.shape == layers[leaf.path].output.shape, leaf.path
        assert leaf.parameters <= layers[leaf.path].count_params()


# Multiply-adds --------------------------------------------------------------------------------------------------------

MULTIPLY_ADDS = {
    "conv": (conv(8, 3), (10, 12, 4), 10 * 12 * 8 * 4 * 9),
    "strided": (conv(8, 3, strides=2), (11, 4), 6 * 8 * 4 * 3),
    "grouped": (conv(8, 3, groups=2), (10, 4), 10 * 8 * 2 * 3),
    "depthwise": (depthwise_conv(5), (10, 12, 4), 10 * 12 * 4 * 25),
    "dense": (dense(5), (7,), 35),
    "dense at each position": (dense(5), (3, 7), 3 * 35),
    "unknown length": (conv(8, 3), (None, 4), None),
    "AlexNet's first layer": (conv(96, 11, strides=4, padding="valid"), (227, 227, 3), 105_415_200),
}


@pytest.mark.parametrize(("block", "shape", "expected"), MULTIPLY_ADDS.values(), ids=MULTIPLY_ADDS)
def test_multiply_adds(block, shape, expected):
    assert measure(block, shape).multiply_adds == expected


def test_multiply_adds_of_resnet20():
    table = [(32, 3, 16, 1), (32, 16, 16, 6), (16, 16, 32, 1), (16, 32, 32, 5), (8, 32, 64, 1), (8, 64, 64, 5)]
    convolutions = sum(n * size * size * 9 * channels * filters for size, channels, filters, n in table)
    assert measure(models.create("resnet20", 10), (32, 32, 3)).multiply_adds == convolutions + 64 * 10


# Receptive field ------------------------------------------------------------------------------------------------------

CHAINS = {
    "one": conv(2, 5, padding="valid"),
    "two": chain(conv(2, 3, padding="valid"), conv(2, 3, padding="valid")),
    "pooled": chain(
        conv(2, 3, padding="valid"), average_pool(2), conv(2, 3, padding="valid"), average_pool(3, strides=2)
    ),
    "dilated": chain(conv(2, 3, padding="valid", dilation_rate=2), conv(2, 3, padding="valid", dilation_rate=4)),
    "strided": chain(conv(2, 3, padding="valid", strides=3), conv(2, 2, padding="valid", strides=2)),
    "branches": concat(conv(2, 3), conv(2, 7), chain(conv(2, 3), conv(2, 3))),
    "residual": chain(add(chain(conv(2, 3), conv(2, 3)), conv(2, 1)), conv(2, 3)),
    "padded": chain(pad(((4, 1),)), conv(2, 3, padding="valid"), average_pool(3, strides=2, padding=((0, 1),))),
    "even windows": chain(conv(2, 4), conv(2, 2, strides=2), conv(2, 6)),
}


@pytest.mark.parametrize("block", CHAINS.values(), ids=CHAINS)
def test_reach_and_stride_are_what_a_poke_shows(block):
    length = 80
    model = network(block, (length, 1))
    model.set_weights([np.abs(w) + 0.1 for w in model.get_weights()])  # nothing cancels
    silence = model.predict(np.zeros((1, length, 1)), verbose=0)[0]
    pokes = model.predict(np.eye(length)[..., None], verbose=0)  # (poked step, output step, channels)
    seen = np.abs(pokes - silence).max(axis=-1) > 1e-6
    middle = seen.shape[1] // 2
    steps, following = (np.flatnonzero(seen[:, middle + i]) for i in (0, 1))
    signal = measure(block, (length, 1)).output
    assert signal.reach == (steps[-1] - steps[0] + 1,)
    assert signal.stride == (following[0] - steps[0],)
    assert signal.window((middle,)) == ((steps[0], steps[-1] + 1),)
    assert signal.center[0] + middle * signal.stride[0] == steps.mean()


UPSAMPLED = {
    "transposed": chain(conv(2, 3, strides=4), conv_transpose(2, 4, strides=2)),
    "odd": chain(conv(2, 3, strides=2), conv_transpose(2, 3, strides=2, padding=1), conv(2, 3)),
}


@pytest.mark.parametrize("block", UPSAMPLED.values(), ids=UPSAMPLED)
def test_windows_of_a_transposed_convolution_are_right_in_the_mean(block):
    length = 48
    model = network(block, (length, 1))
    model.set_weights([np.abs(w) + 0.1 for w in model.get_weights()])
    changed = model.predict(np.vstack([np.zeros((1, length)), np.eye(length)])[..., None], verbose=0)
    signal = measure(block, (length, 1)).output
    seen = [np.flatnonzero(column) for column in (np.abs(changed[1:] - changed[0]).max(axis=-1) > 1e-6).T]
    windows = np.array([signal.window((position,))[0] for position in range(len(seen))])
    ends = np.array([(steps[0], steps[-1] + 1) for steps in seen])
    off = (windows.mean(axis=1) - ends.mean(axis=1))[8:-8]  # away from the border
    assert np.abs(off).max() <= 4 and abs(off.mean()) <= 1


def test_a_flattened_or_pooled_network_sees_everything():
    for last in (flatten(), global_average_pool()):
        assert measure(chain(conv(2, 3, padding="valid"), last), (20, 30, 1)).output.reach == (20, 30)
    for ids in ((20,), (20, 4)):
        assert measure(chain(ngram_bag(2, 3), dense(4)), ids).output.reach == (20,)


# Smallest input -------------------------------------------------------------------------------------------------------

SMALLEST = {
    "one pool": (max_pool(2), (32, 32, 3), 2),
    "five pools": (chain(*[max_pool(2)] * 5), (224, 224, 3), 32),
    "windows": (chain(conv(2, 5, padding="valid"), max_pool(3, strides=2), conv(2, 3, padding="valid")), (100, 3), 11),
    "nothing": (conv(2, 3), (50, 40, 1), 1),
    "a text": (chain(embed(9, 2), conv(2, 5, padding="valid")), (60,), 1),
    "too narrow": (max_pool((2, 9)), (100, 4, 1), None),
    "lenet5": (models.create("lenet5", 10), (28, 28, 1), 12),
    "vgg_small": (models.create("vgg_small", 10), (32, 32, 3), 8),
    "bc_resnet": (models.create("bc_resnet", 12), (101, 40, 1), 5),
}


@pytest.mark.parametrize(("block", "shape", "expected"), SMALLEST.values(), ids=SMALLEST)
def test_smallest_input(block, shape, expected):
    assert smallest_input(block, shape) == expected


@pytest.mark.parametrize("name", ["windows", "lenet5"])
def test_one_step_less_is_refused(name):
    block, shape, smallest = SMALLEST[name]
    square = len(shape) == 3
    for size, fits in ((smallest, True), (smallest - 1, False)):
        smaller = (size, size, shape[2]) if square else (size, shape[1])
        if fits:
            network(block, smaller)
        else:
            with pytest.raises(BlockError, match="does not fit"):
                network(block, smaller)


def test_a_net_that_pools_its_input_away_is_found_without_building():
    deep = chain(*(stage(f"conv{i}", conv(512, 3), max_pool(2)) for i in range(1, 6)))
    with pytest.raises(BlockError, match=r"in stage\('conv5'\): in max_pool\(2\) applied to shape \(None, 1, 1, 512\)"):
        measure(deep, (16, 16, 3))


def test_shared_weights_are_counted_once():
    twice = concat(share(conv(4, 3)), share(conv(4, 3)))
    assert measure(twice, (20, 3)).parameters == 4 * 3 * 3 + 4
    assert measure(twice, (20, 3)).multiply_adds == 2 * 20 * 4 * 3 * 3
