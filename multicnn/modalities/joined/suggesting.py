"""The settings of a run that suit several inputs: those of each, as far as they agree, and inputs that are left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from multicnn.modalities.joined.packing import Preprocesses
from multicnn.modalities.marks import Source
from multicnn.modalities.suggestions import Suggestion

_LOOKED_AT = 100  # examples
_DROPPED = 0.3  # of the inputs
_SHARED = ("optimizer.schedule", "optimizer.learning_rate", "model.embedding.dropout")


def suggested(
    preprocesses: Preprocesses, examples: Iterable[tuple[Source, str]], count: int, batch_size: int | None
) -> Suggestion:
    """Return the suggestions for each input under their joint names: of the epochs the most, of the batch size the first.

    Args:
        preprocesses: The preprocess of each input.
        examples: Some decoded training examples and their labels, in random order.
        count: Number of training examples.
        batch_size: Examples a step, where that is settled.
    """
    looked_at = list(itertools.islice(examples, _LOOKED_AT))
    settings: dict[str, object] = {}
    of_model: dict[str, object] = {}
    epochs: list[int] = []
    for name, preprocess in preprocesses.items():
        own = [(raw.decoded[name], label) for raw, label in looked_at if name in raw.decoded]
        suggestion = preprocess.suggested(own, count, batch_size)
        batch_size = batch_size or int(str(suggestion.settings["batch_size"]))  # one for all
        epochs.append(int(str(suggestion.settings["epochs"])))
        for target, values in ((settings, suggestion.settings), (of_model, suggestion.of_model)):
            for field, value in values.items():
                group, _, rest = field.partition(".")
                if group in ("augment", "preprocess"):
                    target[f"augment.{name}_{rest}" if group == "augment" else f"preprocess.inputs.{name}.{rest}"] = (
                        value
                    )
                elif field == "model.name":
                    of_model[f"model.arguments.{name}"] = value
                elif field in _SHARED:
                    target.setdefault(field, value)
    first = {"epochs": max(epochs), "batch_size": batch_size}
    return Suggestion({**first, **settings, "augment.drop_inputs": _DROPPED}, of_model)
