"""The history as event files, which TensorBoard shows. TensorFlow alone writes them; the tensorboard package only reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf


class EventLog(keras.callbacks.Callback):
    """Write each number of an epoch's row as a scalar. Epochs that are repeated after a resume are written again, the same.

    Args:
        folder: The folder of the event files, for `tensorboard --logdir`.
    """

    def __init__(self, folder: Path):
        super().__init__()
        self._writer = tf.summary.create_file_writer(str(folder))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the metrics at a step that is the number of finished epochs."""
        with self._writer.as_default():
            for name, value in (logs or {}).items():
                tf.summary.write(name, tf.constant(value, tf.float32), epoch + 1, _scalar())
        self._writer.flush()


def _scalar() -> Any:
    """Return the metadata of a scalar; for no more than this `tf.summary.scalar` needs the tensorboard package."""
    metadata = tf.compat.v1.SummaryMetadata(data_class="DATA_CLASS_SCALAR")
    metadata.plugin_data.plugin_name = "scalars"
    return metadata
