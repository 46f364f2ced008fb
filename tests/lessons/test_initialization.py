"""Notebook 6: what goes forward and back under each way to initialise a network, and how it then trains."""

import numpy as np
import pytest

from multicnn.lessons import deep, initialization


def test_he_keeps_the_size_and_the_others_do_not():
    layers = deep.by_layer(initialization.networks(depth=8), examples=128)
    spread = {name: values[-1] / max(values[0], 1e-30) for name, values in layers.activations.items()}
    assert 0.3 < spread["He"] < 3
    assert spread["too small"] < 1e-4
    assert spread["too large"] > 1e2
    assert layers.activations["zeros"].max() == 0
    gradient = {name: values[0] / max(values[-1], 1e-30) for name, values in layers.gradients.items()}
    assert 0.3 < gradient["He"] < 3
    assert gradient["too small"] < 1e-4
    assert gradient["too large"] > 1e2
    assert layers.gradients["zeros"][0] == 0


@pytest.mark.parametrize("name", ["Xavier", "He", "too small", "too large"])
def test_a_layer_multiplies_the_mean_square_by_half_of_n_variances(name):
    measured, predicted = initialization.gain(name, layers=6)
    assert measured == pytest.approx(predicted, rel=0.1)
    assert (abs(predicted - 1) < 0.1) == (name == "He")


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="Received: name='ones'"):
        initialization.network("ones")


@pytest.mark.slow
def test_equal_units_stay_equal_and_only_random_weights_of_the_right_size_learn():
    trained = deep.train(initialization.networks(), steps=200, learning_rate=0.05)
    units = {name: initialization.different_units(network, 2) for name, network in trained.networks.items()}
    assert units == {**dict.fromkeys(units, 64), "zeros": 1, "one constant": 1}
    assert trained.accuracies["He"] > 0.85
    for name in ("zeros", "one constant", "too small"):
        assert trained.accuracies[name] < 0.3
    assert trained.losses["zeros"][-50:].mean() == pytest.approx(np.log(10), abs=0.05)
