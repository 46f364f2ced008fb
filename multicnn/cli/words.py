"""`multicnn words`: learn word vectors, look at them, and see what they know of some texts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from multicnn.cli.options import Json

app = typer.Typer(no_args_is_help=True, help="Learn word vectors from texts, and look at any file of them.")

Vectors = Annotated[
    str,
    typer.Argument(
        help="word2vec, GloVe, fastText or NumPy vectors; or a model.keras, for what its network has learned."
    ),
]
Texts = Annotated[str, typer.Argument(help="A table of texts, or a file with a text a line.")]
Column = Annotated[str, typer.Option(help="Column of the texts in a table.")]
Format = Annotated[
    str | None, typer.Option(help="gensim: a file that gensim saved, a pickle; only from one you trust.")
]
Most = Annotated[int, typer.Option(help="Read no more than the first so many words.")]


@app.command("train")
def learn(
    texts: Texts,
    out: Annotated[Path, typer.Argument(help="The file to write: .txt, .vec, .bin (word2vec's formats) or .npy.")],
    kind: Annotated[str, typer.Option(help="cbow, skipgram or fasttext.")] = "skipgram",
    dims: Annotated[int, typer.Option(min=1, help="Size of a vector.")] = 100,
    window: Annotated[int, typer.Option(min=1, help="Words to each side that count as context.")] = 5,
    min_count: Annotated[int, typer.Option(min=1, help="Times a word must occur.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the texts.")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="Threads; only with one are two runs equal.")] = 1,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    tokenizer: Annotated[str, typer.Option(help="unicode, whitespace or kim.")] = "unicode",
    text_column: Column = "text",
) -> None:
    """Learn word vectors from texts, with gensim."""
    from multicnn.modalities.text import word_vectors

    out.parent.mkdir(parents=True, exist_ok=True)  # told now, not after the learning
    tokens = _tokens(texts, text_column, tokenizer)
    settings = {"dims": dims, "window": window, "min_count": min_count, "epochs": epochs, "workers": workers}
    vectors = word_vectors.learn(tokens, kind, seed=seed, **settings)
    vectors.save(out)
    print(f"{out}: {len(vectors):,} words of {sum(map(len, tokens)):,} tokens, {vectors.dims} dimensions")


@app.command()
def nearest(
    vectors: Vectors,
    words: Annotated[list[str], typer.Argument(help="One word or several, each by itself.")],
    count: Annotated[int, typer.Option(min=1, help="Neighbours of each.")] = 10,
    most: Most = 200_000,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """The words whose vectors are nearest, by cosine."""
    known = _open(vectors, most, format=format)
    _show({word: known.nearest(word, count) for word in words}, as_json)


@app.command()
def analogy(
    vectors: Vectors,
    a: Annotated[str, typer.Argument(help="A is to")],
    b: Annotated[str, typer.Argument(help="B as")],
    c: Annotated[str, typer.Argument(help="C is to ...")],
    count: Annotated[int, typer.Option(min=1, help="Answers.")] = 5,
    most: Most = 200_000,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """A is to B as C is to what? The words nearest to B - A + C."""
    _show({f"{a} : {b} = {c} : ?": _open(vectors, most, format=format).analogy([b, c], [a], count)}, as_json)


@app.command()
def coverage(
    vectors: Vectors,
    texts: Texts,
    tokenizer: Annotated[str, typer.Option(help="unicode, whitespace or kim.")] = "unicode",
    text_column: Column = "text",
    format: Format = None,
    as_json: Json = False,
) -> None:
    """How many of the words in some texts have a vector, and which frequent ones have none."""
    counts = Counter(token for text in _tokens(texts, text_column, tokenizer) for token in text)
    if not counts:
        raise ValueError(f"`texts` must have words in them. Received: texts={texts!r}")
    known = _open(vectors, None, vocabulary=list(counts), normalise=str.lower, format=format)
    missing = [(word, count) for word, count in counts.most_common() if word not in known]
    total = counts.total()
    said = {
        "types": 1 - len(missing) / len(counts),
        "tokens": 1 - sum(count for _, count in missing) / total,
        "words": len(counts),
        "occurrences": total,
        "missing": missing[:20],
    }
    if as_json:
        print(json.dumps(said, ensure_ascii=False))
        return
    print(f"{said['types']:.1%} of {len(counts):,} different words and {said['tokens']:.1%} of {total:,} have a vector")
    print("most frequent without:", ", ".join(f"{word} ({count:,})" for word, count in said["missing"]) or "none")


@app.command()
def picture(
    vectors: Vectors,
    out: Annotated[Path, typer.Argument(help="The PNG file to write.")],
    words: Annotated[list[str] | None, typer.Argument(help="Which words; by default the first ones.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many, where they are not named.")] = 150,
    most: Most = 200_000,
    format: Format = None,
) -> None:
    """Draw words in the plane, near to one another where their vectors are (t-SNE)."""
    from multicnn.modalities.text import word_vectors

    word_vectors.picture(_open(vectors, most, format=format), out, words or None, count)
    print(out)


def _open(path: str, most: int | None, **wanted: Any) -> Any:
    """The vectors of a file; of a predictor, those that its network has learned."""
    from multicnn.modalities.text import word_vectors

    if not path.endswith(".keras"):
        return word_vectors.read(path, size=most, **wanted)
    from multicnn.layers import TokenEmbedding
    from multicnn.predictor import load

    predictor = load(path)
    tables = [layer for layer in predictor.network.layers if isinstance(layer, TokenEmbedding)]
    words = getattr(predictor.preprocess, "vocabulary", ())
    if not tables:
        raise ValueError(f"`vectors` must be of a network with word vectors. Received: vectors={path!r}")
    learned = tables[-1].get_weights()[0]  # of multichannel the second, which was trained
    return word_vectors.WordVectors(words, learned[2 : 2 + len(words)])


def _tokens(path: str, column: str, tokenizer: str) -> list[list[str]]:
    """The words of each text of a table or a file of lines."""
    from multicnn.modalities.text.tokenizers import words

    return [words(text, tokenizer, lowercase=True) for text in _texts(path, column)]


def _texts(path: str, column: str) -> list[str]:
    from multicnn.data.paths import locate
    from multicnn.data.sources.reading import TABLES, read_table

    place = Path(locate(path))
    if not place.is_file():
        raise ValueError(f"`texts` must be a file; nothing is there. Received: texts={path!r}")
    if place.suffix.lower() in TABLES:
        table = read_table(place)
        return [text for text, bad in zip(table.column("text_column", column), table.reasons) if text and not bad]
    return [line for line in place.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]


def _show(found: dict[str, list[tuple[str, float]]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for title, neighbours in found.items():
        print(title)
        for word, cosine in neighbours:
            print(f"  {cosine:.3f}  {word}")
