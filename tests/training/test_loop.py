"""What the training loop validates and keeps."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.loops import loop_of

from multicnn.backends.processes import Workers
from multicnn.blocks import chain, dense, global_average_pool, network
from multicnn.training import loop as loop_module
from multicnn.training.context import RunContext
from multicnn.training.nan_check import NotFinite


@pytest.mark.parametrize("validated", [True, False])
def test_the_averaged_weights_are_validated_and_kept(validated, tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 1, 4)).astype("float32"), rng.integers(0, 3, 12).astype("int32")
    keras.utils.set_random_seed(0)
    net = network(chain(global_average_pool(), dense(3)), (1, 4))
    net.compile(optimizer=keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.7), jit_compile=False)
    trained, seen = [], []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            trained.append(net.get_weights()[0])

    def validate():
        seen.append(net.get_weights()[0])
        return {"accuracy": 0.0, "loss": float(abs(len(seen) - 2)), "macro_f1": 0.0}  # the second epoch is the best

    def batches(epoch, first):
        return tf.data.Dataset.from_tensor_slices((x, y)).batch(4).repeat().skip(first)

    loop_of(net, batches, 3, tmp_path, epochs=3, validate=validate if validated else None, callbacks=[Watch()]).run()
    means = [trained[0]]
    for weights in trained[1:]:
        means.append(0.7 * means[-1] + 0.3 * weights)
    np.testing.assert_allclose(net.get_weights()[0], means[5 if validated else 8], rtol=1e-5)
    for ours, theirs in zip(seen, means[2::3], strict=True) if validated else ():
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_the_time_that_the_network_waited_for_batches_is_summed_up(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(loop_module.time, "perf_counter", lambda: clock[0])

    def slow():
        for seconds in (0.5, 0.0, 2.0):
            clock[0] += seconds
            yield np.ones((2, 3)), np.array([0, 1])

    net, batches = network(dense(2), (3,)), slow()
    net.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    loop = loop_of(net, lambda epoch, first: batches, 3, tmp_path)

    def train_step(inputs, targets):
        clock[0] += 7
        return np.ones(3)

    loop.train_step = train_step
    for _ in range(3):
        loop.step(batches)
    assert loop.at.waited == 2.5


def test_a_run_that_fails_leaves_no_stream_of_batches_behind(tmp_path):
    """The program could not end: TensorFlow waits for its threads, and these for a Python that is no more."""
    streams = []

    def batches(epoch, first):
        streams.append("open")
        try:
            while True:
                yield np.ones((2, 3), "float32"), np.array([0, 1])
        finally:
            streams.append("closed")

    class Failing(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise RuntimeError("a mistake of the user's")

    net = network(dense(2), (3,))
    net.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    with pytest.raises(RuntimeError) as error:  # whose traceback still knows all that was
        loop_of(net, batches, 3, tmp_path, callbacks=[Failing()]).run()
    assert (error.type, streams) == (RuntimeError, ["open", "closed"])


def test_of_several_workers_none_leads_up_to_a_nan_again(tmp_path):
    """The others have no checkpoint to begin at, and would never take those steps with it."""

    class Two(Workers):
        def __init__(self):
            self.index, self.count = 0, 2

        def all_gather(self, value):
            return [value, value]

    def batches(epoch, first):
        taken.append(first)
        yield np.full((2, 3), np.nan, "float32"), np.array([0, 1])

    taken = []
    net = network(dense(2), (3,))
    net.compile(keras.optimizers.SGD(0.1), jit_compile=False)
    with pytest.raises(NotFinite, match="step 1 of epoch 1: one process alone would say in which layer"):
        loop_of(net, batches, 1, tmp_path, context=RunContext(tmp_path, workers=Two())).run()
    assert taken == [0]
