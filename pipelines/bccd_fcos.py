"""A small FCOS on BCCD: red cells, white cells and platelets in images of blood, a box for each.

    multicnn train pipelines/bccd_fcos.py --data bccd

`bccd` is a folder with 364 images of 320 x 240 and a metadata.jsonl with the columns file_name, split and objects: 205
images for training, 87 for validation, 72 for the test.

Measured with this command on two cores of an AMD EPYC with AVX-512, in bfloat16, TensorFlow 2.21, seed 0, once: 5.6 CPU
seconds of both cores together an epoch, 336 in all. Test mAP50 .880 (platelets .816, red cells .847, white cells .977),
mAP75 .598, mAP .550, on 72 images; the weights are those of the best epoch by validation mAP50, .900.
Linear baseline: none, since no linear model gives boxes; `multicnn train` prints the mean box of each class.
Published: nothing that is comparable, as the division of the images differs.
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
