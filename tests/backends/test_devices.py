"""Several devices of one machine train what one does. TensorFlow divides its processor before it begins to work only."""

import os
import subprocess
import sys

import pytest

ON_TWO = """
import sys
import keras, numpy as np, pytest, tensorflow as tf
import multicnn
from multicnn.blocks import chain, conv, dense, embed, global_average_pool, network
from multicnn.backends import engine
from multicnn.tasks.losses import class_correct, class_losses

(processor,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
body = chain(conv(4, 3, norm="batch", activation="relu"), global_average_pool(), dense(10))
arguments = {"global_clipnorm": 0.5, "use_ema": True, "ema_momentum": 0.8}
settings = dict(model=body.to_dict(), regularizer=["l2", {"l2": 0.01}], batch_size=100, epochs=2, mixup=0.2)
settings["optimizer"] = multicnn.Optimizer(name="adamw", weight_decay=0.1, arguments=arguments)
one, two = (multicnn.train("digits", f"{sys.argv[1]}/{n}", devices=n, **settings) for n in (1, 2))
for a, b in zip(one.network.get_weights(), two.network.get_weights(), strict=True):
    np.testing.assert_allclose(a, b, atol=1e-5)
rows = [np.genfromtxt(f"{sys.argv[1]}/{n}/history.csv", delimiter=",")[1:, :6] for n in (1, 2)]
np.testing.assert_allclose(*rows, atol=1e-5)
with pytest.raises(ValueError, match="`devices` must be at most 2 on this machine. Received: devices=3"):
    engine.scope(3)
for name, net, precision, more in [
    ("gradient_accumulation_steps", body, "float32", {"gradient_accumulation_steps": 2}),
    ("mixed_float16", body, "mixed_float16", {}),
    ("batch normalisation of texts", chain(embed(9, 4), body), "float32", {}),
]:
    with engine.scope(2):
        built = network(net, (6,) if net != body else (6, 6, 1), dtype=precision)
        optimizer = keras.optimizers.SGD(0.1, **more)
        built.compile(keras.optimizers.LossScaleOptimizer(optimizer) if precision != "float32" else optimizer)
        with pytest.raises(ValueError, match=f"KERAS_BACKEND=jax supports it. Received: {name}"):
            engine.training_step(built, class_losses, class_correct)
"""


@pytest.mark.slow
def test_two_devices_train_what_one_does_on_tensorflow(tmp_path):
    command = [sys.executable, "-c", ON_TWO, str(tmp_path)]
    done = subprocess.run(command, env=os.environ | {"KERAS_BACKEND": "tensorflow"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
