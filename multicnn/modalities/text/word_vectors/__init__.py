"""Word vectors: read them from any common file, learn them from texts, plot them, make an embedding's weights of them."""

from multicnn.modalities.text.word_vectors.learning import KINDS as KINDS
from multicnn.modalities.text.word_vectors.learning import learn as learn
from multicnn.modalities.text.word_vectors.plot import plot_words as plot_words
from multicnn.modalities.text.word_vectors.reading import read as read
from multicnn.modalities.text.word_vectors.vectors import SUFFIXES as SUFFIXES
from multicnn.modalities.text.word_vectors.vectors import WordVectors as WordVectors
from multicnn.modalities.text.word_vectors.vectors import nearest as nearest
from multicnn.modalities.text.word_vectors.vectors import table as table
