"""The preprocess of any registered modality, as plain data and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic

from multicnn.modalities import Preprocess, lookup
from multicnn.recipe.renames import with_current_names


def preprocess_to_dict(preprocess: Preprocess) -> dict[str, Any]:
    """Return a preprocess as plain data that goes through JSON unchanged."""
    return pydantic.TypeAdapter(type(preprocess)).dump_python(preprocess, mode="json")


def open_fields(modality: str) -> dict[str, object]:
    """Return the modality and those fields of its preprocess that hold fields themselves, so that these can be assigned."""
    fields = preprocess_to_dict(lookup(modality)())
    return {name: value for name, value in fields.items() if name == "modality" or isinstance(value, dict)}


def preprocess_from_dict(data: Mapping[str, Any]) -> Preprocess:
    """Return the preprocess that `preprocess_to_dict` described.

    Raises:
        ValueError: Its modality is not registered, or a field does not fit.
    """
    fields: dict[str, Any] = with_current_names({"preprocess": dict(data)})["preprocess"]
    preprocess = lookup(fields.get("modality", ""))
    return pydantic.TypeAdapter(preprocess).validate_python(preprocess.upgraded(fields))


def _validated(value: Any) -> Preprocess:
    if isinstance(value, Mapping):
        return preprocess_from_dict(value)
    if type(value) is not lookup(getattr(value, "modality", "")):
        raise ValueError(f"preprocess must be one of a registered modality. Received: preprocess={value!r}")
    return value


# The field of a recipe: checked and written by the class that is registered for its modality.
PreprocessField = Annotated[
    Preprocess, pydantic.PlainValidator(_validated), pydantic.PlainSerializer(preprocess_to_dict)
]
