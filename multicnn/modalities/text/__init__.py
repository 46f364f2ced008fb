"""Text: tokenizers, vocabulary, the stem of a text network, and word vectors."""
