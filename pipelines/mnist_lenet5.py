from multicnn import DataSource, Optimizer, Recipe

recipe = Recipe(
    data=DataSource(path="mnist.npz", validation_fraction=0.05),
    model="lenet5",
    augment={"shift": 2},
    epochs=15,
    batch_size=128,
    optimizer=Optimizer(name="adam", learning_rate=2e-3, schedule="cosine", warmup_epochs=0.5),
)
