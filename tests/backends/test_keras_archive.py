"""The published attacks on Keras archives, rebuilt from their descriptions: ours refuses them before Keras opens the file.

Keras's own defence, its safe mode, is off in each of these tests. https://nvd.nist.gov has the descriptions.
"""

import base64
import json
import marshal
import zipfile

import h5py
import keras
import numpy as np
import pytest
from keras.src.backend.common import global_state
from support import hostile
from support.command_line import call

from multicnn.backends import keras_archive
from multicnn.blocks import chain, dense, flatten, lift, network
from multicnn.modalities.image.preprocess import ImagePreprocess
from multicnn.predictor import Predictor, load
from multicnn.tasks import Classification
from multicnn.training import weight_files


@pytest.fixture
def trap(tmp_path):
    """Return a folder that an attack makes where it is not stopped."""
    yield tmp_path / "trap"


@pytest.fixture
def unsafe(monkeypatch):
    """Turn Keras's safe mode off, whatever it is asked for."""
    real = keras.saving.load_model
    monkeypatch.setattr(
        keras.saving, "load_model", lambda path, **settings: real(path, **settings | {"safe_mode": False})
    )
    keras.config.enable_unsafe_deserialization()
    yield
    global_state.set_global_attribute("safe_mode_saving", None)  # there is no public way back


@pytest.fixture(scope="module")
def predictor(tmp_path_factory):
    preprocess = ImagePreprocess(size=(4, 4), channels=1, mean=(0.5,), std=(0.5,))
    block = chain(flatten(), lift("LeakyReLU"), dense(3))
    made = Predictor(preprocess, block, network(block, (4, 4, 1)), Classification(("a", "b", "c")))
    return made.save(tmp_path_factory.mktemp("artefact") / "model.keras")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Return a model that plain Keras has saved, compiled."""
    path = tmp_path_factory.mktemp("foreign") / "model.keras"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="relu", name="one")])
    model.compile("adam", "mse")
    model.save(path)
    return path


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def layer(module, name, config, **more):
    return {"module": module, "class_name": name, "config": {"name": "evil", **config}, "registered_name": None, **more}


def code(trap):
    """Return a lambda as Keras wrote it: its byte code, marshalled."""
    made = eval(f"lambda x: (__import__('os').mkdir({str(trap)!r}), x)[1]").__code__
    value = base64.b64encode(marshal.dumps(made)).decode()
    return {"class_name": "__lambda__", "config": {"code": value, "defaults": None, "closure": None, "value": value}}


def in_a_lambda(trap):
    return layer("keras.layers", "Lambda", {"function": code(trap), "arguments": {}})


# What stands in the place of a layer, of an activation, or anywhere else.
ATTACKS = {
    "CVE-2025-1550: a function of any module": lambda trap: function("os", "system"),
    "CVE-2025-1550: a class of any module": lambda trap: layer("subprocess", "Popen", {"args": ["mkdir", str(trap)]}),
    "CVE-2025-1550: the module of a builtin": lambda trap: function("builtins", "eval"),
    "CVE-2025-8747: a function of Keras that downloads": lambda trap: function("keras.utils", "get_file"),
    "CVE-2025-8747: the same by its own module": lambda trap: function("keras.src.utils.file_utils", "get_file"),
    "CVE-2025-9906: a function that ends the safe mode": lambda trap: function(
        "keras.config", "enable_unsafe_deserialization"
    ),
    "CVE-2025-9906: the same by its own module": lambda trap: function(
        "keras.src.saving.serialization_lib", "enable_unsafe_deserialization"
    ),
    "CVE-2025-9906: a config that says safe_mode": lambda trap: {"safe_mode": False, **in_a_lambda(trap)},
    "a lambda": in_a_lambda,
    "a lambda by the private name of its module": lambda trap: in_a_lambda(trap)
    | {"module": "keras.src.layers.core.lambda_layer"},
    "a lambda by the name of the package": lambda trap: in_a_lambda(trap) | {"module": "keras"},
    "a lambda that is called something registered": lambda trap: in_a_lambda(trap)
    | {"registered_name": "multicnn>Nothing"},
    "a lambda in a wrapper": lambda trap: layer("keras.layers", "TimeDistributed", {"layer": in_a_lambda(trap)}),
    "a lambda in a model": lambda trap: layer("keras", "Sequential", {"layers": [in_a_lambda(trap)]}),
    "a lambda without a layer": code,
    "a saved model of TensorFlow": lambda trap: layer("keras.layers", "TFSMLayer", {"filepath": str(trap)}),
    "a pickled module of PyTorch": lambda trap: layer("keras.layers", "TorchModuleWrapper", {"module": "x"}),
    "a vocabulary of the machine's files": lambda trap: layer(
        "keras.layers", "StringLookup", {"vocabulary": "/etc/passwd"}
    ),
    "a type of TensorFlow": lambda trap: {
        "class_name": "__typespec__",
        "spec_name": "Popen",
        "module": "subprocess",
        "registered_name": None,
        "config": ["true"],
    },
    "a model that is loaded": lambda trap: function("keras.models", "load_model"),
    "an array of text of gigabytes": lambda trap: {
        "class_name": "__numpy__",
        "config": {"value": ["x"], "dtype": "U1000000000"},
    },
    "a name that is none": lambda trap: {"class_name": ["Lambda"], "config": {}},
}  # fmt: skip


def planted(config, attack, where):
    """Put an attack into the config of a model."""
    layers = config["config"]["layers"]
    dense_layer = next(each for each in layers if each["class_name"] == "Dense")
    if where == "layer":
        layers.insert(1, attack | {"name": "evil", "inbound_nodes": []})
    elif where == "activation":
        dense_layer["config"]["activation"] = attack
    elif where == "argument":
        dense_layer["inbound_nodes"] = [{"args": [attack], "kwargs": {}}]
    else:
        config["build_config"] = {"input_shape": attack}
    return config


def attacked(source, path, attack, where):
    def change(members):
        config = planted(json.loads(members["config.json"]), attack, where)
        members["config.json"] = json.dumps(config).encode()
        if "multicnn.json" in members:
            data = {key: v for key, v in json.loads(members["multicnn.json"]).items() if key != "checksums"}
            members["multicnn.json"] = json.dumps(data).encode()

    return hostile.retold(source, path, change)


@pytest.mark.parametrize(
    "where",
    ["layer", *(pytest.param(each, marks=pytest.mark.slow) for each in ("activation", "argument", "build_config"))],
)
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused_before_keras_opens_the_file(
    name, where, predictor, foreign, trap, tmp_path, unsafe, monkeypatch
):
    opened = []
    monkeypatch.setattr(keras.saving, "load_model", lambda *args, **settings: opened.append(args))
    for source, read in ((predictor, load), (foreign, weight_files.read)):
        path = attacked(source, tmp_path / "x.keras", ATTACKS[name](trap), where)
        with pytest.raises(
            ValueError, match=r"its network has (an object whose name|a value of the type|'.*is no layer)"
        ):
            read(path)
        assert not opened and not trap.exists()


def test_with_keras_alone_the_lambda_would_have_run(foreign, trap, tmp_path, unsafe):
    """The other tests would be worth nothing if the file could not attack."""
    path = attacked(foreign, tmp_path / "x.keras", in_a_lambda(trap), "layer")
    try:
        keras.saving.load_model(path, compile=False)(np.zeros((1, 3)))
    except Exception:
        pass  # of no importance after the code has run
    assert trap.exists()


@pytest.mark.slow
def test_the_legacy_format_is_no_way_in(trap, tmp_path, unsafe, monkeypatch, capsys):
    """CVE-2025-9905: in HDF5 files Keras ignores its safe mode."""
    config = {"class_name": "Sequential", "config": {"name": "x", "layers": [in_a_lambda(trap)]}}
    for name in ("x.h5", "x.hdf5", "x.keras"):
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps(config)
            file.attrs["keras_version"] = "2.15.0"
        for arguments in (["predict", path, "x.png"], ["train", "digits", "--from", path, "--out", tmp_path / "run"]):
            code, _, err = call(monkeypatch, capsys, *arguments)
            assert code == 2 and name in err and len(err.strip().splitlines()) == 1
    assert not trap.exists()


# What is no attack -----------------------------------------------------------------------------------------------------


def test_a_model_of_keras_is_read_and_its_compilation_left_out(foreign):
    assert set(weight_files.read(foreign)) == {"one/kernel", "one/bias"}
    with zipfile.ZipFile(foreign) as archive:
        assert json.loads(archive.read("config.json"))["compile_config"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: lift("LeakyReLU", negative_slope=0.2),
        lambda: lift(keras.layers.Dense, units=4, activation="gelu", kernel_initializer="he_normal"),
        *(
            pytest.param(make, marks=pytest.mark.slow)
            for make in [
                lambda: lift(keras.layers.Dense, units=4, kernel_regularizer="l2", kernel_constraint="max_norm"),
                lambda: lift("Dropout", rate=0.5),
                lambda: lift("LayerNormalization"),
                lambda: lift("Reshape", target_shape=(4, 4)),
                lambda: lift("PReLU"),
            ]
        ),
    ],
)
def test_a_layer_of_keras_that_was_lifted_is_loaded(make, tmp_path):
    preprocess = ImagePreprocess(size=(4, 4), channels=1, mean=(0.5,), std=(0.5,))
    block = chain(flatten(), make(), flatten(), dense(2))
    made = Predictor(preprocess, block, network(block, (4, 4, 1)), Classification(("a", "b")))
    loaded = load(made.save(tmp_path / "x.keras"))
    examples = np.arange(32, dtype=np.uint8).reshape(2, 4, 4, 1)
    np.testing.assert_array_equal(loaded.logits(examples), made.logits(examples))


@keras.saving.register_keras_serializable("tests")
class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_what_the_user_has_registered_is_loaded(tmp_path):
    preprocess = ImagePreprocess(size=(4, 4), channels=1, mean=(0.5,), std=(0.5,))
    whole = chain(flatten(), dense(2), lift(Doubled))
    made = Predictor(preprocess, whole, network(whole, (4, 4, 1)), Classification(("a", "b")))
    load(made.save(tmp_path / "x.keras"))


def test_each_layer_of_this_package_and_of_the_vocabulary_is_allowed():
    import multicnn.layers as own

    for name in own.__all__ if hasattr(own, "__all__") else dir(own):
        made = getattr(own, name)
        if isinstance(made, type) and issubclass(made, keras.Layer):
            registered = keras.saving.get_registered_name(made)
            keras_archive.check_config(
                {"module": made.__module__, "class_name": name, "config": {}, "registered_name": registered}
            )
