"""multicnn: convolutional networks for images, sounds and sentences from one vocabulary of blocks.

import multicnn
classifier = multicnn.train("photos/")
print(classifier.evaluate("test/"), classifier.predict(["a.jpg"]))
classifier.save("photos.keras")
classifier = multicnn.load("photos.keras")
"""

import importlib
import os
import platform
from typing import Any

__version__ = "0.1.0"

# On processors without AVX-512 TensorFlow leaves out oneDNN, with which ResNet-20 trains in two thirds of the time. It looks once,
# when it is imported.
if platform.machine().lower() in ("x86_64", "amd64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# Public names and where they are; imported when first asked for, so that `import multicnn` is instant.
_PUBLIC = {
    "Classifier": "multicnn.classifier",
    "Prediction": "multicnn.classifier",
    "load": "multicnn.classifier",
    "DataSource": "multicnn.recipe",
    "Embedding": "multicnn.recipe",
    "Optimizer": "multicnn.recipe",
    "Recipe": "multicnn.recipe",
    "Start": "multicnn.recipe",
    "AudioPreprocess": "multicnn.modalities.audio",
    "ImagePreprocess": "multicnn.modalities.image",
    "TextPreprocess": "multicnn.modalities.text",
    "crossval": "multicnn.workflow",
    "doctor": "multicnn.workflow",
    "dry_run": "multicnn.workflow",
    "evaluate": "multicnn.measuring",
    "explain_data": "multicnn.explaining",
    "explain_texts": "multicnn.explaining",
    "features": "multicnn.workflow",
    "find_rate": "multicnn.workflow",
    "inspect": "multicnn.inspection",
    "preview": "multicnn.workflow",
    "train": "multicnn.workflow",
    "transfer_curves": "multicnn.workflow",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'multicnn' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
