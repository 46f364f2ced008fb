"""A Block that a user writes: what it builds, how it is counted and named, and which names and fields it may have."""

import random
import sys
import types

import keras
import numpy as np
import pytest
from support.squeeze_excite import senet, squeeze_excite

from multicnn.blocks import Block, BlockError, Cost, average_pool, chain, conv, from_dict, network, share
from multicnn.blocks.cost import measure

IMAGE, WAVEFORM = (8, 6, 3), (12, 3)


@pytest.fixture
def kinds():
    """Forget the Blocks that a test defines."""
    before = dict(Block.kinds)
    yield Block.kinds
    Block.kinds.clear()
    Block.kinds.update(before)


# Built ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [IMAGE, WAVEFORM], ids=["image", "waveform"])
def test_it_computes_what_its_paper_says(shape):
    model = network(squeeze_excite(1), shape)
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    w1, b1, w2, b2 = model.get_weights()
    squeezed = x.reshape(2, -1, 3).mean(axis=1)
    gate = 1 / (1 + np.exp(-(np.maximum(squeezed @ w1 + b1, 0) @ w2 + b2)))
    expected = x * gate.reshape(2, *(1,) * (len(shape) - 1), 3)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)


def names(model):
    return [operation.name for operation in model.operations]


def test_what_it_makes_is_named_by_its_path_alike_in_every_build(tmp_path):
    keras.layers.Dense(1)  # what else there is in the process changes nothing
    first, second = network(senet(3), IMAGE), network(senet(3), IMAGE)
    made = [name for name in names(first) if "squeeze_excite" in name]
    parts = ["global_average_pool", "dense", "dense_2", "reshape", "multiply"]
    paths = ["conv1.squeeze_excite", "conv2.add.main.squeeze_excite"]
    assert made == [f"{path}.{part}" for path in paths for part in parts]
    assert names(first) == names(second) and len(set(names(first))) == len(names(first))
    assert [weight.path for weight in first.weights] == [weight.path for weight in second.weights]

    first.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, *IMAGE)).astype("float32")
    assert names(again) == names(first)
    np.testing.assert_array_equal(again(x), first(x))


def test_a_name_that_its_author_gave_is_put_below_the_path(kinds):
    class gated(Block):
        def build(self, x, builder):
            return x * keras.layers.Dense(x.shape[-1], name="gate")(x)

    assert {"gated.gate", "gated_2.gate"} < set(names(network(chain(gated(), gated()), WAVEFORM)))


def test_layers_of_the_builder_are_numbered(kinds):
    class twice(Block):
        def build(self, x, builder):
            x = builder.layer(keras.layers.Dense, units=3)(builder.layer(keras.layers.Dense, units=4)(x))
            return builder.layer(keras.layers.Dense, "last", units=2)(builder.layer(keras.layers.Dense, units=2)(x))

    built = names(network(chain(twice(), twice()), WAVEFORM))[1:-1]
    assert built == [f"{path}{part}" for path in ("twice", "twice_2") for part in (".dense", "", ".dense_2", ".last")]
    model = network(chain(*[share(twice())] * 2, conv(1, 1)), (12, 2))
    assert sum(layer.count_params() for layer in model.layers if layer.name.startswith("share")) == 12 + 15 + 8 + 6


def test_it_has_the_dtype_of_the_network():
    model = network(senet(3), IMAGE, dtype="mixed_bfloat16")
    inside = [layer for layer in model.layers if "squeeze_excite" in layer.name]
    assert {layer.compute_dtype for layer in inside} == {"bfloat16"}
    assert keras.config.dtype_policy().name == "float32"


def test_shared_it_needs_the_builders_layers():
    with pytest.raises(BlockError, match=r"inside `share`, `builder.layer` must make the layers with weights"):
        network(chain(share(squeeze_excite()), share(squeeze_excite())), (8, 4))


def test_called_on_a_tensor_it_mixes_with_plain_keras():
    x = keras.Input(IMAGE)
    model = keras.Model(x, squeeze_excite(1)(keras.layers.Conv2D(3, 1)(squeeze_excite(1)(x))))
    assert len(set(names(model))) == len(names(model))


@pytest.mark.parametrize("output", [None, 3, "both"])
def test_it_returns_one_tensor(output, kinds):
    class other(Block):
        def build(self, x, builder):
            return [x, x] if output == "both" else output

    for build in (network, measure):
        with pytest.raises(BlockError, match=r"`build` of other must return one Keras tensor"):
            build(other(), IMAGE)


def test_without_build_it_says_what_to_define(kinds):
    class empty(Block):
        pass

    with pytest.raises(NotImplementedError, match="empty must define `build`"):
        network(empty(), IMAGE)


# Counted --------------------------------------------------------------------------------------------------------------


def test_shapes_and_weights_are_exact_and_the_rest_is_not_known():
    model, measured = network(senet(3), IMAGE), measure(senet(3), IMAGE)
    assert measured.shape == model.output_shape[1:]
    assert measured.parameters == sum(w.numpy().size for w in model.trainable_weights)
    assert measured.statistics == sum(w.numpy().size for w in model.non_trainable_weights)
    assert measured.multiply_adds is None
    assert measured.stages["conv1"].shape == (None, 8, 6, 8)
    rows = {row.name: row for row in measured.table()}
    assert [rows[name].multiply_adds for name in ("conv1", "conv2", "dense")] == [None, None, 8 * 3]
    assert [(row.output.reach, row.output.stride) for row in rows.values()] == [(None, None)] * 4


def test_what_comes_before_it_stays_known():
    rows = measure(chain(conv(4, 3), average_pool(2), squeeze_excite(), conv(4, 3)), IMAGE).table()
    assert [row.output.reach for row in rows] == [(3, 3), (4, 4), None, None]
    assert [row.multiply_adds for row in rows] == [8 * 6 * 9 * 3 * 4, 0, None, 4 * 3 * 9 * 4 * 4]


def test_its_layers_are_those_of_its_stage():
    model, layers = network(senet(3), IMAGE), measure(senet(3), IMAGE).layers()
    path = "conv1.squeeze_excite"
    assert layers["conv1"][-2:] == [f"{path}.dense", f"{path}.dense_2"]
    weighted = {layer.name for layer in model.layers if layer.weights}
    assert weighted <= {name for row in layers.values() for name in row} <= set(names(model))


def test_its_own_cost_is_believed_and_not_inherited_by_another_build(kinds):
    class squared(Block):
        def build(self, x, builder):
            return x * x

        def cost(self, x):
            return Cost(x, multiply_adds=x.positions * x.channels)

    class cubed(squared):
        def build(self, x, builder):
            return x * x * x

    class wide_conv(conv):
        pass

    assert measure(squared(), WAVEFORM).multiply_adds == 36 and measure(squared(), WAVEFORM).output.reach == (1,)
    assert measure(cubed(), WAVEFORM).multiply_adds is None and measure(cubed(), WAVEFORM).shape == WAVEFORM
    assert measure(wide_conv(2, 3), WAVEFORM).multiply_adds == 12 * 3 * 3 * 2


def test_measuring_changes_no_network_that_is_built_after():
    state = random.getstate()
    measure(senet(3), IMAGE)
    assert random.getstate() == state


# Named ----------------------------------------------------------------------------------------------------------------


def test_it_is_a_value():
    assert repr(squeeze_excite(2)) == "squeeze_excite(2)" and squeeze_excite() != squeeze_excite(2)
    assert from_dict(senet(3).to_dict()) == senet(3)


def test_a_name_that_is_taken_is_refused(kinds):
    taken = kinds["conv"]
    with pytest.raises(
        ValueError, match=r"'conv' is that of the Block multicnn.blocks.convolution.conv.*choose another"
    ):

        class conv(Block):
            filters: int

    assert kinds["conv"] is taken


CELL = "class doubled(Block):\n    {field}\n    def build(self, x, builder):\n        return x + x"


def test_a_definition_may_run_again_but_not_in_another_module(kinds):
    for field in ("n: int = 1", "n: int = 2"):
        cell = {"Block": Block, "__name__": "__main__"}
        exec(CELL.format(field=field), cell)
    assert kinds["doubled"] is cell["doubled"] and from_dict({"type": "doubled"}).n == 2
    with pytest.raises(ValueError, match=r"'doubled' is that of the Block __main__.doubled"):
        exec(CELL.format(field="n: int = 1"), {"Block": Block, "__name__": "elsewhere"})


@pytest.mark.parametrize("future", ["", "from __future__ import annotations"], ids=["resolved", "as text"])
@pytest.mark.parametrize(("hint", "none"), [("Block", False), ("Block | None", True), ("Optional[mb.conv]", True)])
def test_fields_that_hold_blocks_are_checked_by_their_annotation(future, hint, none, kinds, monkeypatch):
    module = types.ModuleType("users")
    monkeypatch.setitem(sys.modules, "users", module)
    code = [future, "from typing import Optional", "import multicnn.blocks as mb", "from multicnn.blocks import Block"]
    code += ["class holder(Block):", f"    inner: {hint}", "    n: int = 1"]
    exec(compile("\n".join(code), "users.py", "exec", dont_inherit=True), vars(module))
    assert module.holder(conv(3, 1)).inner == conv(3, 1)
    for wrong in (3, "conv", *([] if none else [None])):
        with pytest.raises(TypeError, match=r"`inner` of holder must be a Block. Received: inner="):
            module.holder(wrong)
    if none:
        assert module.holder(None).inner is None
