"""Any modality's preprocess, as plain data and back."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic

from multicnn.modalities.audio.preprocess import AudioPreprocess
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.modalities.text.preprocess import TextPreprocess
from multicnn.recipe.renames import with_current_names

Preprocess = Annotated[ImagePreprocess | AudioPreprocess | TextPreprocess, pydantic.Field(discriminator="modality")]
MODALITIES = {"image": ImagePreprocess, "audio": AudioPreprocess, "text": TextPreprocess}
_PREPROCESS = pydantic.TypeAdapter(Preprocess)


def preprocess_to_dict(preprocess: Any) -> dict[str, Any]:
    """A preprocess as plain data that goes through JSON unchanged."""
    return _PREPROCESS.dump_python(preprocess, mode="json")


def preprocess_from_dict(data: dict[str, Any]) -> Any:
    """The preprocess that `preprocess_to_dict` described."""
    return _PREPROCESS.validate_python(with_current_names({"preprocess": data})["preprocess"])
