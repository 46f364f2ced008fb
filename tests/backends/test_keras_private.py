"""Whatever is private in Keras does what we take it to do. Written for Keras 3.15; where one fails, Keras has changed it."""

import keras
import numpy as np

from multicnn.backends import keras_private


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
