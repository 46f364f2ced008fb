"""A small recipe for each of the built-in data sets: the same steps whatever `multicnn train` chooses by itself.

python benchmarks/backends.py      # which trains them
python benchmarks/precision.py
"""

from multicnn import DataSource, Model, Optimizer, Recipe

RECIPES = {
    "digits": Recipe(
        data=DataSource(path="digits"),
        model=Model(name="vgg_small"),
        augment={"shift": 1},
        epochs=8,
        optimizer=Optimizer(learning_rate=2e-3, schedule="cosine"),
    ),
    "docstrings": Recipe(
        data=DataSource(path="docstrings"),
        model=Model(name="textcnn"),
        augment={"word_dropout": 0.1},
        epochs=6,
        optimizer=Optimizer(learning_rate=1e-3, schedule="cosine"),
    ),
    "spoken_digits": Recipe(
        data=DataSource(path="spoken_digits"),
        model=Model(name="res8"),
        augment={"time_shift": 8, "time_mask": 10, "frequency_mask": 6},
        epochs=16,
        optimizer=Optimizer(learning_rate=3e-3, schedule="cosine"),
    ),
}
