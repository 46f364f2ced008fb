"""What convolutions and poolings share: where a window goes, and what it needs around the input."""

from __future__ import annotations

from typing import Any

from multicnn import layers
from multicnn.backends import keras_private
from multicnn.blocks.base import Block
from multicnn.blocks.rank import per_axis, rank_of

Margins = tuple[tuple[int, int], ...]


def around(reaches: tuple[int, ...]) -> Margins:
    """The margins that keep the size under a stride of 1: symmetric, the odd step behind."""
    return tuple(((reach - 1) // 2, reach - 1 - (reach - 1) // 2) for reach in reaches)


def check_padding(padding: Any) -> None:
    """Raises ValueError unless `padding` is "same", "valid", a number, or a tuple of numbers or (before, after) pairs."""

    def number(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0

    def side(value: Any) -> bool:
        return number(value) or (isinstance(value, tuple) and len(value) == 2 and all(map(number, value)))

    named = padding in ("same", "valid") if isinstance(padding, str) else False
    if not (named or number(padding) or (isinstance(padding, tuple) and padding and all(map(side, padding)))):
        raise ValueError(
            "`padding` must be 'same', 'valid', a number of steps for both sides, or one such number or (before, after) "
            f"pair for each axis. Received: padding={padding!r}"
        )


def margins(padding: int | tuple, rank: int) -> Margins:
    """Numbers of steps as one (before, after) pair for each axis."""
    return tuple((p, p) if isinstance(p, int) else p for p in per_axis(padding, rank))


class _Windowed(Block):
    """A leaf whose window slides over its input. Subclasses have `padding` and `strides`, and say how far they reach."""

    def __post_init__(self):
        super().__post_init__()
        check_padding(self.padding)

    def reaches(self, rank: int) -> tuple[int, ...]:
        """The length of the window along each axis, holes of a dilation included."""
        raise NotImplementedError(f"{type(self).__name__} must say how far its window reaches")

    def steps(self, rank: int) -> tuple[int, ...]:
        """How far the window moves along each axis."""
        return per_axis(self.strides, rank)

    def around(self, rank: int) -> Margins:
        """What is added before and after each axis."""
        if self.padding == "valid":
            return ((0, 0),) * rank
        return around(self.reaches(rank)) if self.padding == "same" else margins(self.padding, rank)

    def missing(self, shape: tuple[int | None, ...], masked: bool) -> int:
        """How many steps a masked sequence lacks to hold one window; without a mask, lacking any is a ValueError."""
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
        """Whether Keras's own "same" does what is meant: with strides it would depend on the input's size."""
        return self.padding == "valid" or (self.padding == "same" and max(self.steps(rank)) == 1)

    def windowed(self, x: Any, builder: Any, *, fill: str = "zero") -> tuple[Any, str]:
        """`x`, padded if need be, and the padding that is left to Keras."""
        rank = rank_of(x)
        missing = self.missing(x.shape, masked=keras_private.mask_of(x) is not None)
        if self.left_to_keras(rank) and not missing:
            return x, self.padding
        (before, after), *others = self.around(rank)
        padding = ((before, after + missing), *others)
        mode = getattr(self, "padding_mode", "zeros")
        if mode == "zeros":
            return builder.layer(layers.ConstantPadding, "pad", padding=padding, fill=fill)(x), "valid"
        return builder.layer(layers.BorderPadding, "pad", padding=padding, mode=mode)(x), "valid"
