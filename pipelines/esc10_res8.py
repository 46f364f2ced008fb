r"""res8 on log-mel spectrograms of ESC-10: ten classes of environmental audio, five folds.

    multicnn crossval pipelines/esc10_res8.py --data esc10 --groups
    multicnn train pipelines/esc10_res8.py --data esc10 --leave-out 1

`esc10` is a folder with the 400 clips of 5 s and a metadata.csv with the columns file_name, label and fold.

Measured with the first command on one core of an AMD EPYC with AVX-512, in bfloat16, TensorFlow 2.21, seed 0, 74
seconds a fold: test accuracy of folds 1 to 5 .838 .813 .775 .863 .813, mean .820, standard deviation over the folds
.033. The training steps waited for data 2.5 % of their time. On two cores without AVX-512, in float32: .838 .825 .775
.813 .788, mean .808.
Linear baseline: .700 .713 .713 .763 .750, mean .728.
Published: .803 for a convolutional network (Piczak 2015, "Environmental sound classification with convolutional neural
networks"); .727 for a random forest (Piczak 2015, "ESC: dataset for environmental sound classification").
"""

from multicnn import AudioPreprocess, DataSource, Model, Optimizer, Recipe

recipe = Recipe(
    data=DataSource(path="esc10", validation_fraction=0.0),
    # Many clips are a short event and then digital silence, at any level: decibels below the peak say more.
    preprocess=AudioPreprocess(sample_rate=22050, seconds=5.0, n_fft=2048, hop_length=882, n_mels=64, top_db=80),
    model=Model(name="res8", arguments={"maps": 32}),
    augment={"time_shift": 60, "time_mask": 20, "frequency_mask": 8},
    mixup=0.2,
    epochs=40,
    batch_size=16,
    optimizer=Optimizer(name="adam", learning_rate=2e-3, schedule="cosine", warmup_epochs=2),
    baseline="off",
)
