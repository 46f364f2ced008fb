"""A small FCOS on BCCD: red cells, white cells and platelets in images of blood, a box for each.

    multicnn train pipelines/bccd_fcos.py --data bccd

`bccd` is a folder with 364 images of 320 x 240 and a metadata.jsonl with the columns file_name, split and objects: 205
images for training, 87 for validation, 72 for the test.

MEASURED
"""

from multicnn import DataSource, ImagePreprocess, Model, Optimizer, Recipe

recipe = Recipe(
    data=DataSource(path="bccd"),
    task="detection",
    preprocess=ImagePreprocess(size=(240, 320)),
    model=Model(name="fcos", arguments={"width": 16}),
    # Under a microscope there is neither up nor left.
    augment={"mirror": True, "flip": True, "scale": 0.1, "shift": 8},
    epochs=60,
    batch_size=8,
    optimizer=Optimizer(name="adam", learning_rate=2e-3, schedule="cosine"),
    loss="quality_iou",
)
