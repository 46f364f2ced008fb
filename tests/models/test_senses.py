"""The table of (model, sense): every model learns on every sense it names, and is the same after save and load."""

import keras
import numpy as np
import pytest

from multicnn.blocks import chain, embed, network
from multicnn.models import ANY, MODELS, create

CLASSES, BATCH = 3, 8
SHAPES = {"image": (16, 16, 3), "log-mel": (20, 40, 1), "waveform": (1600, 1), "text": (12,)}
NARROW = {
    "vgg_small": {"width": 8, "dropout": 0.1},
    **{f"resnet{depth}": {"width": 4} for depth in (20, 32, 44, 56)},
    "res8": {"maps": 8},
    "res15": {"maps": 8},
    "m5": {"width": 8},
    "textcnn": {"filters": 16, "dropout": 0.1},
}
DEEPER = ("resnet32", "resnet44", "resnet56")  # resnet20 with more copies
ROWS = [
    pytest.param(name, sense, marks=pytest.mark.slow if name in DEEPER else ())
    for name, model in MODELS.items()
    for sense in model.senses
]


def batch(sense):
    """Noise, and in it a sign of the class: a patch, a band of frequencies, a pitch, a word."""
    rng, labels = np.random.default_rng(0), np.arange(BATCH) % CLASSES
    if sense == "text":
        ids = rng.integers(10, 50, (BATCH, 12))
        ids[:, 3] = 2 + labels
        lengths = rng.integers(5, 12, BATCH)
        return np.where(np.arange(12) < lengths[:, None], ids, 0).astype("int32"), labels
    x = rng.normal(0, 0.3, (BATCH, *SHAPES[sense]))
    for example, label in zip(x, labels):
        if sense == "waveform":
            example[:, 0] += np.sin(2 * np.pi * (400 + 2000 * label) * np.arange(1600) / 16000)
        elif sense == "log-mel":
            example[:, 10 * label : 10 * label + 10] += 1.0
        else:
            example[4 * label : 4 * label + 6, :, label] += 1.0
    return x.astype("float32"), labels


def test_the_table_is_the_one_of_the_senses():
    rank_free = [name for name, model in MODELS.items() if model.senses == ANY]
    assert set(MODELS) - set(rank_free) == {"bc_resnet", "m5"}, "made for one sense each"
    assert len(ROWS) == 4 * len(rank_free) + 2
    assert set(SHAPES) == set(ANY)


@pytest.mark.parametrize(("name", "sense"), ROWS)
def test_it_learns_and_comes_back(name, sense, tmp_path):
    keras.utils.set_random_seed(1)
    block = create(name, CLASSES, **NARROW.get(name, {}))
    model = network(chain(embed(50, 16), block) if sense == "text" else block, SHAPES[sense])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # else the step is traced twice
    x, labels = batch(sense)
    losses = []
    for _ in range(30):
        losses.append(model.train_on_batch(x, labels))
        model.reset_metrics()  # which average the loss over the steps
    assert float(losses[-1]) < float(losses[0]) / 2

    logits = model(x, training=False).numpy()
    assert logits.shape == (BATCH, CLASSES)
    assert logits.dtype == np.float32
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x, training=False), logits)
