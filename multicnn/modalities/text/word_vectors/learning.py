"""Learn word vectors from texts, with gensim: word2vec (Mikolov et al. 2013) and fastText (Bojanowski et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterable

from multicnn.modalities.text.word_vectors.reading import _composed
from multicnn.modalities.text.word_vectors.vectors import WordVectors

KINDS = ("word2vec", "fasttext", "skipgram", "cbow")
_BUCKETS = 200_000  # of n-grams; gensim's 2,000,000 take 0.8 GB at 100 dimensions, whatever the size of the texts
_LONGEST = 10_000  # words: gensim drops what stands behind them in one text


def learn(
    texts: Iterable[list[str]],
    kind: str = "skipgram",
    *,
    dims: int = 100,
    window: int = 5,
    min_count: int = 5,
    epochs: int = 5,
    seed: int = 0,
    workers: int = 1,
) -> WordVectors:
    """Learn word vectors from texts.

    Args:
        texts: The words of each text, as `TextPreprocess.tokens` returns them.
        kind: "word2vec", which is its "skipgram"; its "cbow"; or "fasttext" (skip-gram over words and their character n-grams,
            so that unknown words have vectors too).
        dims: The number of elements of a vector.
        window: The number of words to each side that count as context.
        min_count: The number of times that a word must occur to get a vector.
        epochs: The number of passes over the texts.
        seed: Seeds the initial vectors and the sampling; the same texts and seed give the same vectors with one worker.
        workers: The number of threads.

    Raises:
        ValueError: The kind is unknown, or fewer than two words occur `min_count` times.
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {list(KINDS)}. Received: kind={kind!r}")
    from gensim.models import FastText, Word2Vec

    texts = [text[i : i + _LONGEST] for text in texts for i in range(0, len(text), _LONGEST)]
    settings = {"vector_size": dims, "window": window, "min_count": min_count, "seed": seed, "workers": workers}
    if kind == "fasttext":
        model = FastText(sg=1, bucket=_BUCKETS, **settings)
    else:
        model = Word2Vec(sg=int(kind != "cbow"), **settings)
    model.build_vocab(texts)
    if len(model.wv) < 2:
        raise ValueError(f"`min_count` must leave two words or more to learn from. Received: min_count={min_count}")
    model.train(texts, total_examples=model.corpus_count, epochs=epochs)
    compose = (lambda word: _composed(model.wv, word)) if kind == "fasttext" else None
    return WordVectors(tuple(model.wv.index_to_key), model.wv.vectors, compose)
