"""Rprop as a Keras optimizer; its equation is tested beside the other optimizers' in tests/training."""

import keras
import numpy as np
import pytest

from multicnn.training.optimizers import Rprop


def test_it_trains_a_model_and_is_saved_with_it(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 5)).astype("float32")
    y = (x @ rng.normal(size=5) > 0).astype("int32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(2)])
    model.compile(Rprop(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = [float(model.train_on_batch(x, y)) for _ in range(30)]
    assert losses[-1] < 0.05 * losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    # Step sizes and signs are there: training goes on as if nothing had been.
    for _ in range(3):
        assert float(again.train_on_batch(x, y)) == pytest.approx(float(model.train_on_batch(x, y)), rel=1e-5)


def test_a_word_that_is_not_seen_does_not_move():
    table = keras.layers.Embedding(4, 2)
    model = keras.Sequential([keras.Input((2,), dtype="int32"), table, keras.layers.Flatten(), keras.layers.Dense(2)])
    model.compile(Rprop(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = table.get_weights()[0]
    model.train_on_batch(np.array([[1, 1]]), np.array([0]))
    moved = np.abs(table.get_weights()[0] - before)
    np.testing.assert_allclose(moved[1], 0.01, rtol=1e-4)
    np.testing.assert_array_equal(moved[[0, 2, 3]], 0)


def test_step_sizes_stay_within_their_bounds():
    variable = keras.Variable([0.0, 0.0])
    optimizer = Rprop(0.1, smallest_step=0.05, largest_step=0.12)
    optimizer.build([variable])
    for step in range(8):
        optimizer.apply([keras.ops.convert_to_tensor([1.0, (-1.0) ** (step // 2)])])
    np.testing.assert_allclose(optimizer._step_sizes[0].numpy(), [0.12, 0.05], rtol=1e-6)


@pytest.mark.parametrize(
    "arguments",
    [{"increase": 0.9}, {"decrease": 1.0}, {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 10)}],
)
def test_what_cannot_be_is_named(arguments):
    with pytest.raises(ValueError, match="Received"):
        Rprop(**arguments)
