"""Kim's TextCNN with random embeddings of 50 dimensions, in four epochs, on sentences: SST-2, SST-1, MR, Subj.

    multicnn train pipelines/sentences_textcnn.py --data sst2_train.csv --test sst2_test.csv --seed 0
    multicnn crossval pipelines/sentences_textcnn.py --data mr.csv --set data.test=null

The tables have the columns `text` and `label`. There is no validation set: the number of epochs is fixed at four, with
Adam under the one-cycle schedule, and all other sentences are trained on.

Measured on one core of an AMD EPYC, TensorFlow 2.21: SST-2 with seeds 0 to 2, test accuracy .816 .816 .814, mean .815,
standard deviation .001. MR over its ten folds: mean .762, standard deviation .009; Subj, with --set
preprocess.length=50: mean .913, standard deviation .010. SST-1 with seeds 0 to 2: .426 .414 .413, mean .417, standard
deviation .007. With AVX-512 the same numbers, except MR .761.
Linear baseline (TF-IDF and a linear SVM on the same sentences): SST-2 .822, MR .784, Subj .925, SST-1 .419. It is ahead
on all four.
Published: SST-2 .827, SST-1 .450 (both trained on phrases too), MR .761 and Subj .896 (both over ten folds) for
CNN-rand with 300 dimensions and Adadelta (Kim 2014, table 2).
"""

from multicnn import DataSource, Embedding, Model, Optimizer, Recipe, TextPreprocess

recipe = Recipe(
    data=DataSource(path="sentences/sst2_train.csv", test="sentences/sst2_test.csv", validation_fraction=0.0),
    preprocess=TextPreprocess(max_vocabulary=30_000),
    model=Model(name="textcnn", embedding=Embedding(dims=50)),
    epochs=4,
    batch_size=50,
    optimizer=Optimizer(name="adam", learning_rate=2e-3, schedule="one_cycle"),
    baseline="off",
)
