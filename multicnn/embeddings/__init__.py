"""Word vectors: read them from any common file, learn them from texts, look at them, lay them into an embedding."""

from multicnn.embeddings.learning import KINDS as KINDS
from multicnn.embeddings.learning import learn as learn
from multicnn.embeddings.picture import picture as picture
from multicnn.embeddings.reading import read as read
from multicnn.embeddings.vectors import WordVectors as WordVectors
from multicnn.embeddings.vectors import nearest as nearest
from multicnn.embeddings.vectors import table as table
