"""The stems of text networks: what token ids become."""

from __future__ import annotations

import dataclasses
from dataclasses import KW_ONLY
from typing import ClassVar

import keras

from multicnn import layers
from multicnn.blocks.base import Block
from multicnn.blocks.builder import KerasBuilder
from multicnn.blocks.rank import Named, keras_object
from multicnn.blocks.signal import Cost, Signal


class _Stem(Block):
    @property
    def input_dtype(self) -> str:
        """The dtype of the input: "int32" ids."""
        return "int32"


class embed(_Stem):
    """Token ids to vectors (batch, time, dims), with the time mask of `id != 0`; the stem of a text network.

    Ids are (batch, time), or (batch, time, n) for several a step, such as a word's and its n-grams: their mean, without the
    ids 0, is the vector of the step (Bojanowski et al. 2017). With `trainable=False` the vectors stay what they are given to
    be (Kim 2014, CNN-static).
    """

    vocabulary_size: int
    dims: int
    _: KW_ONLY
    trainable: bool = True
    embeddings_initializer: Named = "uniform"
    at_least_one: ClassVar[tuple[str, ...]] = ("vocabulary_size", "dims")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(
            layers.TokenEmbedding,
            input_dim=self.vocabulary_size,
            output_dim=self.dims,
            embeddings_initializer=keras_object(keras.initializers, self.embeddings_initializer),
            trainable=self.trainable,
        )(x)

    def cost(self, x: Signal) -> Cost:
        output = dataclasses.replace(x, shape=(*x.shape[:2], self.dims), masked=True)
        table = self.vocabulary_size * self.dims
        return Cost(output, table, 0) if self.trainable else Cost(output, 0, table)


class one_hot(_Stem):
    """Token ids (batch, time) to one channel for each token of the vocabulary (Zhang et al. 2015), with the time mask.

    Padding (id 0) and unknown tokens (id 1) are zeros, so there are `vocabulary_size - 2` channels.
    """

    vocabulary_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.vocabulary_size, int) or self.vocabulary_size < 3:
            received = f"vocabulary_size={self.vocabulary_size!r}"
            raise ValueError(f"`vocabulary_size` must be 3 or more: padding, unknown and a token. Received: {received}")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(layers.OneHotTokens, depth=self.vocabulary_size - 2)(x)

    def cost(self, x: Signal) -> Cost:
        return Cost(dataclasses.replace(x, shape=(*x.shape, self.vocabulary_size - 2), masked=True))


class ngram_bag(_Stem):
    """Token ids (batch, time) to one vector (batch, dims): the sum over all runs of 1 to `n` tokens.

    Each run has a vector, by the hash of its ids; their sum is divided by the square root of their number. With a dense layer
    behind it, this is fastText's classifier (Joulin et al. 2016).
    """

    n: int
    dims: int
    _: KW_ONLY
    buckets: int = 2**19 - 1
    at_least_one: ClassVar[tuple[str, ...]] = ("n", "dims", "buckets")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(layers.NgramBag, n=self.n, output_dim=self.dims, buckets=self.buckets)(x)

    def cost(self, x: Signal) -> Cost:
        tokens = dataclasses.replace(x, shape=(*x.shape[:2], 1))
        return Cost(tokens.pooled(self.dims), parameters=self.buckets * self.dims)


class tf_idf(_Stem):
    """Token ids (batch, time) to `units` outputs: a linear model of the TF-IDF of the `rows` runs of tokens that it knows.

    Runs have 1 to `n` tokens. One that occurs c times counts (1 + ln c) times its inverse document frequency; the vector of
    these has length 1 (Salton & Buckley 1988). `layers.TfIdf` describes the table of the runs, which belongs to the weights;
    without given ones it is that of the single tokens 2 to `rows` + 1. `branching` is the most runs in it that continue one.
    """

    n: int
    rows: int
    units: int
    _: KW_ONLY
    branching: int | None = None
    at_least_one: ClassVar[tuple[str, ...]] = ("n", "rows", "units")

    def build(self, x: keras.KerasTensor, builder: KerasBuilder) -> keras.KerasTensor:
        return builder.layer(layers.TfIdf, n=self.n, rows=self.rows, units=self.units, branching=self.branching)(x)

    def cost(self, x: Signal) -> Cost:
        tokens = dataclasses.replace(x, shape=(*x.shape[:2], 1))
        weights, steps = self.rows * self.units + self.units, x.shape[1]
        return Cost(tokens.pooled(self.units), weights, 3 * self.rows + 1, steps and steps * self.n * self.units)
