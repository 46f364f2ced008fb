"""The features of TensorFlow Datasets that are inputs, and what their values mean."""

from __future__ import annotations

from types import ModuleType

import numpy as np

FEATURES = {"image": "Image", "audio": "Audio", "text": "Text"}  # modality: class of tfds.features


def modality_of(tfds: ModuleType, feature: object) -> str | None:
    """Return the modality of a feature, or None for one that is no input."""
    return next(
        (modality for modality, name in FEATURES.items() if isinstance(feature, getattr(tfds.features, name))), None
    )


def is_encoded(tfds: ModuleType, feature: object) -> bool:
    """Return True for a feature whose records hold the bytes of a file, which are decoded here and not by TFDS."""
    if isinstance(feature, (tfds.features.Image, tfds.features.Video)):
        return True
    return isinstance(feature, tfds.features.Audio) and feature.to_json_content().lazy_decode


def example(modality: str, value: bytes | np.ndarray) -> str | bytes | np.ndarray:
    """Return the value of a feature as the `decode` of its modality takes it.

    Args:
        modality: One of `FEATURES`.
        value: Bytes of a file or a text, or the samples of a clip: (samples,) or (samples, channels).
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace") if modality == "text" else value
    samples: np.ndarray = value.mean(axis=-1) if value.ndim > 1 else value
    # Whole numbers are 16-bit PCM, whatever the type they are kept in.
    return samples.astype(np.float32) / 32768 if samples.dtype.kind in "iu" else samples.astype(np.float32)
