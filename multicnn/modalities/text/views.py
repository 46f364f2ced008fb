"""Views of what is inside a network of texts: n-grams, and the words that a filter is nearest to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from multicnn.modalities.shown import Shown
from multicnn.modalities.views import Channels, KernelView, Views, Window, cut

_NEAREST = 5  # words at each step of a kernel
_AT_ONCE = 64  # tokens


class TextViews(Views, Protocol):
    """The views of a preprocess of tokens."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Tokens from id 2 on."""

    @property
    def level(self) -> str:
        """The kind of tokens."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the network's input, without the batch."""

    def input_tokens(self, raw: str) -> list[str]:
        """Return the tokens of a text in the order of the network's input."""

    def examples(self, raws: Sequence[str]) -> np.ndarray:
        """Return the ids of texts."""

    def excerpt(self, raw: str, window: Window) -> list[Shown]:
        """Return the n-gram in a part of a text."""
        return [Shown("text", self._joined(self._tokens(raw, window)))]

    def where(self, window: Window) -> str:
        """Return the tokens of a part, such as "tokens 3 to 6"."""
        start, stop = window[0]
        return f"tokens {start} to {stop - 1}"

    def signed_view(self, values: np.ndarray, window: Window, raw: str) -> list[Shown]:
        """Return each token of a part with its value, as a share of the largest: "fine +1.00 film -.20"."""
        each = cut(values, window[:1]).reshape(window[0][1] - window[0][0], -1).sum(axis=1)
        largest = max(float(np.abs(each).max(initial=0)), 1e-12)
        tokens = self._tokens(raw, window)
        return [Shown("text", "  ".join(f"{token} {value / largest:+.2f}" for token, value in zip(tokens, each)))]

    def kernel_views(self, kernel: np.ndarray, channels: Channels) -> list[KernelView]:
        """Return for each step of each filter the tokens whose vectors are nearest to it, by the cosine."""
        words, vectors = self._vectors(channels)
        lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        nearest = np.empty((kernel.shape[0], _NEAREST, kernel.shape[-1]), object)
        for step, weights in enumerate(kernel):  # (channels, filters)
            if weights.shape[0] != vectors.shape[1]:
                return []  # a filter of some of the channels only
            cosines = vectors / lengths @ (weights / np.maximum(np.linalg.norm(weights, axis=0), 1e-12))
            best = np.argsort(-cosines, axis=0, kind="stable")[:_NEAREST]
            nearest[step, : len(best)] = np.array(words, object)[best]
        return [_view(i, nearest[..., i]) for i in range(kernel.shape[-1])]

    def _vectors(self, channels: Channels) -> tuple[list[str], np.ndarray]:
        """Return the tokens of the vocabulary, and what the layer sees of each: float32 (tokens, channels)."""
        found = []
        for start in range(0, len(self.vocabulary), _AT_ONCE):
            ids = np.zeros((len(self.vocabulary[start : start + _AT_ONCE]), *self.input_shape), np.int32)
            if len(self.input_shape) > 1:  # a word, and the n-grams of its characters
                ids[:, 0] = self.examples(self.vocabulary[start : start + _AT_ONCE])[:, 0]
            else:
                ids[:, 0] = np.arange(start + 2, start + 2 + len(ids))
            found.append(channels(ids)[:, 0])
        return list(self.vocabulary), np.concatenate(found)

    def _tokens(self, raw: str, window: Window) -> list[str]:
        start, stop = window[0]
        return self.input_tokens(raw)[start:stop]

    def _joined(self, tokens: Sequence[str]) -> str:
        return ("" if self.level == "characters" else " ").join(tokens)


def _view(index: int, nearest: np.ndarray) -> KernelView:
    """Return a filter by the nearest tokens at each of its steps: (steps, tokens)."""
    listed = [[word for word in step if word is not None] for step in nearest]
    text = " | ".join(" · ".join(step) for step in listed)
    return KernelView(index, [Shown("text", text)], f"filter {index}", {"nearest": listed})
