"""Files of arrays by name."""

import json
import pickle
import struct
import sys

import keras
import numpy as np
import pytest

from multicnn.training import weight_files
from multicnn.training.weight_files import of_applications, read


def test_safetensors_as_its_format_says(tmp_path):
    """https://github.com/huggingface/safetensors#format, with bfloat16 as the upper half of a float32."""
    values = np.array([[1.5, -2.0, 0.25], [3.0, 0.0, -1.0]])
    kinds = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8"}
    parts = {name: values.astype(dtype).tobytes() for name, dtype in kinds.items()}
    parts["BF16"] = (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    head, data = {"__metadata__": {"format": "pt"}}, b""
    for name, part in parts.items():
        head[f"layer.{name}"] = {"dtype": name, "shape": [2, 3], "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    written = json.dumps(head).encode()
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", len(written)) + written + data)
    found = read(tmp_path / "x.safetensors")
    assert set(found) == {f"layer.{name}" for name in parts}
    for name, array in found.items():
        np.testing.assert_array_equal(array, values.astype("i8") if name.endswith("I64") else values)


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HOSTILE = {
    "a header as long as the disk": (b"{}", 2**60),
    "a header that ends in the numbers": (b'{"a":', None),
    "no object": (b"[1]", None),
    "deep brackets": (b"[" * 100_000, None),
    "an array that overlaps another": ({"a": entry(), "b": entry()}, None),
    "an array past the end": ({"a": entry(shape=(200,), offsets=(0, 800))}, None),
    "a negative side": ({"a": entry(shape=(-1, -2))}, None),
    "a shape of another size": ({"a": entry(shape=(3,))}, None),
    "an unknown type": ({"a": entry("Q7")}, None),
    "a type that NumPy lacks": ({"a": entry("F8_E4M3", (8,))}, None),
    "a type that is no text": ({"a": {**entry(), "dtype": 4}}, None),
    "no offsets": ({"a": {"dtype": "F32", "shape": [2]}}, None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_safetensors_header_is_one_line(name, tmp_path):
    head, size = HOSTILE[name]
    head = head if isinstance(head, bytes) else json.dumps(head).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", size or len(head)) + head + bytes(8))
    with pytest.raises(ValueError, match=r"`start.path` cannot be read .*Received: start.path=") as error:
        read(path)
    assert "\n" not in str(error.value)


def test_a_keras_model_that_is_none_of_ours(tmp_path):
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2, name="one"), keras.layers.BatchNormalization(name="n")]
    )
    model.save(tmp_path / "x.keras")
    assert not weight_files.is_ours(tmp_path / "x.keras")
    found = read(tmp_path / "x.keras")
    assert set(found) == {"one/kernel", "one/bias", "n/gamma", "n/beta", "n/moving_mean", "n/moving_variance"}
    np.testing.assert_array_equal(found["one/kernel"], model.get_layer("one").kernel)


@pytest.mark.parametrize("name", ["x.npz", "x.safetensors", "x.keras"])
@pytest.mark.parametrize("content", [b"", b"\xff" * 40])
def test_a_damaged_file_is_one_line(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"`start.path` cannot be read .*Received: start.path=") as error:
        read(tmp_path / name)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["nowhere.npz", "weights.bin"])
def test_what_is_no_file_of_weights(name, tmp_path):
    (tmp_path / "weights.bin").touch()
    with pytest.raises(ValueError, match=r"must be a file that ends in one of .npz, .safetensors, .keras"):
        read(tmp_path / name)


def test_keras_is_asked_for_imagenet_weights_only_here(monkeypatch):
    asked = []

    def make(weights):
        asked.append(weights)
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="predictions")])

    monkeypatch.setattr(keras.applications, "VGG16", make)
    assert set(of_applications("vgg16")) == {"predictions/kernel", "predictions/bias"}
    assert asked == ["imagenet"]
    with pytest.raises(ValueError, match=r"has weights of vgg16, vgg19, .*Received: model='lenet5'"):
        of_applications("lenet5")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_named(value, tmp_path):
    np.savez(tmp_path / "x.npz", good=np.ones(3), bad=np.array([1, value], np.float32))
    with pytest.raises(ValueError, match=r"'bad' has numbers that are not finite.*Received: start.path="):
        read(tmp_path / "x.npz")


class Code:
    """What runs code where a pickle is loaded."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('code was run')",))


def test_without_pytorch_one_line_names_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "x.pth").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"pip install torch, or save the state dict as .safetensors") as error:
        read(tmp_path / "x.pth")
    assert "\n" not in str(error.value) and "Received: start.path=" in str(error.value)


@pytest.mark.slow  # PyTorch is imported
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("inside", [None, "state_dict", "model"])
def test_a_state_dict_of_pytorch(zipped, inside, tmp_path):
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    state = {f"module.{name}": value for name, value in module.state_dict().items()} | {
        "half": torch.ones(2, dtype=torch.bfloat16)
    }
    saved = state if inside is None else {"epoch": 3, inside: state}
    torch.save(saved, tmp_path / "x.pth", _use_new_zipfile_serialization=zipped)
    found = read(tmp_path / "x.pth")
    assert set(found) == {*module.state_dict(), "half"}
    np.testing.assert_array_equal(found["0.weight"], module[0].weight.detach().numpy())
    np.testing.assert_array_equal(found["half"], np.ones(2, np.float32))


@pytest.mark.slow  # PyTorch is imported
def test_a_pickle_of_pytorch_runs_no_code_and_fills_no_memory(tmp_path):
    torch = pytest.importorskip("torch")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Code()))
    torch.save({"weight": torch.ones(2), "x": Code()}, tmp_path / "code.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")
    torch.save({"weight": torch.ones(1).expand(10**12)}, tmp_path / "large.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"weight": torch.ones(2)}, tmp_path / "whole.pth")
    (tmp_path / "half.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:400])
    for path in sorted(tmp_path.glob("*.pth")):
        if path.name == "whole.pth":
            continue
        with pytest.raises(ValueError, match=r"`start.path` cannot be read .*Received: start.path=") as error:
            read(path)
        assert "\n" not in str(error.value), path
