"""The kernels of a network: whether units differ, the scale that they give, and the distance from their start."""

import keras
import numpy as np
import pytest

from multicnn.blocks import activation, chain, conv, dense, global_average_pool, network
from multicnn.tasks.losses import class_losses
from multicnn.training import kernels
from multicnn.training.health import HealthCheck
from multicnn.utils.files import read_json, write_json

NET = chain(conv(8, 3), activation("relu"), conv(1, 1), global_average_pool(), dense(3))


@pytest.fixture
def built():
    keras.utils.set_random_seed(0)
    return network(NET, (6, 6, 2))


def test_the_scale_of_initializers_is_that_of_their_papers():
    """He et al. 2015: the square root of 2 for any fan-in; LeCun et al. 1998: 1; Glorot & Bengio 2010 between equal layers: 1."""
    expected = {"he_normal": np.sqrt(2), "lecun_normal": 1.0, "glorot_uniform": 1.0}
    for name, scale in expected.items():
        keras.utils.set_random_seed(0)
        built = network(dense(400, kernel_initializer=name), (400,))
        measured = kernels.of_network(built, {})["dense"]
        assert measured["scale"] == pytest.approx(scale, rel=0.05)
        assert measured["spread"] == pytest.approx(1, abs=0.05) and measured["moved"] is None


@pytest.mark.parametrize("value", [0.0, 0.05, -3.0])
def test_units_with_one_constant_do_not_differ(value, built):
    layer = next(layer for layer in built.layers if layer.weights)
    layer.kernel.assign(np.full(layer.kernel.shape, value))
    assert kernels.of_network(built, {})[layer.name]["spread"] == pytest.approx(0, abs=1e-6)
    # That inputs have other weights is no difference of the units.
    rows = np.random.default_rng(0).normal(size=(*layer.kernel.shape[:-1], 1))
    layer.kernel.assign(np.broadcast_to(rows, layer.kernel.shape))
    assert kernels.of_network(built, {})[layer.name]["spread"] == pytest.approx(0, abs=1e-6)


def test_the_distance_is_that_of_the_whole_kernel_as_far_as_a_sample_tells(built):
    start, rng = kernels.starts(built), np.random.default_rng(0)
    assert all(row["moved"] == 0 for row in kernels.of_network(built, start).values())
    for layer in built.layers:
        if not layer.weights:
            continue
        before = np.array(layer.kernel)
        step = rng.normal(size=before.shape) * 0.3 * np.std(before)
        layer.kernel.assign(before + step)
        moved = kernels.of_network(built, start)[layer.name]["moved"]
        assert moved == pytest.approx(np.linalg.norm(step) / np.linalg.norm(before), rel=0.25)


def test_one_unit_has_no_spread_and_what_started_at_0_no_distance(built):
    assert [row["spread"] is None for row in kernels.of_network(built, {}).values()] == [False, True, False]
    zeros = network(dense(3, kernel_initializer="zeros"), (4,))
    start = kernels.starts(zeros)
    zeros.get_layer("dense").kernel.assign(np.ones((4, 3)))
    assert kernels.of_network(zeros, start)["dense"]["moved"] is None


def test_frozen_layers_are_remembered_and_measured_when_they_learn(built):
    first = next(layer for layer in built.layers if layer.weights)
    first.trainable = False
    start = kernels.starts(built)
    assert first.name in start and first.name not in kernels.of_network(built, start)
    first.trainable = True
    assert kernels.of_network(built, start)[first.name]["moved"] == 0


def test_health_begins_before_the_first_step_and_survives_a_checkpoint(built, tmp_path):
    targets = np.array([0, 1, 2])
    inputs = np.random.default_rng(0).normal(size=(3, 6, 6, 2)).astype(np.float32)

    def check(folder):
        folder.mkdir(exist_ok=True)
        made = HealthCheck(folder, lambda: (inputs, targets), class_losses, print)
        made.set_model(built)
        return made

    one = check(tmp_path / "one")
    one.on_epoch_begin(0)
    write_json(tmp_path / "state.json", one.state_dict())
    rows = one.state_dict()["rows"]
    assert {row["epoch"] for row in rows} == {0} and {row["dead"] for row in rows} == {None}
    for layer in built.layers:
        if layer.weights:
            layer.kernel.assign(2 * np.array(layer.kernel))
    other = check(tmp_path / "other")
    other.load_state_dict(read_json(tmp_path / "state.json"))
    for each in (one, other):
        each.on_epoch_begin(0)  # of a run that is resumed within its first epoch
        each.on_epoch_end(0)
    assert (tmp_path / "one" / "health.csv").read_text() == (tmp_path / "other" / "health.csv").read_text()
    assert [row["moved"] for row in other.state_dict()["rows"][-1:]] == [pytest.approx(1)]


def test_a_run_that_an_older_version_started_has_no_distances(built, tmp_path):
    older = {"epoch": 1, "layer": "dense", "dead": None, "saturated": None, "gradient_norm": 0.5}
    made = HealthCheck(tmp_path, lambda: None, None, print)
    made.set_model(built)
    made.load_state_dict({"rows": [older]})
    made.on_epoch_begin(1)
    assert made.state_dict()["rows"] == [{**older, "spread": None, "scale": None, "moved": None}]
    assert (
        (tmp_path / "health.csv").read_text().startswith("epoch,layer,dead,saturated,gradient_norm,spread,scale,moved")
    )
