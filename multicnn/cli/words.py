"""`multicnn words`: learn word vectors, query and plot them, and measure their coverage of some texts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from multicnn.cli.options import Json, loads_predictors
from multicnn.cli.printing import print_json, print_line
from multicnn.utils.outputs import check_file

if TYPE_CHECKING:
    from multicnn.modalities.text.word_vectors import WordVectors

app = typer.Typer(no_args_is_help=True, help="Learn word vectors from texts, and query any file of them.")

Vectors = Annotated[
    str,
    typer.Argument(help="word2vec, GloVe, fastText or NumPy vectors; or a model.keras file, for those of its network."),
]
Texts = Annotated[str, typer.Argument(help="A table of texts, or a file with one text per line.")]
Column = Annotated[str, typer.Option(help="Column of the texts in a table.")]
Format = Annotated[
    str | None, typer.Option(help="gensim: a file that gensim saved, a pickle; only from one you trust.")
]
Most = Annotated[int, typer.Option(help="Number of words to read from the start of the file.")]


@app.command("train")
def learn(
    texts: Texts,
    out: Annotated[Path, typer.Argument(help="The file to write: .txt, .vec, .bin (word2vec's formats) or .npy.")],
    kind: Annotated[str, typer.Option(help="word2vec (skipgram), cbow or fasttext.")] = "word2vec",
    dims: Annotated[int, typer.Option(min=1, help="Size of a vector.")] = 100,
    window: Annotated[int, typer.Option(min=1, help="Number of context words on each side.")] = 5,
    min_count: Annotated[int, typer.Option(min=1, help="Minimum number of occurrences of a word.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Number of passes over the texts.")] = 5,
    workers: Annotated[int, typer.Option(min=1, help="Number of threads; only runs with one are reproducible.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Random seed.")] = 0,
    tokenizer: Annotated[str, typer.Option(help="unicode, whitespace or kim.")] = "unicode",
    text_column: Column = "text",
) -> None:
    """Learn word vectors from texts, with gensim."""
    from multicnn.modalities.text import word_vectors

    check_file(out)
    if out.suffix not in word_vectors.SUFFIXES:
        raise ValueError(f"`out` must end in one of {', '.join(word_vectors.SUFFIXES)}. Received: out={str(out)!r}")
    tokens = _tokens(texts, text_column, tokenizer)
    settings = {"dims": dims, "window": window, "min_count": min_count, "epochs": epochs, "workers": workers}
    vectors = word_vectors.learn(tokens, kind, seed=seed, **settings)
    out.parent.mkdir(parents=True, exist_ok=True)
    vectors.save(out)
    print_line(f"{out}: {len(vectors):,} words of {sum(map(len, tokens)):,} tokens, {vectors.dims} dimensions")


@app.command()
@loads_predictors
def nearest(
    vectors: Vectors,
    words: Annotated[list[str], typer.Argument(help="One or more words.")],
    count: Annotated[int, typer.Option(min=1, help="Number of neighbours of each word.")] = 10,
    most: Most = 200_000,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """List the words whose vectors are nearest, by cosine similarity."""
    known = _open(vectors, most, format=format)
    _show({word: known.nearest(word, count) for word in words}, as_json)


@app.command()
@loads_predictors
def analogy(
    vectors: Vectors,
    a: Annotated[str, typer.Argument(help="A is to")],
    b: Annotated[str, typer.Argument(help="B as")],
    c: Annotated[str, typer.Argument(help="C is to ...")],
    count: Annotated[int, typer.Option(min=1, help="Number of answers.")] = 5,
    most: Most = 200_000,
    format: Format = None,
    as_json: Json = False,
) -> None:
    """Solve an analogy, "A is to B as C is to ...": list the words nearest to B - A + C."""
    _show({f"{a} : {b} = {c} : ?": _open(vectors, most, format=format).analogy([b, c], [a], count)}, as_json)


@app.command()
@loads_predictors
def coverage(
    vectors: Vectors,
    texts: Texts,
    tokenizer: Annotated[str, typer.Option(help="unicode, whitespace or kim.")] = "unicode",
    text_column: Column = "text",
    format: Format = None,
    as_json: Json = False,
) -> None:
    """Measure how many words of some texts have a vector, and list frequent ones without."""
    counts = Counter(token for text in _tokens(texts, text_column, tokenizer) for token in text)
    if not counts:
        raise ValueError(f"`texts` must contain words. Received: texts={texts!r}")
    known = _open(vectors, None, vocabulary=list(counts), normalize=str.lower, format=format)
    missing = [(word, count) for word, count in counts.most_common() if word not in known]
    total = counts.total()
    types, tokens = 1 - len(missing) / len(counts), 1 - sum(count for _, count in missing) / total
    if as_json:
        result = {"types": types, "tokens": tokens, "words": len(counts), "occurrences": total, "missing": missing[:20]}
        print_json(result)
        return
    print_line(f"{types:.1%} of {len(counts):,} different words and {tokens:.1%} of {total:,} have a vector")
    print_line("most frequent without:", ", ".join(f"{word} ({count:,})" for word, count in missing[:20]) or "none")


@app.command()
@loads_predictors
def plot(
    vectors: Vectors,
    out: Annotated[Path, typer.Argument(help="The PNG file to write.")],
    words: Annotated[list[str] | None, typer.Argument(help="The words to plot; by default the first ones.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Number of words, if they are not named.")] = 150,
    most: Most = 200_000,
    format: Format = None,
) -> None:
    """Plot words in the plane by t-SNE of their vectors."""
    from multicnn.modalities.text import word_vectors

    check_file(out)
    word_vectors.plot_words(_open(vectors, most, format=format), out, words or None, count)
    print_line(out)


def _open(path: str, most: int | None, **wanted: Any) -> WordVectors:
    """Return the vectors of a file, or those of the network of a predictor."""
    from multicnn.modalities.text import word_vectors

    if not path.endswith(".keras"):
        return word_vectors.read(path, size=most, **wanted)
    from multicnn.modalities.text.stem import learned_vectors
    from multicnn.predictor import load

    predictor = load(path)
    vectors = learned_vectors(predictor.network, predictor.preprocess)
    if vectors is None:
        raise ValueError(f"`vectors` must be of a network with word vectors. Received: vectors={path!r}")
    return vectors


def _tokens(path: str, column: str, tokenizer: str) -> list[list[str]]:
    """Return the words of each text of a table or a file of lines."""
    from multicnn.modalities.text.tokenizers import words

    return [words(text, tokenizer, lowercase=True) for text in _texts(path, column)]


def _texts(path: str, column: str) -> list[str]:
    from multicnn.data.paths import locate
    from multicnn.data.sources.reading import TABLES, read_table
    from multicnn.utils import regular_files

    file = Path(locate(path))
    if not file.is_file():
        raise ValueError(f"`texts` must be an existing file. Received: texts={path!r}")
    if file.suffix.lower() in TABLES:
        table = read_table(file)
        return [
            text
            for text, bad in zip(table.column("text_column", column), table.reasons_for([column]))
            if text and not bad
        ]
    try:
        lines = regular_files.read_bytes(file, "table_bytes").decode("utf-8", "replace").splitlines()
    except ValueError as error:
        raise ValueError(f"`texts` must be within the limits ({error}). Received: texts={path!r}") from None
    return [line for line in lines if line.strip()]


def _show(neighbours: dict[str, list[tuple[str, float]]], as_json: bool) -> None:
    if as_json:
        print_json(neighbours)
        return
    for title, words in neighbours.items():
        print_line(title)
        for word, cosine in words:
            print_line(f"  {cosine:.3f}  {word}")
