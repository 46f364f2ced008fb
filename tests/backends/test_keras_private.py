"""Whatever is private in Keras does what we take it to do. Written for Keras 3.15; where one fails, Keras has changed it."""

import re
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest

from multicnn.backends import keras_private

ON_TENSORFLOW = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow has strategies")


def test_the_mask_of_a_tensor_in_keras_3_15():
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(5, 2, mask_zero=True)(ids)
    mask = keras_private.mask_of(vectors)
    assert keras_private.mask_of(ids) is None
    of_ids = keras.Model(ids, mask)(np.array([[3, 1, 0]]))
    np.testing.assert_array_equal(of_ids, [[True, True, False]])


def test_the_operation_of_a_tensor_in_keras_3_15():
    x = keras.Input((3,))
    layer = keras.layers.Dense(2)
    assert keras_private.operation_of(layer(x)) is layer
    assert isinstance(keras_private.operation_of(x), keras.layers.InputLayer)
    assert keras_private.operation_of(keras.KerasTensor((None, 3))) is None


def test_the_sizes_inside_a_network_in_keras_3_15():
    """Of an open side, inside a wrapper and a network inside; nothing is computed, and nothing stays replaced."""
    inner = keras.Sequential([keras.layers.UpSampling1D(50), keras.layers.MaxPooling1D(50)])
    x = keras.Input((None, 5, 2))
    network = keras.Model(x, keras.layers.TimeDistributed(inner)(x))
    call = keras.Operation.__call__
    assert max(keras_private.sizes_inside(network, (3, 5, 2))) == 5 * 50 * 2
    assert keras.Operation.__call__ is call


def test_the_inputs_of_a_tensor_in_keras_3_15():
    x, y = keras.Input((3,)), keras.Input((3,))
    layer, add = keras.layers.Dense(2), keras.layers.Add()
    first, second = layer(x), layer(y)  # one layer, two calls
    assert [id(t) for t in keras_private.inputs_of(second)] == [id(y)]
    assert [id(t) for t in keras_private.inputs_of(add([first, second]))] == [id(first), id(second)]


def test_the_parents_of_an_operation_in_keras_3_15():
    x = keras.Input((3,))
    one, two, add = keras.layers.Dense(2), keras.layers.Dense(2), keras.layers.Add()
    add([one(x), two(x)])
    assert keras_private.parents_of(add) == [one, two]


def test_the_layers_inside_a_model_in_keras_3_15():
    dense = keras.layers.Dense(2)
    wrapper = keras.layers.TimeDistributed(dense)
    x = keras.Input((3, 4))
    model = keras.Model(x, wrapper(x))
    outer = keras.Model(y := keras.Input((3, 4)), model(y))
    assert {id(each) for each in (outer, model, wrapper, dense)} <= {id(i) for i in keras_private.layers_inside(outer)}


def test_the_variables_that_an_optimizer_was_built_for_in_keras_3_15():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    optimizer, variables = keras.optimizers.Adam(), model.trainable_variables
    optimizer.build(variables)
    model.layers[0].trainable = False
    assert [id(each) for each in keras_private.optimized_variables(optimizer)] == list(map(id, variables))


def test_the_index_of_a_variable_in_an_update_in_keras_3_15():
    class Recorder(keras.optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            indices.append(keras_private.variable_index(self, variable))

    indices = []
    variables = [keras.Variable(np.zeros(n, "float32"), name=f"v{n}") for n in (1, 2, 3)]
    Recorder(0.1).apply([np.zeros(n, "float32") for n in (1, 2, 3)], variables)
    assert indices == [0, 1, 2]


@pytest.mark.parametrize("scaled", [False, True])
def test_the_product_of_momenta_of_nadam_in_keras_3_15(scaled):
    optimizer, variable = keras.optimizers.Nadam(beta_1=0.9), keras.Variable(np.ones(3, "float32"), name="v")
    (keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer).build([variable])
    keras_private.track_momentum_product(optimizer)
    product = optimizer.variables[-1]
    assert len(optimizer.variables) == 5, "iteration, rate, momentum, velocity and product"
    optimizer.apply([np.ones(3, "float32")])
    # Dozat 2016 and Keras: the momentum of step t is beta_1 (1 - 0.5 * 0.96 ** t).
    np.testing.assert_allclose(np.array(product), 0.9 * (1 - 0.5 * 0.96), rtol=1e-5)


@ON_TENSORFLOW
def test_the_strategy_of_an_optimizer_in_keras_3_15():
    import tensorflow as tf

    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    with strategy.scope():
        optimizer = keras.optimizers.SGD()
    assert keras_private.strategy_of(optimizer) is strategy
    assert keras_private.strategy_of(keras.optimizers.SGD()).num_replicas_in_sync == 1


@ON_TENSORFLOW
def test_gradients_are_combined_by_the_given_function_in_keras_3_15():
    optimizer, variable = keras.optimizers.SGD(1.0), keras.Variable(np.zeros(2, "float32"), name="v")
    keras_private.combine_gradients_by(optimizer, lambda pairs: [(3 * gradient, to) for gradient, to in pairs])
    optimizer.apply([np.array([1, -2], "float32")], [variable])
    np.testing.assert_allclose(np.array(variable), [-3, 6])
    with pytest.raises(RuntimeError, match=f"Received: {keras.__version__}"):
        keras_private.combine_gradients_by(object(), list)


def test_the_operations_between_two_tensors_in_keras_3_15():
    x = keras.Input((3,))
    before, inside, after = (keras.layers.Dense(2) for _ in range(3))
    start = before(x)
    end = inside(start) * 2.0
    after(end)
    first, last = keras_private.operations_between([start], end)
    assert first is inside and last.name.startswith("multiply")
    assert keras_private.operations_between([x], x) == []
    assert keras.Model(x, end).count_params() == 3 * 2 + 2 + 2 * 2 + 2  # nothing was applied again


def test_snake_case_is_that_of_automatic_names_in_keras_3_15():
    for layer in (keras.layers.GlobalMaxPooling2D(), keras.layers.Conv2D(1, 1), keras.layers.LeakyReLU()):
        assert re.fullmatch(re.escape(keras_private.snake_case(type(layer).__name__)) + r"(_\d+)?", layer.name)


def test_automatic_names_in_keras_3_15():
    elsewhere = []
    with keras_private.automatic_names(lambda kind: f"here.{kind}"):
        dense, named = keras.layers.Dense(2), keras.layers.Dense(2, name="mine")
        product = keras.Input((3,)) * 2.0
        thread = threading.Thread(target=lambda: elsewhere.append(keras.layers.Dense(2).name))
        thread.start()
        thread.join()
    assert (dense.name, named.name) == ("here.dense", "mine")
    assert keras_private.operation_of(product).name == "here.multiply"
    dense(keras.Input((3,)))
    assert dense.kernel.path == "here.dense/kernel"
    assert not elsewhere[0].startswith("here") and not keras.layers.Dense(2).name.startswith("here")


@pytest.mark.slow
def test_whether_the_runtime_has_started_in_tensorflow_2_21():
    script = (
        "import keras, sys\nfrom multicnn.backends.keras_private import runtime_started\n"
        "import tensorflow as tf\nbefore = runtime_started()\nkeras.ops.ones(2)\nprint(before, runtime_started())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "False True\n", done.stderr
