"""The table of (model, modality): every model learns on every modality it names, and is the same after save and load."""

import keras
import numpy as np
import pytest
from support.small_models import SMALL, SMALL_PER_POSITION

from multicnn.blocks import chain, embed, network
from multicnn.blocks.cost import measure
from multicnn.models import ANY, MODELS, create

CLASSES, BATCH = 3, 8
# Steps in which the loss of one batch must halve: 30, but for deep networks without norms and those that answer for each position.
STEPS = dict.fromkeys(("vgg11", "squeezenet", "fcn", "unet", "vdcnn29"), 90)
SHAPES = {"image": (16, 16, 3), "log-mel": (20, 40, 1), "waveform": (1600, 1), "text": (12,)}
NARROW = {
    **SMALL_PER_POSITION,
    "vgg_small": {"width": 8, "dropout": 0.1},
    "airbench": {"width": 4},
    **{f"resnet{depth}": {"width": 4} for depth in (20, 32, 44, 56, 110, 18, 34, 50, 101, 152)},
    **{name: {"width": 1 / 8, "dropout": 0.1} for name in ("alexnet", "alexnet_one_tower", "zfnet")},
    **{f"vgg{depth}": {"width": 8, "hidden": 64, "dropout": 0.1} for depth in (11, 13, 16, 19)},
    "squeezenet": {"width": 1 / 4, "dropout": 0.0},
    "inception_small": {"width": 4, "dropout": 0.0},
    "res8": {"maps": 8},
    "res15": {"maps": 8},
    "m5": {"width": 8},
    "tc_resnet8": {"k": 0.5, "dropout": 0.1},
    "cnn_trad_fpool3": {"filters": 8},
    "textcnn": {"filters": 16, "dropout": 0.1},
    "dcnn": {"maps": (3, 4), "dropout": 0.1},
    **{f"char_cnn_{size}": {"filters": 16, "units": 32, "dropout": 0.1} for size in ("small", "large")},
    **{f"vdcnn{depth}": {"width": 8, "units": 32, "k": 2} for depth in (9, 17, 29)},
    "mlp": {"units": (32,)},
}
FRAMES = {"cnn_trad_fpool3": 32}  # fewer than 29 pool away
# Networks without norms learn by Adam, at its usual rate where they are deep. The others by gradient descent with momentum, at 0.1:
# what takes the time here is tracing the step, and Adam doubles it.
ADAM = dict.fromkeys(("lenet5", "lenet5_1998", "cnn_trad_fpool3", "textcnn", "dcnn", "linear", "mlp"), 0.01)
ADAM |= {"squeezenet": 0.001, "fcn": 0.003, "unet": 0.01, "char_cnn_small": 0.01, "char_cnn_large": 0.01}
ADAM |= dict.fromkeys(("alexnet", "alexnet_one_tower", "zfnet", "vgg11", "vgg13", "vgg16", "vgg19"), 0.001)
# In the default run three small networks on every modality and one modality of each other kind; the rest in the longer run,
# and there too one modality of what only has more copies of the same.
ONE_SENSE = {"lenet5": "image", "lenet5_1998": "image", "alexnet": "image", "resnet20": "image", "unet": "waveform"}
ONE_SENSE |= {
    "res8": "log-mel",
    "res15": "log-mel",
    "airbench": "image",
    "tc_resnet8": "log-mel",
    "vdcnn9": "text",
    "mlp": "waveform",
}
SAME_KIND = ("resnet32", "resnet44", "resnet56", "alexnet_one_tower", "zfnet", "vgg11", "resnet18", "resnet50")
SAME_KIND += ("squeezenet", "inception_small", "fcn", "char_cnn_large")
COPIES = ("resnet110", "resnet34", "resnet101", "resnet152", "vgg13", "vgg16", "vgg19", "vdcnn17", "vdcnn29")


def longer(name, modality):
    return name in (*SAME_KIND, *COPIES) or ONE_SENSE.get(name, modality) != modality


LABELLING = {name: model for name, model in MODELS.items() if model.logits_per != "box"}
ROWS = [
    pytest.param(name, modality, marks=pytest.mark.slow if longer(name, modality) else ())
    for name, model in LABELLING.items()
    for modality in (("image",) if name in COPIES else model.modalities)
]


def shape_of(name, modality):
    """An input of the modality, large enough for the model."""
    side = SMALL.get(name, ({}, {}))[1].get("size", (16, 16))[0]
    larger = {"image": (side, side, 3), "log-mel": (max(side, FRAMES.get(name, 20)), max(side, 40), 1)}
    return larger.get(modality, SHAPES[modality])


def batch(modality, shape):
    """Noise, and in it a sign of the class: a patch, a band of frequencies, a pitch, a word."""
    rng, labels = np.random.default_rng(0), np.arange(BATCH) % CLASSES
    if modality == "text":
        ids = rng.integers(10, 50, (BATCH, 12))
        ids[:, 3] = 2 + labels
        lengths = rng.integers(5, 12, BATCH)
        return np.where(np.arange(12) < lengths[:, None], ids, 0).astype("int32"), labels
    x = rng.normal(0, 0.3, (BATCH, *shape))
    for example, label in zip(x, labels):
        if modality == "waveform":
            example[:, 0] += np.sin(2 * np.pi * (400 + 2000 * label) * np.arange(1600) / 16000)
        elif modality == "log-mel":
            example[:, 10 * label : 10 * label + 10] += 1.0
        else:
            example[4 * label : 4 * label + 6, :, label] += 1.0
    return x.astype("float32"), labels


def test_the_table_is_the_one_of_the_senses():
    rank_free = [name for name, model in MODELS.items() if model.modalities == ANY]
    for_one = {"airbench", "fcos", "bc_resnet", "cnn_trad_fpool3", "m5", "dcnn", "char_cnn_small", "char_cnn_large"}
    assert set(MODELS) - set(rank_free) == for_one
    assert len(ROWS) == 4 * len(rank_free) + sum(len(MODELS[name].modalities) for name in for_one - {"fcos"}) - 3 * len(
        COPIES
    )
    assert set(SHAPES) == set(ANY)


def model_of(name, modality):
    block = create(name, CLASSES, **NARROW.get(name, {}))
    if name.startswith("char_cnn"):  # its Gaussian suits the paper's width; a narrow net of it answers the same to all
        block = block.replaced(kernel_initializer="he_normal")
    return chain(embed(50, 16), block) if modality == "text" else block


def answers(name, modality):
    """The shape of the labels of one example: a position has one of its own where the model answers for each."""
    if MODELS[name].logits_per == "example":
        return ()
    return shape_of(name, modality)[: 2 if modality in ("image", "log-mel") else 1]


@pytest.mark.parametrize(
    ("name", "modality"), [(name, modality) for name, model in LABELLING.items() for modality in model.modalities]
)
def test_it_fits(name, modality):
    assert measure(model_of(name, modality), shape_of(name, modality)).shape == (*answers(name, modality), CLASSES)


@pytest.mark.parametrize(("name", "modality"), ROWS)
def test_it_learns_and_comes_back(name, modality, tmp_path):
    keras.utils.set_random_seed(1)
    model = network(model_of(name, modality), shape_of(name, modality))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(ADAM[name]) if name in ADAM else keras.optimizers.SGD(0.1, momentum=0.9)
    model.compile(optimizer, loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # else the step is traced twice
    x, labels = batch(modality, shape_of(name, modality))
    positions = answers(name, modality)
    targets = np.broadcast_to(labels.reshape(BATCH, *(1 for _ in positions)), (BATCH, *positions))
    losses = []
    for _ in range(STEPS.get(name, 30)):
        losses.append(model.train_on_batch(x, targets))
        model.reset_metrics()  # which average the loss over the steps
    assert float(losses[-1]) < float(losses[0]) / 2

    logits = model(x, training=False).numpy()
    assert logits.shape == (BATCH, *positions, CLASSES)
    assert logits.dtype == np.float32
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x, training=False), logits)
