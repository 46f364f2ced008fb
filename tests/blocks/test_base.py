"""Blocks as values."""

import json

import keras
import numpy as np
import pytest
from support.block_table import BLOCKS

from multicnn import blocks
from multicnn.blocks import (
    Block,
    add,
    chain,
    concat,
    conv,
    from_dict,
    join,
    lift,
    max_pool,
    norm,
    repeat,
    scope,
    share,
    stage,
)

# Whole numbers that may be 0, or mean nothing of some norms, or are checked with others.
NO_COUNTS = {"n", "axis", "seed", "bands", "size", "channels", "vocabulary_size"}
values = pytest.mark.parametrize("block", [block for block, _ in BLOCKS.values()], ids=BLOCKS)


def test_the_table_has_every_kind():
    text = " ".join(repr(block) for block, _ in BLOCKS.values())
    ours = [kind for kind, block in Block.kinds.items() if block.__module__.startswith("multicnn.")]
    missing = [kind for kind in ours if f"{kind}(" not in text]
    assert set(missing) == {"merged", "switched", "cut_to", "vector_slice", "given_only"}, (
        "only the leaves of several inputs are never written by hand"
    )


@values
def test_repr_is_source_text(block):
    assert eval(repr(block), dict(vars(blocks))) == block


@values
def test_a_dict_through_json_gives_the_block_back(block):
    again = from_dict(json.loads(json.dumps(block.to_dict())))
    assert again == block
    assert hash(again) == hash(block)
    assert repr(again) == repr(block)


def test_all_blocks_of_the_table_differ_and_hash():
    distinct = {block for block, _ in BLOCKS.values()}
    texts = {repr(block) for block, _ in BLOCKS.values()}
    assert len(distinct) == len(texts) == len(BLOCKS) - 1  # the plain conv stands there twice: on a sound, on a picture


def test_equality_is_by_meaning():
    assert conv(8, 3) == conv(filters=8, kernel_size=3, strides=1) != conv(8, 3, strides=2)
    assert conv(8, [3, 3]) == conv(8, (3, 3))
    assert conv(np.int64(8), np.int32(3)) == conv(8, 3)
    assert chain(conv(8, 3), chain(max_pool(2), chain())) == chain(conv(8, 3), max_pool(2))
    assert stage("a", conv(8, 3), max_pool(2)) == stage("a", chain(conv(8, 3), max_pool(2)))
    assert lift(keras.layers.LeakyReLU, negative_slope=0.1) == lift("LeakyReLU", negative_slope=0.1)
    assert join({"a": conv(8, 3), "b": conv(8, 3)}, concat) == join({"a": conv(8, 3), "b": conv(8, 3)}, "concat")
    assert conv(8, 3) != "conv(8, 3)"


def test_blocks_are_frozen():
    with pytest.raises(AttributeError):
        conv(8, 3).filters = 9


BAD = {
    "an initialiser object": (
        lambda: conv(8, 3, kernel_initializer=keras.initializers.HeNormal()),
        TypeError,
        "kernel_init",
    ),
    "an array": (lambda: conv(8, np.arange(2.0)), TypeError, "kernel_size"),
    "padding": (lambda: conv(8, 3, padding="full"), ValueError, r"'same', 'valid'.*Received: padding='full'"),
    "padding of a pool": (lambda: max_pool(2, padding="reflect"), ValueError, "Received: padding='reflect'"),
    "norm": (lambda: norm("group"), ValueError, "'batch', 'layer', 'sub_spectral'.*Received: kind='group'"),
    "plain sub-spectral norm": (lambda: norm("sub_spectral", affine=False), ValueError, "Received: affine=False"),
    "axis": (lambda: blocks.average_over(2), ValueError, "Received: axis=2"),
    "chain of a number": (lambda: chain(conv(8, 3), 3), TypeError, "argument 2.*Received: 3"),
    "chain of a list": (lambda: chain([conv(8, 3)]), TypeError, "argument 1"),
    "add of one": (lambda: add(conv(8, 3)), ValueError, "at least two"),
    "join by what": (
        lambda: join({"a": conv(8, 3)}, "multiply"),
        ValueError,
        "'add', 'concat'.*Received: how='multiply'",
    ),
    "join of a number": (lambda: join({"a": 3}), TypeError, "Received: block=3"),
    "repeat of a layer": (lambda: repeat(2, keras.layers.ReLU()), TypeError, "`block` of repeat must be a Block"),
    "repeat -1": (lambda: repeat(-1, conv(8, 3)), ValueError, "Received: n=-1"),
    "repeat half": (lambda: repeat(2.5, conv(8, 3)), ValueError, "Received: n=2.5"),
    "first of a repeat": (lambda: repeat(2, conv(8, 3), first=3), TypeError, "Received: first=3"),
    "share of a number": (lambda: share(3), TypeError, "Received: block=3"),
    "stage of a number": (lambda: stage("a", 3), TypeError, "Received: block=3"),
    "stage with a slash": (lambda: stage("a/b", conv(8, 3)), ValueError, "Received: name='a/b'"),
    "stage with a dot": (lambda: stage("a.b", conv(8, 3)), ValueError, "Received: name='a.b'"),
    "stage without a name": (lambda: stage(conv(8, 3)), (TypeError, ValueError), "Received: name=conv"),
    "scope with a colon": (lambda: scope("a:b", conv(8, 3)), ValueError, "Received: name='a:b'"),
    "lift of nothing": (lambda: lift("Convolution9D"), ValueError, "Received: layer='Convolution9D'"),
    "dict of an unknown kind": (lambda: from_dict({"type": "convolve"}), ValueError, r"'conv',.*Received: data="),
    "dict of an unknown field": (lambda: from_dict({"type": "max_pool", "size": 2}), ValueError, "max_pool.*size"),
    "dict that lacks a field": (lambda: from_dict({"type": "stage", "name": "a"}), ValueError, "stage.*block"),
    "stride of none": (lambda: max_pool(2, strides=0), ValueError, "`strides` of max_pool"),
    "half a stride": (lambda: conv(4, 3, strides=(1, 1.5)), ValueError, "`strides` of conv"),
    "number for a flag": (lambda: conv(4, 3, use_bias=1), ValueError, "`use_bias` of conv must be true or false"),
    "dropout of more than all": (lambda: blocks.drop(5), ValueError, "below 1. Received: rate=5"),
    "dropout of text": (lambda: blocks.drop("x"), ValueError, "`rate` of drop must be a number"),
    "copies without end": (lambda: repeat(10**9, conv(4, 3)), ValueError, "0 to 10,000. Received: n=1000000000"),
    "not a number": (lambda: from_dict({"type": "drop", "rate": float("nan")}), ValueError, "finite"),
    "dict that is a list": (lambda: from_dict([1]), ValueError, r"Received: data=\[1\]"),
}


@pytest.mark.parametrize(("make", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


@values
def test_numbers_of_things_are_whole_and_at_least_one(block):
    counts = [field for field, hint in type(block).__annotations__.items() if hint == "int"]
    assert set(block.at_least_one) >= set(counts) - NO_COUNTS
    for name in block.at_least_one:
        for wrong in (0, -3, 1.5, "4", True, 10**11):
            with pytest.raises(
                ValueError, match=rf"`{name}` of {type(block).__name__} must be a whole number of at least 1"
            ):
                block.replaced(**{name: wrong})
