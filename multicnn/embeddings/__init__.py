"""Word vectors: read them from any common file, learn them from texts, look at them, lay them into an embedding."""

from multicnn.embeddings.front import FRONTS as FRONTS
from multicnn.embeddings.front import GIVEN as GIVEN
from multicnn.embeddings.front import coverage as coverage
from multicnn.embeddings.front import front as front
from multicnn.embeddings.front import lay as lay
from multicnn.embeddings.learning import KINDS as KINDS
from multicnn.embeddings.learning import learn as learn
from multicnn.embeddings.reading import read as read
from multicnn.embeddings.vectors import WordVectors as WordVectors
from multicnn.embeddings.vectors import table as table
