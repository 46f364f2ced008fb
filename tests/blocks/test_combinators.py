"""What the laws that compose Blocks build: names, weights, shapes."""

import keras
import numpy as np
import pytest
from support.block_table import BLOCKS, IMAGE, WAVEFORM

from multicnn import blocks
from multicnn.blocks import (
    BlockError,
    add,
    chain,
    concat,
    conv,
    conv_transpose,
    cropped,
    dense,
    embed,
    from_dict,
    global_average_pool,
    join,
    lift,
    max_pool,
    merged,
    network,
    norm,
    pad_channels,
    repeat,
    scope,
    share,
    stage,
)
from multicnn.blocks.cost import measure


def layer_names(model):
    return [layer.name for layer in model.layers]


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("block", "shape"), BLOCKS.values(), ids=BLOCKS)
def test_names_are_the_same_in_every_build(block, shape):
    assert layer_names(network(block, shape)) == layer_names(network(block, shape))


def test_names_are_paths():
    residual = add(chain(conv(4, 3, norm="batch", activation="relu"), conv(4, 3)), chain())
    net = chain(stage("conv4_x", repeat(2, residual)), conv(4, 3), conv(4, 3), scope("head", dense(2)))
    assert layer_names(network(net, IMAGE)) == [
        "input",
        *(
            f"conv4_x.{copy}.{part}"
            for copy in (1, 2)
            for part in ("main.conv", "main.conv.norm", "main.conv.activation", "main.conv_2", "add")
        ),
        "conv4_x",
        "conv",
        "conv_2",
        "head.dense",
        "logits",
    ]


def test_a_mask_from_beside_the_way_renames_nothing():
    """The mask of the concatenation comes from before both branches."""
    inner = chain(stage("down", conv(3, 3), max_pool(2, padding="same")), stage("up", conv_transpose(4, 2, strides=2)))
    made = layer_names(network(chain(embed(9, 4), concat(chain(), cropped(inner)), stage("score", conv(2, 1))), (8,)))
    assert {"input", "embed", "score.conv", "score", "logits"} <= set(made)
    assert not [name for name in made if name.startswith("score.") and name != "score.conv"]


def test_the_designs_example_of_a_name():
    assert "conv4_x.1.conv" in layer_names(network(stage("conv4_x", repeat(2, conv(4, 3))), IMAGE))


def test_a_repeated_stage_name_names_both_paths():
    twice = chain(stage("body", stage("conv1", conv(4, 3))), stage("conv1", conv(4, 3)))
    for build in (network, measure):
        with pytest.raises(BlockError, match=r"stage\('conv1'\) stands at 'body.conv1' and at 'conv1'"):
            build(twice, IMAGE)
        with pytest.raises(BlockError, match=r"'1.a' and at '2.a'"):
            build(repeat(2, stage("a", conv(4, 3))), IMAGE)


@pytest.mark.parametrize("name", ["input", "logits"])
def test_the_names_of_the_ends_are_taken(name):
    with pytest.raises(BlockError, match=rf"name stage\('{name}'\) otherwise"):
        network(stage(name, conv(4, 3)), IMAGE)


# Failures -------------------------------------------------------------------------------------------------------------

FAILURES = {
    "the design's example": (
        stage("conv5", conv(512, 3), max_pool(2)),
        (1, 1, 512),
        "in stage('conv5'): in max_pool(2) applied to shape (None, 1, 1, 512): a window of 2 does not fit into 1 steps",
    ),
    "stages in stages": (
        stage("body", chain(conv(4, 3), stage("top", repeat(2, max_pool(3))))),
        (8, 4),
        "in stage('body'): in stage('top'): in max_pool(3) applied to shape (None, 2, 4): a window of 3 does not fit into 2 steps",
    ),
    "branches that differ": (
        stage("res1", add(conv(4, 3), chain())),
        (8, 3),
        "in stage('res1'): in merged('add') applied to shapes [(None, 8, 4), (None, 8, 3)]: ",
    ),
    "three axes": (
        conv(4, 3),
        (8, 8, 8, 1),
        "in conv(4, 3) applied to shape (None, 8, 8, 8, 1): expected (batch, time,",
    ),
    "too few numbers": (
        conv(4, (3,)),
        IMAGE,
        "in conv(4, (3,)) applied to shape (None, 12, 10, 4): (3,) has no number",
    ),
    "stride and dilation": (conv(4, 3, strides=2, dilation_rate=2), WAVEFORM, "strides and dilation_rate cannot both"),
    "groups": (conv(4, 3, groups=2), WAVEFORM, "in conv(4, 3, groups=2) applied to shape (None, 20, 3): "),
    "too many channels": (pad_channels(2), WAVEFORM, "in pad_channels(2) applied to shape (None, 20, 3): "),
    "bands": (
        norm("sub_spectral", bands=3),
        IMAGE,
        "in norm('sub_spectral', bands=3) applied to shape (None, 12, 10, 4)",
    ),
    "flatten without a size": (
        blocks.flatten(),
        (None, 4),
        "in flatten() applied to shape (None, None, 4): flatten needs",
    ),
    "one axis to average over": (
        blocks.average_over(0),
        WAVEFORM,
        "in average_over(0) applied to shape (None, 20, 3): ",
    ),
    "an axis of unknown size": (blocks.average_over(0), (None, 8, 1), "averaging over one axis needs its size"),
    "other inputs": (
        join({"a": conv(4, 3), "b": conv(4, 3)}),
        {"a": WAVEFORM, "c": WAVEFORM},
        "join needs the inputs ['a', 'b']",
    ),
}


@pytest.mark.parametrize(("block", "shape", "message"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("build", [network, measure], ids=["built", "measured"])
def test_failures_name_the_path(build, block, shape, message):
    with pytest.raises(BlockError) as caught:
        build(block, shape)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "block", [blocks.activation("rely"), lift("Dense", units=-1), dense(2, kernel_initializer="he")]
)
def test_what_keras_refuses_names_the_path_too(block):
    with pytest.raises(BlockError, match=r"in stage\('top'\): in "):
        network(stage("top", block), IMAGE)


# Weights --------------------------------------------------------------------------------------------------------------


def kernels(model):
    return [layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")]


@pytest.mark.parametrize("initializer", ["he_normal", ("random_normal", {"stddev": 0.1})], ids=str)
def test_repeated_copies_start_differently(initializer):
    first, second, third = kernels(network(repeat(3, conv(4, 3, kernel_initializer=initializer)), IMAGE))
    assert not np.allclose(first, second)
    assert not np.allclose(second, third)


def test_share_shares():
    model = network(concat(share(conv(5, 3, norm="batch")), share(conv(5, 3, norm="batch")), conv(5, 3)), WAVEFORM)
    assert len(kernels(model)) == 2
    left, right, other = np.split(model.predict(np.ones((2, *WAVEFORM)), verbose=0), 3, axis=-1)
    np.testing.assert_array_equal(left, right)
    assert not np.allclose(left, other)


def test_shared_filters_see_both_channels_of_a_text():
    # Kim 2014, multichannel: two tables of word vectors, the same filters on both, summed.
    filters = share(conv(6, 3))
    model = network(
        join({"static": chain(embed(20, 4), filters), "tuned": chain(embed(20, 4), filters)}, add),
        {"static": (7,), "tuned": (7,)},
    )
    assert len(kernels(model)) == 1
    assert model.count_params() == 2 * 20 * 4 + 3 * 4 * 6 + 6


def test_a_join_takes_its_inputs_by_name():
    model = network(
        join({"image": global_average_pool(), "audio": global_average_pool()}), {"audio": (5, 1), "image": (2, 3, 1)}
    )
    out = model.predict({"image": np.full((1, 2, 3, 1), 2.0), "audio": np.full((1, 5, 1), 7.0)}, verbose=0)
    np.testing.assert_allclose(out, [[2.0, 7.0]])


# Beside plain Keras ---------------------------------------------------------------------------------------------------


def test_blocks_mix_with_plain_keras():
    inputs = keras.Input(IMAGE)
    x = stage("conv1", conv(8, 3, activation="relu"))(inputs)
    x = keras.layers.MaxPooling2D()(x)
    x = conv(8, 3)(x)
    x = chain(conv(8, 3), add(conv(8, 3), chain()))(x)
    outputs = keras.layers.Dense(3)(keras.layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    assert model.get_layer("conv1").output.shape == (None, 12, 10, 8)
    assert model.predict(np.zeros((2, *IMAGE)), verbose=0).shape == (2, 3)


def test_a_block_applied_twice_makes_two_layers():
    inputs = keras.Input(WAVEFORM)
    block = conv(3, 3)
    model = keras.Model(inputs, block(block(inputs)))
    assert len(kernels(model)) == 2


@pytest.mark.parametrize("shape", [IMAGE, WAVEFORM], ids=["picture", "sound"])
def test_stages_are_tapped_after_save_and_load(shape, tmp_path):
    net = chain(
        stage("conv3_x", repeat(2, conv(4, 3, norm="batch"))),
        stage("conv4_x", conv(6, 3, strides=2)),
        global_average_pool(),
        dense(3),
    )
    model = network(net, shape)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    for name in ("conv3_x", "conv4_x"):
        before, after = (keras.Model(m.input, m.get_layer(name).output).predict(x, verbose=0) for m in (model, again))
        np.testing.assert_array_equal(before, after)
        assert before.shape[1:] == measure(net, shape).stages[name].shape[1:]


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float32"])
def test_the_logits_are_float32_under_any_policy(dtype):
    model = network(chain(stage("a", conv(4, 3, norm="batch")), global_average_pool(), dense(3)), IMAGE, dtype=dtype)
    assert model.output.dtype == "float32"
    assert model.get_layer("a").compute_dtype == dtype.removeprefix("mixed_")
    assert all(weight.dtype == "float32" for weight in model.weights)
    assert keras.config.dtype_policy().name == "float32", "the policy is the network's own"


def test_the_network_is_flat():
    model = network(chain(stage("a", chain(conv(4, 3), stage("b", conv(4, 3)))), repeat(2, chain(conv(4, 3)))), IMAGE)
    assert not [layer for layer in model.layers if isinstance(layer, keras.Model)]


def test_the_leaf_inside_add_is_a_value_too():
    assert merged("add") == from_dict(merged("add").to_dict())
