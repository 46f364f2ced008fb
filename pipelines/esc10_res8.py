r"""res8 on log-mels of ESC-10: ten sorts of environmental sound, five folds.

    multicnn crossval pipelines/esc10_res8.py --data esc10 --groups
    multicnn train pipelines/esc10_res8.py --data esc10 --leave-out 1

`esc10` holds the 400 recordings of 5 s and a metadata.csv with file_name, label and fold.

Measured on 2 cores of an AMD EPYC (busy with other work), TensorFlow 2.21, seed 0, 177 seconds of processor time a fold: fold 1,
test accuracy .863. The other folds have not been measured yet, so no mean.
"""

from multicnn import AudioPreprocess, DataSource, Optimizer, Recipe

recipe = Recipe(
    data=DataSource(path="esc10", validation_fraction=0.0),
    # Many recordings are a short sound and then digital silence, at any level: decibels below the loudest tell more.
    preprocess=AudioPreprocess(sample_rate=22050, seconds=5.0, n_fft=2048, hop_length=882, n_mels=64, top_db=80),
    model="res8",
    arguments={"maps": 32},
    augment={"time_shift": 60, "time_mask": 20, "frequency_mask": 8},
    mixup=0.2,
    epochs=40,
    batch_size=16,
    optimizer=Optimizer(name="adam", learning_rate=2e-3, schedule="cosine", warmup_epochs=2),
)
