"""The papers are the oracle: parameter counts and the tables' output sizes, without building anything."""

import pytest

from multicnn.arithmetic import measure
from multicnn.blocks import conv, from_dict
from multicnn.models import ANY, MODELS, create

EXACT = {
    "lenet5": 61_706,  # the common variant with full connections
    "resnet20": 269_722,
    "resnet32": 464_154,
    "resnet44": 658_586,
    "resnet56": 853_018,
}


@pytest.mark.parametrize(("name", "count"), EXACT.items())
def test_exact_counts(name, count):
    assert measure(create(name, 10), MODELS[name].input_shape).parameters == count


# model, hyperparameters, published count, its unit of rounding
ROUNDED = [
    ("resnet20", {}, 0.27e6, 1e4),  # He et al. 2015, table 6
    ("resnet32", {}, 0.46e6, 1e4),
    ("resnet44", {}, 0.66e6, 1e4),
    ("resnet56", {}, 0.85e6, 1e4),
    ("res15", {}, 238e3, 1e3),  # Tang & Lin 2018
    ("bc_resnet", {"tau": 1}, 9.2e3, 1e2),  # Kim et al. 2021, table 3
    ("bc_resnet", {"tau": 2}, 27.3e3, 1e2),
    ("bc_resnet", {"tau": 3}, 54.2e3, 1e2),
    ("bc_resnet", {"tau": 6}, 188e3, 1e3),
    ("bc_resnet", {"tau": 8}, 321e3, 1e3),
    ("m5", {}, 0.56e6, 1e4),  # Dai et al. 2017
]


@pytest.mark.parametrize(("name", "settings", "published", "unit"), ROUNDED)
def test_published_counts(name, settings, published, unit):
    model = MODELS[name]
    count = measure(create(name, model.classes, **settings), model.input_shape).parameters
    assert round(count / unit) == round(published / unit)


def test_vgg_small_has_the_count_of_its_table():
    convolutions = [(3, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128), (128, 128)]
    # 3x3 kernels without biases, scale and shift of the norms, then the classes.
    expected = sum(9 * i * o + 2 * o for i, o in convolutions) + 128 * 10 + 10
    assert measure(create("vgg_small", 10), (32, 32, 3)).parameters == expected


def test_textcnn_has_the_count_of_kims_figure():
    assert (
        measure(create("textcnn", 6), (60, 300)).parameters == sum(w * 300 * 100 + 100 for w in (3, 4, 5)) + 300 * 6 + 6
    )


# model, stage, its output size in the paper's table
SIZES = [
    ("lenet5", "C1", (28, 28, 6)),
    ("lenet5", "S2", (14, 14, 6)),
    ("lenet5", "C3", (10, 10, 16)),
    ("lenet5", "S4", (5, 5, 16)),
    ("lenet5", "C5", (120,)),
    ("lenet5", "F6", (84,)),
    *(
        (f"resnet{depth}", f"conv{i}_x", size)
        for depth in (20, 32, 44, 56)
        for i, size in ((2, (32, 32, 16)), (3, (16, 16, 32)), (4, (8, 8, 64)))
    ),
    ("vgg_small", "conv1", (16, 16, 32)),
    ("vgg_small", "conv3", (4, 4, 128)),
    ("res8", "conv", (25, 13, 45)),
    ("res15", "conv13", (101, 40, 45)),
    ("bc_resnet", "conv", (101, 20, 16)),
    ("bc_resnet", "block2", (101, 10, 12)),
    ("bc_resnet", "block3", (101, 5, 16)),
    ("bc_resnet", "block4", (101, 5, 20)),
    ("m5", "conv1", (2000, 128)),
    ("m5", "conv2", (500, 128)),
    ("m5", "conv3", (125, 256)),
    ("m5", "conv4", (31, 512)),
]


@pytest.mark.parametrize(("name", "stage", "size"), SIZES)
def test_output_sizes(name, stage, size):
    model = MODELS[name]
    assert measure(create(name, model.classes), model.input_shape).stages[stage].shape == (None, *size)


@pytest.mark.parametrize(("depth", "n"), [(20, 3), (32, 5), (44, 7), (56, 9)])
def test_a_cifar_resnet_has_as_many_layers_as_its_name_says(depth, n):
    parts = measure(create(f"resnet{depth}", 10), (32, 32, 3)).parts
    weighted = [part for part in parts if type(part.block).__name__ in ("conv", "dense")]
    assert len(weighted) == depth == 6 * n + 2


def test_res15_sees_its_published_receptive_field():
    # Tang & Lin 2018: 125 x 125, which is 1 + 2 (1 + 3 (1 + 2 + 4 + 8) + 16).
    parts = {part.path: part for part in measure(create("res15", 12), (101, 40, 1)).parts}
    assert parts["conv13.conv"].output.reach == (125, 125)


# The registry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_a_value(name):
    block = create(name, 7)
    assert block == create(name, 7)
    assert from_dict(block.to_dict()) == block == create(block.to_dict(), 7)
    assert measure(block, MODELS[name].input_shape).shape == (7,)


def test_every_model_names_senses():
    assert all(set(model.senses) <= set(ANY) and model.senses for model in MODELS.values())


def two_layers(classes, *, width=4):
    return conv(width, 3) if classes else "nothing"


def test_a_users_own_function():
    assert create(f"{__name__}:two_layers", 2, width=9) == conv(9, 3)


BAD = {
    "name": (lambda: create("resnet21", 10), ValueError, "'lenet5'.*Received: model='resnet21'"),
    "hyperparameter": (lambda: create("resnet20", 10, depth=3), ValueError, r"\['width'\].*Received: depth=3"),
    "module": (lambda: create("nowhere:net", 10), ValueError, "nowhere.*Received: model='nowhere:net'"),
    "function": (lambda: create(f"{__name__}:three_layers", 10), ValueError, "three_layers"),
    "not a Block": (lambda: create(f"{__name__}:two_layers", 0), TypeError, "returned str"),
    "block": (lambda: create({"type": "resnet"}, 10), ValueError, "Received: data="),
}


@pytest.mark.parametrize(("make", "kind", "message"), BAD.values(), ids=BAD)
def test_bad_names(make, kind, message):
    with pytest.raises(kind, match=message):
        make()
