"""Zhang's small character CNN, with half its filters, on TREC's question types.

    multicnn train pipelines/trec_char_cnn.py --data trec_train.csv --test trec_test.csv --seed 0
    multicnn train pipelines/trec_char_cnn.py --data trec_train.csv --test trec_test.csv --set preprocess.order=backward

The tables have the columns `text` and `label`. The input is that of Zhang et al. 2015, but for its length and order: 150
characters in place of 1014, each a row of their alphabet of 70, read forward. The paper reads backward, so that the end of a
text always stands at the same inputs of the fully connected layers; of a question it is the beginning that decides. Weights
are drawn as by He et al. 2015, not from the paper's Gaussian.

Measured on 2 cores of an AMD EPYC with AVX-512 that were busy with other things, TensorFlow 2.21, seeds 0 to 2, about 80
seconds of processor time each: test accuracy .806 .812 .806, mean .808, standard deviation .003; read backward .500
.600 .538, mean .546, standard deviation .051.
Linear baseline (TF-IDF and a linear SVM on the same questions): .908, far ahead: 5,452 questions are few for characters.
Published: nothing on TREC; the best character CNN of the paper has .905 on AG's news, of 120,000 training texts.
"""

from multicnn import DataSource, Embedding, Model, Optimizer, Recipe, TextPreprocess

recipe = Recipe(
    data=DataSource(path="sentences/trec_train.csv", test="sentences/trec_test.csv", validation_fraction=0.0),
    preprocess=TextPreprocess(level="characters", alphabet="zhang_70", length=150),
    model=Model(
        name="char_cnn_small",
        arguments={"filters": 128, "units": 256},
        initializer="he_normal",
        embedding=Embedding(kind="one_hot"),
    ),
    baseline="off",
    epochs=20,
    batch_size=64,
    optimizer=Optimizer(name="adam", learning_rate=1e-3, schedule="one_cycle"),
)
