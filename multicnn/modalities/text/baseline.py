"""The features of texts for the linear baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from multicnn.modalities.text import scripts

if TYPE_CHECKING:
    from scipy import sparse

_LOOKED_AT = 1000  # texts, by which the script of all is judged


def tf_idf(train: Sequence[str], test: Sequence[str]) -> tuple[sparse.csr_matrix, sparse.csr_matrix, str]:
    """Return the TF-IDF of words and word pairs, or of characters and their pairs where words have no spaces between.

    Returns:
        The features of the training texts, those of the others, and what they are in words.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if scripts.share(train[:_LOOKED_AT]) > 0.5:
        how, name = {"analyzer": "char"}, "TF-IDF of characters and pairs of them"
    else:
        # Words and single punctuation marks, as the networks see them: a question mark is a feature.
        how, name = {"token_pattern": r"\w+|[^\w\s]"}, "TF-IDF of words and word pairs"
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32, **how)
    features = vectorizer.fit_transform(train)
    return features, vectorizer.transform(test), name
