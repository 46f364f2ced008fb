"""A linear model of the n-grams of a text (TF-IDF), in a table of the n-grams that it knows."""

from __future__ import annotations

import keras
from keras import ops

from multicnn.layers.types import Shape, Tensor

_GATHERED = 2**15  # numbers of the kernel that are there at once for each text
_LONGEST = 2**21  # runs of a text whose length is not known


@keras.saving.register_keras_serializable("multicnn")
class TfIdf(keras.layers.Layer):
    """The TF-IDF of all known runs of 1 to `n` tokens of a text, times a kernel, plus a bias.

    A run that occurs c times counts (1 + ln c) times its inverse document frequency, and the vector of these has length 1 (as
    of scikit-learn's `TfidfVectorizer(sublinear_tf=True)`). Input int32 ids (batch, time), or (batch, time, m) of which the
    first is the token's; output (batch, units) in the compute dtype. The ids 0 (padding) and 1 (unknown) are in no known run.

    The known runs are a tree in rows, level by level: `tokens` has the last token of each run in its row, and the rows of the
    runs that continue the run of row r are from `children[r]` to `children[r + 1]`, by rising token; those of one token are
    the rows up to `children[0]`. All weights are float32, which is exact for whole numbers up to 2**24. A layer without
    given weights knows the single tokens 2, 3, 4 ..., as many as it has rows.

    Args:
        n: The longest run.
        rows: The number of known runs.
        units: The number of outputs.
        branching: The most known runs that continue one, or are one token long; by default as many as there are rows.
            The fewer, the faster are they looked up.
    """

    def __init__(self, n: int, rows: int, units: int, branching: int | None = None, **kwargs: object) -> None:
        super().__init__(autocast=False, **kwargs)
        branching = rows if branching is None else branching
        limits = (("n", n, 16), ("rows", rows, 2**24 - 3), ("units", units, 2**24), ("branching", branching, rows))
        for name, value, most in limits:
            if not isinstance(value, int) or not 1 <= value <= most:
                raise ValueError(f"`{name}` must be a whole number from 1 to {most:,}. Received: {name}={value!r}")
        self.n, self.rows, self.units, self.branching = n, rows, units, branching

    def build(self, input_shape: Shape) -> None:
        def single_tokens(shape: Shape, dtype: str | None = None) -> Tensor:
            return ops.arange(2, self.rows + 2, dtype="float32")

        def no_children(shape: Shape, dtype: str | None = None) -> Tensor:
            return ops.full(shape, self.rows, "float32")

        def weight(name: str, shape: Shape, initializer: object, trainable: bool = False) -> Tensor:
            # Whole numbers would not survive half precision.
            return self.add_weight(name=name, shape=shape, initializer=initializer, trainable=trainable, autocast=False)

        self.kernel = weight("kernel", (self.rows, self.units), "glorot_uniform", trainable=True)
        self.bias = weight("bias", (self.units,), "zeros", trainable=True)
        self.tokens = weight("tokens", (self.rows,), single_tokens)
        self.children = weight("children", (self.rows + 1,), no_children)
        self.idf = weight("idf", (self.rows,), "ones")

    def call(self, inputs: Tensor) -> Tensor:
        ids = inputs[..., 0] if len(inputs.shape) == 3 else inputs
        rows = ops.sort(ops.concatenate(self.rows_of_runs(ids), axis=1), axis=1)
        last, count = _counts(rows)
        known = ops.cast(ops.logical_and(last, rows >= 0), "float32")
        rows = ops.maximum(rows, 0)
        values = known * (1 + ops.log(ops.cast(ops.maximum(count, 1), "float32"))) * ops.take(self.idf, rows, axis=0)
        length = ops.sqrt(_sum(ops.square(values))[:, None])
        total = self._weighted(values / ops.where(length > 0, length, 1.0), rows)
        return ops.cast(total + self.bias, self.compute_dtype)

    def rows_of_runs(self, ids: Tensor) -> list[Tensor]:
        """Return the row of each run of each length, or -1: int32 (batch, time) each; `ids` are whole numbers (batch, time)."""
        ids = ops.cast(ids, "float32")
        runs = [ops.zeros_like(ids, dtype="int32")]
        first, stop = runs[0], runs[0] + ops.cast(self.children[0], "int32")
        for level in range(self.n):
            if level:
                ids = ops.concatenate([ids[:, 1:], ops.zeros_like(ids[:, :1])], axis=1)
                known = runs[-1] >= 0
                row = ops.maximum(runs[-1], 0)
                first = ops.where(known, ops.cast(ops.take(self.children, row, axis=0), "int32"), 0)
                stop = ops.where(known, ops.cast(ops.take(self.children, row + 1, axis=0), "int32"), 0)
            runs.append(self._search(ids, first, ops.minimum(stop, self.rows)))
        return runs[1:]

    def _search(self, ids: Tensor, first: Tensor, stop: Tensor) -> Tensor:
        """Return the row from `first` up to `stop` that has the token, or -1; by bisection, since `searchsorted` has no ranges."""
        low, high = first, stop
        for _ in range(self.branching.bit_length()):
            middle = (low + high) // 2
            below = ops.take(self.tokens, ops.clip(middle, 0, self.rows - 1), axis=0) < ids
            open_ = low < high
            low, high = (
                ops.where(ops.logical_and(open_, below), middle + 1, low),
                ops.where(ops.logical_and(open_, ops.logical_not(below)), middle, high),
            )
        row = ops.clip(low, 0, self.rows - 1)
        found = ops.logical_and(low < stop, ops.equal(ops.take(self.tokens, row, axis=0), ids))
        return ops.where(ops.logical_and(found, low >= 0), row, -1)

    def _weighted(self, values: Tensor, rows: Tensor) -> Tensor:
        """Return the sum of the rows of the kernel, each times its value: (batch, units)."""
        runs, step = rows.shape[1], max(1, _GATHERED // self.units)
        shards = [slice(i, i + step) for i in range(0, runs, step)] if runs else [slice(None)]
        totals = []
        for shard in shards:
            vectors = ops.take(self.kernel, rows[:, shard], axis=0)
            totals.append(_sum(ops.expand_dims(values[:, shard], -1) * vectors))
        return sum(totals[1:], start=totals[0])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.units)

    def get_config(self) -> dict[str, object]:
        own = {"n": self.n, "rows": self.rows, "units": self.units, "branching": self.branching}
        return {**super().get_config(), **own}


def _counts(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return where the last of equal rows is, and their number there: bool and int32, both (batch, runs).

    Args:
        rows: int32 (batch, runs), sorted.
    """
    index = ops.arange(ops.shape(rows)[1], dtype="int32")
    behind = ops.pad(rows[:, 1:], ((0, 0), (0, 1)), constant_values=-2)
    last = ops.not_equal(rows, behind)
    end = ops.where(last, index + 1, 0)
    previous = ops.pad(end[:, :-1], ((0, 0), (1, 0)))
    # The largest so far, by doubling: a running maximum is no operation of Keras's, nor of ONNX's.
    for power in range((rows.shape[1] or _LONGEST).bit_length()):
        previous = ops.maximum(previous, ops.take(previous, ops.maximum(index - 2**power, 0), axis=1))
    return last, end - previous


def _sum(x: Tensor) -> Tensor:
    """Return the sum over axis 1, half by half where its size is known: other sums have other bits in other batches."""
    steps = x.shape[1]
    if steps is None:
        return ops.sum(x, axis=1)
    while steps > 1:
        half = steps // 2
        added = x[:, :half] + x[:, half : 2 * half]
        x = ops.concatenate([added, x[:, 2 * half :]], axis=1) if steps % 2 else added
        steps = half + steps % 2
    return x[:, 0]
