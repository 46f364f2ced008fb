"""Event files for TensorBoard."""

import tensorflow as tf

from multicnn.training.tensorboard import EventLog


def test_each_number_of_an_epoch_is_a_scalar_of_so_many_epochs(tmp_path):
    log = EventLog(tmp_path)
    log.on_epoch_end(0, {"loss": 0.5, "val_accuracy": 0.25})
    log.on_epoch_end(1, {"loss": 0.125, "val_accuracy": 0.75})
    (path,) = tmp_path.glob("events.out.tfevents.*")
    found = {}
    for record in tf.data.TFRecordDataset(str(path)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            found[value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    assert found == {("loss", 1): 0.5, ("val_accuracy", 1): 0.25, ("loss", 2): 0.125, ("val_accuracy", 2): 0.75}
