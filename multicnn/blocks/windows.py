"""Windows of convolutions and poolings: how they move, and the padding that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import keras

from multicnn import layers
from multicnn.backends import keras_private
from multicnn.blocks.base import Block
from multicnn.blocks.builder import KerasBuilder
from multicnn.blocks.rank import per_axis, rank_of
from multicnn.blocks.signal import Shape, Signal

Sizes = int | tuple[int, ...]  # one number for all axes, or one for each
Margins = tuple[tuple[int, int], ...]
Padding = str | int | tuple[int | tuple[int, int], ...]


def around(reaches: tuple[int, ...]) -> Margins:
    """Return the margins that keep the size under a stride of 1: symmetric, the odd step behind."""
    return tuple(((reach - 1) // 2, reach - 1 - (reach - 1) // 2) for reach in reaches)


def check_padding(padding: Any) -> None:
    """Check the `padding` of a convolution or a pooling.

    Raises:
        ValueError: It is not "same", "valid", a number, or a tuple of numbers or (before, after) pairs.
    """

    def number(value: Any) -> TypeGuard[int]:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0

    def side(value: Any) -> bool:
        return number(value) or (isinstance(value, tuple) and len(value) == 2 and all(map(number, value)))

    named = padding in ("same", "valid") if isinstance(padding, str) else False
    if not (named or number(padding) or (isinstance(padding, tuple) and padding and all(map(side, padding)))):
        raise ValueError(
            "`padding` must be 'same', 'valid', a number of steps for both sides, or one such number or (before, after) "
            f"pair for each axis. Received: padding={padding!r}"
        )


def margins(padding: Padding, rank: int) -> Margins:
    """Return numbers of steps as one (before, after) pair for each axis."""
    assert not isinstance(padding, str)
    return tuple((p, p) if isinstance(p, int) else p for p in per_axis(padding, rank))


class _Windowed(Block):
    """A leaf whose window slides over its input. Subclasses have `padding` and `strides`, and define `reaches`."""

    if TYPE_CHECKING:  # fields of the subclasses, in the order of their own

        @property
        def padding(self) -> Padding: ...
        @property
        def strides(self) -> Sizes | None: ...

    def __post_init__(self) -> None:
        super().__post_init__()
        check_padding(self.padding)

    def reaches(self, rank: int) -> tuple[int, ...]:
        """Return the length of the window along each axis, holes of a dilation included."""
        raise NotImplementedError(f"{type(self).__name__} must define `reaches`")

    def steps(self, rank: int) -> tuple[int, ...]:
        """Return how far the window moves along each axis."""
        assert self.strides is not None
        return per_axis(self.strides, rank)

    def around(self, rank: int) -> Margins:
        """Return the steps that are added before and after each axis."""
        if self.padding == "valid":
            return ((0, 0),) * rank
        return around(self.reaches(rank)) if self.padding == "same" else margins(self.padding, rank)

    def missing(self, shape: Shape, masked: bool) -> int:
        """Return how many steps a masked sequence lacks to hold one window.

        Raises:
            ValueError: Without a mask any step is lacking; or the strides do not fit the window.
        """
        rank = len(shape) - 2
        if min(*self.reaches(rank), *self.steps(rank)) < 1:
            raise ValueError("windows and strides must be at least 1")
        if max(self.steps(rank)) > 1 and max(per_axis(getattr(self, "dilation_rate", 1), rank)) > 1:
            raise ValueError("strides and dilation_rate cannot both be above 1")
        for size, reach, sides in zip(shape[1:-1], self.reaches(rank), self.around(rank)):
            if size is not None and size + sum(sides) < reach:
                if not masked:
                    raise ValueError(f"a window of {reach} does not fit into {size + sum(sides)} steps")
                return reach - size - sum(sides)
        return 0

    def left_to_keras(self, rank: int) -> bool:
        """Return True if Keras's own padding does what is meant: its "same" with strides would depend on the input's size."""
        return self.padding == "valid" or (self.padding == "same" and max(self.steps(rank)) == 1)

    def windowed(self, x: keras.KerasTensor, builder: KerasBuilder, *, fill: str = "zero") -> tuple[Any, str]:
        """Return `x`, padded if need be, and the padding that is left to Keras."""
        rank = rank_of(x)
        missing = self.missing(x.shape, masked=keras_private.mask_of(x) is not None)
        if self.left_to_keras(rank) and not missing:
            return x, str(self.padding)
        (before, after), *others = self.around(rank)
        padding = ((before, after + missing), *others)
        mode = getattr(self, "padding_mode", "zeros")
        if mode == "zeros":
            return builder.layer(layers.ConstantPadding, "pad", padding=padding, fill=fill)(x), "valid"
        return builder.layer(layers.BorderPadding, "pad", padding=padding, mode=mode)(x), "valid"

    def slid(self, x: Signal) -> Signal:
        """Return the signal after the window has moved over `x`: floor((size + padding - reach) / stride) + 1 positions."""
        rank = rank_of(x)
        reaches, steps = self.reaches(rank), self.steps(rank)
        missing = self.missing(x.shape, x.masked)
        sizes = [
            None if size is None else (size + missing + sum(sides) - reach) // step + 1
            for size, reach, step, sides in zip(x.shape[1:-1], reaches, steps, self.around(rank))
        ]
        return x.windowed(sizes, reaches, steps, [before for before, _ in self.around(rank)])
