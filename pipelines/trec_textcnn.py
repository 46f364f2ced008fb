from multicnn import DataSource, Optimizer, Recipe, TextPreprocess

recipe = Recipe(
    data=DataSource(path="sentences/trec_train.csv", test="sentences/trec_test.csv", validation_fraction=0.1),
    preprocess=TextPreprocess(),
    model="textcnn",
    embedding_dims=300,
    epochs=12,
    batch_size=50,
    optimizer=Optimizer(name="adam", learning_rate=1e-3),
)
