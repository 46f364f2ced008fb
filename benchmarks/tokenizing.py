"""Speed of the tokenizers, texts to ids, beside plain Python on one core.

    python benchmarks/tokenizing.py [--texts 20000] [--rounds 9]

Ours: `TextPreprocess.examples`, which returns one int32 matrix, padded and truncated to 60 tokens. Plain: lower-casing,
`str.split` and a look-up of each word in a `dict`; a list of ids per text, neither padded nor an array. Both have the same
vocabulary of 20,000 words. The texts draw 1 to 60 words each from 60,000 by Zipf's law, with capitals, commas and full
stops. In each round all alternate; printed is the median of the rounds' speeds in CPU time, first for new texts, then for
the same texts again, and the median ratio to plain Python.

Measured on 2 cores of an otherwise idle AMD EPYC with AVX-512, Python 3.11, ours / plain: on new texts 1.13 with white-space
tokens, 0.82 with Unicode words, 0.81 with Kim's cleaning; on the same texts again 1.11, 0.85, 0.87. On one busy with other
work, two runs of 7 rounds: on new texts 1.06 and 1.04, 0.67 and 0.72, 0.84 and 0.80. New texts cost more because their
unseen words go through the tokenizer's regular expressions.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from multicnn import TextPreprocess

WORDS, VOCABULARY, LENGTH = 60_000, 20_000, 60


def main() -> None:
    """Print a line for each tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    batches = [random_texts(arguments.texts, seed) for seed in range(arguments.rounds + 1)]
    contestants = {
        "plain split and dict": plain(batches[0]),
        "whitespace": ours("whitespace", batches[0]),
        "unicode": ours("unicode", batches[0]),
        "kim": ours("kim", batches[0]),
    }
    speeds = np.array([[speed(run, batch) for run in contestants.values()] for batch in batches[1:]])
    median = np.median(speeds, axis=0)
    print("tokenizer               words/s, new texts   again   / plain, new texts   again")
    for name, (new, again), (of_new, of_again) in zip(contestants, median, np.median(speeds / speeds[:, :1], axis=0)):
        print(f"{name:<22}{new / 1e6:>15.2f} million{again / 1e6:>7.2f}{of_new:>17.2f}{of_again:>13.2f}")


def speed(run: Callable[[Sequence[str]], object], texts: Sequence[str]) -> tuple[float, float]:
    """Return words per CPU second in the first pass over some texts and in the second."""
    words, speeds = sum(len(text.split()) for text in texts), []
    for _ in range(2):
        started = time.process_time()
        run(texts)
        speeds.append(words / (time.process_time() - started))
    return speeds[0], speeds[1]


def random_texts(count: int, seed: int) -> list[str]:
    """Return texts of random words."""
    spelling = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwypvbgk"))
    vocabulary = ["".join(spelling.choice(letters, size)) for size in spelling.integers(1, 10, WORDS)]
    rng = np.random.default_rng(seed)
    texts = []
    for size in rng.integers(1, LENGTH + 1, count):
        words = [vocabulary[i] for i in np.minimum(rng.zipf(1.2, size) - 1, WORDS - 1)]
        words[0] = words[0].capitalize()
        words[-1] += "."
        if size > 8:
            words[size // 2] += ","
        texts.append(" ".join(words))
    return texts


def ours(tokenizer: str, texts: Sequence[str]) -> Callable[[Sequence[str]], np.ndarray]:
    """Return our tokenizer with a vocabulary fitted to some texts."""
    return TextPreprocess(tokenizer=tokenizer, length=LENGTH, max_vocabulary=VOCABULARY).fit(texts).examples


def plain(texts: Sequence[str]) -> Callable[[Sequence[str]], list[list[int]]]:
    """Return a tokenizer as one writes it by hand."""
    vocabulary = TextPreprocess(tokenizer="whitespace", length=LENGTH, max_vocabulary=VOCABULARY).fit(texts).vocabulary
    ids = {word: i for i, word in enumerate(vocabulary, start=2)}
    return lambda texts: [[ids.get(word, 1) for word in text.lower().split()] for text in texts]


if __name__ == "__main__":
    main()
