"""The limits on what a file may make the program read or allocate, and the one way to change them.

Each is checked before anything of that size is allocated. The environment variable MULTICNN_LIMITS changes them:

    MULTICNN_LIMITS=image_pixels=400e6,table_bytes=8e9 multicnn train scans/
"""

from __future__ import annotations

import dataclasses
import functools
import os
from dataclasses import dataclass

_VARIABLE = "MULTICNN_LIMITS"
_RATIO = 20  # unpacked to packed bytes: weights and pixels are below 10, a bomb is near 1,000


@dataclass(frozen=True)
class Limits:
    """The limits by name.

    Attributes:
        file_bytes: Bytes of an image or audio file, which is read at once.
        image_pixels: Pixels of an image.
        image_side: Pixels of a side of an image.
        audio_samples: Samples of a clip, at its own rate and at that of the network.
        text_bytes: Bytes of a file that is one text.
        table_bytes: Bytes of a table or a list of words; of Parquet unpacked.
        line_bytes: Bytes of a line in a file of word vectors.
        unpacked_bytes: Unpacked bytes of an archive (.npz, .keras, .gz); more where the archive itself is over 1/20 of them.
        json_bytes: Bytes of a recipe, and of a description in an artefact or a run folder.
        example_values: Numbers of an example as the network sees it.
        layer_values: Numbers that a layer of an artefact's network makes of one example.
        layer_steps: Steps that the network of an artefact takes one by one, where Keras copies a layer for each.
        pattern_seconds: Seconds of the processor in which a pattern is searched in the names of all files, a little more for many.
    """

    file_bytes: int = 2**31
    image_pixels: int = 100_000_000
    image_side: int = 100_000
    audio_samples: int = 2**28
    text_bytes: int = 2**26
    table_bytes: int = 2**30
    line_bytes: int = 2**20
    unpacked_bytes: int = 2**30
    json_bytes: int = 2**25
    example_values: int = 2**27
    layer_values: int = 2**28
    layer_steps: int = 5_000
    pattern_seconds: int = 10


class LimitError(ValueError):
    """A file, or what it would unpack to, is over a limit; the message has the limit and how it is raised."""


def current() -> Limits:
    """Return the limits with the changes of MULTICNN_LIMITS.

    Raises:
        ValueError: It does not read name=number,name=number.
    """
    return _parsed(os.environ.get(_VARIABLE, ""))


def check(name: str, amount: int, description: str) -> None:
    """Raise LimitError where an amount is over a limit.

    Args:
        name: The name of the limit.
        amount: What would be read or allocated.
        description: What it is too much of: "large: 20000 x 6000 pixels".
    """
    most = getattr(current(), name)
    if amount > most:
        raise LimitError(f"too {description} (limit {most:,}; {_VARIABLE}={name}={amount})")


def check_unpacked(unpacked: int, packed: int, description: str) -> None:
    """Raise LimitError where an archive would unpack to more than `unpacked_bytes`, and to over 20 times its own size."""
    if unpacked > _RATIO * packed:
        check("unpacked_bytes", unpacked, f"large: {description} unpacks to {unpacked:,} bytes")


@functools.lru_cache(maxsize=8)
def _parsed(text: str) -> Limits:
    names, changed = [field.name for field in dataclasses.fields(Limits)], {}
    for setting in filter(None, text.split(",")):
        name, _, value = setting.partition("=")
        try:
            changed[name.strip()] = int(float(value))
        except (ValueError, OverflowError):
            changed[name.strip()] = 0
        if name.strip() not in names or changed[name.strip()] < 1:
            expected = f"name=number with commas between them, of the names {', '.join(names)}"
            raise ValueError(f"{_VARIABLE} must be {expected}. Received: {_VARIABLE}={text!r}")
    return Limits(**changed)
