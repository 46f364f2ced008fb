"""Kim's TextCNN with random embeddings of 50 dimensions, in four epochs, on sentences: SST-2, SST-1, MR, Subj.

    multicnn train pipelines/sentences_textcnn.py --data sst2_train.csv --test sst2_test.csv --seed 0
    multicnn crossval pipelines/sentences_textcnn.py --data mr.csv --set data.test=null

Tables with the columns `text` and `label`. No validation set: the epochs are four, with Adam under the one-cycle schedule, and
all other sentences are trained on. Kim 2014 reports .827 (SST-2) and .450 (SST-1) for CNN-rand trained on phrases too, .761 (MR)
and .896 (Subj) over ten folds, with 300 dimensions and Adadelta.

Measured on one core of an AMD EPYC, TensorFlow 2.21: SST-2 with seeds 0 to 2, test accuracy .816 .816 .814, mean .815, standard
deviation .001; TF-IDF and a linear SVM on the same sentences: .822. MR over its ten folds: mean .762, standard deviation .009
(linear .784); Subj, with --set preprocess.length=50: mean .913, standard deviation .010 (linear .925). SST-1 with seeds 0 to 2:
.426 .414 .413, mean .417, standard deviation .007 (linear .419). With AVX-512 all of it again, but MR
.761. So the linear model is ahead on all of them.
"""

from multicnn import DataSource, Optimizer, Recipe, TextPreprocess

recipe = Recipe(
    data=DataSource(path="sentences/sst2_train.csv", test="sentences/sst2_test.csv", validation_fraction=0.0),
    preprocess=TextPreprocess(max_vocabulary=30_000),
    model="textcnn",
    embedding_dims=50,
    epochs=4,
    batch_size=50,
    optimizer=Optimizer(name="adam", learning_rate=2e-3, schedule="one_cycle"),
)
