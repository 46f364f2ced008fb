"""The modalities that a network learns from: images, audio, texts, and any other modality that is registered here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from multicnn.modalities.base import Augmenter, Preprocess, Probe, Shown
from multicnn.modalities.registry import lookup, of_kind, register

if TYPE_CHECKING:
    from multicnn.modalities.audio.preprocess import AudioPreprocess
    from multicnn.modalities.image.preprocess import ImagePreprocess
    from multicnn.modalities.joined.preprocess import JoinedPreprocess
    from multicnn.modalities.text.preprocess import TextPreprocess

__all__ = [
    "AudioPreprocess",
    "Augmenter",
    "ImagePreprocess",
    "JoinedPreprocess",
    "Preprocess",
    "Probe",
    "Shown",
    "TextPreprocess",
    "lookup",
    "of_kind",
    "register",
]

_MODALITY = {
    "ImagePreprocess": "image",
    "AudioPreprocess": "audio",
    "TextPreprocess": "text",
    "JoinedPreprocess": "joined",
}


def __getattr__(name: str) -> Any:
    """Import a preprocess when it is asked for: it brings TensorFlow."""
    if name in _MODALITY:
        return lookup(_MODALITY[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
