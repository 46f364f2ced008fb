"""Receptive fields: how much of its input one position of each stage of a network sees."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from multicnn.blocks import Block
from multicnn.blocks.cost import measure
from multicnn.evaluation.inspect import inspect
from multicnn.lessons.drawing import COLOURS, INK, Drawing, panels
from multicnn.models import MODELS, create, usual_kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Field(NamedTuple):
    """The receptive field of a stage.

    Attributes:
        stage: The name of the stage.
        reach: The input steps that one position sees, along each axis.
        words: The same with its unit: "32 x 32 px", "235 ms x 11 bands", "5 tokens".
        output: The shape of the stage's output.
    """

    stage: str
    reach: tuple[int, ...]
    words: str
    output: tuple[int | None, ...]


@dataclasses.dataclass(frozen=True)
class Fields(Drawing):
    """The receptive fields of a network.

    Attributes:
        model: The name of the network.
        input_shape: The shape of its input.
        fields: Those of its stages that see a window and not everything, without two of the same size in a row.
        background: The image that they are drawn on, uint8 (rows, columns, 3), or None.
    """

    kind = "jpeg"

    model: str
    input_shape: tuple[int, ...]
    fields: tuple[Field, ...]
    background: np.ndarray | None = None

    def draw(self) -> Figure:
        """Return the field of each stage around the middle of the input, with its size."""
        if len(self.fields[0].reach) == 1:
            return self._in_one()
        figure, axes = panels(2, width=9.2, height=4.2)
        self._in_two(axes[0])
        for index, (field, colour) in enumerate(zip(self.fields, COLOURS * 5)):
            height = 1 - (index + 0.5) / len(self.fields)
            axes[1].text(0.0, height, field.stage, color=colour, weight="bold", va="center")
            axes[1].text(0.3, height, field.words, va="center")
            axes[1].text(0.75, height, "→ " + " × ".join(map(str, field.output)), va="center", color="#777777")
        axes[1].axis("off")
        return figure

    def _in_two(self, axes: Axes) -> None:
        from matplotlib.patches import Rectangle

        rows, columns = self.input_shape[:2]
        is_time = columns != rows
        if self.background is not None:
            axes.imshow(self.background, extent=(0, columns, rows, 0), alpha=0.75)
        high, wide = (
            max(rows, *(field.reach[0] for field in self.fields)),
            max(columns, *(f.reach[1] for f in self.fields)),
        )
        for field, colour in zip(reversed(self.fields), reversed((COLOURS * 5)[: len(self.fields)])):
            tall, broad = field.reach
            corner = ((columns - broad) / 2, (rows - tall) / 2)
            axes.add_patch(Rectangle(corner, broad, tall, fill=False, edgecolor=colour, lw=2))
        axes.add_patch(Rectangle((0, 0), columns, rows, fill=False, edgecolor=INK, lw=1, ls="--"))
        margin = 0.03 * max(high, wide)
        axes.set_xlim((columns - wide) / 2 - margin, (columns + wide) / 2 + margin)
        axes.set_ylim((rows + high) / 2 + margin, (rows - high) / 2 - margin)
        axes.set_aspect("auto" if is_time else "equal")
        axes.set_title(f"{self.model} on {rows} × {columns}")
        axes.set_xlabel("bands" if is_time else "pixels")
        axes.set_ylabel("steps of time" if is_time else "pixels")

    def _in_one(self) -> Figure:
        figure, (axes,) = panels(1, width=7.5, height=0.5 * len(self.fields) + 1.2)
        steps = max(self.input_shape[0], *(field.reach[0] for field in self.fields))
        for index, (field, colour) in enumerate(zip(self.fields, COLOURS * 5)):
            axes.barh(-index, field.reach[0], left=(steps - field.reach[0]) / 2, color=colour, height=0.55)
            axes.text(steps * 1.02, -index, f"{field.stage}: {field.words}", va="center")
        axes.set(title=f"{self.model} on {self.input_shape[0]} steps", xlim=(0, steps), xlabel="steps of the input")
        axes.set_yticks([])
        axes.set_xticks(range(0, steps + 1, max(1, steps // 10)))
        axes.spines["left"].set_visible(False)
        return figure


def receptive_fields(
    model: str,
    input_shape: tuple[int, ...] | None = None,
    *,
    modality: str | None = None,
    background: np.ndarray | None = None,
) -> Fields:
    """Return the receptive fields of a network's stages, counted without building it.

    Args:
        model: A name of `multicnn.models`, or "module:function".
        input_shape: The shape of one example; by default the one of the paper.
        modality: "image", "log-mel", "waveform" or "text": the unit of the fields, where the network suits more than one.
        background: What they are drawn on, uint8 (rows, columns, 3).

    Raises:
        ValueError: The network is unknown, pools its input away, or has no stage that sees a window.
    """
    known = MODELS.get(model)
    shape = input_shape or (known.input_shape if known else ())
    table = inspect(model, shape or None, modality=modality or usual_kind(known, shape))
    rows = measure(create(model, known.classes if known else 10), shape).table()
    fields: list[Field] = []
    for row, shown in zip(rows, table.rows):
        windowed = len(row.output.shape) > 2 and row.output.reach is not None
        if windowed and (not fields or fields[-1].reach != row.output.reach):
            fields.append(Field(row.name, row.output.reach or (), shown["receptive_field"], row.output.shape[1:]))
    if not fields:
        raise ValueError(f"`model` must have a stage that sees a window of its input. Received: model={model!r}")
    return Fields(model, shape, tuple(fields), background)


def influence(block: Block, input_shape: tuple[int, ...]) -> np.ndarray:
    """Return which input positions change the middle position of a block's output: bool, of the input's spatial shape.

    Each position is changed in turn, so the input should be small, and the block without poolings by the maximum.

    Args:
        block: The block; its weights are drawn at random.
        input_shape: The shape of one example, with one channel.
    """
    from multicnn.blocks import network

    built, size = network(block, input_shape), int(np.prod(input_shape))
    base = np.random.default_rng(0).normal(size=size)
    changed = (base + np.vstack([np.zeros(size), np.eye(size)])).reshape(-1, *input_shape)
    outputs = np.asarray(built(changed.astype(np.float32)))
    middle = outputs[(slice(None), *(length // 2 for length in outputs.shape[1:-1]))]
    return (np.abs(middle[1:] - middle[0]).max(axis=-1) > 1e-6).reshape(input_shape[:-1])
