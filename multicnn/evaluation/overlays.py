"""Predictions and truth drawn on an image."""

from __future__ import annotations

import numpy as np

from multicnn.modalities import Shown
from multicnn.tasks import Answer

SIDE = 320  # pixels of the longer side of an image with boxes
_TRUTH = (255, 255, 255)
_COLOURS = ((230, 60, 60), (60, 140, 240), (250, 180, 30), (40, 180, 90), (190, 90, 220), (20, 190, 200))


def overlaid(shown: Shown, answer: Answer, truth: Answer | None = None) -> Shown:
    """Return an image with the boxes of an answer, a colour for each class, and in white thinly those of the truth.

    What is no image, or has no boxes, stays as it is.

    Args:
        shown: The original as it is shown.
        answer: Boxes in pixels of it.
        truth: The true boxes in pixels of it.
    """
    if shown.kind != "image" or answer.boxes is None or isinstance(shown.content, str):
        return shown
    from PIL import Image, ImageDraw

    pixels = shown.content if shown.content.shape[-1] == 3 else np.repeat(shown.content, 3, axis=-1)
    image = Image.fromarray(pixels)
    scale = SIDE / max(image.size)
    image = image.resize((max(round(image.width * scale), 1), max(round(image.height * scale), 1)))
    draw = ImageDraw.Draw(image)
    boxes = [*((box, _TRUTH, 1) for box in (truth.boxes if truth else None) or ())]
    names = sorted({box.label for each in (answer, truth) if each for box in each.boxes or ()})
    boxes += [(box, _COLOURS[names.index(box.label) % len(_COLOURS)], 2) for box in answer.boxes]
    for box, colour, width in boxes:
        draw.rectangle(
            [scale * box.x0, scale * box.y0, scale * box.x1 - 1, scale * box.y1 - 1], outline=colour, width=width
        )
    return Shown("figure", np.asarray(image))
