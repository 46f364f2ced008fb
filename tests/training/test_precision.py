"""Which number format a network trains in, on which machine."""

import keras
import numpy as np
import pytest

import multicnn
from multicnn.backends import engine
from multicnn.blocks import chain, conv, dense, global_average_pool, network
from multicnn.tasks.losses import class_losses
from multicnn.training.precision import loss_scaled, policy


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ([], "float32"),
        ([(6, 1)], "float32"),
        ([(7, 0)], "mixed_float16"),
        ([(7, 5)], "mixed_float16"),
        ([(8, 0)], "mixed_bfloat16"),
        ([(9, 0), (9, 0)], "mixed_bfloat16"),
        ([(9, 0), (7, 0)], "mixed_float16"),  # all of them must be able to
        ([(0, 0)], "float32"),  # an accelerator that does not say
    ],
)
def test_auto_takes_what_every_gpu_is_good_at(capabilities, expected, monkeypatch):
    monkeypatch.setattr(engine, "compute_capabilities", lambda: capabilities)
    monkeypatch.setattr(engine, "cpu_multiplies_bfloat16", lambda: False)
    assert policy("auto", 10**9) == expected
    assert policy("float32", 10**9) == "float32"


@pytest.mark.parametrize(
    ("multiplies", "multiply_adds", "capabilities", "expected"),
    [
        (True, 10**9, [], "mixed_bfloat16"),
        (True, 400_000, [], "float32"),  # LeNet-5 gains nothing
        (False, 10**9, [], "float32"),
        (True, 10**9, [(6, 1)], "float32"),  # the GPU is what trains
    ],
)
def test_auto_on_a_processor(multiplies, multiply_adds, capabilities, expected, monkeypatch):
    monkeypatch.setattr(engine, "compute_capabilities", lambda: capabilities)
    monkeypatch.setattr(engine, "cpu_multiplies_bfloat16", lambda: multiplies)
    assert policy("auto", multiply_adds) == expected


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="XLA was not measured")
@pytest.mark.parametrize(
    ("flags", "onednn", "expected"),
    [
        ("fpu avx2 avx512f avx512_bf16", "1", True),
        ("fpu amx_tile amx_bf16", None, True),
        ("fpu avx2 avx512f avx512_vnni", "1", False),
        ("fpu avx512_bf16", "0", False),
        (None, "1", False),
    ],
)
def test_which_processors_multiply_bfloat16(flags, onednn, expected, monkeypatch, tmp_path):
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(engine, "_CPU", tmp_path / "cpuinfo")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if onednn is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", onednn)
    assert engine.cpu_multiplies_bfloat16() == expected


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_the_edges_are_float32(precision):
    """Law 5: weights, logits and loss; what is between is not."""
    net = network(chain(conv(4, 3), global_average_pool(), dense(3)), (6, 6, 1), dtype=precision)
    logits = net(np.ones((2, 6, 6, 1), np.float32))
    assert logits.dtype == "float32"
    assert class_losses(logits, np.array([0, 1])).dtype == "float32"
    assert {weight.dtype for weight in net.weights} == {"float32"}
    assert net.get_layer("conv").output.dtype == precision.removeprefix("mixed_")


@pytest.mark.parametrize(("precision", "scaled"), [("float32", 0), ("mixed_bfloat16", 0), ("mixed_float16", 1)])
def test_the_loss_is_scaled_under_float16_only(precision, scaled):
    optimizer = loss_scaled(keras.optimizers.SGD(), precision)
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == scaled


def test_what_is_measured_is_what_the_file_holds_whatever_it_was_trained_in(tmp_path):
    settings = ["runtime.precision=mixed_bfloat16", "epochs=1", "model=mlp", "model.arguments.units=[8]"]
    predictor = multicnn.train("digits", tmp_path / "run", settings=settings)
    measured = multicnn.load(tmp_path / "run" / "model.keras").evaluate("digits", split="test")
    for name in ("accuracy", "loss", "macro_f1"):
        assert measured[name] == pytest.approx(predictor.metrics["test"][name], rel=1e-6)
