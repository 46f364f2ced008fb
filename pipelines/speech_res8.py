from multicnn import AudioPreprocess, DataSource, Optimizer, Recipe

recipe = Recipe(
    data=DataSource(
        path="recordings", pattern=r"(?P<label>\d)_[a-z]+_(?:(?P<test>[0-4])|\d+)$", validation_fraction=0.1
    ),
    preprocess=AudioPreprocess(sample_rate=8000, seconds=0.7, n_fft=256, hop_length=80, n_mels=40),
    model="res8",
    augment={"time_shift": 6, "time_mask": 6, "frequency_mask": 4},
    epochs=14,
    batch_size=64,
    optimizer=Optimizer(name="adam", learning_rate=3e-3, schedule="cosine", warmup_epochs=1),
)
