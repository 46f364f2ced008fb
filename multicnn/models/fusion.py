"""Networks of several inputs: a model for each, merged late or jointly.

| | merged | after that |
| --- | --- | --- |
| `late_fusion` | the logits of each input, by their sum | nothing |
| `joint_fusion` | `features` outputs of each input, side by side | ReLU, dropout, a dense layer |

Late fusion says what each input added; joint layers can weigh one input by another. The names are those of Ngiam et al. 2011,
"Multimodal deep learning", and Snoek et al. 2005, "Early versus late fusion in semantic video analysis".
"""

from __future__ import annotations

from multicnn import models
from multicnn.blocks import Block, activation, chain, dense, drop, join


def late_fusion(classes: int, *, image: str = "vgg_small", audio: str = "res8", text: str = "textcnn") -> Block:
    """Return the sum of the logits of a model for each input; `image`, `audio` and `text` are the names of the models."""
    return join(_of_each(classes, image, audio, text), "add")


def joint_fusion(
    classes: int,
    *,
    image: str = "vgg_small",
    audio: str = "res8",
    text: str = "textcnn",
    features: int = 64,
    dropout: float = 0.5,
) -> Block:
    """Return a dense layer on the `features` outputs of a model for each input."""
    inputs = join(_of_each(features, image, audio, text), "concat")
    return chain(inputs, activation("relu"), drop(dropout), dense(classes))


def _of_each(outputs: int, image: str, audio: str, text: str) -> dict[str, Block]:
    return {name: models.create(model, outputs) for name, model in (("image", image), ("audio", audio), ("text", text))}
