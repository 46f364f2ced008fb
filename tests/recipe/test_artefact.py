"""An artefact is checked against itself: whatever was changed in it gives one line, before Keras builds anything."""

import io
import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from support import hostile
from support.command_line import call

from multicnn.blocks import chain, conv, dense, global_average_pool, lift, network
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.predictor import ArtefactError, Predictor, load
from multicnn.tasks import Classification


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return an artefact of today, as small as may be."""
    preprocess = ImagePreprocess(size=(8, 8), channels=1, mean=(0.5,), std=(0.5,))
    keras.utils.set_random_seed(0)
    block = chain(
        conv(4, 3, norm="batch", activation="relu"),
        lift(keras.layers.LeakyReLU, negative_slope=0.1),
        global_average_pool(),
        dense(3),
    )
    predictor = Predictor(preprocess, block, network(block, (8, 8, 1)), Classification(("a", "b", "c")))
    return predictor.save(tmp_path_factory.mktemp("artefact") / "model.keras")


def described(change):
    """Return the function that changes the description of an artefact, whose checksums stay those of the other members."""

    def changed(members):
        data = json.loads(members["multicnn.json"])
        members["multicnn.json"] = json.dumps(change(data) or data).encode()

    return changed


def setting(path, value):
    *parents, last = path.split(".")

    def change(data):
        for parent in parents:
            data = data[parent]
        data[last] = value

    return described(change)


def without(name):
    return described(lambda data: {key: value for key, value in data.items() if key != name})


def text_of(text):
    def changed(members):
        members["multicnn.json"] = text.encode()

    return changed


def weights(change):
    """Return the function that changes the HDF5 file of the weights, and makes the checksum fit."""

    def changed(members):
        file = io.BytesIO(members["model.weights.h5"])
        with h5py.File(file, "r+") as opened:
            change(opened)
        members["model.weights.h5"] = file.getvalue()
        data = json.loads(members["multicnn.json"])
        data.pop("checksums", None)
        members["multicnn.json"] = json.dumps(data).encode()

    return changed


def numbers(value):
    def change(file):
        file["layers/dense/vars/0"][0, 0] = value

    return change


def external(file):
    del file["layers/dense/vars/1"]
    file["layers/dense/vars"].create_dataset("1", (3,), "<f4", external=[("/etc/passwd", 0, 12)])


def linked(file):
    del file["layers/dense/vars/1"]
    file["layers/dense/vars/1"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft(file):
    del file["layers/dense/vars/1"]
    file["layers/dense/vars/1"] = h5py.SoftLink("/layers/dense/vars/0")


def circle(file):
    file["layers/dense/vars/2"] = file["layers"]


def compressed(file):
    file["layers/dense/vars"].create_dataset("2", (2**29,), "<f4", chunks=(2**20,), compression="gzip", fillvalue=0)


def objects(file):
    file["layers/dense/vars"].create_dataset("2", data=["text"], dtype=h5py.string_dtype())


def deep(members):
    members["config.json"] = b'{"module":' * 100_000 + b"1" + b"}" * 100_000


TAMPERED = {
    "labels short": (setting("task.labels", ["a", "b"]), r"shape \(3,\), its task needs \(2,\)"),
    "labels long": (setting("task.labels", ["a", "b", "c", "d"]), r"its task needs \(4,\)"),
    "labels twice": (setting("task.labels", ["a", "a", "b"]), "3 labels are not distinct"),
    "labels a text": (setting("task.labels", "abc"), "labels are no list of texts"),
    "labels numbers": (setting("task.labels", [1, 2, 3]), "labels are no list of texts"),
    "labels empty": (setting("task.labels", []), r"its task needs \(0,\)"),
    "another block": (setting("block", {"type": "dense", "units": 3}), "its network gives an output of the shape"),
    "another size of block": (
        setting("block.blocks", [{"type": "flatten"}, {"type": "dense", "units": 3}]),
        "its block is not",
    ),
    "a block of no Blocks": (setting("block", {"type": "nonsense"}), "Blocks that are not defined: nonsense"),
    "endless copies": (
        setting("block", {"type": "repeat", "n": 10**12, "block": {"type": "dense", "units": 3}}),
        "its network has 2,000,000,000,000 Blocks",
    ),
    "a block of a text": (setting("block", {"type": "dense", "units": "three"}), "units"),
    "recipe none": (setting("recipe", None), "'recipe' is no dict"),
    "data a text": (setting("recipe", {"data": "x"}), "'recipe.data' is no dict"),
    "recipe a list": (setting("recipe", []), "'recipe' is no dict"),
    **{
        f"no {name}": (without(name), f"'{name}' is missing")
        for name in ("preprocess", "block", "task", "recipe", "metrics", "versions")
    },
    "no format": (without("format"), "its format is none: None"),
    "format of tomorrow": (setting("format", 99), r"newer multicnn \(format 99\)"),
    "a list": (text_of("[1]"), "an object is expected, not list"),
    "null": (text_of("null"), "an object is expected, not NoneType"),
    "no JSON": (text_of("{"), "Expecting"),
    "deep": (text_of('{"format":1,"preprocess":' + "[" * 200_000 + "]" * 200_000 + "}"), "nested too deeply"),
    "mean NaN": (setting("preprocess.mean", [float("nan")]), "its preprocess has a number that is not finite"),
    "std infinite": (setting("preprocess.std", [float("inf")]), "its preprocess has a number that is not finite"),
    "size huge": (setting("preprocess.size", [100_000, 100_000]), "size must be at most|too large: an example of the shape"),
    "size negative": (setting("preprocess.size", [-1, 8]), "size"),
    "size of a text": (setting("preprocess.size", "x"), "size"),
    "not fitted": (setting("preprocess.size", None), "not fitted"),
    "no such modality": (setting("preprocess.modality", "smell"), "modality must be one of"),
    "modality a list": (setting("preprocess.modality", []), "description is damaged"),
    "task a text": (setting("task", "classification"), "'task' is no dict"),
    "no such task": (setting("task.name", "x"), "must be one of"),
    "checksums a text": (setting("checksums", "x"), "checksums are none"),
    "another checksum": (setting("checksums", {"config.json": 1}), "its config.json is not the one"),
    "weights NaN": (weights(numbers(np.nan)), "its weights of dense are not finite"),
    "weights infinite": (weights(numbers(np.inf)), "its weights of dense are not finite"),
    "weights outside": (weights(external), "not numbers in the file itself"),
    "weights linked outside": (weights(linked), "a link at /layers/dense/vars/1"),
    "weights linked inside": (weights(soft), "a link at /layers/dense/vars/1"),
    "weights in a circle": (weights(circle), "a group inside itself"),
    "a bomb of weights": (weights(compressed), "too large: its weights unpacks? to 2,147,"),
    "weights of text": (weights(objects), "not numbers in the file itself"),
    "weights of another name": (
        weights(lambda file: file.move("layers/dense", "layers/other")),
        "Keras cannot build its network",
    ),
    "a layer less": (
        weights(lambda file: file.__delitem__("layers/conv2d")),
        "its block is not that of its weights: 'conv.*has 36",
    ),
    "no weights": (lambda members: members.pop("model.weights.h5") and None, "it lacks model.weights.h5"),
    "no config": (lambda members: members.pop("config.json") and None, "it lacks config.json"),
    "no description": (lambda members: members.pop("multicnn.json") and None, "Keras saved it, not multicnn"),
    "another member": (
        lambda members: members.update({"../../x": b"x"}),
        "a member '../../x' that no model of Keras has",
    ),
    "a deep config": (deep, "nested too deeply"),
    "weights of nonsense": (
        lambda members: members.update({"model.weights.h5": b"nonsense"}),
        "weights are damaged",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_changed_gives_one_line(name, saved, tmp_path, monkeypatch):
    change, reason = TAMPERED[name]
    path = hostile.retold(saved, tmp_path / "x.keras", change)
    built = []
    real = keras.saving.load_model
    monkeypatch.setattr(keras.saving, "load_model", lambda *a, **k: built.append(1) or real(*a, **k))
    with pytest.raises(ValueError, match=reason) as error:
        load(path)
    assert "\n" not in str(error.value) and str(error.value).endswith(f"Received: path={str(path)!r}")
    assert not built or "Keras cannot build" in str(error.value)


def test_the_artefact_itself_is_read_with_its_lifted_layer(saved):
    loaded = load(saved)
    assert loaded.labels == ("a", "b", "c")
    assert any(isinstance(layer, keras.layers.LeakyReLU) for layer in loaded.network.layers)
    with zipfile.ZipFile(saved) as archive:
        recorded = json.loads(archive.read("multicnn.json"))["checksums"]
        assert recorded == {name: archive.getinfo(name).CRC for name in ("config.json", "model.weights.h5")}


def test_an_artefact_without_checksums_is_read(saved, tmp_path):
    load(hostile.retold(saved, tmp_path / "x.keras", without("checksums")))


def test_members_of_another_artefact_are_not_mixed_in(saved, tmp_path):
    """Each zip checksum is right, and so are all shapes: the description knows which weights are its own."""
    other = load(saved)
    other.network.get_layer("dense").kernel.assign(np.ones((4, 3), np.float32))
    with zipfile.ZipFile(other.save(tmp_path / "other.keras")) as archive:
        foreign = archive.read("model.weights.h5")
    path = hostile.retold(saved, tmp_path / "x.keras", lambda members: members.update({"model.weights.h5": foreign}))
    with pytest.raises(ArtefactError, match=r"its model.weights.h5 is not the one that it was saved with"):
        load(path)


def flips(path, count):
    """Yield the bytes of a file with one bit flipped, at places spread over it."""
    data = path.read_bytes()
    for at in np.linspace(0, len(data) - 1, count).astype(int).tolist():
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        yield at, bytes(changed)


@pytest.mark.parametrize("count", [12, pytest.param(600, marks=pytest.mark.slow)])
def test_a_flipped_bit_gives_one_line_or_changes_nothing(count, saved, tmp_path):
    """Some bits of a zip archive mean nothing, such as those of a date."""
    path, refused = tmp_path / "x.keras", 0
    reference = [weight.tolist() for weight in load(saved).network.get_weights()]
    for at, data in flips(saved, count):
        path.write_bytes(data)
        try:
            loaded = load(path)
        except ArtefactError as error:
            refused += 1
            assert "\n" not in str(error), at
        else:
            assert [weight.tolist() for weight in loaded.network.get_weights()] == reference, at
    assert refused > 0.9 * count


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_cut_file_gives_one_line(share, saved, tmp_path):
    data = saved.read_bytes()
    (tmp_path / "x.keras").write_bytes(data[: int(share * len(data))])
    with pytest.raises(ArtefactError, match="damaged archive"):
        load(tmp_path / "x.keras")


@pytest.mark.parametrize("member", ["multicnn.json", "config.json", "model.weights.h5"])
def test_a_member_that_unpacks_to_gigabytes_is_not_unpacked(member, saved, tmp_path, monkeypatch):
    monkeypatch.setenv("MULTICNN_LIMITS", "unpacked_bytes=10e6,json_bytes=2e6")
    for size in (3_000_000, 20_000_000):
        path = tmp_path / f"{size}.keras"
        with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in source.namelist():
                if name != member:
                    archive.writestr(name, source.read(name))
            hostile.write_zeros(archive, member, size, end=source.read(member))
        with pytest.raises(ValueError, match=r"too large: .*MULTICNN_LIMITS=|weights are damaged"):
            load(path)


def huge_layer(members):
    """Let the config describe a layer of 4 TB, while block and weights stay as they are."""
    config = json.loads(members["config.json"])
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "Dense":
            layer["config"]["units"] = 10**12
    members["config.json"] = json.dumps(config).encode()
    members["multicnn.json"] = json.dumps(
        {key: value for key, value in json.loads(members["multicnn.json"]).items() if key != "checksums"}
    ).encode()


def test_a_config_cannot_make_keras_allocate_more_than_the_weights(saved, tmp_path):
    path = hostile.retold(saved, tmp_path / "x.keras", huge_layer)
    with pytest.raises(ArtefactError, match=r"its layers have more weights than the .* numbers of the file"):
        load(path)
    assert isinstance(keras.layers.Dense(2).add_weight(shape=(2, 2)), keras.Variable)


def inflated(layers):
    """Put layers without weights after the input, which make much of it and then as much as it was."""

    def changed(members):
        config = json.loads(members["config.json"])
        first = config["config"]["layers"][0]["config"]["name"]
        following = config["config"]["layers"][1]["inbound_nodes"]
        model = keras.Sequential([keras.Input((8, 8, 1)), *layers], name="inflated")
        added = {**keras.saving.serialize_keras_object(model), "name": "inflated", "inbound_nodes": following}
        text = json.dumps(config["config"]["layers"][1:]).replace(
            f'"keras_history": ["{first}"', '"keras_history": ["inflated"'
        )
        config["config"]["layers"] = [config["config"]["layers"][0], added, *json.loads(text)]
        members["config.json"] = json.dumps(config).encode()
        without("checksums")(members)

    return changed


@pytest.mark.parametrize("side", [1, 3000])
@pytest.mark.parametrize("kind", ["pad", "repeat"])
def test_a_layer_that_would_take_gigabytes_is_refused_before_it_computes(kind, side, saved, tmp_path):
    layers = {
        "pad": lambda: [keras.layers.ZeroPadding2D(3 * side), keras.layers.Cropping2D(3 * side)],
        "repeat": lambda: [keras.layers.UpSampling2D(side), keras.layers.MaxPooling2D(side)],
    }[kind]()
    path = hostile.retold(saved, tmp_path / "x.keras", inflated(layers))
    if side == 1:
        assert load(path).labels == ("a", "b", "c")
        return
    with pytest.raises(
        ArtefactError, match=r"too large: its network makes [\d,]+ numbers .*MULTICNN_LIMITS=layer_values="
    ):
        load(path)


VERBS = {
    "predict": ["predict", "{}", "x.png"],
    "evaluate": ["evaluate", "{}", "digits"],
    "inspect": ["inspect", "{}"],
    "explain": ["explain", "{}", "a text"],
    "features": ["features", "{}", "digits"],
    "words": ["words", "nearest", "{}", "a"],
    "train": ["train", "digits", "--from", "{}", "--out", "run"],
}


@pytest.mark.parametrize(
    "verb", [name if name == "predict" else pytest.param(name, marks=pytest.mark.slow) for name in VERBS]
)
def test_every_command_refuses_a_damaged_artefact_in_one_line(verb, saved, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = bytearray(saved.read_bytes())
    data[len(data) // 3] ^= 1
    Path("x.keras").write_bytes(data)
    code, _, err = call(monkeypatch, capsys, *(each.replace("{}", "x.keras") for each in VERBS[verb]))
    assert code == 2 and len(err.strip().splitlines()) == 1 and "damaged archive" in err and "x.keras" in err
    assert not Path("run").exists()
