"""The features of TensorFlow Datasets that are inputs, and what their values mean."""

from __future__ import annotations

from typing import Any

import numpy as np

FEATURES = {"image": "Image", "audio": "Audio", "text": "Text"}  # modality: class of tfds.features
ENCODED = ("image",)  # modalities whose values are left as the bytes of a file


def example(modality: str, value: Any) -> str | bytes | np.ndarray:
    """Return the value of a feature as the `decode` of its modality takes it.

    Args:
        modality: One of `FEATURES`.
        value: Bytes of an image file or a text, or the samples of a clip: (samples,) or (samples, channels).
    """
    if modality == "text":
        return value.decode("utf-8", "replace")
    if modality == "image":
        return value
    if value.ndim > 1:
        value = value.mean(axis=-1)
    # Whole numbers are 16-bit PCM, whatever the type they are kept in.
    return value.astype(np.float32) / 32768 if value.dtype.kind in "iu" else value.astype(np.float32)
