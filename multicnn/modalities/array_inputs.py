"""The part of a modality that knows its examples in arrays and other objects in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np


class ArrayInputs(Protocol):
    """The members of `Preprocess` that understand examples in memory."""

    inline: ClassVar[bool]

    @classmethod
    def from_archive(cls, x: np.ndarray) -> np.ndarray | list[str]:
        """Return the elements of an array of an .npz file, in their order, as `decode` takes them.

        Raises:
            ValueError: They cannot be examples of this modality.
        """
        if cls.inline and x.dtype.kind not in "US":
            raise ValueError(f"x must be strings. Received: shape={x.shape}, dtype={x.dtype}")
        return list(map(str, x.tolist())) if cls.inline else x

    @classmethod
    def from_memory(cls, items: Sequence[object]) -> list[object]:
        """Return objects in memory as `decode` takes them, in a form that other sources of the same example have too.

        Args:
            items: Arrays, pairs of a waveform and its rate, contents of files, or other objects.

        Returns:
            An example for each; a ValueError stands for what cannot be one.
        """
        return list(items)

    @classmethod
    def content_of(cls, data: bytes) -> np.ndarray | None:
        """Return what a file of a lossless format holds, as an archive would have it; None of another format.

        Raises:
            ValueError: It cannot be read.
        """
        return None

    def separated(self, x: np.ndarray) -> list[np.ndarray]:
        """Return the inputs of an array of numbers that `predict` was given: itself, or those of a batch.

        Raises:
            ValueError: The array may be one or the other; the message says what to pass.
        """
        return [x]
