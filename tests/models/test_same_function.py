"""The same function as other libraries' networks of the same name: their weights, moved into ours, give their outputs."""

import dataclasses
import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from multicnn.blocks import chain, conv, dense, flatten, network, stage
from multicnn.blocks.cost import measure
from multicnn.models import MODELS, create
from multicnn.models.weights import KERAS, SOURCES, Source, port

CLASSES = 10


def pictures(size, n=2):
    """A strong one and a faint one: of two equally strong noises a deep network's random weights make nearly the same."""
    noise = np.random.default_rng(1).uniform(-1, 1, (n, size, size, 3))
    return (noise * np.geomspace(1, 0.1, n)[:, None, None, None]).astype("float32")


def logits(model, x):
    return keras.ops.convert_to_numpy(model(x, training=False))


def assert_same(actual, expected):
    tolerance = 1e-4 * max(1.0, np.abs(expected).max())
    assert np.abs(expected[0] - expected[1]).max() > 100 * tolerance, "the network must see its input"
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


def empty(block, size):
    """The network, its kernels zero: drawing what the port replaces takes longer than all the rest."""
    return network(block.replaced(kernel_initializer="zeros"), (size, size, 3))


# keras.applications ---------------------------------------------------------------------------------------------------


def randomised(model):
    """Weights such that nothing cancels or vanishes: biases, scales and statistics too, which start at zeros and ones."""
    rng = np.random.default_rng(0)
    for layer in model.layers:
        for weight in layer.weights:
            if weight.name == "kernel":
                drawn = rng.standard_normal(weight.shape, dtype="float32")
                weight.assign(drawn * np.float32(np.sqrt(2 / np.prod(weight.shape[:-1]))))
            else:
                low, high = (0.5, 1.5) if weight.name in ("gamma", "moving_variance") else (-0.5, 0.5)
                weight.assign(rng.uniform(low, high, weight.shape))
    return model


def of_keras(model):
    return {f"{layer.name}/{w.name}": np.array(w) for layer in model.layers for w in layer.weights}


APPLICATIONS = {
    "vgg16": (keras.applications.VGG16, 64),  # fc6 sees 2x2 positions
    "vgg19": (keras.applications.VGG19, 32),
    "resnet50": (keras.applications.ResNet50, 64),
}


@pytest.mark.parametrize(
    ("name", "make", "size"), [(name, *row) for name, row in APPLICATIONS.items()], ids=APPLICATIONS
)
def test_keras_applications(name, make, size):
    theirs = make(weights=None, input_shape=(size, size, 3), classes=CLASSES, classifier_activation=None)
    arrays = of_keras(randomised(theirs))
    ours = empty(create(name, CLASSES), size)
    assert port(ours, arrays, SOURCES["keras.applications"][name]) == []
    x = pictures(size)
    assert_same(logits(ours, x), logits(theirs, x))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet101", "resnet152"])
def test_the_deeper_resnets_of_keras_applications(name):
    make = {"resnet101": keras.applications.ResNet101, "resnet152": keras.applications.ResNet152}[name]
    test_keras_applications(name, make, 64)


# torchvision ----------------------------------------------------------------------------------------------------------


def torch_alexnet(nn):
    """torchvision.models.alexnet, with its names of the parameters."""
    net = nn.Module()
    pool, relu = nn.MaxPool2d(3, 2), nn.ReLU()
    net.features = nn.Sequential(
        *(nn.Conv2d(3, 64, 11, 4, 2), relu, pool, nn.Conv2d(64, 192, 5, padding=2), relu, pool),
        *(nn.Conv2d(192, 384, 3, padding=1), relu, nn.Conv2d(384, 256, 3, padding=1), relu),
        *(nn.Conv2d(256, 256, 3, padding=1), relu, pool),
    )
    dropout = nn.Dropout()
    net.classifier = nn.Sequential(
        *(dropout, nn.Linear(256 * 6 * 6, 4096), relu, dropout, nn.Linear(4096, 4096), relu, nn.Linear(4096, CLASSES)),
    )
    net.forward = lambda x: net.classifier(net.features(x).flatten(1))
    return net


def torch_resnet(nn, depth):
    """torchvision.models.resnet18 or resnet50, with its names of the parameters."""
    bottleneck = depth == 50

    class Block(nn.Module):
        def __init__(self, inside, filters, stride):
            super().__init__()
            out = 4 * filters if bottleneck else filters
            kernels = (1, 3, 1) if bottleneck else (3, 3)
            widths = (inside, *[filters] * (len(kernels) - 1), out)
            for i, kernel in enumerate(kernels, start=1):
                strides = stride if i == (2 if bottleneck else 1) else 1
                convolution = nn.Conv2d(widths[i - 1], widths[i], kernel, strides, kernel // 2, bias=False)
                self.add_module(f"conv{i}", convolution)
                self.add_module(f"bn{i}", nn.BatchNorm2d(widths[i]))
            self.n, self.downsample = len(kernels), nn.Sequential()
            if stride > 1 or inside != out:
                self.downsample.append(nn.Conv2d(inside, out, 1, stride, bias=False)).append(nn.BatchNorm2d(out))

        def forward(self, x):
            y = x
            for i in range(1, self.n + 1):
                y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
                y = y.relu() if i < self.n else y
            return (y + self.downsample(x)).relu()

    net = nn.Module()
    net.conv1, net.bn1, net.maxpool = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.MaxPool2d(3, 2, 1)
    inside = 64
    for i, n in enumerate((3, 4, 6, 3) if bottleneck else (2, 2, 2, 2)):
        filters, out = 64 * 2**i, 64 * 2**i * (4 if bottleneck else 1)
        blocks = [Block(inside, filters, 1 if i == 0 else 2), *(Block(out, filters, 1) for _ in range(n - 1))]
        net.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        inside = out
    net.fc = nn.Linear(inside, CLASSES)

    def forward(x):
        x = net.maxpool(net.bn1(net.conv1(x)).relu())
        return net.fc(net.layer4(net.layer3(net.layer2(net.layer1(x)))).mean((2, 3)))

    net.forward = forward
    return net


def torch_vgg11(nn):
    """torchvision.models.vgg11 on 64 pixels, with its names of the parameters."""
    net, inside, features = nn.Module(), 3, []
    for filters in (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"):
        if filters == "M":
            features.append(nn.MaxPool2d(2))
        else:
            features += [nn.Conv2d(inside, filters, 3, padding=1), nn.ReLU()]
            inside = filters
    net.features = nn.Sequential(*features)
    net.classifier = nn.Sequential(
        *(nn.Linear(512 * 4, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout()),
        nn.Linear(4096, CLASSES),
    )
    net.forward = lambda x: net.classifier(net.features(x).flatten(1))
    return net


TORCHVISION = {
    "alexnet_one_tower": (torch_alexnet, {}, 224),
    "vgg11": (torch_vgg11, {}, 64),
    "resnet18": (lambda nn: torch_resnet(nn, 18), {}, 65),  # an odd size tells symmetric padding from TensorFlow's
    "resnet50": (lambda nn: torch_resnet(nn, 50), {"stride_on": "3x3"}, 65),
}


@pytest.mark.parametrize(
    ("name", "make", "settings", "size"), [(name, *row) for name, row in TORCHVISION.items()], ids=TORCHVISION
)
def test_torchvision(name, make, settings, size):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = make(torch.nn).eval()
    with torch.no_grad():
        for key, value in theirs.state_dict().items():
            if value.ndim == 1:
                positive = key.endswith("running_var") or ("bn" in key and key.endswith("weight"))
                value.uniform_(0.5, 1.5) if positive else value.uniform_(-0.5, 0.5)
            elif value.ndim > 1:
                value.mul_(6**0.5)  # from PyTorch's start to He's, under which signals neither grow nor vanish
        x = pictures(size)
        expected = theirs(torch.from_numpy(x.transpose(0, 3, 1, 2))).numpy()
    arrays = {key: value.numpy() for key, value in theirs.state_dict().items()}
    ours = empty(create(name, CLASSES, **settings), size)
    assert port(ours, arrays, SOURCES["torchvision"][name]) == []
    assert_same(logits(ours, x), expected)


# Real weights ---------------------------------------------------------------------------------------------------------

# Photographs that installed packages ship, and the ImageNet classes that are right.
PHOTOGRAPHS = {
    "sklearn/datasets/images/china.jpg": {663, 698, 832},  # a pagoda: monastery, palace, stupa
    # A dahlia; ImageNet has daisies and lady's slippers only. What looks like it: brain coral, orange, coral fungus.
    "sklearn/datasets/images/flower.jpg": {109, 950, 991},
    "matplotlib/mpl-data/sample_data/grace_hopper.jpg": {652},  # military uniform
    "skimage/data/camera.png": {759, 872},  # reflex camera, tripod
    "skimage/data/chelsea.png": {281, 282, 285},  # tabby, tiger cat, Egyptian cat
    "skimage/data/coffee.png": {504, 967, 968},  # coffee mug, espresso, cup
    "skimage/data/motorcycle_left.png": {665, 670},  # moped, motor scooter
    "skimage/data/rocket.jpg": {657, 744, 812},  # missile, projectile, space shuttle
}


@pytest.fixture(scope="module")
def trained_squeezenet(shared_weights):
    ours = network(create("squeezenet", 1000), (227, 227, 3))
    with np.load(shared_weights / "squeezenet_v1.1_imagenet.npz") as arrays:
        assert port(ours, arrays, SOURCES["caffe"]["squeezenet"]) == []
    return ours


def photograph(name):
    """The middle of a photograph, 227x227 of 256 pixels on its shorter side, as Caffe's networks see it."""
    package, _, rest = name.partition("/")
    found = importlib.util.find_spec(package)
    if found is None:
        pytest.skip(f"{package} is not installed")
    picture = Image.open(Path(found.origin).parent / rest).convert("RGB")
    scale = 256 / min(picture.size)
    width, height = round(picture.width * scale), round(picture.height * scale)
    left, top = (width - 227) // 2, (height - 227) // 2
    middle = picture.resize((width, height), Image.Resampling.BILINEAR).crop((left, top, left + 227, top + 227))
    return np.asarray(middle, "float32")[..., ::-1] - np.array([104.006, 116.669, 122.679], "float32")


@pytest.mark.parametrize(("name", "right"), PHOTOGRAPHS.items(), ids=[name.rpartition("/")[2] for name in PHOTOGRAPHS])
def test_squeezenet_knows_photographs(trained_squeezenet, name, right):
    (answer,) = logits(trained_squeezenet, photograph(name)[None])
    assert right & set(np.argsort(-answer)[:5].tolist())


# What a source says, without the other library ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("library", "name"), [(library, name) for library, models in SOURCES.items() for name in models]
)
def test_a_source_names_each_layer_with_weights_once(library, name):
    source, model = SOURCES[library][name], MODELS[name]
    leaves = measure(create(name, model.classes), model.input_shape).leaves
    assert sorted(source.layers) == sorted(leaf.path for leaf in leaves if leaf.parameters)
    assert len(set(source.layers.values())) == len(source.layers)


def test_the_heads_have_the_names_of_torchvisions_files():
    heads = {name: SOURCES["torchvision"][name].layers for name in ("alexnet_one_tower", "vgg11", "resnet18")}
    assert [heads["alexnet_one_tower"][f"fc{i}.dense"] for i in (6, 7, 8)] == [f"classifier.{i}" for i in (1, 4, 6)]
    assert [heads["vgg11"][f"fc{i}.dense"] for i in (6, 7, 8)] == [f"classifier.{i}" for i in (0, 3, 6)]
    assert heads["resnet18"]["dense"] == "fc"


NET = chain(stage("C1", conv(4, 3, norm="batch")), flatten(), dense(3))
NAMES = Source({"C1.conv": "c", "C1.conv.norm": "n", "dense": "d"}, KERAS)


def arrays_of(model, source):
    return {
        theirs + source.arrays[weight.name]: np.full(weight.shape, 7.0)
        for ours, theirs in source.layers.items()
        for weight in model.get_layer(ours).weights
    }


def test_what_a_source_does_not_name_stays():
    model = network(NET, (4, 1))
    head = model.get_layer("dense").get_weights()
    body = dataclasses.replace(NAMES, layers={"C1.conv": "c", "C1.conv.norm": "n"})
    assert port(model, arrays_of(model, NAMES), body) == ["dense"]
    for one, other in zip(head, model.get_layer("dense").get_weights()):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(model.get_layer("C1.conv").kernel, np.full((3, 1, 4), 7.0))


def without(arrays, name):
    return {key: value for key, value in arrays.items() if key != name}


BAD = {
    "no such layer": (lambda arrays: arrays, {"C1.conv": "c", "C2.conv": "d"}, r"lacks.*\['C2.conv'\]"),
    "no such array": (lambda arrays: without(arrays, "n/beta"), NAMES.layers, "'n/beta' for 'C1.conv.norm'. Received"),
    "shape": (
        lambda arrays: {**arrays, "d/bias": np.zeros(4)},
        NAMES.layers,
        r"'dense' a bias of shape \(3,\).*\(4,\)",
    ),
}


@pytest.mark.parametrize(("change", "layers", "message"), BAD.values(), ids=BAD)
def test_what_does_not_fit_changes_nothing(change, layers, message):
    model = network(NET, (4, 1))
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        port(model, change(arrays_of(model, NAMES)), dataclasses.replace(NAMES, layers=layers))
    for one, other in zip(before, model.get_weights()):
        np.testing.assert_array_equal(one, other)
