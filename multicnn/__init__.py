"""multicnn: convolutional networks for images, sounds and sentences from one vocabulary of blocks.

import multicnn
predictor = multicnn.train("photos/")
print(predictor.evaluate("test/"), predictor.predict(["a.jpg"]))
predictor.save("photos.keras")
predictor = multicnn.load("photos.keras")
"""

import importlib
import os
import platform
from typing import Any

from multicnn.utils.quiet import import_tensorflow_silently
from multicnn.version import __version__ as __version__

# On processors without AVX-512 TensorFlow leaves out oneDNN, with which ResNet-20 trains in two thirds of the time. It looks once,
# when it is imported.
if platform.machine().lower() in ("x86_64", "amd64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import_tensorflow_silently()

# Public names and where they are; imported when first asked for, so that `import multicnn` is instant.
_PUBLIC = {
    "Predictor": "multicnn.predictor",
    "Prediction": "multicnn.predictor",
    "load": "multicnn.predictor",
    "DataSource": "multicnn.recipe",
    "Embedding": "multicnn.recipe",
    "Model": "multicnn.recipe",
    "Optimizer": "multicnn.recipe",
    "Recipe": "multicnn.recipe",
    "RobustnessSettings": "multicnn.evaluation.robustness",
    "Runtime": "multicnn.recipe",
    "Start": "multicnn.recipe",
    "AudioPreprocess": "multicnn.modalities.audio.preprocess",
    "ImagePreprocess": "multicnn.modalities.image.preprocess",
    "JoinedPreprocess": "multicnn.modalities.joined.preprocess",
    "TextPreprocess": "multicnn.modalities.text.preprocess",
    "crossval": "multicnn.api",
    "dataset": "multicnn.api",
    "doctor": "multicnn.api",
    "dry_run": "multicnn.api",
    "evaluate": "multicnn.api",
    "explain": "multicnn.api.attributions",
    "explain_data": "multicnn.api",
    "explain_inputs": "multicnn.api",
    "explain_texts": "multicnn.api",
    "features": "multicnn.api",
    "feature_map": "multicnn.api.inside",
    "filters": "multicnn.api.inside",
    "find_rate": "multicnn.api",
    "inspect": "multicnn.api",
    "invert": "multicnn.api.inside",
    "maximize": "multicnn.api.inside",
    "prepare": "multicnn.api",
    "preview": "multicnn.api",
    "robustness": "multicnn.api.robustness",
    "train": "multicnn.api",
    "transfer_curves": "multicnn.api",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'multicnn' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
