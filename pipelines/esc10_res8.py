r"""res8 on log-mels of ESC-10: ten sorts of environmental sound, five folds.

    multicnn crossval pipelines/esc10_res8.py --data esc10 --groups
    multicnn train pipelines/esc10_res8.py --data esc10 --leave-out 1

`esc10` holds the 400 recordings of 5 s and a metadata.csv with file_name, label and fold.

Measured on one core of an AMD EPYC with AVX-512, in bfloat16, TensorFlow 2.21, seed 0, 74 seconds a fold, with the first command:
test accuracy of folds 1 to 5 .838 .813 .775 .863 .813, mean .820, standard deviation over the folds .033; the linear model .700
.713 .713 .763 .750, mean .728. Steps waited for data 2.5 % of their time. On two cores without AVX-512, in float32, the network had
.838 .825 .775 .813 .788, mean .808.
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
