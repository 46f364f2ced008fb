"""The masks that `multicnn predict --out` writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from multicnn.predictor import Prediction, Predictor


class MaskFolder:
    """A folder of predicted masks: NAME_mask.png, and NAME_probability.png of the second of two classes, or one of each of more.

    Args:
        folder: The folder, which is made.
        predictor: The predictor, whose task must give masks.

    Raises:
        ValueError: It gives none, or the folder cannot be made.
    """

    def __init__(self, folder: Path, predictor: Predictor):
        if predictor.task.reads != "mask":
            raise ValueError(
                f"`out` is for predictors of masks; this one does {predictor.task.name}. Received: out={str(folder)!r}"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"`out` must be a folder ({error.strerror}). Received: out={str(folder)!r}") from None
        self._folder, self._labels = folder, predictor.labels
        self._taken: set[str] = set()

    def add(self, prediction: Prediction) -> None:
        """Write the mask of a prediction; a bad input has none."""
        import numpy as np

        from multicnn.tasks.masks import image_of

        if prediction.mask is None or prediction.maps is None:
            return
        name = self._name(prediction.input)
        self._write(f"{name}_mask.png", image_of(prediction.mask))
        shown = {"": 1} if len(self._labels) == 2 else {f"_{each}": i for i, each in enumerate(self._labels)}
        for suffix, index in shown.items():
            levels = np.rint(255 * prediction.maps[..., index]).astype(np.uint8)
            self._write(f"{name}_probability{_plain(suffix)}.png", levels)

    def _name(self, source: str) -> str:
        """Return the name of a file without its extension; a second one of it is numbered."""
        stem = _plain(Path(source).stem) or "image"
        name, count = stem, 1
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name

    def _write(self, name: str, pixels: np.ndarray) -> None:
        from PIL import Image

        from multicnn.utils.files import atomic_file

        with atomic_file(self._folder / name) as partial:
            Image.fromarray(pixels).save(partial, format="PNG")


def _plain(name: str) -> str:
    return re.sub(r"[^\w.#-]", "_", name)
