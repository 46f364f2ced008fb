"""The optimizer in the saved form of a recipe, where a name means something else than it once did.

"adagrad" was Keras's, which is not as it was published, and which is "keras_adagrad" today. Since then the saved form has `format`
2 beside the name. One that has every field of an optimizer but no format was saved before. Written by hand, a name is today's.
"""

from __future__ import annotations

from collections.abc import Mapping

_FORMAT = 2
_SAVED = {
    "name",
    "learning_rate",
    "schedule",
    "warmup_epochs",
    "weight_decay",
    "arguments",
}  # the fields of a saved one
_OF_FORMAT_1 = "keras_adagrad"


def marked(data: dict[str, object]) -> dict[str, object]:
    """Return the fields of a recipe of today with the format of its optimizer, if the name had another meaning."""
    optimizer = data["optimizer"]
    if not _is_adagrad(optimizer):
        return data
    assert isinstance(optimizer, Mapping)
    return {**data, "optimizer": {**optimizer, "format": _FORMAT}}


def as_saved(data: dict[str, object]) -> dict[str, object]:
    """Return the fields of a recipe, given or saved, with the name of today of the optimizer that it means.

    Raises:
        ValueError: A newer multicnn saved it.
    """
    optimizer = data.get("optimizer")
    if not isinstance(optimizer, Mapping) or (not _is_adagrad(optimizer) and "format" not in optimizer):
        return data
    version = optimizer.get("format", 1 if _SAVED <= optimizer.keys() else _FORMAT)
    fields = {name: value for name, value in optimizer.items() if name != "format"}
    if version not in (1, _FORMAT):
        raise ValueError(f"`optimizer.format` must be at most {_FORMAT}. Received: optimizer.format={version!r}")
    if version == 1 and _is_adagrad(optimizer):
        fields["name"] = _OF_FORMAT_1
    return {**data, "optimizer": fields}


def _is_adagrad(optimizer: object) -> bool:
    name = optimizer.get("name") if isinstance(optimizer, Mapping) else None
    return isinstance(name, str) and name.lower() == "adagrad"
