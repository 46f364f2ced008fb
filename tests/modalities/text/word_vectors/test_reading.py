"""Files of word vectors: every format gives what gensim's own loader gives, only chosen words are kept, a cut file is told."""

import gzip
import os
import pickle

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.models.fasttext import load_facebook_vectors
from gensim.test.utils import datapath

from multicnn.modalities.text.word_vectors import WordVectors, read


def word2vec(path, binary):
    return KeyedVectors.load_word2vec_format(datapath(path), binary=binary)


FILES = {
    "word2vec text": ("high_precision.kv.txt", lambda p: word2vec(p, False)),
    "word2vec binary": ("euclidean_vectors.bin", lambda p: word2vec(p, True)),
    "GloVe": (
        "test_glove.txt",
        lambda p: KeyedVectors.load_word2vec_format(datapath(p), binary=False, no_header=True),
    ),
    "fastText .vec": ("lee_fasttext.vec", lambda p: word2vec(p, False)),
    "fastText .vec in Cyrillic": ("crime-and-punishment.vec", lambda p: word2vec(p, False)),
    "fastText .bin": ("lee_fasttext_new.bin", lambda p: load_facebook_vectors(datapath(p))),
    "fastText .bin before version 11": ("lee_fasttext.bin", lambda p: load_facebook_vectors(datapath(p))),
    "fastText .bin in Cyrillic": ("crime-and-punishment.bin", lambda p: load_facebook_vectors(datapath(p))),
    "gensim KeyedVectors": ("old_keyedvectors_320.dat", lambda p: KeyedVectors.load(datapath(p))),
    "gensim Word2Vec": ("word2vec_3.3", lambda p: KeyedVectors.load(datapath(p)).wv),
}
PICKLES = ("old_keyedvectors_320.dat", "word2vec_3.3")
every_format = pytest.mark.parametrize(("name", "oracle"), FILES.values(), ids=FILES)


def read_as(name, **wanted):
    return read(datapath(name), format="gensim" if name in PICKLES else None, **wanted)


@every_format
def test_it_reads_what_gensim_reads(name, oracle):
    expected, vectors = oracle(name), read_as(name)
    assert vectors.words == tuple(expected.index_to_key)
    assert vectors.vectors.dtype == np.float32
    np.testing.assert_allclose(vectors.vectors, expected.vectors, rtol=1e-6)


@every_format
def test_only_the_chosen_words_are_kept(name, oracle):
    expected = oracle(name)
    words = list(expected.index_to_key)
    wanted = {words[-1], words[0], "nowhere to be found"}
    vectors = read_as(name, vocabulary=wanted)
    assert set(vectors.words) == {words[0], words[-1]}
    for word in vectors.words:
        np.testing.assert_allclose(vectors.vector(word), expected[word], rtol=1e-6)
    if len(words) > 6:  # two words more than the vocabulary's three, the first of the file
        assert set(read_as(name, vocabulary=wanted, size=5).words) == {words[0], words[1], words[2], words[-1]}
        assert read_as(name, size=2).words == tuple(words[:2])


@pytest.mark.parametrize("name", ["lee_fasttext_new.bin", "lee_fasttext.bin", "crime-and-punishment.bin"])
@pytest.mark.parametrize("word", ["night", "nights", "ночами", "zzz"])
def test_fasttext_makes_vectors_of_words_it_never_saw(name, word):
    expected = load_facebook_vectors(datapath(name))
    np.testing.assert_allclose(read(datapath(name)).vector(word), expected.get_vector(word), rtol=1e-5, atol=1e-7)


def test_a_supervised_fasttext_model_gives_its_words_and_not_its_labels():
    vectors, as_text = (read(datapath(f"pang_lee_polarity_fasttext.{suffix}")) for suffix in ("bin", "vec"))
    assert vectors.compose is None and len(vectors) == len(as_text) == 1694
    assert vectors.words[:50] == as_text.words[:50]
    np.testing.assert_allclose(vectors.vectors, as_text.vectors, atol=1e-5)


def test_gensim_fasttext_makes_vectors_of_other_words(tmp_path):
    from gensim.models import FastText

    model = FastText([["night", "day"], ["night", "moon"]] * 9, vector_size=4, min_count=1, bucket=50, seed=1)
    for name, saved in (("model", model), ("vectors", model.wv)):
        saved.save(str(tmp_path / name))
        np.testing.assert_array_equal(
            read(tmp_path / name, format="gensim").vector("nights"), model.wv.get_vector("nights")
        )


def few(words=("the", "Кот", "naïve")):
    return WordVectors(tuple(words), np.random.default_rng(0).normal(size=(len(words), 5)).astype(np.float32))


@pytest.mark.parametrize("suffix", [".txt", ".vec", ".bin", ".npy"])
def test_saved_and_read_again_to_the_last_bit(suffix, tmp_path):
    again = read(few().save(tmp_path / f"v{suffix}"))
    assert again.words == few().words
    np.testing.assert_array_equal(again.vectors, few().vectors)
    if suffix != ".npy":  # and gensim reads it
        theirs = KeyedVectors.load_word2vec_format(str(tmp_path / f"v{suffix}"), binary=suffix == ".bin")
        np.testing.assert_array_equal(theirs.vectors, few().vectors)


def test_a_numpy_matrix_is_mapped_and_its_words_may_be_a_column(tmp_path):
    import pandas as pd

    np.save(tmp_path / "matrix.npy", few().vectors)
    pd.DataFrame({"word": few().words}).to_parquet(tmp_path / "list.parquet")
    vectors = read(tmp_path / "matrix.npy")
    assert vectors.words == few().words and isinstance(vectors.vectors, np.memmap)


def test_gzip_and_the_spelling_of_the_vocabulary(tmp_path):
    path = tmp_path / "v.txt.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("The 1 1\nPARIS 2 2\nthe 3 3\nParis 4 4\nа б 5 5\n")
    vectors = read(path, vocabulary=["paris", "the"], normalize=str.lower)
    assert vectors.vector("the").tolist() == [3, 3], "spelt as wanted, so better than The before it"
    assert vectors.vector("paris").tolist() == [2, 2], "the first of those spelt otherwise"
    assert read(path).words == ("The", "PARIS", "the", "Paris"), "a word with a space in it is no word"


def damaged(folder):
    good = {name: few().save(folder / f"good{name}").read_bytes() for name in (".txt", ".bin", ".npy")}
    model = open(datapath("lee_fasttext_new.bin"), "rb").read()
    glove = open(datapath("test_glove.txt"), "rb").read()
    pickled = open(datapath(PICKLES[0]), "rb").read()
    return {
        "text, a line cut": (good[".txt"][:-20], "is the file cut"),
        "text, lines missing": (b"".join(good[".txt"].splitlines(True)[:-1]), "announces 3"),
        "text, letters for numbers": (b"3 2\na 1 2\nb 1 2\nc 1 x\n", "not made of numbers"),
        "GloVe, a line cut": (glove[: len(glove) - 100], "where 50 are expected"),
        "binary": (good[".bin"][:-30], "announces 3"),
        "fastText, the matrix": (model[: len(model) // 2], "cut fastText file"),
        "fastText, the dictionary": (model[:2000], "fastText file"),
        "fastText, the header": (model[:20], "fastText file"),
        "NumPy": (good[".npy"][:-8], "file"),
        "gensim": (pickled, "set the format to gensim"),
        "empty": (b"", "empty"),
        "prose": ("Это не векторы, а проза.\nВторая строка.".encode(), "none of the formats"),
        "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(99), "fastText"),
    }


DAMAGED = (
    "text, a line cut", "text, lines missing", "text, letters for numbers", "GloVe, a line cut", "binary",
    "fastText, the matrix", "fastText, the dictionary", "fastText, the header", "NumPy", "gensim", "empty", "prose",
    "a picture",
)  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_one_clear_line(name, tmp_path):
    content, words = damaged(tmp_path)[name]
    path = tmp_path / "bad.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as error:
        read(path)
    assert str(error.value).endswith(f"Received: path={str(path)!r}") and "\n" not in str(error.value)


class Code:
    """Runs code as soon as somebody unpickles it; what is around it looks like a file of gensim."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["v.txt", "v.vec", "v.bin", "v.txt.gz", "v.model"])
@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("marked", [False, True])
def test_no_file_is_unpickled_unless_that_is_asked_for(name, protocol, marked, tmp_path):
    content = pickle.dumps(["gensim.models.keyedvectors"] * marked + [Code(tmp_path / "ran")], protocol)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(ValueError, match="Received: path="):
        read(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_a_file_that_gensim_did_not_save_is_one_clear_line(tmp_path):
    pickled = open(datapath(PICKLES[0]), "rb").read()
    (tmp_path / "cut.kv").write_bytes(pickled[: len(pickled) // 2])
    for path in (tmp_path / "cut.kv", datapath("test_glove.txt"), tmp_path / "none"):
        with pytest.raises(ValueError, match="Received: path=") as error:
            read(path, format="gensim")
        assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="Received: format='glove'"):
        read(datapath("test_glove.txt"), format="glove")


def test_other_mistakes(tmp_path):
    with pytest.raises(ValueError, match="No such file"):
        read(tmp_path / "none.txt")
    np.save(tmp_path / "m.npy", few().vectors)
    with pytest.raises(ValueError, match="there are 0 lists"):
        read(tmp_path / "m.npy")
    (tmp_path / "m.txt").write_text("one\ntwo\n")
    with pytest.raises(ValueError, match="2 words for 3 vectors"):
        read(tmp_path / "m.npy")
    with pytest.raises(ValueError, match="must end in"):
        few().save(tmp_path / "m.doc")
    with pytest.raises(ValueError, match="white space"):
        few(("a b", "c", "d")).save(tmp_path / "m.txt")
