"""The modalities by name: those of this package, and those that a user registers."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from multicnn.modalities.base import Preprocess

# Imported when they are asked for, since they bring TensorFlow: module and class.
BUILT_IN = {
    "image": ("multicnn.modalities.image.preprocess", "ImagePreprocess"),
    "audio": ("multicnn.modalities.audio.preprocess", "AudioPreprocess"),
    "text": ("multicnn.modalities.text.preprocess", "TextPreprocess"),
    "joined": ("multicnn.modalities.joined.preprocess", "JoinedPreprocess"),
}
_REGISTERED: dict[str, type[Preprocess]] = {}
# Kinds of input: the modality and the fields that choose the kind.
_KINDS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "image": ("image", {}),
    "log-mel": ("audio", {}),
    "waveform": ("audio", {"features": "waveform"}),
    "text": ("text", {}),
}


def register(preprocess: type[Preprocess]) -> None:
    """Make a modality known under the name that its class attribute `modality` holds.

    Data, recipes and saved predictors of that name then work. The module that calls this has to be imported before such a
    recipe or predictor is loaded: no file chooses the code that is run.

    Args:
        preprocess: A frozen dataclass (of the standard library or of pydantic) that fulfils
            `multicnn.modalities.base.Preprocess` and whose fields all have defaults.

    Raises:
        ValueError: Another class has that name.
    """
    name: Any = preprocess.modality  # of a class, the default of the field
    if not isinstance(name, str) or not name:
        raise ValueError(f"`preprocess.modality` must be a name. Received: preprocess.modality={name!r}")
    taken = _REGISTERED.get(name)
    owner = (taken.__module__, taken.__qualname__) if taken is not None else BUILT_IN.get(name)
    if owner is not None and owner != (preprocess.__module__, preprocess.__qualname__):
        raise ValueError(
            f"`preprocess.modality` must be a name that {'.'.join(owner)} does not have. "
            f"Received: preprocess.modality={name!r}"
        )
    _REGISTERED[name] = preprocess
    _KINDS.setdefault(name, (name, {}))


def check(modality: str) -> None:
    """Raise ValueError where no modality of this name is registered; the message lists those that are."""
    if modality not in _REGISTERED and modality not in BUILT_IN:
        known = ", ".join(dict.fromkeys([*BUILT_IN, *_REGISTERED]))
        raise ValueError(f"modality must be one of {known}, or registered before. Received: modality={modality!r}")


def lookup(modality: str) -> type[Preprocess]:
    """Return the preprocess class of a modality.

    Raises:
        ValueError: No modality of this name is registered; the message lists those that are.
    """
    check(modality)
    if modality not in _REGISTERED:
        module, name = BUILT_IN[modality]
        _REGISTERED[modality] = getattr(importlib.import_module(module), name)
    return _REGISTERED[modality]


def of_kind(kind: str) -> Preprocess:
    """Return the preprocess of a kind of input, such as "log-mel", with the other fields at their defaults.

    Raises:
        ValueError: There is no such kind; the message lists those that there are.
    """
    if kind not in _KINDS:
        raise ValueError(f"`modality` must be one of {list(_KINDS)}. Received: modality={kind!r}")
    modality, fields = _KINDS[kind]
    return lookup(modality)(**fields)
