"""Word vectors: time of training them beside plain gensim, and of reading a large file for a small vocabulary.

    python benchmarks/word_vectors.py [--texts 4000] [--rounds 5] [--glove glove.6B.50d.txt]

Learning: `word_vectors.learn` beside `gensim.models.Word2Vec` on the same texts with the same settings (skip-gram and CBOW,
100 dimensions, window 5, 5 epochs, one thread), alternating; printed is the median of the rounds' ratios of CPU time.
Reading: 400,000 vectors of 50 dimensions in GloVe's format (random, unless a file is given), for a vocabulary of 20,000
words, 19,000 of them in the file. A fresh process reads it; printed are its wall-clock and CPU seconds without imports,
and the increase of its peak memory. Linux only.

Measured on 2 cores of an otherwise idle AMD EPYC with AVX-512, 5 rounds: gensim / ours 0.975 (skip-gram) and 1.007 (CBOW);
reading took 0.75 s and 31 MB. On one at a load of 9, 3,000 texts: 1.016 and 1.008; 1.25 s of CPU time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

WORDS, DIMS, VOCABULARY = 400_000, 50, 20_000
READ = """
import sys, time
from multicnn.modalities.text import word_vectors

def memory(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)) / 1024

vocabulary = [line.rstrip("\\n") for line in open(sys.argv[2], encoding="utf-8")]
before, wall, cpu = memory("VmRSS"), time.perf_counter(), time.process_time()
table, known = word_vectors.table(word_vectors.read(sys.argv[1], vocabulary=vocabulary), vocabulary)
print(time.perf_counter() - wall, time.process_time() - cpu, memory("VmHWM") - before, known.sum())
"""


def main() -> None:
    """Print a line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--glove", type=Path)
    arguments = parser.parse_args()
    for kind in ("skipgram", "cbow"):
        time_learning(kind, random_texts(arguments.texts), arguments.rounds)
    with tempfile.TemporaryDirectory() as folder:
        file = arguments.glove or glove(Path(folder) / "glove.txt")
        time_reading(file, Path(folder) / "vocabulary.txt", arguments.rounds)


def time_learning(kind: str, texts: list[list[str]], rounds: int) -> None:
    """Time gensim and ours in alternation and print the ratio."""
    from gensim.models import Word2Vec

    from multicnn.modalities.text import word_vectors

    settings = {"window": 5, "min_count": 5, "epochs": 5, "workers": 1, "seed": 0}
    contestants = (
        lambda: word_vectors.learn(iter(texts), kind, dims=100, **settings),
        lambda: Word2Vec(texts, sg=int(kind == "skipgram"), vector_size=100, **settings),
    )
    times = np.zeros((rounds, 2))
    for turn in range(rounds):
        for i in (0, 1) if turn % 2 == 0 else (1, 0):
            started = time.process_time()
            contestants[i]()
            times[turn, i] = time.process_time() - started
    ours, gensims = np.median(times, axis=0)
    ratio = np.median(times[:, 1] / times[:, 0])
    print(f"{kind:<10} ours {ours:6.2f} s   gensim {gensims:6.2f} s   gensim / ours {ratio:.3f}", flush=True)


def random_texts(count: int) -> list[list[str]]:
    """Return texts of 30 words each, drawn by Zipf's law."""
    rng = np.random.default_rng(0)
    return [[f"w{i}" for i in row] for row in np.minimum(rng.zipf(1.3, (count, 30)), 20_000)]


def glove(path: Path) -> Path:
    """Write a file like glove.6B.50d.txt and return its path."""
    rng = np.random.default_rng(0)
    with open(path, "w", encoding="utf-8") as file:
        for start in range(0, WORDS, 10_000):
            rows = rng.normal(0, 0.5, (10_000, DIMS)).round(5)
            file.writelines(f"word{start + i} {' '.join(map(str, row.tolist()))}\n" for i, row in enumerate(rows))
    return path


def time_reading(file: Path, vocabulary: Path, rounds: int) -> None:
    """Time reading the file in fresh processes and print the medians."""
    with open(file, encoding="utf-8") as lines:
        words = [line.split(" ", 1)[0] for line in lines]
    rng = np.random.default_rng(1)
    vocabulary_words = [words[i] for i in rng.choice(len(words), VOCABULARY - 1000, replace=False)]
    vocabulary.write_text("".join(f"{word}\n" for word in (*vocabulary_words, *(f"unknown-{i}" for i in range(1000)))))
    command = [sys.executable, "-c", READ, str(file), str(vocabulary)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(rounds)]
    wall, cpu, megabytes, known = np.median(np.array(runs, dtype=float), axis=0)
    print(f"reading    {len(words):,} vectors for {VOCABULARY:,} words, {known:,.0f} of them in the file:")
    print(f"           {wall:.2f} s ({cpu:.2f} s of CPU time), {megabytes:.0f} MB more")


if __name__ == "__main__":
    main()
